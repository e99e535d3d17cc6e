/**
 * The ports: everything the core needs from the world, as constructor arguments.
 *
 * The law of this file: the core knows no platform. Time, chance, sockets, lifecycle, storage and the wire
 * protocol come in through these records, so the same core runs in a browser, in Node and in a simulator.
 * Every port has one conformance suite (`@cc/testkit/conformance`) that each adapter passes where it lives.
 */
import type { ErrorCode } from "./errors.js";

/** A function that undoes a registration. Calling it twice is harmless. */
export type Cancel = () => void;

/** The part of `AbortSignal` that is used here: structural, for the core has no DOM types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Two clocks and a timer. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin; may stand still while the machine sleeps. */
  now(): number;
  /** Wall-clock milliseconds since 1970; may jump either way. */
  wall(): number;
  /**
   * Calls `fn` once, in a later task, `ms` milliseconds from now or later; never early by more than 1 ms.
   * `ms` is between 0 and 2^31−1. With `hold` false the timer alone must not keep a Node process alive.
   */
  after(ms: number, fn: () => void, hold?: boolean): Cancel;
  /** Calls `fn` in a later task as soon as possible, unthrottled in hidden pages. Default: `after(0, fn)`. */
  later?(fn: () => void): void;
}

/** Uniform in [0, 1). */
export type RandomSource = () => number;

/** How a transport connection ended. */
export interface LinkClose {
  /** Close code of RFC 6455; 1006 where the platform gave none. */
  readonly code: number;
  readonly reason: string;
  /** HTTP status of a refused upgrade, where the platform shows it (Node does, browsers do not). */
  readonly httpStatus?: number;
  /** `Retry-After` of a refused upgrade, in ms, where the platform shows it. */
  readonly retryAfterMs?: number;
  /** What the platform threw, if anything. */
  readonly cause?: unknown;
}

/** What a transport tells. Nothing is called inside `OpenLink` itself, and nothing after `closed`. */
export interface LinkHandlers {
  /** The socket is open; `subprotocol` is what the server chose, `""` for none. */
  opened(subprotocol: string): void;
  /** A whole message: text as a string, binary as bytes. */
  message(data: string | Uint8Array): void;
  /** Exactly once, unless `Link.close` was called before: then perhaps never. */
  closed(close: LinkClose): void;
}

/** One transport connection. */
export interface Link {
  /** Hands a message to the socket. Before `opened` or after the end it does nothing. Never throws. */
  send(data: string | Uint8Array): void;
  /** Starts the closing handshake, or aborts the attempt while connecting. Idempotent. Never throws. */
  close(code?: number, reason?: string): void;
  /** Bytes handed over and not yet given to the network. */
  readonly bufferedAmount: number;
}

export interface LinkOptions {
  /** Offered as `Sec-WebSocket-Protocol`, best first. */
  readonly subprotocols: readonly string[];
}

/** Opens a transport connection. Never throws and never calls a handler before it has returned; a bad URL or a missing WebSocket is told by `closed` with a `cause`. */
export type OpenLink = (url: string, options: LinkOptions, handlers: LinkHandlers) => Link;

/** What an application's surroundings can tell. */
export type LifecycleSignal =
  | {
      readonly type:
        | "foreground"
        | "background"
        | "frozen"
        | "thawed"
        | "online"
        | "offline"
        | "networkChange"
        | "pageHidden";
    }
  /** `persisted`: the page came out of the back/forward cache. */
  | { readonly type: "pageShown"; readonly persisted: boolean }
  /** The wall clock or the monotonic clock moved `ms` more than the timers did: the machine slept, or the clock was set. */
  | { readonly type: "clockJump"; readonly ms: number };

export interface LifecycleNow {
  readonly background: boolean;
  readonly online: boolean;
}

/** Platform listeners are attached with the first watcher and removed with the last. */
export interface Lifecycle {
  watch(handler: (signal: LifecycleSignal) => void): Cancel;
  /** What the platform says at this moment, without waiting for its event. */
  current(): LifecycleNow;
}

/** A small key–value store of strings. Every method may reject; the caller turns that into an `ERR_STORAGE` event. */
export interface Storage {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
  /**
   * Takes the named lock until the returned function is called or the holder's tab or process ends; answers `undefined` when
   * another has it. Absent where nobody can tell: then two tabs or processes may believe that they are one.
   */
  lock?(name: string): Promise<Cancel | undefined>;
  /**
   * Calls `fn` after the value under `key` has, or may have, been changed by another tab, process or storage value; what one
   * wrote oneself may be told too. Never throws; a place that cannot be watched tells nothing.
   */
  watch?(key: string, fn: () => void): Cancel;
}

