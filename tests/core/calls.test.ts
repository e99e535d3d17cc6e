import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { probes, waitingRig } from "./states.js";

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
