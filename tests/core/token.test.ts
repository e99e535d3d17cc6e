import type { Policy } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig, type StartOptions } from "./rig.js";

const hour = 3_600_000;

/** Linked with a token of the given life, tokens by hand from then on. */
function renewing(options: StartOptions & { readonly tokenLifeMs?: number | null }, policy: Partial<Policy> = {}): Rig {
  const rig = createRig({ policy });
  rig.start({ renewable: true, ...options });
  rig.linkUp({ heartbeatMs: null, tokenLifeMs: options.tokenLifeMs ?? null });
  return rig;
}

describe("tokens", () => {
  test("[R16] [B2.6] an expired token is replaced before any path dials, and only the new one is sent", async () => {
    const paths: Readonly<Record<string, (rig: Rig) => void>> = {
      timer: (rig) => rig.clock.advance(300_000),
      wake: (rig) => rig.lifecycle.emit("thawed"),
      online: (rig) => rig.lifecycle.emit("online"),
      foreground: (rig) => {
        rig.lifecycle.emit("background");
        rig.lifecycle.emit("foreground");
      },
      pageShown: (rig) => {
        rig.lifecycle.emit("pageHidden");
        rig.lifecycle.emit({ type: "pageShown", persisted: true });
      },
      connect: (rig) => void rig.watch(rig.connection.connect()),
      "disconnect and connect": (rig) => {
        void rig.connection.disconnect();
        rig.watch(rig.connection.connect());
      },
      checkNow: (rig) => void rig.watch(rig.connection.checkNow()),
      reconnect: (rig) => void rig.watch(rig.connection.reconnect()),
    };
    for (const [name, act] of Object.entries(paths)) {
      // A retry far away, so that nothing but the path itself dials.
      const rig = renewing({ tokenLifeMs: 120_000 }, { shouldRetry: () => ({ action: "retry", delayMs: 600_000 }) });
      rig.getToken.answer = undefined;
      expect(rig.protocol.last.token).toBe("T0");
      rig.lose();
      rig.clock.advance(300_000);
      expect([rig.dials, rig.getToken.calls.length], name).toEqual([1, 0]);
      act(rig);
      rig.clock.advance(300);
      expect([rig.dials, rig.phase(), rig.getToken.pending.length], name).toEqual([1, "token", 1]);
      rig.getToken.pending[0]?.resolve({ token: "new", lifeMs: 600_000 });
      await rig.settle();
      rig.dialled(300).open();
      expect([rig.protocol.last.token, rig.dials], name).toEqual(["new", 2]);
    }
  });

  test("[B2.6] getToken is single-flight, whatever asks meanwhile", async () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ token: null, renewable: true });
    rig.clock.advance(0);
    rig.watch(rig.connection.connect());
    rig.watch(rig.connection.checkNow());
    rig.lifecycle.emit("online");
    rig.clock.advance(1_000);
    expect(rig.getToken.calls).toHaveLength(1);
  });

  test("[B2.6] renewed in band before it ends, without a new link", async () => {
    const rig = renewing({ tokenLifeMs: 600_000 });
    await rig.clock.advanceAsync(600_000);
    const renewals = rig.protocol.last.acts.filter((act) => act.startsWith("renew "));
    expect(renewals).toEqual(["renew T1"]);
    expect([rig.dials, rig.status(), rig.getToken.calls[0]?.args]).toEqual([1, "connected", ["expiring"]]);
  });

  test("[B2.6] the server's word that it is about to end is enough", async () => {
    const rig = renewing({});
    await rig.clock.advanceAsync(60_000);
    rig.protocol.last.host.expiring(20_000);
    await rig.clock.advanceAsync(19_000);
    expect(rig.protocol.last.acts).toContain("renew T1");
  });

  test("[R18] [B2.6] scheduled refreshes are at least 30 s apart, with a clock that is an hour wrong, either way, or jumps", async () => {
    for (const skew of [hour, -hour]) {
      const rig = renewing({ tokenLifeMs: 600_000 });
      const asked: number[] = [];
      rig.getToken.answer = () => {
        asked.push(rig.clock.now());
        // By a clock an hour wrong this token is over before it begins, or lives an hour too long.
        return { token: `T${asked.length}`, lifeMs: Math.max(0, 600_000 - skew) };
      };
      await rig.clock.advanceAsync(hour);
      for (let n = 1; n < asked.length; n += 1)
        expect((asked[n] ?? 0) - (asked[n - 1] ?? 0)).toBeGreaterThanOrEqual(30_000);
      expect(asked.length).toBeGreaterThan(0);
    }

    const jumping = renewing({ tokenLifeMs: 600_000 });
    const asked: number[] = [];
    jumping.getToken.answer = () => {
      asked.push(jumping.clock.now());
      return { token: `J${asked.length}`, lifeMs: 600_000 };
    };
    for (let n = 0; n < 20; n += 1) {
      await jumping.clock.advanceAsync(5_000);
      jumping.clock.setWall(jumping.clock.wall() + hour);
      jumping.lifecycle.emit("frozen");
      await jumping.settle();
    }
    for (let n = 1; n < asked.length; n += 1)
      expect((asked[n] ?? 0) - (asked[n - 1] ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect(asked.length).toBeGreaterThan(1);
  });

  test("[R18] [B2.6] a life of 60 days sets no timer beyond 2^31−1 ms, and asks for nothing before its time", async () => {
    const rig = renewing({ tokenLifeMs: 60 * 24 * hour });
    const longest = (): number => (rig.clock.next ?? 0) - rig.clock.now();
    expect(longest()).toBeLessThanOrEqual(2 ** 31 - 1);
    await rig.clock.advanceAsync(25 * 24 * hour);
    expect([rig.getToken.calls.length, rig.status()]).toEqual([0, "connected"]);
    expect(longest()).toBeLessThanOrEqual(2 ** 31 - 1);
    await rig.clock.advanceAsync(35 * 24 * hour);
    expect(rig.getToken.calls.length).toBeGreaterThanOrEqual(1);
  });

  test("[B2.6] a getToken that throws is retried with backoff", async () => {
    const rig = createRig({ chance: { seed: 2 } });
    const at: number[] = [];
    rig.getToken.answer = () => {
      at.push(rig.clock.now());
      throw new Error("502 from the token service");
    };
    rig.start({ token: null, renewable: true });
    await rig.clock.advanceAsync(hour);
    expect(at.length).toBeGreaterThan(60);
    expect(at.length).toBeLessThan(400);
    expect(rig.errors[0]).toMatchObject({ code: "ERR_TOKEN_PROVIDER", retryable: true });
    expect(rig.errors[0]?.cause).toMatchObject({ message: "502 from the token service" });
    rig.getToken.answer = () => ({ token: "T", lifeMs: null });
    await rig.clock.advanceAsync(31_000);
    rig.welcome();
    expect(rig.status()).toBe("connected");
  });

  test("[B2.6] unless it throws an error marked terminal", async () => {
    const rig = createRig();
    rig.getToken.answer = () => {
      throw Object.assign(new Error("the account is gone"), { terminal: true });
    };
    rig.start({ token: null, renewable: true });
    await rig.clock.advanceAsync(hour);
    expect([rig.phase(), rig.getToken.calls.length]).toEqual(["failed", 1]);
  });

  test("[B2.6] a renewal that fails leaves the link as it is and is tried again, 30 s later at the earliest", async () => {
    const rig = renewing({ tokenLifeMs: 600_000 });
    const at: number[] = [];
    rig.getToken.answer = () => {
      at.push(rig.clock.now());
      throw new Error("down");
    };
    await rig.clock.advanceAsync(700_000);
    expect([rig.status(), rig.dials]).toEqual(["connected", 1]);
    expect(at.length).toBeGreaterThan(1);
    for (let n = 1; n < at.length; n += 1) expect((at[n] ?? 0) - (at[n - 1] ?? 0)).toBeGreaterThanOrEqual(30_000);
  });
});

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
