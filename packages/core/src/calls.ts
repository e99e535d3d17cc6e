/**
 * The calls that answer with a promise. Law: a call makes its step, and then waits for a predicate over the state;
 * whatever settles it later, it is looked at in the driver's one place.
 */
import type { CheckResult, PingResult } from "./connection.js";
import type { Snapshot, Status } from "./derive.js";
import { desire } from "./desire.js";
import { type ConnectionError, connectionError, errorOf } from "./errors.js";
import type { Input } from "./events.js";
import { floorUntil } from "./ladder.js";
import type { Policy } from "./policy.js";
import type { AbortSignalLike, Clock } from "./ports.js";
import type { Reason, State } from "./state.js";
import type { Verdict } from "./waiters.js";

/** What a call needs of the driver. */
export interface Caller {
  readonly clock: Clock;
  readonly policy: Policy;
  state(): State;
  snapshot(): Snapshot;
  step(input: Input): void;
  wait<T>(
    check: () => Verdict<T>,
    signal?: AbortSignalLike,
    until?: () => number | undefined,
    timedOut?: () => unknown,
  ): Promise<T>;
}

/** An error of a call that cannot be carried out. What to do about each code is in `remediation`. */
export const refused = (code: ConnectionError["code"], reason?: Reason): ConnectionError =>
  connectionError(code, reason ? `${code}: ${reason}` : code, "call", { details: { reason } });

type LoggedOut = "ERR_NOT_LOGGED_IN" | "ERR_LOGGED_OUT";

/** What stands in the way of any link; `undefined` for nothing. */
function obstacle(c: Caller, loggedOut: LoggedOut): { readonly error: ConnectionError } | undefined {
  const { session, link, mode } = c.state();
  if (session.tag === "uninitialized") return { error: refused("ERR_NOT_INITIALIZED") };
  if (session.tag === "loggedOut") return { error: refused(loggedOut) };
  if (link.tag === "failed") return { error: errorOf(link.fault) };
  return mode.wish === "on" ? undefined : { error: refused("ERR_ABORTED", mode.wish) };
}

export function connect(c: Caller, signal?: AbortSignalLike): Promise<{ readonly alreadyConnected: boolean }> {
  const alreadyConnected = c.state().link.tag === "linked";
  let loggedOut: LoggedOut = "ERR_NOT_LOGGED_IN";
  c.step({ type: "connect" });
  // Counts only the time during which a link was wanted and missing (B4.2).
  let left = c.policy.connectTimeoutMs;
  let since: number | undefined;
  const look = (): Verdict<{ readonly alreadyConnected: boolean }> => {
    const now = c.clock.now();
    if (since !== undefined) left -= now - since;
    since = c.state().outage ? now : undefined;
    const found = c.state().link.tag === "linked" ? { ok: { alreadyConnected } } : obstacle(c, loggedOut);
    loggedOut = "ERR_LOGGED_OUT";
    return found;
  };
  const end = (): number | undefined => (since === undefined ? undefined : since + left);
  return c.wait(look, signal, end, () => timedOut(c));
}

function timedOut(c: Caller): ConnectionError {
  const { retryAt, online, error: cause } = c.snapshot();
  const code = online ? "ERR_CONNECT_TIMEOUT" : "ERR_NO_INTERNET";
  return connectionError(code, "Not connected in time; attempts go on", "call", {
    retryable: true,
    cause,
    details: { retryAt, lastError: cause?.code },
    ...(retryAt && { retryAfterMs: Math.max(0, retryAt - c.clock.wall()) }),
  });
}

export function ping(c: Caller, signal?: AbortSignalLike): Promise<PingResult> {
  const none = c.state().session.tag !== "active" && obstacle(c, "ERR_NOT_LOGGED_IN");
  if (none) return Promise.reject(none.error);
  if (c.state().mode.auto) return Promise.reject(refused("ERROR_PING_NOT_AVAILABLE"));
  c.step({ type: "ping" });
  const pong = answer(c);
  return c.wait((): Verdict<PingResult> => {
    const rttMs = pong();
    if (rttMs === "pending") return undefined;
    if (rttMs !== "lost") return { ok: { rttMs, leaseUntil: c.snapshot().leaseUntil } };
    const code = c.state().session.tag === "active" ? "ERR_WEBSOCKET_ERROR" : "ERR_LOGGED_OUT";
    return { error: connectionError(code, "No pong", "linked", { retryable: true }) };
  }, signal);
}

/** Watches the probe that is open on the present link: its round trip in ms, `null` without a probe, `lost`, or `pending`. */
function answer(c: Caller): () => number | null | "pending" | "lost" {
  const { link: at } = c.state();
  return () => {
    const { link: l } = c.state();
    if (at.tag !== "linked" || l.tag !== "linked" || l.link !== at.link) return "lost";
    const n = at.probe?.n;
    if (!n) return null;
    if (l.answered && l.answered.n >= n) return l.answered.rttMs;
    return l.probe?.n === n ? "pending" : "lost";
  };
}

export function check(c: Caller, type: "checkNow" | "reconnect", signal?: AbortSignalLike): Promise<CheckResult> {
  const { ladder, reason, link } = c.state();
  const want = desire(c.state(), c.policy);
  if (link.tag === "failed" || want.tag !== "link" || (type === "reconnect" && want.urgency !== "dial")) {
    return Promise.reject(refused("ERR_ABORTED", reason));
  }
  const floor = floorUntil(ladder);
  c.step({ type });
  const pong = answer(c);
  return c.wait((): Verdict<CheckResult> => {
    const { tag } = c.state().link;
    if (tag === "dialing") return undefined;
    if (tag === "waiting") return { ok: { linked: false, rttMs: null, retryAt: c.snapshot().retryAt } };
    if (tag !== "linked") return obstacle(c, "ERR_LOGGED_OUT") ?? { error: refused("ERR_ABORTED", c.state().reason) };
    const rttMs = pong();
    if (rttMs === "pending") return undefined;
    const below = floor - c.clock.now();
    const retryAt = below > 0 ? c.clock.wall() + below : null;
    return { ok: { linked: true, rttMs: rttMs === "lost" ? null : rttMs, retryAt } };
  }, signal);
}

export function until(
  c: Caller,
  what: Status | "linked" | ((s: Snapshot) => boolean),
  signal: AbortSignalLike | undefined,
  timeoutMs: number | undefined,
): Promise<Snapshot> {
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) return Promise.reject(refused("ERR_INVALID_ARGUMENT"));
  const end = timeoutMs === undefined ? undefined : c.clock.now() + timeoutMs;
  const look = (): Verdict<Snapshot> => {
    const s = c.snapshot();
    try {
      const holds = typeof what === "function" ? what(s) : what === "linked" ? s.linked : s.status === what;
      return holds ? { ok: s } : undefined;
    } catch (error) {
      return { error };
    }
  };
  return c.wait(
    look,
    signal,
    () => end,
    () => refused("ERR_CONNECT_TIMEOUT"),
  );
}
