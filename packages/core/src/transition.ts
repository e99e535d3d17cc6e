/**
 * The machine: `transition(state, input, moment, policy)`. Pure, total, and the only place where state changes.
 *
 * One step is: settle the deadlines that have passed, apply the input to the facts, bring the link machine in line
 * with what the facts now want, and note since when the derived things (status, outage) are what they are.
 * An input that names an old link or job changes nothing: that is decided here, in `mine` and in the job checks,
 * and nowhere else.
 *
 *     facts ──desire──▶ idle ─▶ waiting ─▶ dialing ─▶ linked
 *                        ▲        ▲──────────┘  │        │
 *                        └────────┴─────────────┴────────┘      failed: left by connect(), login, logout only
 */
import { deadlines, dueDeadline, expire } from "./deadlines.js";
import { statusOf } from "./derive.js";
import { desire } from "./desire.js";
import type { ErrorPhase } from "./errors.js";
import type { Effect, Input, Moment, Transition } from "./events.js";
import { enterBackground, renewLease } from "./facts/app.js";
import { withLife } from "./facts/session.js";
import { throttledSet } from "./facts/throttle.js";
import { stamp } from "./facts/time.js";
import { closeFailure, ownFault, rejectFailure } from "./faults.js";
import { floorUntil, freshLadder, restoredFloor, withFloor } from "./ladder.js";
import {
  askHeartbeat,
  currentLink,
  dial,
  drop,
  fail,
  linkUp,
  probe,
  replace,
  steer,
  stop,
  transportStage,
} from "./link.js";
import type { Policy } from "./policy.js";
import type { Linked, Session, State } from "./state.js";
import type { Draft, Step } from "./step.js";

export function initialState(p: Policy, at: { readonly now: number; readonly wall: number }): State {
  return {
    session: { tag: "uninitialized" },
    mode: { auto: true, wish: "on" },
    app: { tag: "foreground" },
    page: "shown",
    network: { online: true },
    outbox: { tag: "idle" },
    throttled: [],
    link: { tag: "idle" },
    ladder: freshLadder(p.spreadMs, null),
    outage: null,
    lostAt: null,
    recovery: null,
    reason: "notInitialized",
    since: stamp(at),
    fault: null,
    ids: 0,
  };
}

export function transition(state: State, input: Input, m: Moment, p: Policy): Transition {
  const s: Draft = { ...state };
  const out: Effect[] = [];
  const x: Step = { s, m, p, out };
  settle(x);
  apply(x, input);
  note(x, state);
  return { state: same(state, s) ? state : s, effects: out };
}

/** Whether a deadline is due: the driver then runs a `tick` of its own first, so that its outcome is told before the input's. */
export const isDue = (s: State, m: Moment, p: Policy): boolean => dueDeadline(s, m, p) !== undefined;

/** The monotonic time of the next deadline, `undefined` for none. */
export function nextDeadline(s: State, p: Policy): number | undefined {
  const list = deadlines(s, p);
  return list.length === 0 ? undefined : Math.min(...list.map((d) => d.at));
}

function settle(x: Step): void {
  // Each expiry moves its own deadline past now or ends it; the bound guards against a policy of zero-length deadlines.
  for (let i = 0; i < 32; i++) {
    const due = dueDeadline(x.s, x.m, x.p);
    if (due === undefined) return;
    expire(x, due.kind);
  }
}

function same(a: State, b: State): boolean {
  return (Object.keys(a) as (keyof State)[]).every((k) => a[k] === b[k]);
}

/** Since when: status and outage. */
function note({ s, m, p }: Step, before: State): void {
  const want = desire(s, p);
  const missing = want.tag === "link" && want.urgency === "dial" && s.link.tag !== "linked";
  if (!missing) s.outage = null;
  else if (s.outage === null) s.outage = { since: stamp(m), notable: false };
  if (statusOf(s) !== statusOf(before)) s.since = stamp(m);
}

