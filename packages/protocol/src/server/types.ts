/**
 * The server half: what a gateway gives it and gets from it.
 *
 * Law: no I/O, no timer. A hub holds what all links of one gateway share; a session is one link. The gateway calls
 * `hub.tick(now)` about every 250 ms, `session.receive` for each message, `session.closed` once; the hub calls
 * `host.send`, `host.close` and the broker.
 */
import type { Goaway, Retry, ThrottledFeature } from "../frames.js";
import type { Limits } from "../limits.js";
import type { Appended, Awaitable, Broker, MemberChange } from "./broker.js";

/** The transport of one link. Neither may throw. */
export interface SessionHost {
  /** Writes one WebSocket text message. */
  readonly send: (text: string) => void;
  /** Closes the socket; nothing is sent or received after it. */
  readonly close: (code: number, reason: string) => void;
  /** Bytes written and not yet taken by the network. Above `outboundBytes` ephemeral events are dropped. Default: always 0. */
  readonly buffered?: (() => number) | undefined;
  /** Called once, right before the welcome is written: from now on this is a link and no handshake. */
  readonly welcomed?: (() => void) | undefined;
}

/** What `verify` says about a token. */
export type Verdict =
  | {
      readonly ok: true;
      /** The uid. */
      readonly user: string;
      /** Milliseconds until the token ends; absent if it does not. */
      readonly expiresInMs?: number | undefined;
      /** Names the token for `hub.revoke`. */
      readonly tokenId?: string | undefined;
    }
  | {
      readonly ok: false;
      /** `reauth` (default): another token may do; closes 4401. `never`: closes 4403. `later`: closes 4503. */
      readonly retry?: Retry | undefined;
      /** Default `ERR_AUTH_REJECTED`; with `later`, `ERR_SERVER_OVERLOADED`. */
      readonly code?: string | undefined;
      readonly message: string;
    };

/** Judges a token. A rejected promise or a throw is the server's own trouble: the client is told to come later. */
export type Verify = (
  token: string,
  context: { readonly app: string; readonly instance: string },
) => Awaitable<Verdict>;

/** Which links a command concerns; every field that is given must fit. */
export interface LinkMatch {
  readonly user?: string | undefined;
  readonly tokenId?: string | undefined;
  readonly instance?: string | undefined;
  readonly session?: string | undefined;
}

/** What a hub tells the gateway's log and meters. Holds no token and no payload. */
export type HubNote =
  | {
      readonly note: "welcomed";
      readonly session: string;
      readonly user: string;
      readonly instance: string;
      readonly recovery: string;
    }
  | { readonly note: "refused"; readonly code: string; readonly message: string }
  | {
      readonly note: "closed";
      readonly session: string;
      readonly user: string | undefined;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly note: "brokerFailed"; readonly error: unknown };

/** What a hub is made from. Durations in ms, sizes in bytes. */
export interface HubOptions {
  readonly broker: Broker;
  readonly verify: Verify;
  /** A clock that never goes back. */
  readonly now: () => number;
  /** Runs `fn` once, after the running turn (`setImmediate` is right in Node): what is ready in one turn shares a batch. */
  readonly later: (fn: () => void) => void;
  /** A fresh word that nobody can guess, for session names. */
  readonly newId: () => string;
  /** Replaces single limits of `defaultLimits`. */
  readonly limits?: Partial<Limits> | undefined;
  /** How often to ping a client that asks for nothing. Default 10,000. */
  readonly heartbeatMs?: number | undefined;
  /** The shortest and longest heartbeat granted on request. Defaults 5,000 and 60,000. */
  readonly heartbeatMinMs?: number | undefined;
  readonly heartbeatMaxMs?: number | undefined;
  /** From `connect` until the welcome. Default 10,000; after it: close 4408. */
  readonly handshakeMs?: number | undefined;
  /**
   * Hellos per second that this gateway admits; gives `reconnectSpreadMs`. Above it and its burst: `reject`, `ERR_SERVER_OVERLOADED`,
   * `later`, with a floor that brings the refused back at this rate. Default 500.
   */
  readonly admitPerSecond?: number | undefined;
  /** Hellos admitted at once after a quiet time, at least 1. Default: two seconds' worth. */
  readonly admitBurst?: number | undefined;
  /** Links that one user may have; above: `reject`, `ERR_SERVER_OVERLOADED`, `later`. Default 50. */
  readonly connectionsPerUser?: number | undefined;
  /** Channels that one user may be in, or have left while the log remembers, when he joins another; above: `nack`, `ERR_SEND_REJECTED`. Default 1,000. */
  readonly channelsPerUser?: number | undefined;
  /** How much of each partition is kept for replay. Defaults 100,000 entries, 64 MiB, 15 minutes. */
  readonly ringEntries?: number | undefined;
  readonly ringBytes?: number | undefined;
  readonly ringAgeMs?: number | undefined;
  /** Reads behind the ring that run at once, and that wait. Beyond both: `gap`. Defaults 8 and 256. */
  readonly readsAtOnce?: number | undefined;
  readonly readsWaiting?: number | undefined;
  /** Send results remembered for repeated sends; beyond it the oldest goes, and the broker's own `dedupId` decides. Default 200,000. */
  readonly dedupEntries?: number | undefined;
  /** Warning before a token ends. Default 60,000. */
  readonly expiryNoticeMs?: number | undefined;
  /** Above this many buffered bytes a link gets no ephemeral events. Default 1 MiB. */
  readonly outboundBytes?: number | undefined;
  /** May this user join this channel by himself? Default: every `group:` channel. */
  readonly mayJoin?: ((user: string, channel: string) => Awaitable<boolean>) | undefined;
  /** May this user send to a `user:` channel? (For others membership decides.) Default: yes. */
  readonly maySend?: ((user: string, channel: string, kind: string) => boolean) | undefined;
  /** Has the last word on a client's send that is otherwise allowed: the sentence with which it is refused (`ERR_SEND_REJECTED`). Default: none. */
  readonly judge?: ((user: string, send: ClientSend) => string | undefined) | undefined;
  /** Names that `hello.listen` may name: an event that is cast on the channel of that name goes to whoever listens. Default: none. */
  readonly topics?: readonly string[] | undefined;
  readonly onNote?: ((note: HubNote) => void) | undefined;
}

