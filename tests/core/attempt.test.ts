import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";
import { waitingRig } from "./states.js";

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
