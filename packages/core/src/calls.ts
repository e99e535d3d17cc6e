/**
 * The calls that answer with a promise. Law: a call makes its step, and then is a predicate over the state: whatever
 * settles it later, it is looked at after every step in the driver's one place, and settled once (R27).
 */

import type { CheckResult, PingResult } from "./connection.js";
import type { Snapshot, Status } from "./derive.js";
import { desire } from "./desire.js";
import { type ConnectionError, connectionError, errorOf } from "./errors.js";
import type { Input } from "./events.js";
import { floorUntil } from "./ladder.js";
import type { Policy } from "./policy.js";
import type { Clock } from "./ports.js";
import type { Reason, State } from "./state.js";
import { NEVER } from "./step.js";

/** What a call needs of the driver. */
export interface Caller {
  readonly clock: Clock;
  readonly policy: Policy;
  state(): State;
  snapshot(): Snapshot;
  step(input: Input): void;
}

/** One promise that waits. */
export interface Waiter {
  /** Monotonic time at which to look even if nothing happens. */
  until: number;
  look(): void;
}

/** What the promise resolves with, or `undefined`: not yet. It rejects with what this throws. */
export type Look<T> = (waiter: Waiter) => T | undefined;

/** An error of a call that cannot be carried out. What to do about each code is in `remediation`. */
export const refused = (code: ConnectionError["code"], reason?: Reason): ConnectionError =>
  connectionError(code, reason && `${code}: ${reason}`, "call", { details: { reason } });

type LoggedOut = "ERR_NOT_LOGGED_IN" | "ERR_LOGGED_OUT";

/** Throws what stands in the way of any link. */
function unobstructed(c: Caller, loggedOut: LoggedOut): void {
  const s = c.state();
  if (s.session.tag !== "active") throw refused(s.session.tag === "loggedOut" ? loggedOut : "ERR_NOT_INITIALIZED");
  if (s.link.tag === "failed") throw errorOf(s.link.fault);
  if (s.mode.wish !== "on") throw refused("ERR_ABORTED", s.mode.wish);
}

export function connect(c: Caller): Look<{ readonly alreadyConnected: boolean }> {
  const alreadyConnected = c.state().link.tag === "linked";
  let loggedOut: LoggedOut = "ERR_NOT_LOGGED_IN";
  c.step({ type: "connect" });
  // Counts only the time during which a link was wanted and missing (B4.2).
  let left = c.policy.connectTimeoutMs;
  let since: number | undefined;
  return (waiter) => {
    const now = c.clock.now();
    if (since !== undefined) left -= now - since;
    since = c.state().outage ? now : undefined;
    if (c.state().link.tag === "linked") return { alreadyConnected };
    unobstructed(c, loggedOut);
    loggedOut = "ERR_LOGGED_OUT";
    waiter.until = since === undefined ? NEVER : now + left;
    if (now < waiter.until) return undefined;
    const { retryAt, online, error: cause } = c.snapshot();
    throw connectionError(online ? "ERR_CONNECT_TIMEOUT" : "ERR_NO_INTERNET", undefined, "call", {
      retryable: true,
      cause,
      details: { retryAt, lastError: cause?.code },
      ...(retryAt && { retryAfterMs: Math.max(0, retryAt - c.clock.wall()) }),
    });
  };
}

export function ping(c: Caller): Look<PingResult> {
  const active = (): boolean => c.state().session.tag === "active";
  if (!active()) unobstructed(c, "ERR_NOT_LOGGED_IN");
  if (c.state().mode.auto) throw refused("ERROR_PING_NOT_AVAILABLE");
  c.step({ type: "ping" });
  const pong = answer(c);
  return () => {
    const rttMs = pong();
    if (rttMs !== "lost") return rttMs === undefined ? undefined : { rttMs, leaseUntil: c.snapshot().leaseUntil };
    throw connectionError(active() ? "ERR_WEBSOCKET_ERROR" : "ERR_LOGGED_OUT", undefined, "linked", {
      retryable: active(),
    });
  };
}

/** Watches the probe that is open on the present link: its round trip in ms, `null` without a probe, `lost`, or `undefined`: not yet. */
function answer(c: Caller): () => number | null | "lost" | undefined {
  const before = c.state();
  return () => {
    const s = c.state();
    if (before.link.tag !== "linked" || s.link.tag !== "linked" || s.link.link !== before.link.link) return "lost";
    const n = before.link.probe?.n;
    if (!n) return null;
    if (s.link.answered && s.link.answered.n >= n) return s.link.answered.rttMs;
    // A wake may ask anew meanwhile: the pong of that will do.
    return s.link.probe && (s.link.probe.n === n || s.link.probe.why === "wake") ? undefined : "lost";
  };
}

export function check(c: Caller, type: "checkNow" | "reconnect"): Look<CheckResult> {
  const s = c.state();
  const want = desire(s, c.policy);
  if (s.link.tag === "failed" || want.tag !== "link" || (type === "reconnect" && want.urgency !== "dial"))
    throw refused("ERR_ABORTED", s.reason);
  const floor = floorUntil(s.ladder);
  c.step({ type });
  const pong = answer(c);
  return () => {
    const { tag } = c.state().link;
    if (tag === "dialing") return undefined;
    if (tag === "waiting") return { linked: false, rttMs: null, retryAt: c.snapshot().retryAt };
    if (tag !== "linked") {
      unobstructed(c, "ERR_LOGGED_OUT");
      throw refused("ERR_ABORTED", c.state().reason);
    }
    const rttMs = pong();
    if (rttMs === undefined) return undefined;
    const below = floor - c.clock.now();
    return {
      linked: true,
      rttMs: rttMs === "lost" ? null : rttMs,
      retryAt: below > 0 ? c.clock.wall() + below : null,
    };
  };
}

export function until(
  c: Caller,
  what: Status | "linked" | ((s: Snapshot) => boolean),
  timeoutMs: number = NEVER,
): Look<Snapshot> {
  if (!(timeoutMs >= 0)) throw refused("ERR_INVALID_ARGUMENT");
  const end = c.clock.now() + timeoutMs;
  return (waiter) => {
    const s = c.snapshot();
    if (typeof what === "function" ? what(s) : what === "linked" ? s.linked : s.status === what) return s;
    waiter.until = end;
    if (c.clock.now() < end) return undefined;
    throw connectionError("ERR_CONNECT_TIMEOUT", undefined, "call", { retryable: true });
  };
}