/** What a wire protocol can do; the contract says which clauses fall without each. */
export interface Capabilities {
  /** The server says `welcome`: without it an open socket counts as linked (B1.1 is weaker). */
  readonly welcome: boolean;
  /** A probe is answered: without it silence is never diagnosed (B6 falls) and `ping()` only renews the lease. */
  readonly probe: boolean;
  /** Durable events carry positions: without them nothing is resumed (B10.1–10.5 fall). */
  readonly positions: boolean;
  /** Sends are acknowledged: without it `send()` resolves when the bytes are handed over (B10.6 falls). */
  readonly acknowledgements: boolean;
}

/** How the last `welcome` recovered the session. */
export type Recovery = "resumed" | "gap" | "new";

/** What the machine needs to know of a `welcome`. */
export interface WelcomeInfo {
  readonly user: string;
  readonly session: string;
  readonly recovery: Recovery;
  /** Interval of the server's pings in ms; `null`: it does not ping. */
  readonly heartbeatMs: number | null;
  /** S of clause 5.2 in ms; `null`: the server said nothing. */
  readonly spreadMs: number | null;
  /** Whether a probe is answered; without it silence is never diagnosed on this link. */
  readonly probes: boolean;
  /** How long the token of this link still lives, in ms; `null`: unknown. */
  readonly tokenLifeMs: number | null;
}

/** A refusal or a closing word of the server, with the retry meaning it gave. */
export interface RejectInfo {
  /** One of the contract's codes. */
  readonly code: ErrorCode;
  readonly message: string;
  readonly retry: "never" | "later" | "reauth";
  readonly minDelayMs: number;
  readonly spreadMs: number;
}

/** A feature that the server has throttled (B8.1). */
export interface ThrottledFeature {
  readonly feature: string;
  readonly reason: string;
  /** Relative life in ms, as the server said it; `null`: until the server says otherwise. */
  readonly forMs: number | null;
}

/** What a protocol tells the driver about one link. Calls for a link that is no longer current change nothing. */
export interface ProtocolHost {
  send(data: string | Uint8Array): void;
  welcome(info: WelcomeInfo): void;
  reject(info: RejectInfo): void;
  goaway(minDelayMs: number, spreadMs: number): void;
  /** The whole set of throttled features, each time. */
  throttle(features: readonly ThrottledFeature[]): void;
  probeAck(): void;
  /** The token of this link ends in `inMs`. */
  expiring(inMs: number): void;
  /** The server took the renewed token, which lives `lifeMs` (`null`: unknown). */
  tokenOk(lifeMs: number | null): void;
  /** The peer broke the protocol: the link is closed with 4400. */
  fault(message: string): void;
  /** The pending sends went from none to some or from some to none, or `deadline()` came nearer. */
  outbox(): void;
}

/** One link as the protocol sees it. */
export interface ProtocolLink {
  /** The transport is open; `token` is what `hello` must carry (`null` where no session needs one). */
  opened(token: string | null): void;
  /** The hot path: called for each message. */
  message(data: string | Uint8Array): void;
  /** Asks the peer for a sign of life. */
  probe(): void;
  /** Hands over a renewed token in band. */
  renew(token: string): void;
  /** Asks for another heartbeat interval. */
  heartbeat(ms: number): void;
  /** Last words before an orderly close. */
  bye(): void;
  /** The link is gone; nothing more is sent through it. */
  detach(): void;
}

/** A wire protocol. One value serves one identity for its whole life, link after link. */
export interface Protocol {
  readonly subprotocols: readonly string[];
  readonly capabilities: Capabilities;
  attach(link: number, host: ProtocolHost): ProtocolLink;
  /** Monotonic time of the oldest send without acknowledgement, `null` for none. */
  unackedSince(): number | null;
  /** Bytes sent and not acknowledged, buffered ones included. */
  unackedBytes(): number;
  /**
   * Monotonic time at which `tick` has something to do (a send that times out, say); the driver's one timer serves it.
   * `undefined`: nothing is pending, and nothing keeps a Node process alive for it.
   */
  deadline(): number | undefined;
  tick(): void;
}

/** Where log lines go. Silent by default. No token and no payload is ever passed. */
export interface Logger {
  debug?(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info?(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn?(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error?(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
