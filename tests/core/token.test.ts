import type { Policy } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, type Rig, type StartOptions } from "./rig.js";

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
    expect(rig.connection.state().session).toMatchObject({ token: { lifeMs: 0 } });
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
