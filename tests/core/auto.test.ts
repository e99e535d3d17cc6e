import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";
import { tempt } from "./states.js";
import { expectUniform, overSeeds } from "./statistics.js";

describe("auto mode in the foreground", () => {
  test("[B3.1] dials after login, and again after every loss, for as long as it takes", () => {
    const rig = createRig();
    rig.start();
    expect(rig.dials, "on a later task").toBe(0);
    rig.linkUp();
    for (let n = 0; n < 200; n += 1) {
      rig.lose();
      rig.dialled(30_000);
      rig.welcome();
    }
    expect(rig.status()).toBe("connected");
  });
});

describe("auto mode in the background", () => {
  test("[B3.2] [R31] disconnect: closed inside the handler, and nothing is dialled until the foreground", () => {
    const rig = linkedRig({ welcome: { heartbeatMs: 10_000 } });
    const link = rig.links.last;
    rig.lifecycle.emit("background");
    expect([rig.status(), link.state, rig.log]).toEqual(["disconnected", "closing", ["disconnected"]]);
    expect(rig.changes[0]?.reason).toBe("background");
    for (const signal of ["online", "thawed", "networkChange"] as const) rig.lifecycle.emit(signal);
    rig.clock.advance(86_400_000);
    expect([rig.dials, rig.links.live.length]).toEqual([1, 0]);
  });

  test("[B3.2] an attempt and a retry end too", () => {
    const dialling = createRig();
    dialling.start();
    dialling.dialled();
    dialling.lifecycle.emit("background");
    expect(dialling.links.live).toHaveLength(0);
    const waiting = linkedRig();
    waiting.lose();
    waiting.lifecycle.emit("background");
    for (const rig of [dialling, waiting]) {
      rig.clock.advance(86_400_000);
      expect([rig.dials, rig.status()]).toEqual([1, "disconnected"]);
    }
  });

  test("[B3.2] a session that begins in the background dials only in the foreground", () => {
    const rig = createRig({ background: true });
    rig.start();
    rig.clock.advance(3_600_000);
    expect([rig.dials, rig.connection.snapshot().app]).toEqual([0, "background"]);
    rig.lifecycle.emit("foreground");
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B3.2] graceMs: linked until the grace is over, then closed; back before that, nothing happened", () => {
    const rig = linkedRig({ policy: { background: { graceMs: 20_000 } } });
    rig.answerProbes(1);
    rig.lifecycle.emit("background");
    rig.clock.advance(19_999);
    expect(rig.status()).toBe("connected");
    rig.lifecycle.emit("foreground");
    rig.clock.advance(60_000);
    expect(rig.dials).toBe(1);
    rig.lifecycle.emit("background");
    rig.clock.advance(19_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B3.2] [R31] a grace whose timer never fired is judged by the wall clock on return", () => {
    const rig = linkedRig({ policy: { background: { graceMs: 20_000 } } });
    const old = rig.links.last;
    rig.lifecycle.emit("background");
    rig.clock.sleep(21_000);
    expect(old.state, "the machine slept, nothing could happen").toBe("open");
    rig.lifecycle.emit("foreground");
    expect(old.state).toBe("closing");
    expect(rig.log[0]).toBe("disconnected");
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B3.2] keep: linked for hours, and brought back when lost", () => {
    const rig = linkedRig({ policy: { background: "keep" } });
    rig.answerProbes(10);
    rig.lifecycle.emit("background");
    rig.clock.advance(8 * 3_600_000);
    expect(rig.status()).toBe("connected");
    rig.lose();
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B3.2] the declared policy is visible in the snapshot", () => {
    for (const background of ["disconnect", "keep", { graceMs: 5_000 }] as const) {
      expect(createRig({ policy: { background } }).connection.snapshot().background).toEqual(background);
    }
    expect(createRig().connection.snapshot().background, "as documented").toBe("disconnect");
  });

  test("[B3.2] [R32] unacknowledged sends defer the close, until they are acknowledged or for 2 s", () => {
    const acknowledged = linkedRig();
    acknowledged.protocol.unacked = { since: acknowledged.clock.now(), bytes: 100 };
    acknowledged.protocol.last.host.outbox();
    acknowledged.lifecycle.emit("background");
    acknowledged.clock.advance(1_500);
    expect(acknowledged.status()).toBe("connected");
    acknowledged.protocol.unacked = null;
    acknowledged.protocol.last.host.outbox();
    expect(acknowledged.status()).toBe("disconnected");

    const never = linkedRig();
    never.protocol.unacked = { since: never.clock.now(), bytes: 100 };
    never.protocol.last.host.outbox();
    never.lifecycle.emit("background");
    never.clock.advance(1_999);
    expect(never.status()).toBe("connected");
    never.clock.advance(1);
    expect(never.status()).toBe("disconnected");
  });

  test("[B3.2] [R32] at the end of a grace too", () => {
    const rig = linkedRig({ policy: { background: { graceMs: 10_000 } } });
    rig.lifecycle.emit("background");
    rig.clock.advance(9_000);
    rig.protocol.unacked = { since: rig.clock.now(), bytes: 100 };
    rig.protocol.last.host.outbox();
    rig.clock.advance(2_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
  });
});

