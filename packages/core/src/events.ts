/**
 * Inputs and outputs of the machine.
 *
 * Law: time, chance and platform facts arrive with the event (`Moment`), so a list of (event, moment) replays
 * bit for bit. What should exist over a span of time (timers, sockets, token jobs) is derived from the state;
 * only acts of one moment are effects.
 */
import type { Fault } from "./errors.js";
import type { LifecycleSignal, LinkClose, RejectInfo, ThrottledFeature, WelcomeInfo } from "./ports.js";
import type { Floor, LinkId, Stamp, State } from "./state.js";

/** The world as it was when an event entered. */
export interface Moment extends Stamp {
  /** Uniform in [0, 1). One draw for each event. */
  readonly random: number;
  /** Monotonic time of the last inbound message on the current link; −Infinity for none. */
  readonly inboundAt: number;
  /** Monotonic time of the oldest send without acknowledgement. */
  readonly unackedSince: number | null;
  /** Bytes sent and not acknowledged. */
  readonly unackedBytes: number;
}

export type Input =
  // calls
  | { readonly type: "init"; readonly auto: boolean; readonly floor: Floor | null }
  | {
      readonly type: "login";
      readonly user: string;
      readonly renewable: boolean;
      readonly token: string | null;
      readonly lifeMs: number | null;
    }
  /** The user who is logged in logged in again: nothing changes but that a link is wanted again, and a way to renew the token may have come. */
  | { readonly type: "relogin"; readonly renewable: boolean }
  | { readonly type: "logout" }
  | { readonly type: "connect" }
  | { readonly type: "disconnect" }
  | { readonly type: "ping" }
  | { readonly type: "checkNow" }
  | { readonly type: "reconnect" }
  /** A deadline may have passed; or nothing but time has. */
  | { readonly type: "tick" }
  // token jobs
  | { readonly type: "token"; readonly job: number; readonly value: string; readonly lifeMs: number | null }
  | { readonly type: "tokenFailed"; readonly job: number; readonly fault: Fault; readonly terminal: boolean }
  // links
  | { readonly type: "opened"; readonly link: LinkId }
  | { readonly type: "closed"; readonly link: LinkId; readonly close: LinkClose }
  | { readonly type: "welcome"; readonly link: LinkId; readonly info: WelcomeInfo }
  | { readonly type: "reject"; readonly link: LinkId; readonly info: RejectInfo }
  | { readonly type: "goaway"; readonly link: LinkId; readonly minDelayMs: number; readonly spreadMs: number }
  | { readonly type: "throttle"; readonly link: LinkId; readonly features: readonly ThrottledFeature[] }
  | { readonly type: "probeAck"; readonly link: LinkId }
  | { readonly type: "expiring"; readonly link: LinkId; readonly inMs: number }
  | { readonly type: "tokenOk"; readonly link: LinkId; readonly lifeMs: number | null }
  | { readonly type: "fault"; readonly link: LinkId; readonly message: string }
  | { readonly type: "outbox" }
  /** Somebody outside knows why the attempts fail. */
  | { readonly type: "hint"; readonly fault: Fault }
  | LifecycleSignal;

export type Effect =
  /** Ask the peer of this link for a sign of life. */
  | { readonly type: "probe"; readonly link: LinkId }
  /** Send the renewed token in band. */
  | { readonly type: "renew"; readonly link: LinkId; readonly token: string }
  | { readonly type: "heartbeat"; readonly link: LinkId; readonly ms: number }
  /** Something that outlives the process changed: the token, or the floor. */
  | { readonly type: "save" }
  /** Tell the listeners of errors. */
  | { readonly type: "error"; readonly fault: Fault }
  /** Tell the listeners of sessions. `downtimeMs`: how long there was no link. */
  | { readonly type: "session"; readonly info: WelcomeInfo; readonly downtimeMs: number };

export interface Transition {
  readonly state: State;
  readonly effects: readonly Effect[];
}
