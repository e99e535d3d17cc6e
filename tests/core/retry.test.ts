import type { Fault, RetryContext } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig, type RigOptions } from "./rig.js";
import { expectUniform, overSeeds } from "./statistics.js";

/** Timers fire on whole milliseconds and never early. */
const tick = 1;

/** Lets `n` dials be refused, one after another, and answers the delays between refusal and next dial. */
function refusals(rig: Rig, n: number): number[] {
  const delays: number[] = [];
  for (let k = 0; k < n; k += 1) {
    const from = rig.clock.now();
    delays.push(rig.dialled(60_000).at - from);
    rig.links.last.refuse();
  }
  return delays;
}

/** Delay of the first dial after a link that had lived long enough was lost. */
function firstRetry(options: RigOptions, spreadMs: number | null): number {
  const rig = linkedRig({ ...options, welcome: { spreadMs } });
  const from = rig.clock.now();
  rig.lose();
  return rig.dialled(60_000).at - from;
}

describe("retries", () => {
  test("[B5.1] [R14] never end: a network that is down for a day, and then is not", () => {
    const rig = linkedRig({ chance: { seed: 3 }, timers: 10_000 });
    rig.lose();
    let dials = 0;
    while (rig.clock.now() < 86_400_000) {
      rig.dialled(30_001).refuse();
      dials += 1;
    }
    expect(dials).toBeGreaterThan(86_400 / 30);
    rig.dialled(30_001);
    rig.welcome();
    expect(rig.status()).toBe("connected");
  });

  test("[B5.1] [R14] a close 1000 that was not ours is retried, in the handshake and linked", () => {
    const rig = createRig();
    rig.start();
    rig.dialled().open();
    rig.links.last.close({ code: 1000 });
    rig.dialled(10_000);
    rig.welcome();
    rig.clock.advance(6_000);
    rig.lose({ code: 1000, reason: "bye" });
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B5.1] [R15] shouldRetry has the last word: what it is asked, and each verdict", () => {
    const asked: [Fault, RetryContext][] = [];
    const rig = linkedRig({
      policy: {
        shouldRetry: (fault, context) => {
          asked.push([fault, context]);
          return undefined;
        },
      },
    });
    rig.lose({ code: 1006 });
    rig.dialled(5_000).refuse({ httpStatus: 401 });
    expect(asked.map(([{ code }, { attempt, defaultAction }]) => [code, attempt, defaultAction])).toEqual([
      ["ERR_WEBSOCKET_ERROR", 0, "retry"],
      ["ERR_AUTH_REJECTED", 1, "refreshToken"],
    ]);
    expect(rig.phase(), "undefined leaves the default in force: no other token is to be had").toBe("failed");

    const stopped = linkedRig({ policy: { shouldRetry: () => ({ action: "stop" }) } });
    stopped.lose();
    stopped.clock.advance(3_600_000);
    expect([stopped.phase(), stopped.dials]).toEqual(["failed", 1]);

    const delayed = linkedRig({ policy: { shouldRetry: () => ({ action: "retry", delayMs: 7_777 }) } });
    delayed.lose({ code: 4403 });
    const from = delayed.clock.now();
    expect(delayed.dialled(60_000).at - from, "even a refusal that is terminal by default").toBe(7_777);

    const plain = linkedRig({ policy: { shouldRetry: () => ({ action: "retry" }) } });
    plain.lose({ code: 4403 });
    plain.linkUp();
    expect(plain.status()).toBe("connected");

    const refreshing = linkedRig({
      renewable: true,
      policy: { shouldRetry: ({ closeCode }) => (closeCode === 4499 ? { action: "refreshToken" } : undefined) },
    });
    refreshing.lose({ code: 4499 });
    refreshing.clock.advance(10);
    expect(refreshing.getToken.calls.map(({ args }) => args[0])).toEqual(["rejected"]);
  });

  test("[B5.1] [R28] a shouldRetry that throws leaves the default in force", () => {
    const boom = new Error("mine");
    const rig = linkedRig({
      policy: {
        shouldRetry: () => {
          throw boom;
        },
      },
    });
    rig.lose();
    rig.linkUp();
    expect([rig.status(), rig.thrown]).toEqual(["connected", [boom]]);
  });

  test("[R15] what is terminal by default: forbidden, replaced; what is not: everything unknown", () => {
    for (const code of [4403, 4409]) {
      const rig = linkedRig();
      rig.lose({ code });
      expect([code, rig.phase()]).toEqual([code, "failed"]);
    }
    for (const code of [1000, 1001, 1006, 1011, 1015, 3000, 4000, 4400, 4499, 4999]) {
      const rig = linkedRig();
      rig.lose({ code });
      expect([code, rig.phase()]).toEqual([code, "waiting"]);
    }
    for (const httpStatus of [400, 404, 500, 502, 504]) {
      const rig = createRig();
      rig.start();
      rig.dialled().refuse({ httpStatus });
      expect([httpStatus, rig.phase()]).toEqual([httpStatus, "waiting"]);
    }
  });
});

