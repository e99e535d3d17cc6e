import type { LifecycleSignal } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { probes, waitingRig } from "./states.js";
import { expectUniform, overSeeds } from "./statistics.js";

/** Signals that say "look whether the link still stands" (B5.5). */
const wakes: readonly LifecycleSignal[] = [
  { type: "online" },
  { type: "foreground" },
  { type: "thawed" },
  { type: "networkChange" },
  { type: "clockJump", ms: 60_000 },
];

describe("a wake signal while linked", () => {
  for (const signal of wakes) {
    test(`[B5.5] [R4] ${signal.type}: one probe; answered, the same socket is kept`, () => {
      const rig = linkedRig();
      rig.lifecycle.emit(signal);
      expect([probes(rig), rig.status()]).toEqual([1, "connected"]);
      rig.clock.advance(700);
      rig.protocol.last.host.probeAck();
      rig.clock.advance(60_000);
      expect([rig.dials, rig.status(), rig.log]).toEqual([1, "connected", []]);
    });

    test(`[B5.5] [B6.3] [R4] ${signal.type}: unanswered, the link is replaced within 2.5 s and 250 ms`, () => {
      const rig = linkedRig();
      rig.lifecycle.emit(signal);
      rig.clock.advance(2_500);
      expect(rig.status()).toBe("disconnected");
      rig.dialled(250);
      expect(rig.links.live).toHaveLength(1);
    });
  }

  test("[B5.5] [R4] many signals are one probe: the leading edge of a 2.5 s window", () => {
    const rig = linkedRig();
    rig.answerProbes(20);
    for (let n = 0; n < 25; n += 1) {
      rig.lifecycle.emit(wakes[n % wakes.length] ?? { type: "online" });
      rig.clock.advance(100);
    }
    expect(probes(rig)).toBe(1);
    rig.lifecycle.emit("thawed");
    expect(probes(rig), "the next window").toBe(2);
  });

  test("[B5.5] [R4] sleep counts, though the monotonic clock stood still: the next wake is another one", () => {
    const rig = linkedRig();
    rig.answerProbes(20);
    rig.lifecycle.emit("foreground");
    rig.clock.advance(1_000);
    rig.clock.sleep(3_600_000, "stopped");
    rig.answerProbes(null);
    rig.lifecycle.emit({ type: "clockJump", ms: 3_600_000 });
    expect(probes(rig)).toBe(2);
    rig.clock.advance(2_500);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B5.5] a wall clock that is set back does not open or hold a window", () => {
    const rig = linkedRig();
    rig.answerProbes(20);
    rig.lifecycle.emit("foreground");
    rig.clock.advance(500);
    rig.clock.setWall(rig.clock.wall() - 3_600_000);
    rig.lifecycle.emit("networkChange");
    expect(probes(rig)).toBe(1);
    rig.clock.advance(2_000);
    rig.lifecycle.emit("networkChange");
    expect(probes(rig)).toBe(2);
  });

  test("[B5.5] [B6.3] [R4] a question that was answered before the wake is no answer to it: within 2.5 s of the wake", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("offline");
    rig.clock.advance(20);
    rig.links.last.message("a heartbeat");
    rig.clock.advance(300);
    rig.lifecycle.emit("online");
    expect(probes(rig)).toBe(2);
    rig.clock.advance(2_500);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B4.6] [B5.5] ping() resolves by the pong of what a wake asked meanwhile", async () => {
    const rig = createRig();
    rig.manual();
    const linked = rig.watch(rig.connection.connect());
    rig.linkUp();
    await rig.settle();
    expect(linked.state).toBe("resolved");
    const ping = rig.watch(rig.connection.ping());
    rig.clock.advance(20);
    rig.links.last.message("an event");
    rig.clock.advance(300);
    rig.lifecycle.emit("networkChange");
    await rig.settle();
    expect([probes(rig), ping.state]).toEqual([2, "pending"]);
    rig.clock.advance(40);
    rig.protocol.last.host.probeAck();
    await rig.settle();
    expect(ping.value).toMatchObject({ rttMs: 40 });
  });

  test("[B5.9] a page shown that was never hidden changes nothing", () => {
    const rig = linkedRig();
    rig.lifecycle.emit({ type: "pageShown", persisted: false });
    expect([rig.status(), rig.dials]).toEqual(["connected", 1]);
  });
});

