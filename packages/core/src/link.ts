/**
 * The link machine: idle → waiting → dialing → linked, or failed.
 *
 * Law: it sees desire, ids and time, never a mode or a lifecycle signal. Every way to a new link leads through
 * `dial`, every way out of one through `drop`, so that "nothing dials below the floor" and "late events of an old
 * link change nothing" each have one place.
 */
import { desire } from "./desire.js";
import type { Fault } from "./errors.js";
import { burn, isFresh, withLife } from "./facts/session.js";
import { elapsed, stamp } from "./facts/time.js";
import { type Failure, ownFault } from "./faults.js";
import { floorUntil, freshLadder, nextDelay, type Origin, withFloor } from "./ladder.js";
import type { WelcomeInfo } from "./ports.js";
import type { Dialing, Linked, LinkId, Probe, Reason } from "./state.js";
import type { Step } from "./step.js";

/** The id of the link that is dialled or stands. */
export function currentLink({ s }: Step): LinkId | undefined {
  return s.link.tag === "linked" ? s.link.link : s.link.tag === "dialing" ? s.link.dial.link : undefined;
}

/** Ends whatever link there is. The driver closes its socket for the state no longer names it. */
export function drop(x: Step): void {
  const { s } = x;
  if (s.link.tag === "linked") s.lostAt = stamp(x.m);
  // A job that only a dial waited for is aborted with it; a renewal under way may still serve the next dial.
  if (s.link.tag === "dialing" && s.link.dial.stage === "token") endJob(x);
  s.link = { tag: "idle" };
  s.throttled = [];
  s.outbox = { tag: "idle" };
}

function endJob({ s }: Step): void {
  if (s.session.tag === "active" && s.session.job !== null) s.session = { ...s.session, job: null };
}

/** Brings the link machine in line with the facts. From `idle` it starts after `delayMs`, or at once with "now". */
export function steer(x: Step, reason: Reason, delayMs: number | "now"): void {
  const { s, p } = x;
  const want = desire(s, p);
  if (want.tag === "link" && want.urgency === "dial") {
    if (s.link.tag !== "idle") return;
    // The immediate dial stands in the place of the first retry.
    if (s.ladder.step === null) s.ladder = { ...s.ladder, step: 0 };
    if (delayMs === "now") dial(x, reason);
    else wait(x, delayMs, reason);
    return;
  }
  if (want.tag === "link" && s.link.tag === "linked") return;
  // A terminal refusal outlives the background; only a call leads out of it.
  if (s.link.tag === "failed" && want.tag !== "none") return;
  if (s.link.tag === "linked" || s.link.tag === "dialing") drop(x);
  s.link = { tag: "idle" };
  s.reason = want.reason;
}

/** Waits for the next dial: `delayMs`, and never less than the floor. */
export function wait(x: Step, delayMs: number, reason: Reason): void {
  const { s, m } = x;
  s.link = { tag: "waiting", since: stamp(m), until: Math.max(m.now + delayMs, floorUntil(s.ladder)) };
  s.reason = reason;
}

/** Dials now, or at the floor's end. */
export function dial(x: Step, reason: Reason): void {
  const { s, m, p } = x;
  if (s.session.tag !== "active") return;
  if (m.now < floorUntil(s.ladder)) return wait(x, 0, reason);
  s.ladder = { ...s.ladder, attempt: s.ladder.attempt + 1, floor: null };
  s.reason = reason;
  const link = ++s.ids;
  if (isFresh(s.session, m, p)) {
    s.link = { tag: "dialing", dial: transportStage(x, link) };
  } else if (s.session.renewable) {
    s.link = {
      tag: "dialing",
      dial: { link, stage: "token", since: stamp(m), until: m.now + p.tokenBudgetMs, grace: 0 },
    };
    if (s.session.job === null) {
      s.session = { ...s.session, job: { job: ++s.ids, reason: s.session.rejections > 0 ? "rejected" : "missing" } };
    }
  } else {
    stop(x, ownFault("ERR_AUTH_REJECTED", "The token was refused and there is no way to get another", "token", false));
  }
}

/** The stage in which a socket exists; one budget for transport and handshake (B5.8). */
export function transportStage({ s, m, p }: Step, link: LinkId): Dialing {
  const budgets = p.connectBudgetsMs;
  const budget = budgets[Math.min(s.ladder.timeouts, budgets.length - 1)] ?? 10_000;
  return { link, stage: "transport", since: stamp(m), until: m.now + budget, grace: 0 };
}