describe("back in the foreground", () => {
  test("[B3.3] dials at once, within 250 ms, jittered", () => {
    const delays = overSeeds(600, (seed) => {
      const rig = linkedRig({ chance: { seed } });
      rig.lifecycle.emit("background");
      rig.clock.advance(60_000);
      const back = rig.clock.now();
      rig.lifecycle.emit("foreground");
      return rig.dialled(300).at - back;
    });
    // The one timer fires on whole milliseconds, never early.
    expectUniform(delays, 0, 251);
    expect(Math.max(...delays)).toBeLessThanOrEqual(251);
  });

  test("[B3.3] also when a long retry was waiting before", () => {
    const rig = linkedRig({ chance: 0.99 });
    rig.lose();
    for (let n = 0; n < 12; n += 1) rig.dialled(30_000).refuse();
    rig.lifecycle.emit("background");
    rig.clock.advance(1_000);
    const back = rig.clock.now();
    rig.lifecycle.emit("foreground");
    expect(rig.dialled(300).at - back).toBeLessThanOrEqual(250);
  });
});

describe("disconnect() in auto mode", () => {
  test("[B3.4] [R19] wins over everything until connect()", async () => {
    const rig = linkedRig();
    await rig.connection.disconnect();
    expect(rig.log).toEqual(["disconnected"]);
    tempt(rig);
    rig.lifecycle.emit("background");
    tempt(rig);
    expect([rig.dials, rig.links.live.length]).toEqual([1, 0]);
    const again = rig.watch(rig.connection.connect());
    rig.linkUp();
    await rig.settle();
    expect(again.state).toBe("resolved");
  });

  test("[B3.4] until the next login", () => {
    const rig = linkedRig();
    void rig.connection.disconnect();
    rig.connection.logout();
    tempt(rig);
    expect(rig.dials).toBe(1);
    rig.start();
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B3.4] does not survive a restart of the app", () => {
    const before = linkedRig();
    void before.connection.disconnect();
    before.connection.dispose();
    const after = createRig();
    after.start();
    after.linkUp();
    expect(after.status()).toBe("connected");
  });

  test("[B3.4] connect() in the background under disconnect records the wish and resolves when the foreground is back and the link stands", async () => {
    const rig = linkedRig();
    void rig.connection.disconnect();
    rig.lifecycle.emit("background");
    const wish = rig.watch(rig.connection.connect());
    rig.clock.advance(3_600_000);
    await rig.settle();
    expect([wish.state, rig.dials], "an hour in the background is no timeout").toEqual(["pending", 1]);
    rig.lifecycle.emit("foreground");
    rig.dialled(250);
    await rig.settle();
    expect(wish.state).toBe("pending");
    rig.welcome();
    await rig.settle();
    expect([wish.state, wish.value]).toEqual(["resolved", { alreadyConnected: false }]);
  });
});
