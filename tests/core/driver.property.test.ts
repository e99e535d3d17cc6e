/**
 * The whole connection at random: an app that calls anything, a network that does anything, a platform that signals
 * anything. A failure prints the seed and the last acts; `CC_SEED=n` runs that seed again.
 */
import { type BackgroundPolicy, isConnectionError, type RetryVerdict } from "@cc/core";
import { createRandom, type Random, type ScriptedLink, turn } from "@cc/testkit";
import { parseTrace, replay } from "@cc/testkit/trace";
import { describe, expect, test } from "vitest";
import { createRig, type Rig, seedOf, walkShare } from "./rig.js";
import { oneOfEach, tellsOf } from "./tells.js";

const runs = 200 * walkShare;
const actsEach = 200;

/** A promise that counts how often it was settled, by watching its executor rather than its handlers. */
interface Outcome {
  readonly name: string;
  settled: boolean;
  error: unknown;
}

interface World {
  readonly rig: Rig;
  readonly random: Random;
  readonly trail: string[];
  readonly outcomes: Outcome[];
  /** By the clauses nothing may dial: set and lifted by the calls alone. */
  forbidden: boolean;
  auto: boolean;
  user: number;
}

function call(w: World, name: string, promise: Promise<unknown>): void {
  const outcome: Outcome = { name, settled: false, error: undefined };
  w.outcomes.push(outcome);
  promise.then(
    () => {
      outcome.settled = true;
    },
    (error: unknown) => {
      outcome.settled = true;
      outcome.error = error;
    },
  );
}

function login(w: World): void {
  if (w.rig.connection.snapshot().user !== null) w.rig.connection.logout();
  w.user += 1;
  w.rig.start({
    auto: w.auto,
    user: `user${w.user}`,
    renewable: w.random.chance(0.8),
    token: w.random.chance(0.7) ? `U${w.user}` : null,
    lifeMs: w.random.pick([null, 60_000, 600_000]),
  });
  w.forbidden = !w.auto;
}

type Act = readonly [name: string, run: (w: World) => void];

const appActs: readonly Act[] = [
  [
    "connect",
    (w) => {
      if (w.rig.connection.snapshot().user !== null) w.forbidden = false;
      call(w, "connect", w.rig.connection.connect());
    },
  ],
  [
    "connect, aborted",
    (w) => {
      const c = new AbortController();
      if (w.rig.connection.snapshot().user !== null) w.forbidden = false;
      call(w, "connect", w.rig.connection.connect({ signal: c.signal }));
      c.abort(new Error("aborted"));
    },
  ],
  [
    "disconnect",
    (w) => {
      w.forbidden = true;
      call(w, "disconnect", w.rig.connection.disconnect());
    },
  ],
  [
    "connect disconnect connect",
    (w) => {
      if (w.rig.connection.snapshot().user !== null) w.forbidden = false;
      call(w, "connect", w.rig.connection.connect());
      call(w, "disconnect", w.rig.connection.disconnect());
      call(w, "connect", w.rig.connection.connect());
      if (w.rig.connection.snapshot().user === null) w.forbidden = true;
    },
  ],
  ["ping", (w) => call(w, "ping", w.rig.connection.ping())],
  ["checkNow", (w) => call(w, "checkNow", w.rig.connection.checkNow())],
  ["reconnect", (w) => call(w, "reconnect", w.rig.connection.reconnect())],
  ["until", (w) => call(w, "until", w.rig.connection.until("linked", { timeoutMs: 5_000 }))],
  [
    "logout",
    (w) => {
      w.forbidden = true;
      w.rig.connection.logout();
    },
  ],
  ["login", login],
];

