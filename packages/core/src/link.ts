/**
 * The link machine: idle → waiting → dialing → linked, or failed.
 *
 * Law: it sees desire, ids and time, never a mode or a lifecycle signal. Every way to a new link leads through
 * `dial`, every way out of one through `drop`, so that "nothing dials below the floor" and "late events of an old
 * link change nothing" each have one place.
 */
import { desire } from "./desire.js";
import type { Fault } from "./errors.js";
import { endJob, isFresh, needToken, setLife } from "./facts/session.js";
import { type Failure, failure } from "./faults.js";
import { floorUntil, freshLadder, nextDelay, raiseFloor } from "./ladder.js";
import type { WelcomeInfo } from "./ports.js";
import type { Dialing, Linked, LinkId, Probe, Reason } from "./state.js";
import { elapsed, NEVER, NONE, type Step } from "./step.js";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The id of the link that is dialled or stands. */
export const currentLink = ({ link: l }: Pick<Step, "link">): LinkId | undefined =>
  l.tag === "linked" ? l.link : l.tag === "dialing" ? l.dial.link : undefined;

/** Ends whatever link there is. The driver closes its socket, for the state no longer names it. */
export function drop(x: Step): void {
  if (x.link.tag === "linked") x.lostAt = x.at;
  x.link = { tag: "idle" };
  x.throttled = NONE;
}

/** Brings the link machine in line with the facts. From `idle` it starts after `delayMs`, or in this step with "now". */
export function steer(x: Step, reason: Reason, delayMs: number | "now"): void {
  const want = desire(x, x.p);
  const { tag } = x.link;
  if (want.tag === "link" && want.urgency === "dial") {
    if (tag !== "idle") return;
    // The immediate dial stands in the place of the first retry.
    x.ladder.step ??= 0;
    if (delayMs === "now") dial(x, reason);
    else wait(x, delayMs, reason);
    // `keep` keeps what there is; a terminal refusal outlives lease, background and disconnect(): connect(), login and logout lead out of it.
  } else if (tag !== "failed" && !(want.tag === "link" && tag === "linked")) {
    drop(x);
    endJob(x);
    x.reason = want.reason;
  }
}

/** Waits for the next dial: `delayMs`, and never less than the floor. */
function wait(x: Step, delayMs: number, reason: Reason): void {
  x.link = { tag: "waiting", since: x.at, until: Math.max(x.m.now + delayMs, floorUntil(x.ladder)) };
  x.reason = reason;
}

/** Dials now, or at the floor's end. */
export function dial(x: Step, reason: Reason): void {
  const { session: s, ladder } = x;
  if (s.tag !== "active") return;
  if (x.m.now < floorUntil(ladder)) return wait(x, 0, reason);
  ladder.attempt++;
  ladder.floor = null;
  x.reason = reason;
  const link = ++x.ids;
  if (isFresh(x)) return callServer(x, link);
  if (!s.renewable) return stop(x, { ...failure("ERR_AUTH_REJECTED").fault, phase: "token" });
  needToken(x, "missing");
  x.link = {
    tag: "dialing",
    dial: { link, stage: "token", until: x.m.now + x.p.tokenBudgetMs, grace: 0 },
  };
}

/** The stage in which a socket exists; one budget for transport and handshake (B5.8). */
export function callServer(x: Step, link: LinkId): void {
  const budgets = x.p.connectBudgetsMs;
  const budget = budgets[Math.min(x.ladder.timeouts, budgets.length - 1)] ?? 0;
  x.link = { tag: "dialing", dial: { link, stage: "transport", until: x.m.now + budget, grace: 0 } };
}

function tell(x: Step, fault: Fault): void {
  x.fault = fault;
  x.out.push({ type: "error", fault });
}

/** A terminal refusal. */
export function stop(x: Step, why: Omit<Fault, "retryable">): void {
  const fault = { ...why, retryable: false };
  drop(x);
  endJob(x);
  tell(x, fault);
  x.link = { tag: "failed", fault };
  x.reason = "failed";
}

