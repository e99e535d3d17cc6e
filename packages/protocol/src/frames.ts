/**
 * The frames of `cc.1`, as types. Law: this file says what may stand on the wire and nothing about when.
 *
 * - One WebSocket message is one frame, or an array of frames (a batch).
 * - A frequent frame is a positional array that begins with a number (see `codes.ts`); a rare one is an object with `t`.
 *   So an array is a batch exactly when its first element is itself an array or an object.
 * - Positions: rare frames carry `positions`, one number per partition of the log, in partition order. Frequent frames
 *   carry either the one number of their channel's partition (`event`, `ack`) or all numbers as trailing elements
 *   (`ping`, `delivered`). With one partition, as today, each of them is a single number.
 * - The epoch stands only in `welcome` and in `hello.resume`.
 * - All durations are relative milliseconds; the only time of day is an event's `sentAt`, which is data.
 * - Fields may be added at the end or as new keys; a reader ignores what it does not know.
 */
import type { Limits } from "./limits.js";
import type { Position } from "./position.js";

/** What a client may do after a refusal: nothing any more, try later, or try with a new token. */
export type Retry = "never" | "later" | "reauth";

/** How a link continued: `new` only if the client brought no position, `gap` if the log no longer reaches back to it. */
export type Recovery = "resumed" | "gap" | "new";

/** One throttled feature, as sent: the client adds jitter to `forMs`. */
export interface ThrottledFeature {
  /** A feature name: `typing`, `presence`, `receipts`, or the kind of event itself (see `featureOf`). */
  readonly feature: string;
  /** A stable word for why, such as `load` or `operator`. */
  readonly reason: string;
  /** Milliseconds from the arrival of the frame until it ends by itself. */
  readonly forMs: number;
}

// ---- client to server, rare

/** The first frame of a link, and the only place where the token of the handshake travels. */
export interface Hello {
  readonly t: "hello";
  readonly token: string;
  /** The app id that the token was issued for. */
  readonly app: string;
  /** Names the process, worker or tab; the same on every link of it, and across a reload of a tab. */
  readonly instance: string;
  /** Counts the links of one process upwards from 1. */
  readonly linkNo: number;
  /** The process's own random word (it also begins its send ids): tells a reloaded tab, whose `linkNo` begins again. */
  readonly nonce?: string | undefined;
  /** Set by the app: a newer instance that names the same device replaces the older one. */
  readonly device?: string | undefined;
  /** How far the client has got; absent on a fresh start. */
  readonly resume?: Position | undefined;
  /** The heartbeat that the client would like, in ms; the server answers what it grants. */
  readonly heartbeatMs?: number | undefined;
  /** Topics of the server whose ephemeral events this link wants, such as `presence`. Unknown ones are ignored. */
  readonly listen?: readonly string[] | undefined;
}

/** A renewed token for the running link; answered by `tokenOk`, or by `reject`. */
export interface Token {
  readonly t: "token";
  readonly token: string;
}
/** Asks for another heartbeat interval on the running link (a client in the background: 30–60 s). */
export interface Heartbeat {
  readonly t: "heartbeat";
  readonly ms: number;
}
/** Makes the user a member of a channel; answered by `ack` or `nack` with this id. */
export interface Join {
  readonly t: "join";
  readonly channel: string;
  readonly id: string;
}
/** Ends the membership; answered by `ack` or `nack` with this id. */
export interface Leave {
  readonly t: "leave";
  readonly channel: string;
  readonly id: string;
}
/** The client is going on purpose: the server may forget the link at once. */
export interface Bye {
  readonly t: "bye";
}

/** Every object frame that a client sends. */
export type ClientObject = Hello | Token | Heartbeat | Join | Leave | Bye;

// ---- client to server, frequent

/** `[0]`: the answer to a ping. */
export type PongFrame = readonly [code: 0];
/** `[4, k]`: is the link alive? Answered by `[4, k]` at once. */
export type ProbeFrame = readonly [code: 4, k: number];
/** `[5, n…]`: handlers have returned for everything up to here; this is credit. One number per partition. */
export type DeliveredFrame = readonly [code: 5, ...positions: number[]];
/** `[6, id, channel, kind, data, flags]`; flags 0 durable, 1 ephemeral; an ephemeral one with id `""` wants no answer. */
export type SendFrame = readonly [code: 6, id: string, channel: string, kind: string, data: unknown, flags: number];

