/**
 * What a running gateway can be asked, in process. The HTTP side is these same operations with authorisation in front, so a test or
 * a demo that embeds a gateway needs no requests.
 */
import type { ThrottledFeature } from "@cc/protocol";
import type { Claims } from "./auth/tokens.js";
import type { TlsOptions, User } from "./options.js";

/** An event to publish. */
export interface PublishRequest {
  /** `user:<uid>` reaches every instance of that user; `group:<gid>` every member. */
  readonly channel: string;
  /** Names the kind of event, 1 to 64 characters. `member` is reserved for the gateway's own markers. */
  readonly kind: string;
  /** Any JSON value, up to `limits.eventBytes`. */
  readonly data: unknown;
  /** Who it is from, as receivers see it. Default `"system"`. */
  readonly from?: string | undefined;
  /** True: at most once, to who is linked now, never replayed and without a position. Default false. */
  readonly ephemeral?: boolean | undefined;
  /** Shown to receivers; repeated within `limits.dedupMs` the event is written once. Means nothing for an ephemeral one. */
  readonly id?: string | undefined;
}

/** What became of a publication or a membership change. */
export interface Published {
  /** Its number in the log; of the first one if `id` was known. 0: nothing was written (ephemeral, or no change). */
  readonly position: number;
}

/** A user and a token that stands for him. */
export interface Session {
  readonly user: User;
  readonly token: string;
  /** Milliseconds until the token ends, from when it was made. */
  readonly expiresInMs: number;
}

/** The last look at the load [B8.3]. */
export interface LoadStats {
  /** 0: nothing is shed. 1: typing. 2: presence too. 3: receipts too. */
  readonly level: number;
  /** The worst measure as a share of its bound. */
  readonly pressure: number;
  /** Mean lateness of the event loop, in milliseconds. */
  readonly eventLoopDelayMs: number;
  /** Bytes waiting in all sockets together. */
  readonly outboundBytes: number;
  /** Events asked for per second. */
  readonly publishRate: number;
}

/** What a gateway counts. */
export interface GatewayStats {
  /** Sockets, welcomed or not. */
  readonly connections: number;
  /** Links that have been welcomed. */
  readonly linked: number;
  readonly users: number;
  readonly groups: number;
  /** Heads of the log, one per partition. */
  readonly positions: readonly number[];
  readonly epoch: string;
  /** What a client that loses its link now is asked to spread its return over, in milliseconds [B5.2]. */
  readonly reconnectSpreadMs: number;
  /** By the operator and by load together. */
  readonly throttled: readonly ThrottledFeature[];
  readonly load: LoadStats;
  readonly draining: boolean;
  readonly ready: boolean;
}

/** Options of a drain. */
export interface DrainOptions {
  /** How long to wait for clients to leave, in milliseconds. Default: the gateway's `drainMs`. */
  readonly waitMs?: number | undefined;
  /** Floor before which clients do not dial again, in milliseconds. Default 0. */
  readonly minDelayMs?: number | undefined;
  /** Over which they spread their return, in milliseconds. Default: connections ÷ admission rate, as in `welcome` [B5.2]. */
  readonly spreadMs?: number | undefined;
}

/** The operations that HTTP and the embedding program share. All reject `GatewayError`; none logs a token. */
export interface Operations {
  /** Users that are registered here. */
  users(): readonly User[];
  /** Adds a user. Throws `ERR_EXISTS`. */
  createUser(user: { readonly uid: string; readonly name?: string | undefined }): User;
  /** A token for a user, of a new login. Rejects `ERR_NOT_FOUND`, or `ERR_INVALID` for a lifetime above `maxTokenTtlMs`. */
  mintToken(uid: string, options?: { readonly ttlMs?: number | undefined }): Promise<Session>;
  /** The claims of a good token. Rejects `TokenError`. */
  verifyToken(token: string): Promise<Claims>;
  /** Another token of the same login, with the default lifetime. The old one stays good until it ends. */
  refresh(claims: Claims): Promise<Session>;
  /** Ends a login: its tokens are refused from now on, its links closed with 4401. Returns how many links that were. */
  endLogin(claims: Pick<Claims, "uid" | "sid">): number;
  /** Revokes every token of a user minted until now and closes his links with 4401. Returns how many links that were. */
  revokeUser(uid: string): number;
  /** Closes a user's links as a rejected token does (4401), revoking nothing: he may return with the same token. */
  kick(uid: string, message?: string): number;
  /** Publishes past membership. Rejects `ERR_NOT_FOUND` if the channel names nobody, `ERR_TOO_LARGE`, `ERR_INVALID`, `ERR_REFUSED`, `ERR_BROKER`. */
  publish(request: PublishRequest): Promise<Published>;
  /** Makes a user a member; a group that is not there comes to be. Rejects `ERR_NOT_FOUND` for an unknown user. */
  addMember(gid: string, uid: string, by?: string): Promise<Published>;
  /** Ends a membership. Rejects `ERR_NOT_FOUND` for an unknown group. */
  removeMember(
    gid: string,
    uid: string,
    options?: { readonly kicked?: boolean | undefined; readonly by?: string | undefined },
  ): Promise<Published>;
  /** The uids that are members now. */
  membersOf(gid: string): readonly string[];
  /** Resolves when every revocation until now is in the store. Rejects `ERR_STORE`: a restart would forget it; call again. Without a store: at once. */
  saved(): Promise<void>;
  /** Replaces the operator's set of throttled features and tells every link, together with what load sheds [B8.1]. Empty: none. */
  throttle(features: readonly ThrottledFeature[]): void;
  stats(): GatewayStats;
}

/** A gateway that listens. */
export interface Gateway extends Operations {
  /** `http://host:port`: the base of the HTTP side. */
  readonly url: string;
  /** `ws://host:port/v1/connect`: what a client dials. */
  readonly wsUrl: string;
  /** Where it listens; `port` is the real one also where 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /**
   * Tells every link to go, refuses new ones with a floor, answers readiness with 503, and waits for the links to end.
   * Resolves with the number of links that were left when the wait was over. The gateway still runs then. Idempotent while it lasts.
   */
  drain(options?: DrainOptions): Promise<{ readonly left: number }>;
  /** Takes links again after a drain. */
  undrain(): void;
  /** Serves new connections with another certificate. Throws `ERR_OPTION` if it does not work, or has a `ca` where there was none or none where there was one; then nothing has changed. */
  setTls(tls: TlsOptions): void;
  /**
   * Closes every link with `code` (default 1012: clients come back by the usual spread), stops listening and ends every timer.
   * Resolves when all sockets are gone, at most a second later. Idempotent.
   */
  close(code?: number): Promise<void>;
  /** `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}
