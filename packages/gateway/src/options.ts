/**
 * What a gateway can be told, with every default in one place.
 *
 * Options are checked whole before anything is opened, and the error names each wrong one: a gateway that starts is a gateway
 * that was configured as its operator meant. Unknown names are errors too, for they are misspelt ones.
 */
import type { Limits } from "@cc/protocol";
import type { Broker } from "@cc/protocol/server";
import type { Logger } from "pino";
import type { Clock } from "./clock.js";

/** A user as the gateway knows it and as `welcome` and `login` tell it. */
export interface User {
  /** 1 to 100 letters, digits or `. _ - @`. */
  readonly uid: string;
  /** What people read. Default: the uid. */
  readonly name: string;
}

/** A user to start with. */
export interface UserSeed {
  readonly uid: string;
  readonly name?: string | undefined;
}

/** A group to start with. */
export interface GroupSeed {
  readonly gid: string;
  /** Uids; each must be among `users`. */
  readonly members?: readonly string[] | undefined;
}

/**
 * Bounds on what one client can ask of the gateway: those that `welcome` announces, and those of the edge. Each has a refusal of
 * its own, listed in docs/protocol.md (frames, close codes) and docs/rest.md (HTTP). Defaults of the announced ones: `defaultLimits`
 * of `@cc/protocol`.
 */
export interface GatewayLimits extends Limits {
  /** From the upgrade to an accepted `hello`, in milliseconds. Default 10,000. Above: close 4408. */
  readonly handshakeMs: number;
  /** Bytes waiting in one socket above which ephemeral events to it are dropped; at four times as many it is cut. Default 1,048,576. */
  readonly outboundBytes: number;
  /** The largest HTTP request body, in bytes. Default 131,072. Above: 413. */
  readonly bodyBytes: number;
  /** Wrong keys accepted from one address per minute before the address must wait. Default 10. Above: 429. */
  readonly keyFailuresPerMinute: number;
  /**
   * Requests per second from one address, averaged over ten seconds; those with the right API key are not counted. Default 100.
   * Above: 429.
   */
  readonly addressRequestRate: number;
  /** Requests per second with one user's tokens, averaged over ten seconds. Default 20. Above: 429. */
  readonly userRequestRate: number;
  /** Links that one user may have at a time: his tabs and devices. Default 50. Above: `reject`, close 4503. */
  readonly connectionsPerUser: number;
  /** WebSockets that one address may have open. Default 5,000, a quarter of what a process of 20,000 descriptors can hold. Above: 429. */
  readonly connectionsPerAddress: number;
  /**
   * WebSockets of one address that have not been welcomed yet; those that ended without a welcome by no fault of the gateway count for
   * ten seconds more, so that one address cannot use up the admission of all. Default 500. Above: 429.
   */
  readonly handshakesPerAddress: number;
  /** Groups that one user may be in, or have left while the log remembers, when he joins another by himself. Default 1,000. Above: `nack`. */
  readonly channelsPerUser: number;
}

/**
 * When load sheds features [B8.3]: typing first, then presence, then receipts, never messages. Each bound is one that a gateway
 * reaches long before it sinks; whichever is met first counts.
 */
export interface ThrottlingOptions {
  /** Mean lateness of the event loop, in milliseconds. Default 250: a tenth of the shortest time in which a client wants its probe answered [B6.2]. */
  readonly eventLoopDelayMs: number;
  /** Bytes waiting in all sockets together. Default 134,217,728: an eighth of the GiB that a small machine has. */
  readonly outboundBytes: number;
  /** Events asked for per second, ephemeral and refused ones too. Default 10,000: a third of what one core acknowledged in `pnpm bench`. */
  readonly publishRate: number;
  /** How long a breach lasts before the next feature is shed, in milliseconds. Default 2,000: a pause of the collector is shorter. */
  readonly sustainMs: number;
  /** How long everything stays below half its bound before a feature is given back, in milliseconds. Default 10,000, a heartbeat. */
  readonly calmMs: number;
  /** What clients are told as the end; told again while it lasts. Milliseconds, default 15,000. It is also how long a feature outlasts the calm. */
  readonly holdMs: number;
}

