import type { LifecycleSignal } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { expectUniform, overSeeds } from "./statistics.js";

const probes = (rig: Rig): number => rig.protocol.last.acts.filter((act) => act === "probe").length;

/** Signals that say "look whether the link still stands" (B5.5). */
const wakes: readonly LifecycleSignal[] = [
  { type: "online" },
  { type: "foreground" },
  { type: "thawed" },
  { type: "networkChange" },
  { type: "clockJump", ms: 60_000 },
];

/** A rig that waits, far up the ladder. */
function waitingRig(options: Parameters<typeof linkedRig>[0] = {}): Rig {
  const rig = linkedRig(options);
  rig.lose();
  for (let n = 0; n < 12; n += 1) rig.dialled(30_000).refuse();
  return rig;
}

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

  test("[B5.5] many signals are one probe: the leading edge of a 2.5 s window", () => {
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

describe("checkNow() and reconnect()", () => {
  test("[B5.7] [R5] checkNow: linked, it probes and tells the round trip", async () => {
    const rig = linkedRig();
    const check = rig.watch(rig.connection.checkNow());
    expect(probes(rig)).toBe(1);
    rig.clock.advance(33);
    rig.protocol.last.host.probeAck();
    await rig.settle();
    expect(check.value).toEqual({ linked: true, rttMs: 33, retryAt: null });
    expect(rig.dials).toBe(1);
  });

  test("[B5.7] [R5] waiting, both dial at once, from the top of the ladder too", async () => {
    for (const call of ["checkNow", "reconnect"] as const) {
      const rig = waitingRig({ chance: 0.9 });
      const from = rig.clock.now();
      const outcome = rig.watch(rig.connection[call]());
      expect(rig.dialled(0).at).toBe(from);
      rig.welcome();
      await rig.settle();
      expect(outcome.value?.linked).toBe(true);
    }
  });

  test("[B5.7] a dial that fails resolves with the time of the next", async () => {
    const rig = waitingRig();
    const outcome = rig.watch(rig.connection.checkNow());
    rig.dialled(0).refuse();
    await rig.settle();
    expect(outcome.value).toEqual({ linked: false, rttMs: null, retryAt: rig.connection.snapshot().retryAt });
    expect(outcome.value?.retryAt).not.toBeNull();
  });

  test("[B5.7] reconnect: the old socket goes, one new one comes", async () => {
    const rig = linkedRig();
    const old = rig.links.last;
    const outcome = rig.watch(rig.connection.reconnect());
    expect(old.state).toBe("closing");
    rig.dialled(0);
    expect(rig.links.live).toHaveLength(1);
    rig.welcome({ recovery: "resumed" });
    await rig.settle();
    expect([outcome.value?.linked, rig.log]).toEqual([true, ["connecting", "connected"]]);
  });

  test("[B5.7] while dialling: checkNow waits for that attempt, reconnect replaces it; one socket", async () => {
    const checking = createRig();
    checking.start();
    checking.dialled();
    const check = checking.watch(checking.connection.checkNow());
    checking.clock.advance(10);
    expect(checking.dials).toBe(1);
    checking.welcome();
    await checking.settle();
    expect(check.value?.linked).toBe(true);

    const replacing = createRig();
    replacing.start();
    replacing.dialled();
    replacing.watch(replacing.connection.reconnect());
    replacing.dialled(0);
    expect(replacing.links.live).toHaveLength(1);
  });

  test("[B5.7] in a manual foreground with a link, reconnect works; in manual mode without a wish neither dials", async () => {
    const rig = linkedRig({ auto: false });
    rig.watch(rig.connection.reconnect());
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  const unwanted: Readonly<Record<string, () => Rig>> = {
    "before init": () => createRig(),
    "without a user": () => {
      const rig = createRig();
      rig.connection.init({ auto: true });
      return rig;
    },
    "in manual mode before connect()": () => {
      const rig = createRig();
      rig.manual();
      return rig;
    },
    "after disconnect()": () => {
      const rig = linkedRig();
      void rig.connection.disconnect();
      return rig;
    },
    "in the background under disconnect": () => {
      const rig = linkedRig();
      rig.lifecycle.emit("background");
      return rig;
    },
    "after a loss in the background of manual mode": () => {
      const rig = linkedRig({ auto: false });
      rig.lifecycle.emit("background");
      rig.lose();
      rig.lifecycle.emit("foreground");
      return rig;
    },
    "after a terminal refusal": () => {
      const rig = linkedRig();
      rig.lose({ code: 4403 });
      return rig;
    },
    "on a hidden page": () => {
      const rig = linkedRig();
      rig.lifecycle.emit("pageHidden");
      return rig;
    },
  };
  for (const [name, make] of Object.entries(unwanted)) {
    test(`[B5.7] [R19] ${name}: both dial nothing and reject ERR_ABORTED`, async () => {
      for (const call of ["checkNow", "reconnect"] as const) {
        const rig = make();
        const { dials } = rig;
        const outcome = rig.watch(rig.connection[call]());
        await rig.settle();
        rig.clock.advance(60_000);
        expect([outcome.code, rig.dials, rig.links.live.length]).toEqual(["ERR_ABORTED", dials, 0]);
      }
    });
  }

  test("[B5.7] disconnect() while one waits rejects it", async () => {
    const rig = waitingRig();
    const outcome = rig.watch(rig.connection.checkNow());
    rig.dialled(0);
    void rig.connection.disconnect();
    await rig.settle();
    expect(outcome.code).toBe("ERR_ABORTED");
  });
});

describe("the budget of an attempt", () => {
  test("[B5.8] the token has 15 s", async () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ token: null, renewable: true });
    rig.clock.advance(14_999);
    expect(rig.phase()).toBe("token");
    rig.clock.advance(1);
    expect([rig.phase(), rig.log.at(-2), rig.aborted]).toEqual(["waiting", "! ERR_TOKEN_PROVIDER", ["missing"]]);
    const [first] = rig.getToken.calls;
    first?.resolve({ token: "late", lifeMs: null });
    await rig.settle();
    expect(rig.dials, "a late token is nothing").toBe(0);
    rig.clock.advance(30_000);
    expect(rig.getToken.calls.length, "and another is asked for").toBeGreaterThan(1);
  });

  test("[B5.8] transport and handshake together have 10 s, then 20 s, then 30 s, on consecutive timeouts", () => {
    const rig = createRig({ chance: 0.5 });
    rig.start();
    const budgets: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const { at } = rig.dialled(60_000);
      if (n % 2 === 1) {
        rig.clock.advance(9_000);
        rig.links.last.open();
      }
      rig.passUntil(() => rig.status() !== "connecting");
      budgets.push(rig.clock.now() - at);
    }
    expect(budgets).toEqual([10_000, 20_000, 30_000, 30_000, 30_000]);
    expect(new Set(rig.errors.map(({ code }) => code))).toEqual(new Set(["ERR_CONNECT_TIMEOUT"]));
  });

  test("[B5.8] another failure between two timeouts begins again at 10 s, and so does a link", () => {
    const rig = createRig({ chance: 0.5 });
    rig.start();
    const timeOut = (): number => {
      const { at } = rig.dialled(60_000);
      rig.passUntil(() => rig.status() !== "connecting");
      return rig.clock.now() - at;
    };
    expect([timeOut(), timeOut()]).toEqual([10_000, 20_000]);
    rig.dialled(60_000).refuse();
    expect(timeOut()).toBe(10_000);
    rig.dialled(60_000);
    rig.welcome();
    rig.lose();
    expect(timeOut()).toBe(10_000);
  });

  test("[B5.8] the token's time is not the connection's", async () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ token: null, renewable: true });
    rig.clock.advance(14_000);
    rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
    await rig.settle();
    const { at } = rig.dialled(0);
    rig.passUntil(() => rig.status() !== "connecting");
    expect(rig.clock.now() - at).toBe(10_000);
  });

  test("[B5.8] [R20] abandoned: the socket is closed, and whatever it does later changes nothing and throws nothing", () => {
    for (const late of [
      (rig: Rig) => rig.links.all[0]?.close(),
      (rig: Rig) => rig.links.all[0]?.close({ cause: new Error("late") }),
    ]) {
      const rig = createRig();
      rig.start();
      rig.dialled();
      rig.clock.advance(10_000);
      expect(rig.links.all[0]?.state).toBe("closing");
      rig.dialled(5_000);
      rig.welcome();
      const log = [...rig.log];
      expect(() => late(rig)).not.toThrow();
      expect([rig.log, rig.status(), rig.links.live.length]).toEqual([log, "connected", 1]);
    }
  });
});