const worldActs: readonly Act[] = [
  ...(
    ["foreground", "background", "online", "offline", "frozen", "thawed", "networkChange", "pageHidden"] as const
  ).map((signal): Act => [signal, (w) => w.rig.lifecycle.emit(signal)]),
  ["pageShown", (w) => w.rig.lifecycle.emit({ type: "pageShown", persisted: true })],
  ["clockJump", (w) => w.rig.lifecycle.emit({ type: "clockJump", ms: 60_000 })],
  ["sleep", (w) => w.rig.clock.sleep(w.random.between(0, 120_000), w.random.pick(["stopped", "late"]))],
  ["wall", (w) => w.rig.clock.setWall(w.rig.clock.wall() + w.random.pick([-3_600_000, 3_600_000]))],
  [
    "unacked",
    (w) => {
      w.rig.protocol.unacked = w.random.chance(0.5) ? null : { since: w.rig.clock.now(), bytes: 1_000 };
      w.rig.protocol.links.at(-1)?.host.outbox();
    },
  ],
  ["probe answers", (w) => w.rig.answerProbes(w.random.pick([null, 20, 400]))],
];

/** What the far side does to a link, living or long gone. */
type LinkAct = readonly [name: string, run: (w: World, link: ScriptedLink) => void];
const welcome: LinkAct = [
  "welcome",
  (w, link) => {
    if (link.state === "connecting") link.open();
    if (link.state !== "open") return;
    const far = w.rig.protocol.links.findLast(({ token }) => token !== undefined);
    far?.welcome({
      user: `user${w.user}`,
      heartbeatMs: w.random.pick([null, 10_000]),
      tokenLifeMs: w.random.pick([null, 60_000]),
    });
  },
];
const linkActs: readonly LinkAct[] = [
  welcome,
  [
    "open",
    (_, link) => {
      if (link.state === "connecting") link.open();
    },
  ],
  [
    "message",
    (_, link) => {
      if (link.state === "open" || link.state === "closing") link.message("event");
    },
  ],
  [
    "close",
    (w, link) => {
      if (link.state !== "closed")
        link.close({ code: w.random.pick([1000, 1001, 1006, 1012, 1013, 4401, 4403, 4499]) });
    },
  ],
  ["silence", (_, link) => link.silence()],
  ["goaway", (w) => w.rig.protocol.links.at(-1)?.host.goaway(w.random.pick([0, 5_000]), 1_000)],
  [
    "reject",
    (w) =>
      w.rig.protocol.links.at(-1)?.host.reject({
        code: "ERR_SERVER_OVERLOADED",
        message: "",
        retry: w.random.pick(["later", "reauth", "never"]),
        minDelayMs: 2_000,
        spreadMs: 2_000,
      }),
  ],
  [
    "throttle",
    (w) =>
      w.rig.protocol.links
        .at(-1)
        ?.host.throttle(w.random.chance(0.5) ? [] : [{ feature: "typing", reason: "load", forMs: 3_000 }]),
  ],
  ["fault", (w) => w.rig.protocol.links.at(-1)?.host.fault("bad frame")],
];

function check(holds: boolean, law: string): void {
  if (!holds) throw new Error(law);
}

function laws(w: World): void {
  const { rig } = w;
  check(rig.links.live.length <= 1, `${rig.links.live.length} live sockets`);
  if (w.forbidden)
    check(
      rig.links.live.length === 0 && rig.phase() !== "waiting" && rig.phase() !== "token",
      `${rig.phase()} and ${rig.links.live.length} sockets though nothing may dial`,
    );
  check(rig.connection.status() === rig.connection.snapshot().status, "status and snapshot differ");
  check(Object.isFrozen(rig.connection.snapshot()), "the snapshot is frozen");
  check(rig.thrown.length === 0, `a listener of ours threw: ${String(rig.thrown[0])}`);
}

/** The flight recorder's trace replays to the state that the connection has, by way of the snapshots that it had. */
function replays({ rig }: World): void {
  const run = replay(parseTrace(JSON.stringify(rig.connection.trace())));
  const { difference } = run;
  check(difference === undefined, `the trace does not replay: ${JSON.stringify(difference)}`);
  const replayed = oneOfEach([run.start, ...run.steps.map(({ snapshot }) => snapshot)].map(tellsOf));
  const told = oneOfEach(rig.snapshots.map(tellsOf)).slice(-replayed.length);
  check(JSON.stringify(replayed) === JSON.stringify(told), "the replay told something else");
}

