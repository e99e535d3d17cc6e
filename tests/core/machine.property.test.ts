/**
 * The machine under 120,000 random steps: whatever comes in whatever order, the laws hold after each.
 * A failure prints the seed and the last inputs; `CC_SEED=n` runs that seed again.
 */
import {
  type BackgroundPolicy,
  deadlines,
  defaultPolicy,
  desire,
  type Effect,
  type Input,
  initialState,
  links,
  type Moment,
  type Policy,
  type State,
  snapshotOf,
  statusOf,
  transition,
} from "@cc/core";
import { createRandom, type Random } from "@cc/testkit";
import { describe, expect, test } from "vitest";
import { stableSnapshot } from "../../packages/core/src/derive.js";
import { randomInput } from "./machine-inputs.js";
import { createModel, follow, type Model } from "./machine-model.js";
import { seedOf, walkShare } from "./rig.js";

const episodes = 240 * walkShare;
const stepsEach = 500;

function check(holds: boolean, law: string): void {
  if (!holds) throw new Error(law);
}

/** Freezes deeply, so that a machine that writes to what it was given throws. */
function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

/** Link and job ids, and everything else that must not depend on how often the machine is asked. */
const text = (value: unknown): string => JSON.stringify(value);

interface World {
  state: State;
  m: Moment;
  readonly model: Model;
  readonly p: Policy;
  readonly random: Random;
  readonly trail: string[];
}

function start(random: Random): World {
  const background = random.pick<BackgroundPolicy>(["disconnect", "keep", { graceMs: 20_000 }]);
  const p = freeze<Policy>({ ...defaultPolicy, background, leaseSlackMs: random.pick([5_000, 0]) });
  const m: Moment = {
    now: 1_000,
    wall: 1_000_000,
    random: 0,
    inboundAt: Number.NEGATIVE_INFINITY,
    unackedSince: null,
    unackedBytes: 0,
  };
  return { state: freeze(initialState(p, m)), m, model: createModel(), p, random, trail: [] };
}

/** Time goes on: not at all, a little, to just before or after a deadline, far; sometimes one clock moves without the other. */
function passTime(w: World): void {
  const { random, m, state, p } = w;
  const list = deadlines(state, p);
  const to = list.length === 0 ? 0 : Math.max(0, random.pick(list).at - m.now);
  const ms = Math.max(
    0,
    random.pick([
      0,
      0,
      random.between(0, 300),
      random.between(0, 6_000),
      to,
      to + random.between(0, 50),
      to - 1,
      random.chance(0.1) ? 3_600_000 : 0,
    ]),
  );
  const jump = random.chance(0.03) ? random.pick([-3_600_000, 40_000, 3_600_000]) : 0;
  const asleep = random.chance(0.03);
  const now = m.now + (asleep ? 0 : ms);
  const { link } = state;
  const since = link.tag === "linked" ? link.since.now : Number.POSITIVE_INFINITY;
  const heard = random.chance(0.5) ? random.between(m.now, now) : m.inboundAt;
  w.m = {
    now,
    wall: m.wall + ms + jump,
    random: random(),
    inboundAt: heard >= since ? heard : Number.NEGATIVE_INFINITY,
    unackedSince: random.chance(0.3) ? now - random.between(0, 3_000) : null,
    unackedBytes: random.chance(0.2) ? random.int(200_000) : 0,
  };
}

