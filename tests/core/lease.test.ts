import { describe, expect, test } from "vitest";
import { wallStart } from "./rig.js";
import { idleRig, manualRig, tempt } from "./states.js";

describe("manual mode, link lost", () => {
  test("[B4.3] in the foreground: reconnects by itself", () => {
    const rig = manualRig();
    rig.lose();
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B4.5] in the background: no reconnection, also not on return; connect() brings it back", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.lose();
    expect([rig.status(), rig.connection.snapshot().reason]).toEqual(["disconnected", "lostInBackground"]);
    tempt(rig);
    expect(rig.dials).toBe(1);
    const call = rig.watch(rig.connection.connect());
    rig.linkUp();
    await rig.settle();
    expect(call.state).toBe("resolved");
  });

  test("[B4.5] found dead in the background is lost in the background", () => {
    const rig = manualRig({});
    rig.lifecycle.emit("background");
    rig.watch(rig.connection.ping());
    rig.clock.advance(3_000);
    expect(rig.status()).toBe("disconnected");
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.5] after disconnect() in the background: not on return either", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    void rig.connection.disconnect();
    rig.lifecycle.emit("foreground");
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.1] [B4.5] a goaway in the background does not make a timer dial: the link is left and not replaced", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.protocol.last.host.goaway(5_000, 0);
    rig.clock.advance(10_000);
    expect([rig.dials, rig.links.live.length]).toEqual([1, 0]);
  });

  test("[B4.5] after a suspension the expired lease is settled first, then the signal, then the queued close", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.sleep(36_000);
    rig.lifecycle.emit("foreground");
    expect([rig.status(), rig.connection.snapshot().reason]).toEqual(["disconnected", "leaseExpired"]);
    rig.links.last.close();
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.5] a close that comes first after a suspension does not hide the expired lease", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.sleep(36_000);
    rig.lose();
    expect(rig.connection.snapshot().reason).toBe("leaseExpired");
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.5] of several things that are due at once the expired lease is the first", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.advance(32_400);
    rig.lifecycle.emit("networkChange");
    // The probe's deadline is 34.9 s, the lease's end 35 s; the timer that finds both comes a little later.
    rig.clock.stall(2_700);
    rig.clock.advance(0);
    expect([rig.connection.snapshot().reason, rig.log]).toEqual(["leaseExpired", ["disconnected"]]);
  });

  test("[B4.5] within the lease a close that overtakes the return to the foreground is a foreground loss", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.sleep(20_000);
    // The page is visible again, its event still stands behind the socket's in the queue.
    rig.lifecycle.state = { background: false, online: true };
    rig.lose();
    rig.lifecycle.emit("foreground");
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B4.5] [B5.9] a lease that ran out in the back/forward cache is over on return", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.lifecycle.emit("pageHidden");
    rig.clock.sleep(600_000);
    rig.lifecycle.emit("foreground");
    rig.lifecycle.emit({ type: "pageShown", persisted: true });
    tempt(rig);
    expect(rig.dials).toBe(1);
    expect(rig.connection.snapshot().leaseUntil).toBeNull();
  });
});