async function act(w: World): Promise<void> {
  const { random, rig } = w;
  const kind = random();
  let name: string;
  if (kind < 0.12) {
    const [label, run] = random.pick(appActs);
    name = label;
    run(w);
  } else if (kind < 0.24) {
    const [label, run] = random.pick(worldActs);
    name = label;
    run(w);
  } else if (kind < 0.7 && rig.links.all.length > 0) {
    // Mostly the server answers an attempt; else anything happens to any link, living or long gone.
    const answers = rig.links.last.state === "connecting" && random.chance(0.6);
    const link = answers || random.chance(0.7) ? rig.links.last : random.pick(rig.links.all);
    const [label, run] = answers ? welcome : random.pick(linkActs);
    name = `${label} of ${link.index}`;
    run(w, link);
  } else {
    const ms = random.pick([0, 1, random.between(0, 500), random.between(0, 5_000), random.between(0, 40_000)]);
    name = `time ${ms.toFixed(0)}`;
    rig.clock.advance(ms);
  }
  w.trail.push(`${rig.clock.now().toFixed(0)} ${name} → ${rig.phase()}`);
  if (w.trail.length > 30) w.trail.shift();
  laws(w);
  if (random.chance(0.3)) await turn();
  laws(w);
  if (random.chance(0.02)) replays(w);
}

describe("the driver, at random", () => {
  test("[R20] [R19] [R27] [R34] [B1.9] [B4.1] [B4.2] 40,000 acts: one live socket, promises settle once and all of them, nothing after dispose", async () => {
    const seed = seedOf(4_711);
    const seeds = createRandom(seed);
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", note);
    let linked = 0;
    let settledCalls = 0;
    for (let run = 0; run < runs; run += 1) {
      const random = seeds.fork();
      const auto = random.chance(0.5);
      const background = random.pick<BackgroundPolicy>(["disconnect", "keep", { graceMs: 8_000 }]);
      const answers = random.fork();
      const shouldRetry = (): RetryVerdict | undefined =>
        answers.pick([undefined, { action: "retry", delayMs: 700 }, { action: "refreshToken" }]);
      const policy = {
        background,
        traceInputs: random.pick([1, 10, 256]),
        ...(random.chance(0.3) && { shouldRetry }),
      };
      const rig = createRig({ chance: { seed: random.int(2 ** 31) }, policy });
      const w: World = { rig, random, trail: [], outcomes: [], forbidden: true, auto, user: 0 };
      rig.connection.on("session", () => {
        linked += 1;
      });
      try {
        login(w);
        for (let n = 0; n < actsEach; n += 1) await act(w);
        replays(w);

        const told = () => [rig.log.length, rig.changes.length, rig.snapshots.length, rig.errors.length];
        rig.connection.dispose();
        const before = told();
        await turn();
        const open = w.outcomes.filter(({ settled }) => !settled);
        check(open.length === 0, `never settled: ${open.map(({ name }) => name).join()}`);
        for (const { name, error } of w.outcomes) {
          check(
            error === undefined || isConnectionError(error) || (error instanceof Error && error.message === "aborted"),
            `${name} rejected with ${String(error)}`,
          );
        }
        rig.clock.advance(0);
        check(rig.clock.pending === rig.answering, `${rig.clock.pending - rig.answering} timers after dispose`);
        check(rig.links.live.length === 0 && rig.lifecycle.watchers === 0, "sockets or watchers after dispose");
        for (const link of rig.links.all) {
          link.silence(false);
          if (link.state === "closing") link.close();
        }
        rig.lifecycle.emit("foreground");
        rig.clock.runUntilIdle();
        await turn();
        check(rig.clock.pending === 0, "timers after dispose");
        check(told().join() === before.join(), "a callback after dispose");
        settledCalls += w.outcomes.length;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error(`${message}\n  CC_SEED=${seed}, run ${run}; the last acts:\n  ${w.trail.join("\n  ")}`);
      }
    }
    await turn();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    // The walk is worth nothing if it never gets anywhere.
    expect(linked).toBeGreaterThan(300 * walkShare);
    expect(settledCalls).toBeGreaterThan(2_000 * walkShare);
  }, 120_000);
});