/** One call of the machine, with the laws that every call keeps. */
function step(w: World, input: Input): readonly Effect[] {
  const { m, p } = w;
  const before = w.state;
  const { state, effects } = transition(before, freeze(input), freeze({ ...m }), p);
  freeze(state);
  w.state = state;
  if (w.random.chance(0.1)) {
    const again = transition(before, input, m, p);
    check(text(again) === text({ state, effects }), "the machine is pure: the same question has the same answer");
  }

  // Identity.
  const dialled = state.link.tag === "dialing" ? state.link.dial.link : undefined;
  const had = before.link.tag === "dialing" ? before.link.dial.link : undefined;
  check(state.ids >= before.ids, "ids never run backwards");
  if (dialled !== undefined && dialled !== had) {
    check(dialled > before.ids, "a link number is never given twice");
    check(m.now >= w.model.floor, `dials at ${m.now}, below the server's floor ${w.model.floor}`);
    check(!w.model.forbidden, "dials though nothing may");
  }
  // Sockets.
  const wanted = links(state);
  const two = state.link.tag === "linked" && (state.link.successor !== null || state.link.retiring !== null);
  check(wanted.length <= (two ? 2 : 1), "more links than one, and neither a successor nor a retiring one");
  if (w.model.forbidden)
    check(wanted.length === 0 && state.link.tag !== "waiting", "a link or a retry though nothing may dial");
  if (w.model.hidden && input.type !== "pageShown") check(wanted.length === 0, "a socket on a hidden page");

  // A terminal refusal is left by a call that means it, and by nothing else (B2.7, B5.1, R13).
  const leaves = before.link.tag === "failed" && state.link.tag !== "failed";
  check(!leaves || ["connect", "login", "logout"].includes(input.type), `${input.type} leads out of failed`);
  // Tokens.
  if (state.session.tag === "active" && state.session.token !== null) {
    check(!w.model.burnt.has(state.session.token.value), `holds the refused token ${state.session.token.value}`);
  }
  for (const effect of effects)
    if (effect.type === "renew") check(!w.model.burnt.has(effect.token), "sends a refused token");

  // A death needs a probe of this link that nothing followed.
  if (before.link.tag === "linked" && state.reason === "probeFailed" && before.reason !== "probeFailed") {
    const { probe } = before.link;
    check(probe !== null, "declared dead without a probe");
    check(
      probe !== null && m.inboundAt <= probe.sentAt && m.now >= probe.until,
      "declared dead though something arrived or time was left",
    );
  }
  consistent(w);
  return effects;
}

/** What is derived agrees with what is stored, and no state waits for nothing. */
function consistent({ state: s, p, m }: World): void {
  const { link, app, mode } = s;
  const status =
    link.tag === "dialing"
      ? "connecting"
      : link.tag !== "linked"
        ? "disconnected"
        : s.throttled.length > 0
          ? "featureThrottled"
          : "connected";
  check(statusOf(s) === status, `status ${statusOf(s)}, not ${status}`);
  check(link.tag === "linked" || s.throttled.length === 0, "throttled without a link");

  const want = desire(s, p);
  const dials = want.tag === "link" && want.urgency === "dial";
  if (dials) check(link.tag !== "idle", "a link is wanted, and nothing is under way to it");
  // A terminal refusal outlives whatever the facts say.
  else if (link.tag !== "failed")
    check(
      link.tag === "idle" || (want.tag === "link" && link.tag === "linked"),
      `${link.tag} though the facts say ${want.tag}`,
    );
  check((s.outage !== null) === (dials && link.tag !== "linked"), "an outage is a link that is wanted and missing");

  const snapshot = snapshotOf(s, p);
  check(snapshot.status === status && snapshot.linked === (link.tag === "linked"), "the snapshot tells the status");
  check((snapshot.retryAt !== null) === (link.tag === "waiting"), "retryAt exactly while waiting");
  if (snapshot.retryAt !== null) check(Number.isFinite(snapshot.retryAt), "retryAt is a time");
  check(
    snapshot.leaseUntil === null || (!mode.auto && app.tag === "background" && p.background !== "keep"),
    "a lease outside the background of manual mode",
  );
  check(snapshot.since <= m.wall + 3_600_000 * 24 * 365, "since is a time");

  // What desire.test.ts takes to be unreachable.
  if (app.tag === "background") {
    const why = app.hold?.why;
    if (mode.auto) check(why !== "grace" || typeof p.background === "object", "a grace that was never declared");
    else if (mode.wish === "on" && p.background !== "keep")
      check(why === "lease", "a wish in the background of manual mode without its lease");
  }
}

/** After a tick nothing that was due is left, and a lease that has run out holds nothing. */
function settled({ state: s, m, p, model }: World): void {
  for (const d of deadlines(s, p)) {
    const byWall = d.wall !== undefined && d.wall <= m.wall && (d.from === undefined || d.from <= m.now);
    check(d.at > m.now && !byWall, `the deadline ${d.kind} is due after settling`);
  }
  if (
    model.lease !== null &&
    model.background &&
    !s.mode.auto &&
    p.background !== "keep" &&
    s.link.tag !== "idle" &&
    s.link.tag !== "failed"
  ) {
    const age = Math.max(m.now - model.lease.now, m.wall - model.lease.wall);
    check(age < p.leaseMs + p.leaseSlackMs, `a link ${age} ms after the lease began`);
  }
}

