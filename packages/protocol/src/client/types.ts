/**
 * The client half: what the sdk gives it and gets from it.
 *
 * Law: no I/O, no clock, no timer, no promise. The caller brings text and time in; the session answers through the wire
 * of a link and one `host` record. Everything happens within the call that caused it.
 *
 * `now` is always milliseconds on one clock that never goes back *and does not stop while the machine sleeps*: on a
 * platform whose monotonic clock stops, the caller folds the wall clock in. Else a send that slept for an hour would look
 * young, be sent again, and be applied twice.
 */
import type { Goaway, Recovery, Reject, ThrottledFeature, Welcome } from "../frames.js";
import type { Position } from "../position.js";

export type { Goaway, Position, Recovery, Reject, ThrottledFeature, Welcome };

/** A durable event: positioned, in order per channel, once. */
export interface DurableEvent {
  readonly class: "durable";
  readonly kind: string;
  readonly channel: string;
  /** The uid of the sender. */
  readonly from: string;
  readonly data: unknown;
  /** Time of day when the log accepted it, ms since 1970. */
  readonly sentAt: number;
  /** Where the client stands once this event is handled. Store it with your own data to resume exactly once. */
  readonly position: Position;
  /** The id under which its sender sent it, if it had one. */
  readonly id: string | undefined;
}

/** An ephemeral event: no position, at most once, never replayed. */
export interface EphemeralEvent {
  readonly class: "ephemeral";
  readonly kind: string;
  readonly channel: string;
  readonly from: string;
  readonly data: unknown;
}

/** Durable events after `from` up to `to` may be missing. The epochs differ when the log itself began anew. */
export interface Gap {
  readonly from: Position;
  readonly to: Position;
}

/** The server sent what it may not send, or the host threw; the link is closed with 4400. */
export interface ProtocolFault {
  readonly message: string;
  readonly cause: unknown;
}

/**
 * What the session tells the sdk; what concerns one link, with the wire that `attach` was given. Called within `receive`, `tick`, `send`, `cancel`, `end` or `lost`.
 * None may throw: a thrower is a fault of the host, and ends the link (nothing is lost: what was not yet handled is replayed).
 */
export interface ClientHost<W extends Wire = Wire> {
  /** The time for calls that bring none. Default: what the last call brought. */
  readonly time?: (() => number) | undefined;
  /** Runs `fn` once, after the running turn (a microtask is right): what was sent in one turn shares a message. */
  readonly later: (fn: () => void) => void;
  /** Runs `fn` once, in a later task, when what the network has brought is handled: credit waits for it. Default: `later`. */
  readonly idle?: ((fn: () => void) => void) | undefined;
  readonly welcome: (wire: W, welcome: Welcome) => void;
  /** The server refuses and will close. Also told, with `ERR_AUTH_REJECTED` and `never`, when it welcomed another user. */
  readonly reject: (wire: W, reject: Reject) => void;
  readonly event: (event: DurableEvent) => void;
  readonly ephemeral: (event: EphemeralEvent) => void;
  readonly gap: (gap: Gap) => void;
  readonly caughtUp: (position: Position) => void;
  /** The whole set each time. */
  readonly throttle: (features: readonly ThrottledFeature[], wire: W) => void;
  readonly goaway: (wire: W, goaway: Goaway) => void;
  readonly expiring: (inMs: number, wire: W) => void;
  readonly tokenOk: (expiresInMs: number | undefined, wire: W) => void;
  /** The last probe of this link was answered. */
  readonly probeAck: (wire: W, rttMs: number) => void;
  readonly protocolError: (wire: W, fault: ProtocolFault) => void;
  /** `delivered` moved; at most once per message. Read `session.position` when you save. */
  readonly moved: () => void;
}

/** What is certain about a send that was not acknowledged: it never left, or nobody knows. */
export type Outcome = "notSent" | "unknown";

/** How a send, join or leave ended. */
export type SendResult =
  | {
      readonly ok: true;
      readonly id: string;
      /** Its number in its channel's partition; 0 if nothing was written to the log (ephemeral; already a member). */
      readonly n: number;
    }
  | {
      readonly ok: false;
      readonly id: string;
      /** A code of the contract: the server's own for a refusal, else `ERR_SEND_TIMEOUT`, `ERR_WEBSOCKET_ERROR`, `ERR_MESSAGE_TOO_LARGE`, or what `cancel`/`end` were given. */
      readonly code: string;
      /** The server's words for a refusal, else the code again or what `cancel`/`end` were given. */
      readonly message: string;
      /** Absent when the server refused: then it was certainly not applied. */
      readonly outcome?: Outcome | undefined;
      readonly retryAfterMs?: number | undefined;
    };

