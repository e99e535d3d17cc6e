/** Tokens through the client: 2.6 and 2.7 with the app's own getToken, and with what uid + authKey gave. */
import type { TokenAnswer } from "@cc/sdk/portable";
import { describe, expect, it } from "vitest";
import { app, byProvider, createRig, type Rig, reasons } from "./rig.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const jwt = (iat: number, exp: number): string =>
  `${btoa("{}")}.${btoa(JSON.stringify({ iat, exp, name: "Ann?>" }))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "")}.sig`;

describe("getToken", () => {
  it("[B2.6][R16] on every dialling path a stale token is replaced first, and only the new one is sent", async () => {
    const paths: readonly ((rig: Rig) => unknown)[] = [
      (rig) => rig.links.last.close(),
      (rig) => void rig.client.reconnect().catch(() => {}),
      (rig) => {
        rig.lifecycle.emit("background");
        rig.lifecycle.emit("foreground");
      },
      async (rig) => {
        await rig.client.disconnect();
        rig.client.connect().catch(() => {});
      },
      (rig) => {
        rig.lifecycle.emit("pageHidden");
        rig.lifecycle.emit({ type: "pageShown", persisted: true });
      },
    ];
    for (const path of paths) {
      const rig = await byProvider(10 * MINUTE);
      // Renewals in band come to nothing from here on, so that the token is stale when the path is taken.
      rig.getToken.answer = () => {
        throw new Error("down");
      };
      await rig.clock.advanceAsync(10 * MINUTE);
      rig.getToken.answer = () => "fresh";
      const sent = rig.hellos.length;
      await path(rig);
      await rig.clock.advanceAsync(MINUTE);
      expect(rig.hellos.slice(sent)).toEqual(["fresh"]);
    }
  });

  it("[B2.6][R16] in manual mode connect() with a stale token asks first", async () => {
    const rig = createRig();
    rig.getToken.answer = () => ({ token: "old", expiresInMs: MINUTE });
    await rig.client.init(app, { autoEstablishSocketConnection: false });
    await rig.client.login({ uid: "ann", getToken: rig.getToken });
    await rig.clock.advanceAsync(HOUR);
    rig.getToken.answer = () => "fresh";
    const connected = rig.watch(rig.client.connect());
    await rig.clock.advanceAsync(1_000);
    expect([connected.state, rig.hellos]).toEqual(["resolved", ["fresh"]]);
  });

  it("[B2.6] is single-flight, however many paths want it", async () => {
    const rig = await byProvider(10 * MINUTE);
    rig.getToken.answer = undefined;
    await rig.clock.advanceAsync(9 * MINUTE);
    expect(rig.getToken.pending.length).toBe(1);
    rig.links.last.close();
    rig.lifecycle.emit("online");
    rig.lifecycle.emit("foreground");
    for (const call of [rig.client.connect(), rig.client.checkNow(), rig.client.reconnect()]) call.catch(() => {});
    await rig.clock.advanceAsync(5_000);
    expect(rig.getToken.pending.length).toBe(1);
  });

  it("[B2.6] before expiry it is renewed in band, without another link, and what is acknowledged is saved", async () => {
    const rig = await byProvider(10 * MINUTE);
    await rig.clock.advanceAsync(9 * MINUTE + 10_000);
    expect(reasons(rig)).toEqual(["login", "expiring"]);
    const { acts, host } = rig.last.protocol.last;
    expect(acts.filter((act) => act.startsWith("renew"))).toEqual(["renew T2"]);
    host.tokenOk(10 * MINUTE);
    await rig.clock.advanceAsync(5 * MINUTE);
    expect(reasons(rig).length).toBe(2);
    expect([rig.links.all.length, rig.client.getConnectionStatus()]).toEqual([1, "connected"]);
    expect(rig.stored("session")).toMatchObject({ token: "T2" });
  });

  it("[B2.6] the server's own notice renews too", async () => {
    const rig = await byProvider(null);
    await rig.clock.advanceAsync(MINUTE);
    rig.last.protocol.last.host.expiring(30_000);
    await rig.clock.advanceAsync(1_000);
    expect(rig.last.protocol.last.acts).toContain("renew T2");
  });

  it("[B2.6][R18] refreshes are at least 30 s apart with tokens of 3 s, and with clocks that jump by an hour", async () => {
    for (const jump of [0, HOUR, -HOUR]) {
      const rig = await byProvider(jump === 0 ? 3_000 : 10 * MINUTE);
      for (let second = 0; second < 600; second += 1) {
        if (jump !== 0 && second % 7 === 0) rig.clock.setWall(rig.clock.wall() + jump);
        await rig.clock.advanceAsync(1_000);
      }
      const gaps = rig.at.slice(1).map((t, n) => t - (rig.at[n] ?? 0));
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30_000);
      expect(rig.links.all.length).toBe(1);
    }
  });

  it("[B2.6][R18] a JWT's life is exp − iat, whatever the hour of this clock", async () => {
    for (const skew of [HOUR, -HOUR]) {
      const rig = createRig();
      const now = (rig.clock.wall() + skew) / 1_000;
      rig.getToken.answer = () => jwt(now, now + 600);
      await rig.client.init(app);
      await rig.client.login({ uid: "ann", getToken: rig.getToken });
      await rig.clock.advanceAsync(8 * MINUTE);
      expect(reasons(rig)).toEqual(["login"]);
      await rig.clock.advanceAsync(90_000);
      expect(reasons(rig)).toEqual(["login", "expiring"]);
    }
  });

  it("[B2.6][R18] a token of 60 days: no timer above 2^31−1 ms, no early refresh, one in time", async () => {
    const rig = await byProvider(60 * DAY);
    await rig.clock.advanceAsync(59 * DAY);
    expect(reasons(rig)).toEqual(["login"]);
    await rig.clock.advanceAsync(DAY);
    expect(reasons(rig)).toEqual(["login", "expiring"]);
  });

  it("[B2.6] a life that is no number is not believed: no spin, no refresh", async () => {
    for (const expiresInMs of [Number.NaN, Number.POSITIVE_INFINITY, "600" as unknown as number]) {
      const rig = createRig();
      rig.getToken.answer = () => ({ token: "T1", expiresInMs });
      await rig.client.init(app);
      await rig.client.login({ uid: "ann", getToken: rig.getToken });
      await rig.clock.advanceAsync(HOUR);
      expect([reasons(rig), rig.client.getConnectionStatus()]).toEqual([["login"], "connected"]);
    }
  });

  it("[B2.6] one that throws, or answers rubbish, is tried again with backoff; one that says terminal is not", async () => {
    const rig = await byProvider(10 * MINUTE);
    const answers: (() => TokenAnswer)[] = [
      () => {
        throw new Error("down");
      },
      () => undefined as unknown as string,
      () => ({ token: "" }),
    ];
    let n = 0;
    const tries: number[] = [];
    rig.getToken.answer = () => {
      tries.push(rig.clock.now());
      const answer = answers[n++ % answers.length];
      return answer?.() ?? (undefined as unknown as string);
    };
    await rig.clock.advanceAsync(10 * MINUTE);
    rig.links.last.close();
    tries.length = 0;
    await rig.clock.advanceAsync(2 * MINUTE);
    expect(tries.length).toBeGreaterThan(5);
    expect(tries.length).toBeLessThan(60);
    expect(rig.errors.at(-1)).toMatchObject({ code: "ERR_TOKEN_PROVIDER", phase: "token", retryable: true });
    rig.getToken.answer = () => {
      throw Object.assign(new Error("banned"), { terminal: true });
    };
    await rig.clock.advanceAsync(MINUTE);
    const asked = rig.getToken.calls.length;
    await rig.clock.advanceAsync(HOUR);
    expect(rig.getToken.calls.length).toBe(asked);
    expect(rig.client.snapshot()).toMatchObject({ phase: "failed", error: { code: "ERR_TOKEN_PROVIDER" } });
    expect(rig.client.getLoggedInUser()?.uid).toBe("ann");
  });

  it("[B2.6] a restored session uses the getToken of the options until a login names one", async () => {
    const first = await byProvider(MINUTE);
    await first.client.dispose();
    const rig = createRig({ shared: first.storage, tab: first.tab, getToken: () => "from options" });
    rig.clock.setWall(first.clock.wall() + HOUR);
    await rig.client.init(app);
    await rig.clock.advanceAsync(1_000);
    expect(rig.hellos).toEqual(["from options"]);
  });
});

