import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig } from "./rig.js";

const hour = 3_600_000;

describe("a rejected token", () => {
  const reject = { code: "ERR_AUTH_REJECTED", message: "no", retry: "reauth", minDelayMs: 0, spreadMs: 0 } as const;

  function rejecting(): Rig {
    const rig = createRig();
    rig.start({ renewable: true });
    rig.dialled().open();
    return rig;
  }

  test("[R17] [B2.7] one forced refresh, at once and exempt from the 30 s, and the new token is sent", async () => {
    for (const refuse of [
      (rig: Rig) => rig.protocol.last.host.reject(reject),
      (rig: Rig) => rig.links.last.close({ code: 4401 }),
      (rig: Rig) => rig.links.last.close({ httpStatus: 401 }),
    ]) {
      const rig = rejecting();
      refuse(rig);
      await rig.clock.advanceAsync(100);
      expect(rig.getToken.calls.map(({ args }) => args[0])).toEqual(["rejected"]);
      rig.links.last.open();
      expect(rig.protocol.last.token).toBe("T1");
      rig.protocol.last.welcome();
      expect(rig.status()).toBe("connected");
    }
  });

  test("[R17] [B2.7] a second in a row ends in failed with ERR_AUTH_REJECTED, the session kept, no more attempts", async () => {
    const rig = rejecting();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(100);
    rig.links.last.open();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(24 * hour);
    rig.lifecycle.emit("online");
    rig.lifecycle.emit("background");
    rig.lifecycle.emit("foreground");
    await rig.clock.advanceAsync(hour);
    expect([rig.phase(), rig.dials, rig.getToken.calls.length]).toEqual(["failed", 2, 1]);
    expect(rig.connection.snapshot()).toMatchObject({ user: "ann", reason: "failed" });
    expect(rig.connection.snapshot().error).toMatchObject({ code: "ERR_AUTH_REJECTED", retryable: false });
  });

  test("[B2.7] a network failure between the two does not make the second the first again", async () => {
    const rig = rejecting();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(100);
    rig.links.last.refuse();
    await rig.clock.advanceAsync(10_000);
    rig.links.last.open();
    rig.protocol.last.host.reject(reject);
    expect(rig.phase()).toBe("failed");
  });

  test("[B2.7] rejections are forgotten after 5 s linked, not sooner", async () => {
    for (const [ms, phase] of [
      [4_999, "failed"],
      [5_000, "waiting"],
    ] as const) {
      const rig = rejecting();
      rig.protocol.last.host.reject(reject);
      await rig.clock.advanceAsync(100);
      rig.welcome({ heartbeatMs: null });
      await rig.clock.advanceAsync(ms);
      rig.protocol.last.host.reject(reject);
      expect([ms, rig.phase()]).toEqual([ms, phase]);
    }
  });

  test("[B2.7] it is burnt: never sent again, however often it is offered, by whatever path", async () => {
    const rig = rejecting();
    const sent: (string | null | undefined)[] = [];
    const note = (): void => {
      rig.links.last.open();
      sent.push(rig.protocol.last.token);
    };
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(100);
    note();
    rig.protocol.last.host.reject(reject);
    expect([rig.phase(), sent]).toEqual(["failed", ["T1"]]);
    for (const old of ["T0", "T1"]) {
      rig.getToken.answer = () => ({ token: old, lifeMs: null });
      const call = rig.watch(rig.connection.connect());
      await rig.clock.advanceAsync(60_000);
      expect([old, call.code, rig.dials, rig.phase()]).toEqual([old, "ERR_AUTH_REJECTED", 2, "failed"]);
    }
  });

  test("[B2.7] [R13] connect() then tries again with a new token, and works", async () => {
    const rig = rejecting();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(100);
    rig.links.last.open();
    rig.protocol.last.host.reject(reject);
    const call = rig.watch(rig.connection.connect());
    await rig.clock.advanceAsync(100);
    rig.links.last.open();
    expect(rig.protocol.last.token).toBe("T2");
    rig.protocol.last.welcome();
    await rig.settle();
    expect([call.state, rig.status()]).toEqual(["resolved", "connected"]);
  });

  test("[B2.7] [R13] failed outlives background, lease and disconnect(), and connect() after them has its whole allowance again", async () => {
    const rig = createRig();
    rig.manual({ renewable: true });
    rig.watch(rig.connection.connect());
    rig.dialled().open();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(100);
    rig.links.last.open();
    rig.protocol.last.host.reject(reject);
    rig.lifecycle.emit("background");
    await rig.clock.advanceAsync(60_000);
    void rig.connection.disconnect();
    rig.lifecycle.emit("foreground");
    await rig.clock.advanceAsync(60_000);
    expect([rig.phase(), rig.dials, rig.connection.snapshot().leaseUntil]).toEqual(["failed", 2, null]);
    const call = rig.watch(rig.connection.connect());
    await rig.clock.advanceAsync(100);
    rig.links.last.open();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(100);
    expect(rig.dials, "one rejection is one forced refresh again").toBe(4);
    rig.welcome();
    await rig.settle();
    expect(call.state).toBe("resolved");
  });

  test("[B2.7] a token that nobody can renew ends at its first rejection, and connect() does not send it again", async () => {
    const rig = createRig();
    rig.start();
    rig.dialled().open();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(60_000);
    expect([rig.phase(), rig.dials]).toEqual(["failed", 1]);
    const call = rig.watch(rig.connection.connect());
    await rig.clock.advanceAsync(60_000);
    expect([call.code, rig.dials]).toEqual(["ERR_AUTH_REJECTED", 1]);
  });

  test("[B2.7] a renewal that brings the burnt token back costs nobody a living link", async () => {
    const rig = rejecting();
    rig.protocol.last.host.reject(reject);
    await rig.clock.advanceAsync(100);
    rig.welcome({ heartbeatMs: null, tokenLifeMs: 100_000 });
    rig.getToken.answer = () => ({ token: "T0", lifeMs: null });
    await rig.clock.advanceAsync(99_000);
    expect([rig.status(), rig.dials]).toEqual(["connected", 2]);
    expect(rig.protocol.last.acts).not.toContain("renew T0");
  });

  test("[B4.1] [R19] a renewal that is under way when disconnect() comes changes nothing afterwards", async () => {
    const rig = linkedRig({ renewable: true, welcome: { tokenLifeMs: 100_000 } });
    rig.getToken.answer = undefined;
    rig.clock.advance(80_000);
    expect(rig.getToken.pending).toHaveLength(1);
    void rig.connection.disconnect();
    rig.log.length = 0;
    rig.getToken.pending[0]?.reject(Object.assign(new Error("gone"), { terminal: true }));
    await rig.settle();
    await rig.clock.advanceAsync(hour);
    expect([rig.phase(), rig.log, rig.dials, rig.links.live.length]).toEqual(["idle", [], 1, 0]);
  });
});