/** Background of manual mode: a lost link does not come back by itself, not on return either (B4.5). */
export function loseInBackground(x: Step): void {
  if (!x.mode.auto && x.app.tag === "background" && x.p.background !== "keep") x.mode.wish = "lostInBackground";
}

/** A link or an attempt ended by itself, or was found dead. Decides what comes next. */
export function fail(x: Step, { fault: what, action: byDefault, floor }: Failure, reason: Reason = lossOf(x)): void {
  const { session: s, link: l, ladder, p } = x;
  const fault = { phase: l.tag === "dialing" ? l.dial.stage : "linked", ...what } as const;
  if (l.tag === "linked") loseInBackground(x);
  // A job that only this dial waited for ends with it; a renewal of a lost link may still serve the next.
  else endJob(x);
  drop(x);
  if (floor) raiseFloor(x, ...floor);
  ladder.timeouts = reason === "attemptTimeout" ? ladder.timeouts + 1 : 0;
  const verdict = p.shouldRetry?.(
    { ...fault, retryable: byDefault !== "stop" },
    { attempt: ladder.attempt, defaultAction: byDefault, floorMs: Math.max(0, floorUntil(ladder) - x.m.now) },
  );
  const action = verdict?.action ?? byDefault;
  if (action === "refreshToken" && s.tag === "active") {
    if (s.token) s.burnt = [s.token.value, ...s.burnt.slice(0, 7)];
    s.token = null;
    s.job = null;
    x.out.push({ type: "save" });
    if (++s.rejections > 1 || !s.renewable) return stop(x, { ...fault, code: "ERR_AUTH_REJECTED" });
  }
  if (action === "stop") return stop(x, fault);
  tell(x, { ...fault, retryable: true });
  let delayMs = action === "retry" ? nextDelay(x, reason === "probeFailed") : 0;
  if (verdict?.action === "retry" && verdict.delayMs !== undefined) {
    // The user's last word stands above the floor too (B5.4).
    ladder.floor = null;
    delayMs = verdict.delayMs;
  }
  steer(x, reason, delayMs);
}

const lossOf = ({ link }: Step): Reason => (link.tag === "linked" ? "linkLost" : "attemptFailed");

/** Takes the present link away and dials another at once, floor permitting. */
export function replace(x: Step, reason: Reason): void {
  if (x.m.now < floorUntil(x.ladder)) return;
  drop(x);
  steer(x, reason, "now");
}

/** When to look next whether the peer lives: a late acknowledgement, or silence beyond the heartbeat since `from`. */
function lookAt(x: Step, l: Linked, from: number): number | null {
  const { p } = x;
  const { unackedSince } = x.m;
  const quiet = l.heartbeatMs === null ? NEVER : from + l.heartbeatMs + p.quietSlackMs;
  const ack = unackedSince === null ? NEVER : Math.max(unackedSince, l.probe?.sentAt ?? 0) + p.ackProbeMs;
  const at = Math.min(quiet, ack);
  return l.welcome.probes && at < NEVER ? at : null;
}

/** `welcome`: the attempt became a link. */
export function linkUp(x: Step, { link }: Dialing, info: WelcomeInfo): void {
  const { ladder, p } = x;
  setLife(x, info.tokenLifeMs);
  ladder.spreadMs = Math.min(Math.max(info.spreadMs ?? p.spreadMs, p.minSpreadMs), p.maxSpreadMs);
  ladder.timeouts = 0;
  ladder.online = false;
  const l: Mutable<Linked> = {
    tag: "linked",
    link,
    since: x.at,
    welcome: info,
    heartbeatMs: info.heartbeatMs,
    stableAt: x.m.now + p.stableMs,
    lookAt: null,
    probe: null,
    probes: 0,
    answered: null,
    rttMs: null,
    wokenAt: null,
    leaveAt: null,
    successor: null,
    retiring: null,
  };
  l.lookAt = lookAt(x, l, x.m.now);
  x.link = l;
  x.recovery = info.recovery;
  x.reason = "welcome";
  x.out.push({ type: "session", info, downtimeMs: x.lostAt ? elapsed(x.m, x.lostAt) : 0 });
  x.lostAt = null;
  askHeartbeat(x);
}