function apply(x: Step, e: Input): void {
  const { s, m, p } = x;
  switch (e.type) {
    case "tick":
      return;
    case "init":
      s.mode = { auto: e.auto, wish: e.auto ? "on" : "manual" };
      if (s.session.tag !== "uninitialized") return steer(x, "starting", 0);
      s.session = { tag: "loggedOut" };
      s.ladder = freshLadder(p.spreadMs, restoredFloor(e.floor, m));
      s.reason = "loggedOut";
      return;
    case "login":
      if (s.session.tag === "uninitialized") return;
      clear(x);
      s.session = {
        tag: "active",
        user: e.user,
        token: e.token === null ? null : { value: e.token, from: stamp(m), lifeMs: e.lifeMs },
        renewable: e.renewable,
        job: null,
        burnt: [],
        rejections: 0,
        refreshFrom: m.now + p.refreshSpacingMs,
      };
      if (s.mode.auto) s.mode = { auto: true, wish: "on" };
      s.reason = s.mode.wish === "on" ? "starting" : s.mode.wish;
      // Through `waiting`, so that the dial is a later task's: listeners added right after `await login()` miss nothing.
      return steer(x, "starting", 0);
    case "logout":
      if (s.session.tag !== "active") return;
      clear(x);
      s.session = { tag: "loggedOut" };
      s.mode = { ...s.mode, wish: s.mode.auto ? "on" : "manual" };
      s.reason = "loggedOut";
      return;
    case "connect":
      return connect(x);
    case "disconnect":
      if (s.mode.wish === "on") s.mode = { ...s.mode, wish: "disconnectCalled" };
      return steer(x, "disconnectCalled", 0);
    case "ping":
      if (s.link.tag !== "linked") return;
      s.app = renewLease(s.app, s.mode, m, p);
      return probe(x, "user");
    case "checkNow":
      if (s.link.tag === "linked") return probe(x, "user");
      return hurry(x, 0, "checkCalled");
    case "reconnect": {
      const want = desire(s, p);
      if (s.link.tag === "failed" || want.tag !== "link" || want.urgency !== "dial") return;
      return replace(x, "reconnectCalled");
    }
    case "token":
      return gotToken(x, e.job, e.value, e.lifeMs);
    case "tokenFailed":
      return noToken(x, e);
    case "opened":
      if (s.link.tag === "dialing" && s.link.dial.link === e.link) {
        s.link = { tag: "dialing", dial: { ...s.link.dial, stage: "handshake" } };
      }
      return;
    case "welcome":
      if (s.link.tag !== "dialing" || s.link.dial.link !== e.link || s.session.tag !== "active") return;
      if (e.info.user !== s.session.user) {
        return stop(
          x,
          ownFault("ERR_AUTH_REJECTED", "The server welcomed another user than the one logged in", "handshake", false),
        );
      }
      return linkUp(x, s.link.dial, e.info);
    case "closed":
      if (mine(x, e.link))
        fail(
          x,
          closeFailure(e.close, phase(s), s.network.online, s.ladder.spreadMs),
          "remote",
          s.link.tag === "linked" ? "linkLost" : "attemptFailed",
        );
      return;
    case "reject":
      if (mine(x, e.link))
        fail(x, rejectFailure(e.info, phase(s)), "remote", e.info.retry === "later" ? "serverBusy" : "rejected");
      return;
    case "fault":
      if (mine(x, e.link))
        fail(x, { fault: ownFault("ERR_PROTOCOL", e.message, phase(s)), action: "retry" }, "remote", "attemptFailed");
      return;
    case "goaway": {
      const l = linkedAs(x, e.link);
      if (l === undefined) return;
      s.ladder = withFloor(s.ladder, e.minDelayMs, e.spreadMs, m);
      s.link = { ...l, leaveAt: Math.max(m.now, floorUntil(s.ladder)) };
      x.out.push({ type: "save" });
      return;
    }
    case "throttle":
      if (linkedAs(x, e.link) === undefined) return;
      if (e.features.length > 0 || s.throttled.length > 0)
        s.reason = e.features.length > 0 ? "throttled" : "throttleEnded";
      s.throttled = throttledSet(e.features, m, p);
      return;
    case "probeAck": {
      const l = linkedAs(x, e.link);
      if (l === undefined || l.probe === null) return;
      const rtt = m.now - l.probe.sentAt;
      s.link = {
        ...l,
        probe: null,
        answered: { n: l.probe.n, rttMs: rtt },
        // The weight of a new sample is that of RFC 6298.
        rttMs: l.rttMs === null ? rtt : l.rttMs + (rtt - l.rttMs) / 8,
        quietAt: l.heartbeatMs === null ? null : m.now + l.heartbeatMs + p.quietSlackMs,
      };
      return;
    }
    case "expiring":
      // Stale from now on: renewed in band as soon as the spacing allows, and before any dial.
      if (linkedAs(x, e.link) !== undefined && s.session.tag === "active") s.session = withLife(s.session, 0, m);
      return;
    case "tokenOk":
      if (linkedAs(x, e.link) !== undefined && s.session.tag === "active") s.session = withLife(s.session, e.lifeMs, m);
      return;
    case "outbox":
      if (m.unackedSince === null) {
        s.outbox = { tag: "idle" };
        if (s.app.tag === "background" && s.app.hold?.why === "acks") {
          s.app = { ...s.app, hold: null };
          steer(x, s.reason, 0);
        }
      } else if (s.link.tag === "linked" && s.outbox.tag === "idle") {
        s.outbox = { tag: "busy", check: m.now + p.ackProbeMs };
      }
      return;
    case "foreground":
      s.app = { tag: "foreground" };
      askHeartbeat(x);
      return wake(x, false);
    case "background":
      if (s.app.tag === "background") return;
      s.app = enterBackground(s.mode, m, p);
      askHeartbeat(x);
      return steer(x, "background", 0);
    case "frozen":
      return;
    case "thawed":
    case "networkChange":
    case "clockJump":
      // A dial that spanned a freeze or a change of network waits for an answer that cannot come.
      return wake(x, true);
    case "online": {
      const back = !s.network.online;
      s.network = { online: true };
      wake(x, back);
      if (s.link.tag !== "linked") s.ladder = { ...s.ladder, online: true };
      return;
    }
    case "offline":
      s.network = { online: false };
      return probe(x, "offline");
    case "pageHidden":
      s.page = "hidden";
      return steer(x, "pageHidden", 0);
    case "pageShown":
      if (s.page === "shown") return;
      s.page = "shown";
      return wake(x, true);
  }
}