describe("the back/forward cache", () => {
  test("[B5.9] pagehide closes the socket at once; a persisted pageshow dials within 1 s", () => {
    const rig = linkedRig({ chance: 0.999 });
    const link = rig.links.last;
    rig.lifecycle.emit("pageHidden");
    expect([link.state, rig.status(), rig.connection.snapshot().reason]).toEqual([
      "closing",
      "disconnected",
      "pageHidden",
    ]);
    rig.clock.advance(3_600_000);
    expect(rig.dials).toBe(1);
    const back = rig.clock.now();
    rig.lifecycle.emit({ type: "pageShown", persisted: true });
    expect(rig.dialled(1_000).at - back).toBeLessThanOrEqual(1_000);
  });

  test("[B5.9] from far up the ladder as well", () => {
    const rig = waitingRig({ chance: 0.99 });
    rig.lifecycle.emit("pageHidden");
    rig.clock.advance(60_000);
    rig.lifecycle.emit({ type: "pageShown", persisted: true });
    expect(() => rig.dialled(1_000)).not.toThrow();
  });

  test("[B5.9] [R19] not when the mode wants no link", () => {
    const called = linkedRig();
    void called.connection.disconnect();
    const manual = createRig();
    manual.manual();
    const out = linkedRig();
    out.connection.logout();
    for (const rig of [called, manual, out]) {
      const { dials } = rig;
      rig.lifecycle.emit("pageHidden");
      rig.lifecycle.emit({ type: "pageShown", persisted: true });
      rig.clock.advance(60_000);
      expect(rig.dials).toBe(dials);
    }
  });

  test("[B5.9] manual mode: a page that was connected in the foreground comes back connected", () => {
    const rig = linkedRig({ auto: false });
    rig.lifecycle.emit("pageHidden");
    rig.clock.advance(10_000);
    rig.lifecycle.emit({ type: "pageShown", persisted: true });
    rig.dialled(1_000);
    rig.welcome();
    expect(rig.status()).toBe("connected");
  });
});