describe("a token from uid + authKey", () => {
  it("[B2.6] renews itself with the still valid one, and the renewed one renews the next time", async () => {
    const rig = createRig();
    rig.auth.login.answer = () => ({ user: { uid: "ann" }, token: "ann-a", expiresInMs: 10 * MINUTE });
    const next = ["ann-b", "ann-c"];
    rig.auth.refresh.answer = () => ({ user: { uid: "ann" }, token: next.shift() ?? "none", expiresInMs: 10 * MINUTE });
    await rig.client.init(app);
    await rig.client.login("ann", "key");
    await rig.clock.advanceAsync(20 * MINUTE);
    expect(rig.auth.refresh.calls.map(({ args }) => args[0])).toEqual(["ann-a", "ann-b"]);
    expect(rig.last.protocol.last.acts.filter((act) => act.startsWith("renew"))).toEqual([
      "renew ann-b",
      "renew ann-c",
    ]);
    expect([rig.links.all.length, rig.stored("session")?.["token"]]).toEqual([1, "ann-c"]);
  });

  it("[B2.6] a restored one goes on renewing itself", async () => {
    const first = createRig();
    first.auth.login.answer = () => ({ user: { uid: "ann" }, token: "ann-a", expiresInMs: 10 * MINUTE });
    await first.linked();
    await first.client.dispose();
    const rig = createRig({ shared: first.storage, tab: first.tab });
    rig.auth.refresh.answer = () => ({ user: { uid: "ann" }, token: "ann-b", expiresInMs: 10 * MINUTE });
    await rig.client.init(app);
    await rig.clock.advanceAsync(12 * MINUTE);
    expect(rig.auth.refresh.calls[0]?.args[0]).toBe("ann-a");
    expect(rig.hellos).toEqual(["ann-a"]);
  });

  it("[B2.6] login(authToken) has nothing to renew with: no request, and the token is tried to its end", async () => {
    const rig = createRig();
    rig.auth.me.answer = (token) => ({ user: { uid: "ann" }, token, expiresInMs: MINUTE });
    await rig.client.init(app);
    await rig.client.login("static");
    await rig.clock.advanceAsync(10 * MINUTE);
    expect([rig.auth.refresh.calls.length, rig.client.getConnectionStatus()]).toEqual([0, "connected"]);
    expect(rig.errors).toEqual([]);
    rig.links.last.close({ code: 4401 });
    await rig.clock.advanceAsync(1_000);
    expect(rig.client.snapshot()).toMatchObject({ phase: "failed", error: { code: "ERR_AUTH_REJECTED" } });
  });
});