/** An input that names an old link or job, or an unknown one, is nothing. */
function stale(w: World, input: Input): boolean {
  const { link, session } = w.state;
  if ("link" in input)
    return input.link !== (link.tag === "linked" ? link.link : link.tag === "dialing" ? link.dial.link : undefined);
  if ("job" in input) return session.tag !== "active" || session.job?.job !== input.job;
  return false;
}

function begin(w: World, auto: boolean, renewable: boolean): void {
  const inputs: readonly Input[] = [
    { type: "init", auto, floor: null },
    { type: "login", user: "ann", renewable, token: "A", lifeMs: null },
  ];
  for (const input of inputs) {
    follow(w.model, input, w.state, w.m);
    step(w, input);
  }
}

function run(w: World): void {
  passTime(w);
  step(w, { type: "tick" });
  settled(w);
  const input = randomInput(w.state, w.random);
  w.trail.push(`${w.m.now.toFixed(0)}/${w.m.wall.toFixed(0)} ${w.state.link.tag} ← ${text(input)}`);
  if (w.trail.length > 25) w.trail.shift();
  const before = w.state;
  const old = stale(w, input);
  follow(w.model, input, before, w.m);
  const effects = step(w, input);
  if (old) check(w.state === before && effects.length === 0, "a stale input changed something");
  if (input.type === "tick") check(w.state === before && effects.length === 0, "the same tick twice changed something");
}

describe("the machine, at random", () => {
  test("[R20] [R19] [R12] [B4.1] [B4.4] [B5.4] [B5.7] [B6.1] 120,000 steps: one link, no dial when forbidden or below a floor, stale ids are nothing, deadlines settle, status derived", () => {
    const seed = seedOf(20_251_121);
    const seeds = createRandom(seed);
    let steps = 0;
    const met = new Map<string, number>();
    for (let episode = 0; episode < episodes; episode += 1) {
      const w = start(seeds.fork());
      // Most runs begin like an app does; the rest find the machine uninitialised.
      if (w.random.chance(0.9)) begin(w, w.random.chance(0.5), w.random.chance(0.8));
      for (let n = 0; n < stepsEach; n += 1) {
        try {
          run(w);
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          throw new Error(
            `${message}\n  CC_SEED=${seed}, episode ${episode}, step ${n}; the last inputs:\n  ${w.trail.join("\n  ")}\n  moment: ${text(w.m)}\n  state: ${text(w.state)}`,
          );
        }
        steps += 1;
        met.set(w.state.link.tag, (met.get(w.state.link.tag) ?? 0) + 1);
      }
    }
    expect(steps).toBeGreaterThanOrEqual(100_000 * walkShare);
    // The walk is worth nothing if it never gets anywhere.
    for (const tag of ["idle", "waiting", "dialing", "linked", "failed"])
      expect(met.get(tag) ?? 0, tag).toBeGreaterThan(1_500 * walkShare);
  }, 120_000);

  test("[R39] snapshots are frozen, and the same object as long as nothing in them changed", () => {
    const seed = seedOf(7);
    const w = start(createRandom(seed));
    let known = stableSnapshot(undefined, snapshotOf(w.state, w.p));
    begin(w, true, true);
    let kept = 0;
    for (let n = 0; n < 5_000 * walkShare; n += 1) {
      run(w);
      const next = stableSnapshot(known, snapshotOf(w.state, w.p));
      const plain = (value: unknown): string =>
        JSON.stringify(value, (_, v: unknown) => (v instanceof Error ? v.message : v));
      expect(next === known, `CC_SEED=${seed}, step ${n}`).toBe(
        plain(next) === plain(known) && next.error === known.error,
      );
      expect(
        Object.isFrozen(next) &&
          Object.isFrozen(next.throttled) &&
          (next.outage === null || Object.isFrozen(next.outage)),
      ).toBe(true);
      if (next === known) kept += 1;
      known = next;
    }
    expect(kept).toBeGreaterThan(500 * walkShare);
  });
});
