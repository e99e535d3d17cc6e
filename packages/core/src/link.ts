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

/** A step while the link stands. */
export type LinkedStep = Step & { link: { -readonly [K in keyof Linked]: Linked[K] } };

/** The id of the link that is dialled or stands. */
export const currentLink = (x: Pick<Step, "link">): LinkId | undefined =>
  x.link.tag === "linked" ? x.link.link : x.link.tag === "dialing" ? x.link.dial.link : undefined;

/** Ends whatever link there is. The driver closes its socket, for the state no longer names it. */
export function drop(x: Step): void {
  if (x.link.tag === "linked") x.lostAt = x.at;
  x.link = { tag: "idle" };
  x.throttled = NONE;
}

/** Brings the link machine in line with the facts. From `idle` it starts after `delayMs`, or in this step with "now". */
export function steer(x: Step, reason: Reason, delayMs: number | "now"): void {
  const want = desire(x, x.p);
  if (want.tag === "link" && want.urgency === "dial") {
    if (x.link.tag !== "idle") return;
    // The immediate dial stands in the place of the first retry.
    x.ladder.step ??= 0;
    if (delayMs === "now") dial(x, reason);
    else wait(x, delayMs, reason);
    // `keep` keeps what there is; a terminal refusal outlives lease, background and disconnect(): connect(), login and logout lead out of it.
  } else if (x.link.tag !== "failed" && !(want.tag === "link" && x.link.tag === "linked")) {
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
  if (x.session.tag !== "active") return;
  if (x.m.now < floorUntil(x.ladder)) return wait(x, 0, reason);
  x.ladder.attempt++;
  x.ladder.floor = null;
  x.reason = reason;
  const link = ++x.ids;
  if (isFresh(x)) return callServer(x, link);
  if (!x.session.renewable) return stop(x, { ...failure("ERR_AUTH_REJECTED").fault, phase: "token" });
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

export function tell(x: Step, fault: Fault): void {
  // What a hint says goes on being the reason while the attempts go on failing as before.
  if (x.recovery || x.fault?.code !== "ERR_TRANSPORT_BLOCKED" || fault.code !== "ERR_WEBSOCKET_ERROR") x.fault = fault;
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
  const fault = { phase: x.link.tag === "dialing" ? x.link.dial.stage : "linked", ...what } as const;
  if (x.link.tag === "linked") loseInBackground(x);
  // A job that only this dial waited for ends with it; a renewal of a lost link may still serve the next.
  else endJob(x);
  drop(x);
  if (floor) raiseFloor(x, ...floor);
  x.ladder.timeouts = reason === "attemptTimeout" ? x.ladder.timeouts + 1 : 0;
  const verdict = x.p.shouldRetry?.(
    { ...fault, retryable: byDefault !== "stop" },
    { attempt: x.ladder.attempt, defaultAction: byDefault, floorMs: Math.max(0, floorUntil(x.ladder) - x.m.now) },
  );
  const action = verdict?.action ?? byDefault;
  if (action === "refreshToken" && x.session.tag === "active") {
    if (x.session.token) x.session.burnt = [x.session.token.value, ...x.session.burnt.slice(0, 7)];
    x.session.token = null;
    x.session.job = null;
    x.out.push({ type: "save" });
    if (++x.session.rejections > 1 || !x.session.renewable) return stop(x, { ...fault, code: "ERR_AUTH_REJECTED" });
  }
  if (action === "stop") return stop(x, fault);
  tell(x, { ...fault, retryable: true });
  let delayMs = action === "retry" ? nextDelay(x, reason === "probeFailed") : 0;
  if (verdict?.action === "retry" && verdict.delayMs !== undefined) {
    // The user's last word stands above the floor too (B5.4).
    x.ladder.floor = null;
    delayMs = verdict.delayMs;
  }
  steer(x, reason, delayMs);
}

const lossOf = (x: Step): Reason => (x.link.tag === "linked" ? "linkLost" : "attemptFailed");

/** Takes the present link away and dials another at once, floor permitting. */
export function replace(x: Step, reason: Reason): void {
  if (x.m.now < floorUntil(x.ladder)) return;
  drop(x);
  steer(x, reason, "now");
}

/** When to look next whether the peer lives: a late acknowledgement, or silence beyond the heartbeat since `from`. */
function lookAt(x: LinkedStep, from: number): number | null {
  const quiet = x.link.heartbeatMs === null ? NEVER : from + x.link.heartbeatMs + x.p.quietSlackMs;
  const ack =
    x.m.unackedSince === null ? NEVER : Math.max(x.m.unackedSince, x.link.probe?.sentAt ?? 0) + x.p.ackProbeMs;
  const at = Math.min(quiet, ack);
  return x.link.welcome.probes && at < NEVER ? at : null;
}

/** `welcome`: the attempt became a link. */
export function linkUp(x: Step, { link }: Dialing, info: WelcomeInfo): void {
  setLife(x, info.tokenLifeMs);
  x.ladder.spreadMs = Math.min(Math.max(info.spreadMs ?? x.p.spreadMs, x.p.minSpreadMs), x.p.maxSpreadMs);
  x.ladder.timeouts = 0;
  x.ladder.online = false;
  x.link = {
    tag: "linked",
    link,
    since: x.at,
    welcome: info,
    heartbeatMs: info.heartbeatMs,
    stableAt: x.m.now + x.p.stableMs,
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
  x.link.lookAt = lookAt(x as LinkedStep, x.m.now);
  x.recovery = info.recovery;
  x.reason = "welcome";
  x.out.push({ type: "session", info, downtimeMs: x.lostAt ? elapsed(x.m, x.lostAt) : 0 });
  x.lostAt = null;
  askHeartbeat(x);
}

/** A client that stays linked in the background asks for a longer heartbeat, and for the server's own in the foreground (B6.3). */
export function askHeartbeat(x: Step): void {
  if (x.link.tag !== "linked" || x.link.welcome.heartbeatMs === null) return;
  const long = x.app.tag === "background" && x.p.background === "keep" ? x.p.backgroundHeartbeatMs : 0;
  const ms = Math.max(long, x.link.welcome.heartbeatMs);
  if (ms === x.link.heartbeatMs) return;
  x.link.heartbeatMs = ms;
  x.link.lookAt = lookAt(x as LinkedStep, x.m.now);
  x.out.push({ type: "heartbeat", link: x.link.link, ms });
}

/** Probe deadline of B6.2, from now. */
const probeUntil = (x: LinkedStep): number =>
  x.m.now + Math.max(x.p.probeMs, 2 * (x.link.rttMs ?? 0) + x.p.probeSlackMs) + x.m.unackedBytes / x.p.probeBytesPerMs;

/** Asks the peer for a sign of life, unless a question is open already. */
export function probe(x: Step, why: Probe["why"]): void {
  if (x.link.tag !== "linked" || x.link.probe || !x.link.welcome.probes) return;
  x.link.probe = { n: ++x.link.probes, why, sentAt: x.m.now, until: probeUntil(x as LinkedStep), grace: 0 };
  x.out.push({ type: "probe", link: x.link.link });
}

/** The probe's deadline. Dead is only who sent nothing at all since the probe, by a clock that did not sleep (B6.1). */
export function probeDue(x: LinkedStep, open: Probe): void {
  if (x.m.inboundAt > open.sentAt) return endProbe(x, x.m.inboundAt);
  // A late timer: messages may lie unread behind it. Twice forgiven, for a hidden page has a late timer every minute.
  if (x.m.now - open.until > x.p.lateMs && open.grace < 2) {
    x.link.probe = { ...open, until: probeUntil(x), grace: open.grace + 1 };
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
export function endProbe(x: LinkedStep, from: number): void {
  x.link.lookAt = lookAt(x, from);
  x.link.probe = null;
}

/** Looks whether the peer has gone quiet, or an acknowledgement is late. */
export function look(x: LinkedStep): void {
  const at = lookAt(x, Math.max(x.m.inboundAt, x.link.since.now));
  if (at !== null && at <= x.m.now)
    probe(x, x.m.unackedSince !== null && x.m.unackedSince + x.p.ackProbeMs <= x.m.now ? "ack" : "quiet");
  else x.link.lookAt = at;
}

/** The attempt's budget is used up. */
export function attemptDue(x: Step, d: Dialing): void {
  if (x.m.now - d.until > x.p.lateMs && d.grace < 1) {
    x.link = { tag: "dialing", dial: { ...d, until: x.m.now + x.p.probeMs, grace: 1 } };
  } else if (d.stage === "token") {
    fail(x, failure("ERR_TOKEN_PROVIDER", "No token in time"), "tokenFailed");
  } else {
    const code = x.network.online ? "ERR_CONNECT_TIMEOUT" : "ERR_NO_INTERNET";
    fail(x, failure(code), "attemptTimeout");
  }
}

/** The link lived long enough: what went wrong before is forgotten (B2.7, B5.3). */
export function stable(x: LinkedStep): void {
  x.link.stableAt = null;
  x.ladder = freshLadder(x.ladder.spreadMs, x.ladder.floor);
  x.fault = null;
  if (x.session.tag === "active") x.session.rejections = 0;
}