/** What a client asks to be sent. */
export interface ClientSend {
  readonly channel: string;
  readonly kind: string;
  /** Any JSON value. */
  readonly data: unknown;
  readonly ephemeral: boolean;
}

/** One link. */
export interface ServerSession {
  /** One WebSocket message; `bytes` is its UTF-8 length, if known. */
  receive(text: string, bytes?: number): void;
  /** The socket has closed, whoever closed it. */
  closed(): void;
}

/** What an operator publishes. */
export interface Publication {
  readonly channel: string;
  readonly kind: string;
  readonly from: string;
  /** Any JSON value. */
  readonly data: unknown;
  readonly id?: string | undefined;
  /** Repeated with the same key within `limits.dedupMs` it is applied once. */
  readonly dedupKey?: string | undefined;
}

/** What a hub counts. */
export interface HubStats {
  /** Links, welcomed or not. */
  readonly connections: number;
  /** Links that have been welcomed. */
  readonly linked: number;
  /** Pairs of a channel and a link that listens to it. */
  readonly subscriptions: number;
  /** Ring entries and bytes over all partitions. */
  readonly ringEntries: number;
  readonly ringBytes: number;
  /** Heads of the partitions as applied here. */
  readonly positions: readonly number[];
  readonly draining: boolean;
  /** Events asked for since the hub was made, by clients and operators, ephemeral and refused ones too. */
  readonly asked: number;
  /** Bytes written for all links and not yet taken by the network. */
  readonly outboundBytes: number;
}

/** What all links of one gateway share. */
export interface Hub {
  /** Loads membership, warms the rings, follows the log. Until it is done every hello waits. Rejects with the broker's error. */
  start(): Awaitable<void>;
  /** A new link. */
  connect(host: SessionHost): ServerSession;
  /** Heartbeats, handshake and token deadlines, bounds of ring and dedup. Call it about every 250 ms. */
  tick(now: number): void;
  /** Publishes a durable event past membership (REST). */
  publish(publication: Publication): Awaitable<Appended>;
  /** Publishes an ephemeral event past membership. False if it is too large, nested too deep, or its channel has no known form. */
  cast(publication: Publication): boolean;
  /** Changes a membership and writes the marker. A change that changes nothing answers `{ ok: true, n: 0 }`. Resolves once it is in force here. */
  member(channel: string, user: string, change: MemberChange, by?: string): Awaitable<Appended>;
  /** The uids that are members of a channel now. */
  membersOf(channel: string): readonly string[];
  /** Is the user a member now? */
  isMember(channel: string, user: string): boolean;
  /** Replaces the whole set of throttled features and tells every link. Empty: none. */
  throttle(features: readonly ThrottledFeature[]): void;
  /** Is this kind of event throttled now? */
  throttles(kind: string): boolean;
  /** Tells every link to go, and refuses new ones with `later`. Defaults: `minDelayMs` 0, `spreadMs` `reconnectSpreadMs()`, `overlap` true. */
  drain(options?: Partial<Omit<Goaway, "t">>): void;
  /** Takes new links again after a drain. */
  undrain(): void;
  /** Rejects (`ERR_AUTH_REJECTED`, `reauth`, 4401) every link that fits. Returns how many. */
  revoke(match: LinkMatch, message?: string): number;
  /** Closes every link with `code` (default 1012) and stops following. */
  stop(code?: number, reason?: string): void;
  /** Connections ÷ admission rate, between 100 and 10,000 ms. */
  reconnectSpreadMs(): number;
  stats(): HubStats;
}
