import type { Floor, RetryContext } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig, type RigOptions } from "./rig.js";
import { expectUniform, overSeeds } from "./statistics.js";

/** Timers fire on whole milliseconds and never early. */
const tick = 1;

describe("the server's floor", () => {
  /** A rig whose first attempt was told to stay away for 30 s plus up to 10 s, with chance 0.5: 35 s. */
  function floored(options: RigOptions = {}): { readonly rig: Rig; readonly until: number } {
    const rig = createRig({ chance: 0.5, ...options });
    rig.start();
    rig.dialled().open();
    rig.protocol.last.host.reject({
      code: "ERR_SERVER_OVERLOADED",
      message: "busy",
      retry: "later",
      minDelayMs: 30_000,
      spreadMs: 10_000,
    });
    return { rig, until: rig.clock.now() + 35_000 };
  }

  test("[B5.4] [R12] nothing dials below it: not the ladder, not a wake, not connect(), checkNow() or reconnect(), which report retryAt", async () => {
    const { rig, until } = floored();
    const retryAt = rig.clock.wall() + 35_000;
    expect(rig.connection.snapshot()).toMatchObject({ phase: "waiting", retryAt });
    expect(rig.errors[0]).toMatchObject({ code: "ERR_SERVER_OVERLOADED", retryAfterMs: 30_000 });
    const check = rig.watch(rig.connection.checkNow());
    const replace = rig.watch(rig.connection.reconnect());
    await rig.settle();
    expect([check.value, replace.value]).toMatchObject([
      { linked: false, retryAt },
      { linked: false, retryAt },
    ]);
    rig.watch(rig.connection.connect());
    for (let n = 0; rig.clock.now() < until - 1_000; n += 1) {
      rig.lifecycle.emit((["online", "foreground", "thawed", "networkChange", "offline"] as const)[n % 5] ?? "online");
      rig.lifecycle.emit({ type: "clockJump", ms: 60_000 });
      if (n % 3 === 0) rig.watch(rig.connection.checkNow());
      if (n % 3 === 1) rig.watch(rig.connection.reconnect());
      if (n % 3 === 2) rig.watch(rig.connection.connect());
      rig.clock.advance(500);
    }
    expect(rig.dials).toBe(1);
    expect(rig.dialled(5_000).at).toBeGreaterThanOrEqual(until);
  });

  test("[B5.4] background and back, disconnect() and connect(), logout and login do not lift it", () => {
    const acts: readonly ((rig: Rig) => void)[] = [
      (rig) => {
        rig.lifecycle.emit("background");
        rig.lifecycle.emit("foreground");
      },
      (rig) => {
        void rig.connection.disconnect();
        rig.watch(rig.connection.connect());
      },
      (rig) => {
        rig.connection.logout();
        rig.start();
      },
      (rig) => {
        rig.lifecycle.emit("pageHidden");
        rig.lifecycle.emit({ type: "pageShown", persisted: true });
      },
    ];
    for (const act of acts) {
      const { rig, until } = floored();
      act(rig);
      expect(rig.dialled(60_000).at).toBeGreaterThanOrEqual(until);
    }
  });

  test("[B5.4] minDelayMs + random × spreadMs, over seeds", () => {
    const delays = overSeeds(400, (seed) => {
      const { rig } = floored({ chance: { seed } });
      return rig.dialled(60_000).at;
    });
    expectUniform(delays, 30_000, 40_000 + tick);
  });

  test("[B5.4] [R12] 1012, 1013, 429 and 503 set one, with their own delay where they name one", () => {
    for (const close of [
      { code: 1012 },
      { code: 1013 },
      { code: 1006, httpStatus: 429 },
      { code: 1006, httpStatus: 503 },
    ]) {
      const rig = createRig({ chance: 0.5 });
      rig.start();
      rig.dialled().refuse({ ...close, retryAfterMs: 20_000 });
      rig.watch(rig.connection.connect());
      rig.lifecycle.emit("thawed");
      expect(rig.dialled(60_000).at, JSON.stringify(close)).toBeGreaterThanOrEqual(20_000);

      // Without a number of its own the server still asks for room: its S.
      const bare = overSeeds(200, (seed) => {
        const other = linkedRig({ chance: { seed }, welcome: { spreadMs: 8_000 } });
        const from = other.clock.now();
        other.lose(close);
        other.lifecycle.emit("thawed");
        other.watch(other.connection.checkNow());
        return other.dialled(60_000).at - from;
      });
      expect(Math.max(...bare), "a wake does not pull it forward").toBeGreaterThan(7_000);
    }
  });

  test("[B5.4] goaway: left at the floor and not before, whatever is asked meanwhile", () => {
    const rig = linkedRig({ chance: 0.5 });
    rig.answerProbes(5);
    rig.protocol.last.host.goaway(10_000, 10_000);
    const from = rig.clock.now();
    expect(rig.status(), "it serves until then").toBe("connected");
    rig.clock.advance(5_000);
    rig.watch(rig.connection.reconnect());
    rig.lifecycle.emit("thawed");
    rig.clock.advance(9_999);
    expect([rig.dials, rig.status()]).toEqual([1, "connected"]);
    expect(rig.dialled(1).at - from).toBe(15_000);
    expect(rig.links.live).toHaveLength(1);
    rig.welcome();
    expect(rig.status()).toBe("connected");
  });

  test("[B5.4] a link lost before its goaway is due keeps the floor", () => {
    const rig = linkedRig({ chance: 0.5 });
    const from = rig.clock.now();
    rig.protocol.last.host.goaway(20_000, 0);
    rig.clock.advance(1_000);
    rig.lose({ code: 1001 });
    rig.lifecycle.emit("online");
    expect(rig.dialled(60_000).at - from).toBeGreaterThanOrEqual(20_000);
  });

  test("[B5.4] only shouldRetry may override it, and is told how long it is", () => {
    const asked: RetryContext[] = [];
    const { rig } = floored({
      policy: {
        shouldRetry: (_, context) => {
          asked.push(context);
          return { action: "retry", delayMs: 100 };
        },
      },
    });
    expect(asked[0]?.floorMs).toBe(35_000);
    expect(rig.dialled(60_000).at).toBe(100);
  });

  test("[B5.4] survives a reload: what is left of it by wall time, never longer than its own length", () => {
    const { rig } = floored();
    const { floor } = rig.connection.state().ladder;
    expect(floor).not.toBeNull();
    const reloaded = (passed: number): number => {
      const after = createRig({ chance: 0.5 });
      after.clock.setWall((floor as Floor).from.wall + passed);
      after.start({ floor });
      return after.dialled(60_000).at;
    };
    expect(reloaded(10_000)).toBe(25_000);
    expect(reloaded(34_999)).toBe(1);
    expect(reloaded(40_000), "over").toBe(0);
    expect(reloaded(-3_600_000), "a wall clock set back does not make it longer").toBe(35_000);
  });

  test("[B5.4] is given out to be saved when it is set", () => {
    const rig = createRig({ chance: 0.5 });
    rig.start();
    rig.dialled().open();
    const saved = rig.saved.length;
    rig.protocol.last.host.reject({
      code: "ERR_SERVER_OVERLOADED",
      message: "",
      retry: "later",
      minDelayMs: 30_000,
      spreadMs: 0,
    });
    expect(rig.saved.length).toBe(saved + 1);
    expect(rig.saved.at(-1)?.ladder.floor?.ms).toBe(30_000);
  });
});