describe("a wake signal while waiting", () => {
  for (const signal of wakes) {
    test(`[B5.5] ${signal.type}: dials now, within 250 ms, jittered`, () => {
      const delays = overSeeds(120, (seed) => {
        const rig = waitingRig({ chance: { seed } });
        const from = rig.clock.now();
        rig.lifecycle.emit(signal);
        return rig.dialled(300).at - from;
      });
      // A retry that was due sooner is not put off: hence at most, not exactly, uniform.
      expect(Math.max(...delays)).toBeLessThanOrEqual(251);
      expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(150);
    });
  }

  test("[B5.5] a wake never puts a dial off", () => {
    const rig = linkedRig({ chance: 0.1 });
    rig.lose();
    const { retryAt } = rig.connection.snapshot();
    rig.chance = 0.99;
    rig.lifecycle.emit("thawed");
    expect(rig.connection.snapshot().retryAt ?? 0).toBeLessThanOrEqual(retryAt ?? 0);
  });

  test("[B5.5] [R26] if the first dial after online fails, the next comes within 2 s, from wherever the ladder was", () => {
    const waits = overSeeds(200, (seed) => {
      const rig = waitingRig({ chance: { seed }, welcome: { spreadMs: 10_000 } });
      rig.lifecycle.emit("offline");
      rig.clock.advance(100);
      rig.lifecycle.emit("online");
      rig.dialled(300);
      rig.clock.advance(50);
      rig.links.last.refuse();
      const from = rig.clock.now();
      return rig.dialled(30_000).at - from;
    });
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_000);
    expect(Math.max(...waits) - Math.min(...waits), "jittered").toBeGreaterThan(500);
  });

  test("[R26] also when the device was offline with a dial that was due", () => {
    const rig = linkedRig({ chance: 0.9, welcome: { spreadMs: 10_000 } });
    rig.lifecycle.emit("offline");
    rig.lose();
    rig.clock.advance(1_000);
    rig.lifecycle.emit("online");
    rig.dialled(300).refuse();
    expect(() => rig.dialled(2_000)).not.toThrow();
  });
});

describe("a wake signal while dialling", () => {
  function dialling(): Rig {
    const rig = linkedRig();
    rig.lose();
    rig.dialled(1_000);
    rig.clock.advance(3_000);
    return rig;
  }

  for (const signal of [{ type: "thawed" }, { type: "networkChange" }, { type: "clockJump", ms: 60_000 }] as const) {
    test(`[B5.5] ${signal.type}: the attempt spanned it and is restarted, within 250 ms, one socket`, () => {
      const rig = dialling();
      rig.lifecycle.emit(signal);
      rig.dialled(250);
      expect(rig.links.live).toHaveLength(1);
      rig.welcome();
      expect(rig.status()).toBe("connected");
    });
  }

  test("[B5.5] online after offline is a change of network: restarted", () => {
    const rig = dialling();
    rig.lifecycle.emit("offline");
    rig.lifecycle.emit("online");
    rig.dialled(250);
    expect(rig.links.live).toHaveLength(1);
  });

  test("[B5.5] online without offline, and foreground, are none: the attempt goes on", () => {
    const rig = dialling();
    const { last } = rig.links;
    rig.lifecycle.emit("online");
    rig.lifecycle.emit("foreground");
    rig.clock.advance(1_000);
    expect([rig.links.last, last.state, rig.dials]).toEqual([last, "connecting", 2]);
    rig.welcome();
    expect(rig.status()).toBe("connected");
  });
});

describe("offline", () => {
  test("[B5.6] [R25] while linked it is a hint: a probe, and only its failure changes the status", () => {
    const alive = linkedRig();
    alive.lifecycle.emit("offline");
    expect([probes(alive), alive.status()]).toEqual([1, "connected"]);
    alive.clock.advance(500);
    alive.protocol.last.host.probeAck();
    alive.clock.advance(3_600_000);
    expect([alive.status(), alive.log, alive.dials]).toEqual(["connected", [], 1]);

    const dead = linkedRig();
    dead.lifecycle.emit("offline");
    dead.clock.advance(2_499);
    expect(dead.log).toEqual([]);
    dead.clock.advance(1);
    expect(dead.log).toEqual(["! ERR_NO_INTERNET", "disconnected"]);
  });

  test("[B5.6] [R25] while waiting, attempts go on, at the cap", () => {
    const delays = overSeeds(200, (seed) => {
      const rig = linkedRig({ chance: { seed } });
      rig.lifecycle.emit("offline");
      rig.lose();
      rig.dialled(30_000).refuse();
      const from = rig.clock.now();
      return rig.dialled(30_000).at - from;
    });
    // The cap of the first minute, and the jitter of every rung.
    expectUniform(delays, 2_500, 5_001);
  });

  test("[B5.6] [R25] a client that starts offline dials all the same, and a dial that works is a link", () => {
    const rig = createRig({ online: false });
    rig.start();
    rig.dialled(0);
    rig.welcome();
    expect([rig.status(), rig.connection.snapshot().online]).toEqual(["connected", false]);
  });
});
