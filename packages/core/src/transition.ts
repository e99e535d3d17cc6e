/**
 * The machine: `transition(state, input, moment, policy)`. Pure, total, and the only place where state changes.
 *
 * One step is: settle the deadlines that have passed, apply the input to the facts, bring the link machine in line
 * with what the facts now want, and note since when the derived things (status, outage) are what they are.
 * An input that names an old link or job changes nothing: that is decided here, by `currentLink` and by the job's number,
 * and nowhere else.
 *
 *     facts ──desire──▶ idle ─▶ waiting ─▶ dialing ─▶ linked
 *                        ▲        ▲──────────┘  │        │
 *                        └────────┴─────────────┴────────┘      failed: left by connect(), login, logout only
 */
import { dueDeadline, expire } from "./deadlines.js";
import { statusOf } from "./derive.js";
import { desire } from "./desire.js";
import type { Effect, Input, Moment, Transition } from "./events.js";
import { enterBackground, renewLease } from "./facts/app.js";
import { setLife } from "./facts/session.js";
import { closeFailure, failure } from "./faults.js";
import { floorUntil, freshLadder, raiseFloor, restoredFloor } from "./ladder.js";
import {
  askHeartbeat,
  callServer,
  currentLink,
  dial,
  drop,
  endProbe,
  fail,
  type LinkedStep,
  linkUp,
  probe,
  replace,
  steer,
  stop,
  tell,
} from "./link.js";
import type { Policy } from "./policy.js";
import type { Reason, Stamp, State } from "./state.js";
import { elapsed, NEVER, NONE, type Step } from "./step.js";

export const initialState = (p: Policy, at: Stamp): State => ({
  session: { tag: "uninitialized" },
  mode: { auto: true, wish: "on" },
  app: { tag: "foreground" },
  page: "shown",
  network: { online: true },
  throttled: NONE,
  link: { tag: "idle" },
  ladder: freshLadder(p.spreadMs, null),
  outage: null,
  lostAt: null,
  recovery: null,
  reason: "notInitialized",
  since: at,
  fault: null,
  ids: 0,
});

export function transition(state: State, input: Input, m: Moment, p: Policy): Transition {
  const out: Effect[] = [];
  const draft = assemble(state, state, copy);
  const x: Step = Object.assign(draft, { m, p, out, at: { now: m.now, wall: m.wall } });
  // Each expiry moves its own deadline past now or ends it; the bound guards against a policy of zero-length deadlines.
  for (let i = 0; i < 32; i++) {
    const due = dueDeadline(x, m, p);
    if (due) expire(x, due);
    else break;
  }
  apply(x, input);
  // An outage: a link is wanted and missing.
  const want = desire(x, p);
  if (want.tag !== "link" || want.urgency !== "dial" || x.link.tag === "linked") x.outage = null;
  else x.outage ??= { since: x.at, notable: false };
  if (statusOf(x) !== statusOf(state)) x.since = x.at;
  // Facts that say the same as before are the same objects, and so is a state of nothing but those.
  return { state: kept(state, assemble(state, x, kept)), effects: out };
}

/**
 * A state from two: their facts joined by `join`, the rest `b`'s. A literal, for objects that are filled key by key cost
 * twice the memory, and there is one in each of thousands of clients; one made of spreads was a third of what a connect costs here.
 */
const assemble = (a: State, b: State, join: <T extends object>(a: T, b: T) => T): State => ({
  session: join(a.session, b.session),
  mode: join(a.mode, b.mode),
  app: join(a.app, b.app),
  page: b.page,
  network: join(a.network, b.network),
  throttled: b.throttled,
  link: join(a.link, b.link),
  ladder: join(a.ladder, b.ladder),
  outage: b.outage,
  lostAt: b.lostAt,
  recovery: b.recovery,
  reason: b.reason,
  since: b.since,
  fault: b.fault,
  ids: b.ids,
});

const copy = <T extends object>(fact: T): T => ({ ...fact });

const kept = <T extends object>(old: T, now: T): T => (same(old, now) ? old : now);

/** Whether two facts, or two states, say the same with the same objects. Two cases of a union with different fields differ in their tag. */
function same<T extends object>(old: T, now: T): boolean {
  for (const key in old) if (old[key] !== now[key]) return false;
  return true;
}