function tell(x: Step, fault: Fault): void {
  x.s.fault = fault;
  x.out.push({ type: "error", fault });
}

/** A terminal refusal. */
export function stop(x: Step, fault: Fault): void {
  drop(x);
  tell(x, fault);
  x.s.link = { tag: "failed", fault };
  x.s.reason = "failed";
}

/** Background of manual mode: a lost link does not come back by itself, not on return either (B4.5). */
export function loseInBackground({ s, p }: Step): void {
  if (!s.mode.auto && s.app.tag === "background" && p.background !== "keep")
    s.mode = { ...s.mode, wish: "lostInBackground" };
}

/** A link or an attempt ended by itself, or was found dead. Decides what comes next. */
export function fail(x: Step, failure: Failure, origin: Origin, reason: Reason, timedOut = false): void {
  const { s, m, p } = x;
  const wasLinked = s.link.tag === "linked";
  const [minDelayMs, spreadMs] = failure.floor ?? [0, 0];
  drop(x);
  s.ladder = { ...withFloor(s.ladder, minDelayMs, spreadMs, m), timeouts: timedOut ? s.ladder.timeouts + 1 : 0 };
  if (failure.floor && s.ladder.floor !== null) x.out.push({ type: "save" });
  const floorMs = Math.max(0, floorUntil(s.ladder) - m.now);
  const verdict = p.shouldRetry?.(failure.fault, { attempt: s.ladder.attempt, defaultAction: failure.action, floorMs });
  const action = verdict?.action ?? failure.action;

  if (wasLinked) loseInBackground(x);
  if (action === "refreshToken" && s.session.tag === "active") {
    s.session = burn(s.session);
    x.out.push({ type: "save" });
    if (s.session.rejections > 1 || !s.session.renewable)
      return stop(x, { ...failure.fault, code: "ERR_AUTH_REJECTED", retryable: false });
    tell(x, failure.fault);
    return steer(x, reason, 0);
  }
  if (action === "stop") return stop(x, { ...failure.fault, retryable: false });
  tell(x, failure.fault);
  if (verdict?.action === "retry" && verdict.delayMs !== undefined) {
    // The user's last word stands above the floor too (B5.4).
    s.ladder = { ...s.ladder, floor: null, step: (s.ladder.step ?? -1) + 1, online: false };
    return steer(x, reason, verdict.delayMs);
  }
  const age = s.outage === null ? 0 : elapsed(m, s.outage.since);
  const next = nextDelay(s.ladder, origin, s.network.online, age, m, p);
  s.ladder = next.ladder;
  steer(x, reason, next.delayMs);
}

/** Takes the present link away and dials another at once, floor permitting. */
export function replace(x: Step, reason: Reason): void {
  if (x.m.now < floorUntil(x.s.ladder)) return;
  drop(x);
  steer(x, reason, "now");
}

/** `welcome`: the attempt became a link. */
export function linkUp(x: Step, dialed: Dialing, info: WelcomeInfo): void {
  const { s, m, p } = x;
  if (s.session.tag !== "active") return;
  s.session = withLife(s.session, info.tokenLifeMs, m);
  const spreadMs = Math.min(Math.max(info.spreadMs ?? p.spreadMs, p.minSpreadMs), p.maxSpreadMs);
  s.ladder = { ...s.ladder, spreadMs, timeouts: 0, online: false };
  s.link = {
    tag: "linked",
    link: dialed.link,
    since: stamp(m),
    welcome: info,
    heartbeatMs: info.heartbeatMs,
    stableAt: m.now + p.stableMs,
    quietAt: info.heartbeatMs === null ? null : m.now + info.heartbeatMs + p.quietSlackMs,
    probe: null,
    probes: 0,
    answered: null,
    rttMs: null,
    wokenAt: null,
    leaveAt: null,
    successor: null,
    retiring: null,
  };
  s.recovery = info.recovery;
  s.reason = "welcome";
  x.out.push({ type: "session", info, downtimeMs: s.lostAt === null ? 0 : Math.max(0, elapsed(m, s.lostAt)) });
  s.lostAt = null;
  if (m.unackedSince !== null) s.outbox = { tag: "busy", check: m.now + p.ackProbeMs };
  askHeartbeat(x);
}