/** One send that wants an answer. */
export interface SendRequest {
  readonly channel: string;
  readonly kind: string;
  /** Any JSON value; `undefined` becomes `null`. */
  readonly data: unknown;
  /** Default false. An ephemeral send is never repeated: lost with its link it ends as `unknown`. */
  readonly ephemeral?: boolean | undefined;
  /** Default false: waits until every earlier send on the channel is settled, and fails (`notSent`) if the last of them failed. */
  readonly chained?: boolean | undefined;
  /** Default false: with no link it fails at once, `ERR_WEBSOCKET_ERROR`, `notSent`. True: it waits for the next welcome. */
  readonly queued?: boolean | undefined;
  /** Milliseconds until `ERR_SEND_TIMEOUT`. Default 20,000. `Infinity` for none. */
  readonly timeoutMs?: number | undefined;
  /** Called exactly once, possibly before `send` returns. Must not throw. */
  readonly settled: (result: SendResult) => void;
}

/** What is on the wire of the living link without an answer; for probe deadlines. */
export interface Unacknowledged {
  /** When the oldest of them was written to this link. */
  readonly since: number;
  readonly bytes: number;
}

/** The link's own wire, as the transport offers it. Neither may throw. */
export interface Wire {
  readonly send: (text: string) => void;
  /** Absent where whoever is told of a `reject` or a `protocolError` closes the transport itself. */
  readonly close?: ((code: number, reason: string) => void) | undefined;
}

/**
 * One link. After `lost`, after its own close, or once a later link is welcomed, it is stale: what it is told changes nothing.
 * `opened`, `message` and `detach` are `hello`, `receive` and `lost` under the names of a connection's port, which it thereby is.
 */
export interface ClientLink {
  readonly linkNo: number;
  /** True from its welcome until it is lost or superseded. */
  readonly live: boolean;
  /**
   * Sends `hello`, with the positions received so far. Once per link, when its transport is open.
   * `heartbeatMs` asks for a heartbeat; absent: the server's own.
   */
  hello(token: string | null, heartbeatMs?: number): void;
  opened(token: string | null): void;
  /**
   * One WebSocket message; a binary one breaks the protocol. Pongs are written before it returns, credit a task later
   * (`host.idle`). Without `now`, time is asked for only while the link is new or an answer is awaited.
   */
  receive(text: string | Uint8Array, now?: number): void;
  message(text: string | Uint8Array): void;
  /** Sends a probe; its answer comes as `host.probeAck`. An earlier one without answer is forgotten. */
  probe(now?: number): void;
  /** Sends a renewed token; its answer comes as `host.tokenOk` or `host.reject`. */
  renew(token: string): void;
  /** Asks for another heartbeat interval, ms. */
  heartbeat(ms: number): void;
  /** Says goodbye, flushing what waits. The caller closes the transport. */
  bye(): void;
  /** The transport is gone or given up. Durable sends stay pending for the next link. */
  lost(): void;
  detach(): void;
}

/** What a session is made from. */
export interface ClientSessionOptions<W extends Wire = Wire> {
  readonly app: string;
  /** The uid that is logged in. A welcome for another is told as a `reject`, and nothing of it is taken. */
  readonly user: string;
  /** See `hello.instance`. */
  readonly instance: string;
  /** A random word of this process, at least 8 characters: makes send ids unique across reloads. */
  readonly nonce: string;
  readonly device?: string | undefined;
  /** See `hello.listen`. */
  readonly listen?: readonly string[] | undefined;
  /** What an earlier process had delivered; absent on a fresh start. */
  readonly resume?: Position | undefined;
  readonly host: ClientHost<W>;
}

/** One identity in one process: lives across links, ends with the login. */
export interface ClientSession<W extends Wire = Wire> {
  /** A new link, not yet opened. `linkNo` must be above all earlier ones. */
  attach(linkNo: number, wire: W): ClientLink;
  /** Sends and returns the id. Throws what `JSON.stringify` throws when `data` is not JSON; then nothing was done. */
  send(request: SendRequest, now: number): string;
  /** A volatile send: goes now and wants no answer, or is dropped. Returns whether it went. Throws as `send` does. */
  emit(channel: string, kind: string, data: unknown): boolean;
  /** Joins the channel. Repeated after lost links like a durable send. Returns the id. */
  join(channel: string, settled: (result: SendResult) => void, now: number): string;
  /** Leaves the channel. Repeated after lost links like a durable send. Returns the id. */
  leave(channel: string, settled: (result: SendResult) => void, now: number): string;
  /** Gives up waiting for one; settles it with `code` and its outcome. Does nothing if it is settled. */
  cancel(id: string, code: string, message: string): void;
  /** Ends the session: settles everything pending with `code`; all links are stale from now on. */
  end(code: string, message: string): void;
  /** Settles what has timed out. */
  tick(now: number): void;
  /** When `tick` has something to do next, on the clock of `now`; `Infinity` if never. */
  deadline(): number;
  /** What the next process may resume from: everything up to here was delivered. `undefined` until the first welcome. */
  readonly position: Position | undefined;
  /** What the next link will resume from: everything up to here was received. */
  readonly received: Position | undefined;
  /** Unanswered sends, joins and leaves on the living link's wire. */
  readonly unacknowledged: Unacknowledged | undefined;
  /** How many sends, joins and leaves are pending, written or not. */
  readonly pending: number;
}