function apply(x: Step, e: Input): void {
  // A link's word counts only while that link is the one that is dialled or stands.
  if ("link" in e && e.link !== currentLink(x)) return;

  switch (e.type) {
    case "init":
      if (x.session.tag === "uninitialized") {
        x.session = { tag: "loggedOut" };
        x.ladder.floor = restoredFloor(x, e.floor);
      } else if (e.auto === x.mode.auto) return;
      x.mode = { auto: e.auto, wish: e.auto ? "on" : "manual" };
      if (x.app.tag === "background") enterBackground(x);
      return steer(x, "starting", 0);
    case "login":
      if (x.session.tag === "uninitialized") return;
      clear(x);
      x.session = {
        tag: "active",
        user: e.user,
        token: e.token === null ? null : { value: e.token, from: x.at, lifeMs: e.lifeMs },
        renewable: e.renewable,
        job: null,
        burnt: NONE,
        rejections: 0,
        refreshFrom: x.m.now + x.p.refreshSpacingMs,
      };
      if (x.mode.auto) x.mode.wish = "on";
      // Through `waiting`, so that the dial is a later task's: listeners added right after `await login()` miss nothing.
      return steer(x, "starting", 0);
    case "relogin":
      if (x.session.tag !== "active") return;
      x.session.renewable ||= e.renewable;
      if (x.mode.auto) x.mode.wish = "on";
      // As for a login, the dial is a later task's.
      return steer(x, "starting", 0);
    case "logout":
      if (x.session.tag !== "active") return;
      clear(x);
      x.session = { tag: "loggedOut" };
      x.mode.wish = x.mode.auto ? "on" : "manual";
      x.reason = "loggedOut";
      return;
    case "connect":
      return connect(x);
    case "disconnect":
      if (x.mode.wish === "on") x.mode.wish = "disconnectCalled";
      return steer(x, "disconnectCalled", 0);
    case "ping":
      if (x.link.tag !== "linked") return;
      renewLease(x);
      return probe(x, "user");
    case "checkNow":
      return x.link.tag === "linked" ? probe(x, "user") : hurry(x, 0, "checkCalled");
    case "reconnect": {
      const want = desire(x, x.p);
      if (x.link.tag !== "failed" && want.tag === "link" && want.urgency === "dial") replace(x, "reconnectCalled");
      return;
    }
    case "token":
      if (x.session.tag !== "active" || x.session.job?.job !== e.job) return;
      if (x.session.burnt.includes(e.value)) return noToken(x, failure("ERR_AUTH_REJECTED"), true);
      x.session.token = { value: e.value, from: x.at, lifeMs: e.lifeMs };
      x.session.job = null;
      x.session.refreshFrom = x.m.now + x.p.refreshSpacingMs;
      x.out.push({ type: "save" });
      if (x.link.tag === "linked") x.out.push({ type: "renew", link: x.link.link, token: e.value });
      // A token that is stale on arrival is so by somebody's wrong clock: it is tried all the same.
      if (x.link.tag === "dialing" && x.link.dial.stage === "token") callServer(x, x.link.dial.link);
      return;
    case "tokenFailed":
      if (x.session.tag === "active" && x.session.job?.job === e.job) {
        const floor = e.fault.retryAfterMs ? ([e.fault.retryAfterMs, x.ladder.spreadMs] as const) : undefined;
        noToken(x, { fault: e.fault, action: "retry", floor }, e.terminal);
      }
      return;
    case "opened":
      if (x.link.tag === "dialing") x.link.dial = { ...x.link.dial, stage: "handshake" };
      return;
    case "welcome":
      if (x.link.tag !== "dialing" || x.session.tag !== "active") return;
      if (e.info.user === x.session.user) linkUp(x, x.link.dial, e.info);
      else stop(x, { ...failure("ERR_AUTH_REJECTED", "another user").fault, phase: "handshake" });
      return;
    case "closed":
      return fail(x, closeFailure(e.close, x.network.online, x.ladder.spreadMs));
    case "reject": {
      const action = e.info.retry === "never" ? "stop" : e.info.retry === "reauth" ? "refreshToken" : "retry";
      const fault = { code: e.info.code, message: e.info.message, retryAfterMs: e.info.minDelayMs };
      const floor = [e.info.minDelayMs, e.info.spreadMs] as const;
      return fail(x, { fault, action, floor }, e.info.retry === "later" ? "serverBusy" : "rejected");
    }
    case "fault":
      return fail(x, failure("ERR_PROTOCOL", e.message));
    case "goaway":
      if (x.link.tag !== "linked") return;
      raiseFloor(x, e.minDelayMs, e.spreadMs);
      x.link.leaveAt = Math.max(x.m.now, floorUntil(x.ladder));
      return;
    case "throttle":
      if (x.link.tag !== "linked") return;
      if (e.features.length + x.throttled.length > 0) x.reason = e.features.length > 0 ? "throttled" : "throttleEnded";
      // Jitter, so that a fleet does not wake at once (B8.1).
      x.throttled = e.features.map((f) => ({
        ...f,
        from: x.at,
        ms: f.forMs === null ? null : f.forMs * (1 + x.m.random * x.p.throttleJitter),
      }));
      return;
    case "probeAck":
      if (x.link.tag !== "linked" || !x.link.probe) return;
      x.link.answered = { n: x.link.probe.n, rttMs: x.m.now - x.link.probe.sentAt };
      // The weight of a new sample is that of RFC 6298.
      x.link.rttMs = (x.link.rttMs ?? x.link.answered.rttMs) * 0.875 + x.link.answered.rttMs / 8;
      return endProbe(x as LinkedStep, x.m.now);
    case "expiring":
      // Stale from now on: renewed in band as soon as the spacing allows, and before any dial.
      return setLife(x, 0);
    case "tokenOk":
      return setLife(x, e.lifeMs);
    case "outbox":
      if (x.link.tag === "linked" && !x.link.probe)
        x.link.lookAt = Math.min(x.link.lookAt ?? x.m.now + x.p.ackProbeMs, x.m.now + x.p.ackProbeMs);
      if (x.m.unackedSince === null && x.app.tag === "background" && x.app.hold?.why === "acks") {
        x.app.hold = null;
        steer(x, x.reason, 0);
      }
      return;
    case "hint":
      if (x.link.tag === "waiting" || x.link.tag === "dialing") tell(x, e.fault);
      return;
    case "foreground":
      x.app = { tag: "foreground" };
      askHeartbeat(x);
      return wake(x, false);
    case "background":
      if (x.app.tag === "background") return;
      enterBackground(x);
      askHeartbeat(x);
      return steer(x, "background", 0);
    case "thawed":
    case "networkChange":
    case "clockJump":
      // A dial that spanned a freeze or a change of network waits for an answer that cannot come.
      return wake(x, true);
    case "online":
      x.ladder.online = x.link.tag !== "linked";
      wake(x, !x.network.online);
      x.network.online = true;
      return;
    case "offline":
      x.network.online = false;
      return probe(x, "offline");
    case "pageHidden":
      x.page = "hidden";
      return steer(x, "pageHidden", 0);
    case "pageShown":
      if (x.page === "shown") return;
      x.page = "shown";
      return wake(x, true);
  }
}