/** A client that stays linked in the background asks for a longer heartbeat, and for the server's own in the foreground (B6.3). */
export function askHeartbeat(x: Step): void {
  const l = x.link;
  if (l.tag !== "linked" || l.welcome.heartbeatMs === null) return;
  const long = x.app.tag === "background" && x.p.background === "keep" ? x.p.backgroundHeartbeatMs : 0;
  const ms = Math.max(long, l.welcome.heartbeatMs);
  if (ms === l.heartbeatMs) return;
  l.heartbeatMs = ms;
  l.lookAt = lookAt(x, l, x.m.now);
  x.out.push({ type: "heartbeat", link: l.link, ms });
}

/** Probe deadline of B6.2, from now. */
const probeUntil = ({ m, p }: Step, l: Linked): number =>
  m.now + Math.max(p.probeMs, 2 * (l.rttMs ?? 0) + p.probeSlackMs) + m.unackedBytes / p.probeBytesPerMs;

/** Asks the peer for a sign of life, unless a question is open already. */
export function probe(x: Step, why: Probe["why"]): void {
  const l = x.link;
  if (l.tag !== "linked" || l.probe || !l.welcome.probes) return;
  l.probe = { n: ++l.probes, why, sentAt: x.m.now, until: probeUntil(x, l), grace: 0 };
  x.out.push({ type: "probe", link: l.link });
}

/** The probe's deadline. Dead is only who sent nothing at all since the probe, by a clock that did not sleep (B6.1). */
export function probeDue(x: Step, l: Mutable<Linked>, open: Probe): void {
  if (x.m.inboundAt > open.sentAt) return endProbe(x, l, x.m.inboundAt);
  // A late timer: messages may lie unread behind it. Twice forgiven, for a hidden page has a late timer every minute.
  if (x.m.now - open.until > x.p.lateMs && open.grace < 2) {
    l.probe = { ...open, until: probeUntil(x, l), grace: open.grace + 1 };
    return;
  }
  const code =
    open.why === "offline" || !x.network.online
      ? "ERR_NO_INTERNET"
      : open.why === "user"
        ? "ERR_WEBSOCKET_ERROR"
        : "ERR_HEARTBEAT_TIMEOUT";
  fail(x, failure(code), "probeFailed");
}

/** The question is settled: the peer lives, heard last at `from`. */
export function endProbe(x: Step, l: Mutable<Linked>, from: number): void {
  l.lookAt = lookAt(x, l, from);
  l.probe = null;
}

/** Looks whether the peer has gone quiet, or an acknowledgement is late. */
export function look(x: Step, l: Mutable<Linked>): void {
  const at = lookAt(x, l, Math.max(x.m.inboundAt, l.since.now));
  if (at !== null && at <= x.m.now)
    probe(x, x.m.unackedSince !== null && x.m.unackedSince + x.p.ackProbeMs <= x.m.now ? "ack" : "quiet");
  else l.lookAt = at;
}

/** The attempt's budget is used up. */
export function attemptDue(x: Step, d: Dialing): void {
  const { p } = x;
  if (x.m.now - d.until > p.lateMs && d.grace < 1) {
    x.link = { tag: "dialing", dial: { ...d, until: x.m.now + p.probeMs, grace: 1 } };
  } else if (d.stage === "token") {
    fail(x, failure("ERR_TOKEN_PROVIDER", "No token in time"), "tokenFailed");
  } else {
    const code = x.network.online ? "ERR_CONNECT_TIMEOUT" : "ERR_NO_INTERNET";
    fail(x, failure(code), "attemptTimeout");
  }
}

/** The link lived long enough: what went wrong before is forgotten (B2.7, B5.3). */
export function stable(x: Step, l: Mutable<Linked>): void {
  l.stableAt = null;
  x.ladder = freshLadder(x.ladder.spreadMs, x.ladder.floor);
  x.fault = null;
  if (x.session.tag === "active") x.session.rejections = 0;
}