function mine(x: Step, link: number): boolean {
  return currentLink(x) === link;
}

function linkedAs({ s }: Step, link: number): Linked | undefined {
  return s.link.tag === "linked" && s.link.link === link ? s.link : undefined;
}

function phase(s: State): ErrorPhase {
  return s.link.tag === "linked" ? "linked" : s.link.tag === "dialing" ? s.link.dial.stage : "transport";
}

/** Everything that belongs to one user's connection, gone (B2.4). The server's floor stays: it is the fleet's. */
function clear(x: Step): void {
  const { s, p } = x;
  drop(x);
  s.ladder = freshLadder(p.spreadMs, s.ladder.floor);
  s.lostAt = null;
  s.recovery = null;
  s.fault = null;
}

function connect(x: Step): void {
  const { s, m, p } = x;
  if (s.session.tag !== "active") return;
  s.mode = { ...s.mode, wish: "on" };
  s.app = renewLease(s.app, s.mode, m, p);
  if (s.link.tag === "failed") {
    // A fresh attempt with counters reset (R13). A burnt token stays burnt: the dial gets a new one first.
    s.link = { tag: "idle" };
    s.ladder = freshLadder(s.ladder.spreadMs, s.ladder.floor);
    s.session = { ...s.session, rejections: 0 };
  }
  // An app that calls connect() in every onDisconnected must not become a hammer: half a second to a second after the loss at the earliest.
  if (s.link.tag === "waiting") return hurry(x, s.link.since.now + 500 + m.random * 500 - m.now, "connectCalled");
  steer(x, "connectCalled", "now");
}

/** Brings a waiting dial forward, to `ms` from now at the latest. */
function hurry(x: Step, ms: number, reason: "connectCalled" | "checkCalled" | "wake"): void {
  const { s, m } = x;
  if (s.link.tag !== "waiting" || s.link.until <= m.now + ms) return;
  if (ms <= 0) dial(x, reason);
  else s.link = { ...s.link, until: Math.max(m.now + ms, floorUntil(s.ladder)) };
}

/** A wake signal (B5.5). `restart`: an attempt under way spanned a freeze or a network change. */
function wake(x: Step, restart: boolean): void {
  const { s, m, p } = x;
  const soon = m.random * p.wakeJitterMs;
  const l = s.link;
  if (l.tag === "linked") {
    if (l.wokenAt !== null && m.now - l.wokenAt < p.wakeWindowMs) return;
    s.link = { ...l, wokenAt: m.now, ...(l.probe && { probe: { ...l.probe, grace: 0 } }) };
    return probe(x, "wake");
  }
  if (s.ladder.step !== null) s.ladder = { ...s.ladder, step: 0 };
  if (l.tag === "waiting") {
    hurry(x, soon, "wake");
    if (s.link.tag === "waiting") s.reason = "wake";
    return;
  }
  if (l.tag === "dialing" && restart) {
    drop(x);
    return steer(x, "wake", soon);
  }
  steer(x, "wake", soon);
}

function gotToken(x: Step, job: number, value: string, lifeMs: number | null): void {
  const { s, m, p } = x;
  if (s.session.tag !== "active" || s.session.job?.job !== job) return;
  if (s.session.burnt.includes(value)) {
    return stop(x, ownFault("ERR_AUTH_REJECTED", "The new token is the one that the server refused", "token", false));
  }
  const token = { value, from: stamp(m), lifeMs };
  s.session = { ...s.session, token, job: null, refreshFrom: m.now + p.refreshSpacingMs };
  x.out.push({ type: "save" });
  if (s.link.tag === "linked") x.out.push({ type: "renew", link: s.link.link, token: value });
  // The life of a token that is stale on arrival is wrong by somebody's clock: it is tried all the same.
  if (s.link.tag === "dialing" && s.link.dial.stage === "token") {
    s.link = { tag: "dialing", dial: { ...transportStage(x, s.link.dial.link), since: s.link.dial.since } };
  }
}

function noToken(x: Step, e: Extract<Input, { type: "tokenFailed" }>): void {
  const { s, m, p } = x;
  if (s.session.tag !== "active" || s.session.job?.job !== e.job) return;
  s.session = { ...s.session, job: null, refreshFrom: m.now + p.refreshSpacingMs } satisfies Session;
  if (s.link.tag === "dialing" && s.link.dial.stage === "token") {
    return fail(x, { fault: e.fault, action: e.terminal ? "stop" : "retry" }, "remote", "tokenFailed");
  }
  // The link still stands on the old token: the error is told, the renewal tried again after the spacing.
  x.out.push({ type: "error", fault: e.fault });
}