/** Everything that belongs to one user's connection, gone (B2.4). The server's floor stays: it is the fleet's. */
function clear(x: Step): void {
  drop(x);
  x.ladder = freshLadder(x.p.spreadMs, x.ladder.floor);
  x.lostAt = null;
  x.recovery = null;
  x.fault = null;
}

function connect(x: Step): void {
  if (x.session.tag !== "active") return;
  x.mode.wish = "on";
  renewLease(x);
  if (x.link.tag === "failed") {
    // A fresh attempt with counters reset (R13). A burnt token stays burnt: the dial gets a new one first.
    x.link = { tag: "idle" };
    x.ladder = freshLadder(x.ladder.spreadMs, x.ladder.floor);
    x.session.rejections = 0;
  }
  // An app that calls connect() in every onDisconnected must not become a hammer: half a second to a second after the last failure at the earliest.
  if (x.link.tag === "waiting") hurry(x, x.link.since.now + 500 + x.m.random * 500 - x.m.now, "connectCalled");
  else steer(x, "connectCalled", "now");
}

/** Brings a waiting dial forward, to `ms` from now at the latest; the floor holds. */
function hurry(x: Step, ms: number, reason: Reason): void {
  if (x.link.tag !== "waiting" || x.link.until <= x.m.now + ms) return;
  if (ms <= 0) return dial(x, reason);
  x.link.until = Math.max(x.m.now + ms, floorUntil(x.ladder));
  x.reason = reason;
}

/** A wake signal (B5.5). `restart`: an attempt under way spanned a freeze or a network change. */
function wake(x: Step, restart: boolean): void {
  const soon = x.m.random * x.p.wakeJitterMs;
  if (x.link.tag === "linked") {
    if (x.link.wokenAt !== null && elapsed(x.m, x.link.wokenAt) < x.p.wakeWindowMs) return;
    x.link.wokenAt = x.at;
    // What arrived before the wake says nothing of the link after it: that is asked anew.
    if (x.link.probe && x.m.inboundAt > x.link.probe.sentAt) endProbe(x as LinkedStep, x.m.inboundAt);
    else if (x.link.probe) x.link.probe = { ...x.link.probe, grace: 0 };
    return probe(x, "wake");
  }
  if (x.ladder.step !== null) x.ladder.step = 0;
  if (x.link.tag === "waiting") return hurry(x, soon, "wake");
  if (x.link.tag === "dialing" && restart) drop(x);
  steer(x, "wake", soon);
}

/** The job for a token came to nothing: a dial that waits for it fails; a link that stands goes on with the old one, and the renewal is tried again after the spacing. */
function noToken(x: Step, why: Parameters<typeof fail>[1], terminal: boolean): void {
  if (x.session.tag !== "active") return;
  x.session.job = null;
  // Who says that no token will ever be had is not asked again.
  x.session.refreshFrom = terminal ? NEVER : x.m.now + Math.max(x.p.refreshSpacingMs, why.fault.retryAfterMs ?? 0);
  if (x.link.tag === "dialing" && x.link.dial.stage === "token")
    fail(x, { ...why, action: terminal ? "stop" : "retry" }, "tokenFailed");
  else x.out.push({ type: "error", fault: { phase: "token", ...why.fault, retryable: !terminal } });
}