/** A certificate and its key, in PEM. */
export interface TlsOptions {
  readonly key: string;
  /** The certificate, and the chain behind it. */
  readonly cert: string;
  /** Authorities of client certificates, in PEM. Given, a client without a certificate of theirs is refused in the TLS handshake. */
  readonly ca?: string | undefined;
  /** Default `"TLSv1.2"`. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
}

/** Where a gateway keeps what must outlive it: today its revocations. Texts are opaque. Either method may reject. */
export interface GatewayStore {
  /** The text saved last; `undefined` if there is none. Called once, before the gateway listens. */
  load(): Promise<string | undefined>;
  /** Saves a text in place of the last one, whole or not at all. Never called again before it has settled; `close()` waits for it for three seconds. */
  save(text: string): Promise<void>;
}

/** How much of the log is kept. Whichever bound is met first drops the oldest events. */
export interface LogBounds {
  /** Events. */
  readonly maxCount: number;
  /** Bytes of JSON, about. */
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly maxAgeMs: number;
}

/** Options of `createGateway`. Only `appId`, `apiKey` and `jwtSecret` have no default. */
export interface GatewayOptions {
  /** Names the app; a token or a hello of another app is refused. */
  readonly appId: string;
  /** Authorises servers (header `x-api-key`). At least 8 characters. */
  readonly apiKey: string;
  /**
   * Signs tokens. At least 32 bytes, the key size that HS256 asks for. A list rotates keys: the first one signs, all of them verify.
   */
  readonly jwtSecret: string | readonly string[];
  /** Lets `POST /v1/login` exchange `uid` + `authKey` for a token: for development only, as it logs anybody in. Default: login is off. */
  readonly authKey?: string | undefined;
  /** Default `"127.0.0.1"`. */
  readonly host?: string | undefined;
  /** Default 0: a free port, told by `gateway.url`. */
  readonly port?: number | undefined;
  readonly users?: readonly UserSeed[] | undefined;
  readonly groups?: readonly GroupSeed[] | undefined;
  /** Whether a login or a minted token may name a user that is not there, who is then created. Default false. */
  readonly createUsers?: boolean | undefined;
  /** The log of events. Default: `memoryBroker()` with its own bounds. Closed by whoever made it. */
  readonly broker?: Broker | undefined;
  /** What is held ready for returning clients, out of the broker's log. Defaults: 100,000 events, 67,108,864 bytes, 900,000 ms. */
  readonly replay?: Partial<LogBounds> | undefined;
  readonly limits?: Partial<GatewayLimits> | undefined;
  /** How often the gateway pings a client that asks for nothing else; silent for three of them, it is cut. Milliseconds, default 10,000. */
  readonly heartbeatMs?: number | undefined;
  /**
   * Connects per second that this gateway admits; `reconnectSpreadMs` of `welcome` and `goaway` follows from it [B5.2]. Default 500.
   * A hello above it is refused with `retry: "later"` and a moment of its own, so that the refused return at this rate.
   */
  readonly admissionPerSecond?: number | undefined;
  /** Connects admitted at once after a quiet time. Default: two seconds' worth. */
  readonly admissionBurst?: number | undefined;
  /** When load sheds features; `false`: never. */
  readonly throttling?: Partial<ThrottlingOptions> | false | undefined;
  /** Serves https and wss. Default: plain, for a proxy that ends TLS. New ones by `gateway.setTls`. */
  readonly tls?: TlsOptions | undefined;
  /** Keeps revocations over restarts: `fileStore(path)`. Default: a restart with the same secret forgets them. */
  readonly store?: GatewayStore | undefined;
  /** Lifetime of a token when nobody says otherwise, in milliseconds. Default 3,600,000. */
  readonly tokenTtlMs?: number | undefined;
  /** The longest lifetime that can be asked for, in milliseconds. Default 2,592,000,000 (30 days). */
  readonly maxTokenTtlMs?: number | undefined;
  /**
   * Browser origins (`"https://app.example"`) that may call and connect; `"*"` for all. Default: none.
   * The check covers HTTP (CORS) and the WebSocket upgrade alike. A request without an Origin header comes from no browser and is let through.
   */
  readonly origins?: readonly string[] | "*" | undefined;
  /** Addresses or CIDR ranges of proxies whose `X-Forwarded-For` is believed. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /**
   * Whether the kinds of docs/chat-events.md (`custom`, `edited`, `deleted`, `receipt`, `typing`, `transient`, `presence`) mean what it says: their
   * shapes and authors are checked, and presence is told. Turn it off where an app has kinds of its own under these names. Default true.
   */
  readonly chat?: boolean | undefined;
  /** How long a user without a link still counts as online, in milliseconds. Default: the spread in which clients return [B5.2] + 2,500. */
  readonly presenceGraceMs?: number | undefined;
  /** How long `drain()` waits for clients to leave by themselves, in milliseconds. Default 10,000. */
  readonly drainMs?: number | undefined;
  /** Time, for tests. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** A pino logger; secrets are blanked on top of its own redaction. Default: silent. */
  readonly logger?: Logger | undefined;
}

/** Options with every default filled in. */
export interface Settings {
  readonly appId: string;
  readonly apiKey: string;
  readonly jwtSecrets: readonly [string, ...string[]];
  readonly authKey: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly users: readonly User[];
  readonly groups: readonly { readonly gid: string; readonly members: readonly string[] }[];
  readonly createUsers: boolean;
  readonly limits: GatewayLimits;
  readonly replay: LogBounds;
  readonly heartbeatMs: number;
  readonly admissionPerSecond: number;
  readonly admissionBurst: number;
  readonly throttling: ThrottlingOptions | false;
  readonly tls: TlsOptions | undefined;
  readonly tokenTtlMs: number;
  readonly maxTokenTtlMs: number;
  readonly origins: readonly string[] | "*";
  readonly trustedProxies: readonly string[];
  readonly chat: boolean;
  readonly presenceGraceMs: number | undefined;
  readonly drainMs: number;
}
