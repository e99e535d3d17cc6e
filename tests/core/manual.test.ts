import { describe, expect, test } from "vitest";
import type { Rig } from "./rig.js";
import { idleRig, manualRig, tempt } from "./states.js";

describe("manual mode", () => {
  test("[B4.1] [R19] login alone dials nothing, nor does any timer or signal", () => {
    const rig = idleRig();
    tempt(rig);
    expect([rig.dials, rig.getToken.calls.length, rig.status(), rig.connection.snapshot().reason]).toEqual([
      0,
      0,
      "disconnected",
      "manual",
    ]);
  });

  test("[B4.1] connect() creates the connection", async () => {
    const rig = idleRig();
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    rig.linkUp();
    await rig.settle();
    expect([call.state, rig.status()]).toEqual(["resolved", "connected"]);
  });

  const stages: Readonly<Record<string, (rig: Rig) => Promise<void> | void>> = {
    "fetching a token": () => {},
    "opening a socket": async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.dialled();
    },
    "in the handshake": async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.dialled().open();
    },
    linked: async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.linkUp({ tokenLifeMs: 60_000 });
    },
    "waiting to retry": async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.dialled().refuse();
    },
  };
  for (const [name, reach] of Object.entries(stages)) {
    test(`[B4.1] [R19] disconnect() while ${name}: ends it and cancels attempts, retries and timers at once; a late token or socket is nothing`, async () => {
      const rig = idleRig();
      rig.getToken.answer = undefined;
      rig.watch(rig.connection.connect());
      await reach(rig);
      const dials = rig.dials;
      void rig.connection.disconnect();
      expect([rig.status(), rig.phase(), rig.links.live.length, rig.clock.pending]).toEqual([
        "disconnected",
        "idle",
        0,
        0,
      ]);
      rig.getToken.pending[0]?.resolve({ token: "late", lifeMs: null });
      const last = rig.links.all.at(-1);
      if (last !== undefined && last.state !== "closed") last.close();
      await rig.settle();
      tempt(rig);
      await rig.settle();
      expect([rig.dials, rig.status()]).toEqual([dials, "disconnected"]);
      expect(rig.clock.pending).toBe(0);
    });
  }

  test("[B4.1] disconnect() says goodbye on the wire before it closes", () => {
    const rig = manualRig();
    void rig.connection.disconnect();
    expect(rig.links.last.sent.at(-1)).toBe("bye");
    expect(rig.links.last.closeCalls).toHaveLength(1);
    expect(rig.links.last.closeCalls[0]?.code).toBe(1000);
  });

  test("[B4.1] a new login in manual mode dials nothing, though the last user was connected", () => {
    const rig = manualRig();
    rig.connection.logout();
    rig.manual({ user: "bob" });
    tempt(rig);
    expect(rig.dials).toBe(1);
  });
});