describe("the first retry", () => {
  test("[B5.2] [R10] is uniform in 0–S, S as the server announced it", () => {
    for (const spreadMs of [400, 4_000]) {
      expectUniform(
        overSeeds(600, (seed) => firstRetry({ chance: { seed } }, spreadMs)),
        0,
        spreadMs + tick,
      );
    }
  });

  test("[B5.2] S is 1 s when the server says nothing, and is kept between 0.1 s and 10 s", () => {
    expectUniform(
      overSeeds(400, (seed) => firstRetry({ chance: { seed } }, null)),
      0,
      1_000 + tick,
    );
    const largest = (spreadMs: number): number => firstRetry({ chance: 0.999_999 }, spreadMs);
    expect(Math.round(largest(1))).toBe(100);
    expect(Math.round(largest(0))).toBe(100);
    expect(Math.round(largest(60_000))).toBe(10_000);
  });

  test("[B5.2] [R10] 1,000 clients dropped together: no 100 ms sees much more than its share of S", () => {
    const delays = overSeeds(1_000, (seed) => firstRetry({ chance: { seed } }, 1_000));
    const buckets = new Map<number, number>();
    for (const delay of delays) buckets.set(Math.floor(delay / 100), (buckets.get(Math.floor(delay / 100)) ?? 0) + 1);
    expect(Math.max(...buckets.values())).toBeLessThan(150);
  });

  test("[B5.2] after a loss that the client diagnosed alone it comes within 250 ms, however large S is", () => {
    const delays = overSeeds(400, (seed) => {
      const rig = linkedRig({ chance: { seed }, welcome: { spreadMs: 10_000 } });
      rig.lifecycle.emit("networkChange");
      rig.clock.advance(2_500);
      expect(rig.status()).toBe("disconnected");
      const from = rig.clock.now();
      return rig.dialled(300).at - from;
    });
    expectUniform(delays, 0, 250 + tick);
  });
});

describe("the ladder", () => {
  test("[B5.3] an initial connect starts with an immediate dial", () => {
    const rig = createRig({ chance: 0.99 });
    rig.start();
    expect(rig.dialled(0).at).toBe(0);
  });

  /** Bounds of c by clause 5.3: 2·max(S, 0.25 s), doubled each time, capped. */
  const c = (rung: number, spreadMs: number, ageMs: number): number => {
    const cap = Math.max(2 * spreadMs, ageMs < 60_000 ? 5_000 : ageMs < 300_000 ? 15_000 : 30_000);
    return Math.min(2 * Math.max(spreadMs, 250) * 2 ** rung, cap);
  };

  for (const spreadMs of [100, 1_000, 5_000, 10_000]) {
    for (const chance of [0, 0.5, 0.999_999]) {
      test(`[B5.3] [R38] S = ${spreadMs} ms, chance ${chance}: each rung in [c/2, c], doubling to the cap of the outage's age`, () => {
        const rig = linkedRig({ chance, welcome: { spreadMs } });
        const lost = rig.clock.now();
        rig.lose();
        rig.dialled(spreadMs + tick).refuse();
        for (let rung = 0; rig.clock.now() - lost < 1_000_000; rung += 1) {
          const age = rig.clock.now() - lost;
          const from = rig.clock.now();
          const delay = rig.dialled(60_000).at - from;
          rig.links.last.refuse();
          const top = c(rung, spreadMs, age);
          expect(delay, `rung ${rung}, ${age} ms old`).toBeGreaterThanOrEqual(top / 2 - 1e-6);
          expect(delay, `rung ${rung}, ${age} ms old`).toBeLessThanOrEqual(top + tick);
          expect(Math.abs(delay - (top * (1 + chance)) / 2), "proportional to chance").toBeLessThanOrEqual(tick);
        }
      });
    }
  }

  test("[B5.3] [R10] jittered on every rung, and at the cap", () => {
    const ladders = overSeeds(400, (seed) => {
      const rig = linkedRig({ chance: { seed } });
      rig.lose();
      return refusals(rig, 8);
    });
    for (const [rung, top] of [
      [1, 2_000],
      [2, 4_000],
      [3, 5_000],
      [7, 5_000],
    ] as const) {
      expectUniform(
        ladders.map((delays) => delays[rung] ?? Number.NaN),
        top / 2,
        top + tick,
      );
    }
  });

  test("[B5.3] [R11] is reset by 5 s linked, and not by less: accept-then-close keeps growing", () => {
    const rig = linkedRig({ chance: 0.5 });
    rig.lose();
    const delays: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const from = rig.clock.now();
      delays.push(rig.dialled(60_000).at - from);
      rig.welcome({ heartbeatMs: null });
      rig.clock.advance(4_999);
      rig.lose();
    }
    expect(delays).toEqual([500, 1_500, 3_000, 3_750, 3_750, 3_750]);
    rig.dialled(60_000);
    rig.welcome({ heartbeatMs: null });
    expect(rig.connection.snapshot().attempt, "dials since the last stable link").toBe(7);
    rig.clock.advance(5_000);
    expect(rig.connection.snapshot().attempt).toBe(0);
    const from = rig.clock.now();
    rig.lose();
    expect(rig.dialled(60_000).at - from).toBe(500);
  });

  test("[B5.3] a wake resets c", () => {
    const rig = linkedRig({ chance: 0.5 });
    rig.lose();
    refusals(rig, 10);
    rig.lifecycle.emit("thawed");
    rig.dialled(250).refuse();
    expect(refusals(rig, 2)).toEqual([1_500, 3_000]);
  });

  test("[B5.3] the cap follows the outage, not the number of dials: a black hole climbs it no faster", () => {
    const rig = linkedRig({ chance: 0.999_999 });
    rig.lose();
    rig.dialled(2_000);
    const lost = 10_000;
    while (rig.clock.now() - lost < 55_000) rig.dialled(60_000);
    const delay = (): number => {
      const { retryAt } = rig.connection.snapshot();
      return retryAt === null ? 0 : retryAt - rig.clock.wall();
    };
    expect(delay()).toBeLessThanOrEqual(5_000);
  });
});