describe("lease", () => {
  test("[B4.4] 30 s from entering the background are shown, and the link is closed 5 s after they end", () => {
    const rig = manualRig();
    rig.clock.advance(123);
    rig.lifecycle.emit("background");
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.clock.advance(34_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect([rig.status(), rig.connection.snapshot().reason, rig.connection.snapshot().leaseUntil]).toEqual([
      "disconnected",
      "leaseExpired",
      null,
    ]);
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.4] leaseSlackMs 0 gives the documented 30 s to the millisecond", () => {
    const rig = manualRig({ policy: { leaseSlackMs: 0 } });
    rig.lifecycle.emit("background");
    rig.clock.advance(29_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B4.4] ping() renews it to 30 s from the call, whatever the pong, until the very end", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.advance(34_999);
    const ping = rig.watch(rig.connection.ping());
    const until = rig.clock.wall() + 30_000;
    expect(rig.connection.snapshot().leaseUntil).toBe(until);
    rig.clock.advance(700);
    rig.protocol.last.host.probeAck();
    await rig.settle();
    expect(ping.value).toEqual({ rttMs: 700, leaseUntil: until });
    rig.clock.advance(34_299);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
    const late = rig.watch(rig.connection.ping());
    await rig.settle();
    expect(late.code, "and no later").toBe("ERR_WEBSOCKET_ERROR");
  });

  test("[B4.4] a timer of every 30 s keeps it alive", () => {
    const rig = manualRig();
    rig.answerProbes(100);
    rig.lifecycle.emit("background");
    for (let n = 0; n < 120; n += 1) {
      // A timer is as late as it likes, within the slack.
      rig.clock.advance(30_000 + (n % 5) * 1_000);
      expect(rig.status()).toBe("connected");
      rig.watch(rig.connection.ping());
    }
  });

  test("[B4.4] judged by the greater of monotonic and wall time: asleep, awake, and with the wall set back", () => {
    const slept = manualRig();
    slept.lifecycle.emit("background");
    slept.clock.sleep(35_000, "stopped");
    slept.lifecycle.emit("thawed");
    expect([slept.status(), slept.connection.snapshot().reason]).toEqual(["disconnected", "leaseExpired"]);

    const late = manualRig();
    late.lifecycle.emit("background");
    late.clock.sleep(35_000, "late");
    expect(late.connection.snapshot().reason).toBe("leaseExpired");

    const back = manualRig();
    back.lifecycle.emit("background");
    back.clock.setWall(wallStart - 3_600_000);
    back.clock.advance(34_999);
    expect(back.status()).toBe("connected");
    back.clock.advance(1);
    expect(back.status()).toBe("disconnected");

    const half = manualRig();
    half.lifecycle.emit("background");
    half.clock.sleep(20_000, "stopped");
    half.clock.advance(14_999);
    half.lifecycle.emit("thawed");
    expect(half.status(), "20 s asleep and 15 s awake are 35 s").toBe("connected");
    half.clock.sleep(1, "stopped");
    half.lifecycle.emit("frozen");
    expect(half.status()).toBe("disconnected");
  });

  test("[B4.4] a sleep within it brings its end forward, to the millisecond: no later event is needed", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.sleep(20_000, "stopped");
    rig.lifecycle.emit("frozen");
    rig.clock.advance(14_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect([rig.status(), rig.connection.snapshot().reason]).toEqual(["disconnected", "leaseExpired"]);
  });

  test("[B4.4] connect() in the background starts a fresh one, after the end and before it", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.advance(60_000);
    const call = rig.watch(rig.connection.connect());
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.linkUp({ heartbeatMs: null });
    await rig.settle();
    expect(call.state).toBe("resolved");
    rig.clock.advance(20_000);
    rig.watch(rig.connection.connect());
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.clock.advance(34_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B4.4] attempts in the background end with the lease, and the promise with them", async () => {
    const rig = idleRig();
    rig.lifecycle.emit("background");
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    let last = 0;
    for (let n = 0; n < 120; n += 1) {
      rig.clock.advance(1_000);
      await rig.settle();
      if (rig.links.live.length > 0) {
        last = rig.clock.now();
        rig.links.last.refuse();
      }
    }
    expect(last).toBeLessThanOrEqual(35_000);
    expect([rig.phase(), call.state]).toEqual(["idle", "rejected"]);
  });

  test("[B4.4] keep lifts it: linked for hours, no leaseUntil", () => {
    const rig = manualRig({ policy: { background: "keep" } });
    rig.answerProbes(10);
    rig.lifecycle.emit("background");
    expect(rig.connection.snapshot().leaseUntil).toBeNull();
    rig.clock.advance(6 * 3_600_000);
    expect([rig.status(), rig.dials]).toEqual(["connected", 1]);
  });

  test("[B4.4] the foreground ends it; the next background begins anew", () => {
    const rig = manualRig();
    rig.answerProbes(10);
    rig.lifecycle.emit("background");
    rig.clock.advance(34_000);
    rig.lifecycle.emit("foreground");
    expect(rig.connection.snapshot().leaseUntil).toBeNull();
    rig.clock.advance(600_000);
    expect(rig.status()).toBe("connected");
    rig.lifecycle.emit("background");
    rig.lifecycle.emit("background");
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.clock.advance(34_999);
    expect(rig.status()).toBe("connected");
  });
});