/** A client that stays linked in the background asks for a longer heartbeat, and for the server's own in the foreground (B6.3). */
export function askHeartbeat(x: Step): void {
  const { s, m, p } = x;
  const l = s.link;
  if (l.tag !== "linked" || l.welcome.heartbeatMs === null) return;
  const long = s.app.tag === "background" && p.background === "keep";
  const ms = long ? Math.max(p.backgroundHeartbeatMs, l.welcome.heartbeatMs) : l.welcome.heartbeatMs;
  if (ms === l.heartbeatMs) return;
  s.link = { ...l, heartbeatMs: ms, quietAt: m.now + ms + p.quietSlackMs };
  x.out.push({ type: "heartbeat", link: l.link, ms });
}

/** Probe deadline of B6.2, in ms. */
function probeMs(l: Linked, { m, p }: Step): number {
  return Math.max(p.probeMs, 2 * (l.rttMs ?? 0) + p.probeSlackMs) + m.unackedBytes / p.probeBytesPerMs;
}

/** Asks the peer for a sign of life, unless a question is open already. */
export function probe(x: Step, why: Probe["why"]): void {
  const { s, m } = x;
  const l = s.link;
  if (l.tag !== "linked" || l.probe !== null || !l.welcome.probes) return;
  const n = l.probes + 1;
  s.link = { ...l, probes: n, probe: { n, why, sentAt: m.now, until: m.now + probeMs(l, x), grace: 0 } };
  x.out.push({ type: "probe", link: l.link });
}

/** The probe's deadline. Dead is only who sent nothing at all since the probe, by a clock that did not sleep (B6.1). */
export function probeDue(x: Step, l: Linked, open: Probe): void {
  const { s, m, p } = x;
  if (m.inboundAt > open.sentAt) {
    s.link = {
      ...l,
      probe: null,
      quietAt: l.heartbeatMs === null ? null : m.inboundAt + l.heartbeatMs + p.quietSlackMs,
    };
    return;
  }
  // A late timer: messages may lie unread behind it. Twice forgiven, for a hidden page has a late timer every minute.
  if (m.now - open.until > p.lateMs && open.grace < 2) {
    s.link = { ...l, probe: { ...open, until: m.now + probeMs(l, x), grace: open.grace + 1 } };
    return;
  }
  const offline = open.why === "offline" || !s.network.online;
  const [code, message] = offline
    ? (["ERR_NO_INTERNET", "No internet connection: the server is out of reach"] as const)
    : open.why === "user"
      ? (["ERR_WEBSOCKET_ERROR", "No pong in time"] as const)
      : (["ERR_HEARTBEAT_TIMEOUT", "The connection is dead: nothing arrived since the probe"] as const);
  fail(x, { fault: ownFault(code, message, "linked"), action: "retry" }, "diagnosed", "probeFailed");
}

/** The attempt's budget is used up. */
export function attemptDue(x: Step, d: Dialing): void {
  const { s, m, p } = x;
  if (m.now - d.until > p.lateMs && d.grace < 1) {
    s.link = { tag: "dialing", dial: { ...d, until: m.now + p.probeMs, grace: d.grace + 1 } };
    return;
  }
  if (d.stage === "token") {
    const fault = ownFault("ERR_TOKEN_PROVIDER", `No token within ${p.tokenBudgetMs} ms`, "token");
    return fail(x, { fault, action: "retry" }, "remote", "tokenFailed");
  }
  const fault = s.network.online
    ? ownFault("ERR_CONNECT_TIMEOUT", "The server did not complete the handshake in time", d.stage)
    : ownFault("ERR_NO_INTERNET", "No internet connection", d.stage);
  fail(x, { fault, action: "retry" }, "remote", "attemptTimeout", true);
}

/** The link lived long enough: what went wrong before is forgotten (B2.7, B5.3). */
export function stable({ s }: Step, l: Linked): void {
  s.link = { ...l, stableAt: null };
  s.ladder = freshLadder(s.ladder.spreadMs, s.ladder.floor);
  s.fault = null;
  if (s.session.tag === "active" && s.session.rejections > 0) s.session = { ...s.session, rejections: 0 };
}