/** Every positional frame that a client sends. */
export type ClientArray = PongFrame | ProbeFrame | DeliveredFrame | SendFrame;
/** Every frame that a client sends. */
export type ClientFrame = ClientObject | ClientArray;

// ---- server to client, rare

/** The link stands. Until it arrives nobody is linked. */
export interface Welcome {
  readonly t: "welcome";
  /** Names this link in the server's logs. */
  readonly session: string;
  /** The uid that the token stands for. */
  readonly user: string;
  readonly recovery: Recovery;
  readonly epoch: string;
  /** Where the events of this link begin: the heads (`new`), the client's own positions (`resumed`), the gap's end (`gap`). */
  readonly positions: readonly number[];
  /** The server pings this often, in ms. */
  readonly heartbeatMs: number;
  /** The window, in ms, over which a fleet that loses its links should return. */
  readonly reconnectSpreadMs: number;
  readonly limits: Limits;
  /** The whole set of throttled features; empty when there are none. */
  readonly throttled: readonly ThrottledFeature[];
  /** Milliseconds until the token ends; absent if it does not. */
  readonly expiresInMs?: number | undefined;
}

/** A refusal, followed by the close of the link. */
export interface Reject {
  readonly t: "reject";
  /** A stable error code of the contract, such as `ERR_AUTH_REJECTED`. */
  readonly code: string;
  readonly message: string;
  readonly retry: Retry;
  /** With `spreadMs` the floor for the next dial: not before `minDelayMs + random × spreadMs`. */
  readonly minDelayMs: number;
  readonly spreadMs: number;
}

/** Announces what an alias stands for, on each link before the alias is used there. */
export interface Channel {
  readonly t: "channel";
  readonly alias: number;
  readonly channel: string;
  readonly partition: number;
}
/** Durable events after `from` up to `to` may be missing; told before the first event that follows. */
export interface GapFrame {
  readonly t: "gap";
  readonly from: readonly number[];
  readonly to: readonly number[];
}
/** The replay has ended: everything up to these positions has been sent. Once per link. */
export interface CaughtUp {
  readonly t: "caughtUp";
  readonly positions: readonly number[];
}
/** The send, join or leave with this id was refused and not applied. */
export interface Nack {
  readonly t: "nack";
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}
/** The whole set of throttled features, replacing the previous one. */
export interface Throttle {
  readonly t: "throttle";
  readonly features: readonly ThrottledFeature[];
}
/** The server wants this link to end soon; `overlap`: a second link may be dialled while this one still serves. */
export interface Goaway {
  readonly t: "goaway";
  readonly minDelayMs: number;
  readonly spreadMs: number;
  readonly overlap: boolean;
}
/** The renewed token is accepted. */
export interface TokenOk {
  readonly t: "tokenOk";
  readonly expiresInMs?: number | undefined;
}
/** The token ends soon; without a new one the link is closed with 4401 then. */
export interface Expiring {
  readonly t: "expiring";
  readonly inMs: number;
}

/** Every object frame that a server sends. */
export type ServerObject =
  | Welcome
  | Reject
  | Channel
  | GapFrame
  | CaughtUp
  | Nack
  | Throttle
  | Goaway
  | TokenOk
  | Expiring;

// ---- server to client, frequent

/** `[0, n…]`: are you there? The numbers, one per partition, stand there only if this link has been sent everything up to them. */
export type PingFrame = readonly [code: 0, ...positions: number[]];
/** `[1, n, alias, kind, from, sentAt, data, id?]`: a durable event at `n` of its channel's partition. */
export type EventFrame = readonly [
  code: 1,
  n: number,
  alias: number,
  kind: string,
  from: string,
  sentAt: number,
  data: unknown,
  id?: string,
];
/** `[2, alias, kind, from, data]`: an ephemeral event. */
export type EphemeralFrame = readonly [code: 2, alias: number, kind: string, from: string, data: unknown];
/** `[3, id, n]`: applied, at `n` of its channel's partition, or 0 if nothing was written to the log. */
export type AckFrame = readonly [code: 3, id: string, n: number];
/** `[4, k]`: the answer to a probe. */
export type ProbeAckFrame = readonly [code: 4, k: number];

/** Every positional frame that a server sends. */
export type ServerArray = PingFrame | EventFrame | EphemeralFrame | AckFrame | ProbeAckFrame;
/** Every frame that a server sends. */
export type ServerFrame = ServerObject | ServerArray;
