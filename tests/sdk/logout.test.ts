/** `logout()`: everything here and at once, whatever the server and the storage do. */
import { describe, expect, it } from "vitest";
import { app, createRig } from "./rig.js";

describe("logout", () => {
  it("[B2.5] closes the link, purges, tells onDisconnected, then logoutSuccess, then resolves", async () => {
    const rig = createRig();
    await rig.linked();
    const { client, clock, links, stored, log } = rig;
    void client.logout().then((result) => log.push(`resolved ${JSON.stringify(result)}`));
    expect(links.live.length).toBe(0);
    await clock.advanceAsync(0);
    expect(log.filter((line) => !/floor|position/.test(line))).toEqual([
      "disconnected",
      `saved cc:${app}:logout`,
      `removed cc:${app}:session`,
      "auth revoke ann-1",
      "logoutSuccess",
      'resolved {"revoked":true}',
    ]);
    expect([stored("session"), client.getLoggedInUser(), client.snapshot().user]).toEqual([undefined, null, null]);
    await clock.advanceAsync(3_600_000);
    expect([links.all.length, clock.pending]).toEqual([1, 0]);
  });

  it("[B2.5] tells no onDisconnected when it was so already", async () => {
    const rig = createRig();
    await rig.linked();
    await rig.client.disconnect();
    rig.log.length = 0;
    await rig.client.logout();
    expect(rig.log).not.toContain("disconnected");
    expect(rig.log).toContain("logoutSuccess");
  });

  it("[B2.5] rejects what is pending with ERR_LOGGED_OUT: connect, checkNow, send", async () => {
    const rig = createRig({ answers: false });
    const { client, clock, watch } = rig;
    await client.init(app, { autoEstablishSocketConnection: false });
    await client.login("ann", "key");
    const pending = [watch(client.connect()), watch(client.checkNow()), watch(client.send("hello"))];
    await clock.advanceAsync(100);
    await client.logout();
    await clock.advanceAsync(0);
    expect(pending.map(({ state }) => state)).toEqual(["rejected", "rejected", "rejected"]);
    expect([pending[0]?.code, pending[1]?.code, rig.last.ended]).toEqual([
      "ERR_LOGGED_OUT",
      "ERR_LOGGED_OUT",
      "ERR_LOGGED_OUT",
    ]);
    for (const call of [client.connect(), client.send("x")])
      await expect(call).rejects.toMatchObject({ code: "ERR_NOT_LOGGED_IN" });
  });

  it("[B2.5] a server that cannot be told within 3 s: { revoked: false, error }, and logged out all the same", async () => {
    const rig = createRig();
    await rig.linked();
    rig.auth.revoke.answer = undefined;
    const result = rig.watch(rig.client.logout());
    expect(rig.client.getLoggedInUser()).toBeNull();
    await rig.clock.advanceAsync(2_999);
    expect([result.state, rig.stored("session")]).toEqual(["pending", undefined]);
    await rig.clock.advanceAsync(1);
    expect(result.value).toMatchObject({ revoked: false, error: { name: "ConnectionError" } });
    expect(rig.log).toContain("logoutSuccess");
    expect(rig.auth.revoke.calls[0]?.args[1].aborted).toBe(true);
    rig.auth.revoke.calls[0]?.reject(new Error("late"));
    await rig.clock.advanceAsync(1_000);
  });

  it("[B2.5][B2.9] the server is told when storage is purged, so that other tabs do not learn it from a refusal; slow storage is not waited for", async () => {
    const rig = createRig();
    await rig.linked();
    rig.storage.slowMs = 60_000;
    const result = rig.watch(rig.client.logout());
    await rig.clock.advanceAsync(249);
    expect(rig.auth.revoke.calls.length).toBe(0);
    await rig.clock.advanceAsync(1);
    expect(rig.auth.revoke.calls.length).toBe(1);
    await rig.clock.advanceAsync(600_000);
    expect([result.value, rig.stored("session"), rig.clock.pending]).toEqual([{ revoked: true }, undefined, 0]);
  });

  it("[B2.5] a server that refuses, or an AuthApi that throws: the same", async () => {
    for (const broken of [new Error("500"), undefined]) {
      const rig = createRig();
      await rig.linked();
      rig.auth.revoke.answer = () => {
        throw broken;
      };
      const result = await rig.client.logout();
      expect(result).toMatchObject({ revoked: false, error: { name: "ConnectionError", phase: "auth" } });
      expect(rig.log).toContain("logoutSuccess");
    }
  });

  it("[B2.5] storage that cannot be purged: logoutFailure, resolved, and nobody is logged in", async () => {
    const rig = createRig();
    await rig.linked();
    rig.storage.fail = { remove: new Error("broken") };
    const result = await rig.client.logout();
    expect(result.revoked).toBe(true);
    expect(rig.log).toContain("logoutFailure ERR_STORAGE");
    expect(rig.log).not.toContain("logoutSuccess");
    expect(rig.client.getLoggedInUser()).toBeNull();
  });

  it("[B2.5] a server that cannot be told is no logoutFailure", async () => {
    const rig = createRig();
    await rig.linked();
    rig.auth.revoke.answer = () => {
      throw new Error("down");
    };
    await rig.client.logout();
    expect(rig.log.filter((line) => line.startsWith("logoutFailure"))).toEqual([]);
  });

  it("[B2.5] a logout during login wins, at every stage of it", async () => {
    const stages = ["authenticating", "authenticated", "saving", "saved"] as const;
    for (const stage of stages) {
      const rig = createRig();
      const { client, clock, auth, storage, watch } = rig;
      await client.init(app);
      if (stage === "authenticating") auth.login.answer = undefined;
      if (stage === "saving" || stage === "saved") storage.slowMs = 50;
      const login = watch(client.login("ann", "key"));
      // Between the stages lie turns, not times: a microtask or two for `authenticated`, the end of the write for `saved`.
      if (stage === "authenticating") await clock.advanceAsync(0);
      if (stage === "authenticated") await Promise.resolve();
      if (stage === "saving") await clock.advanceAsync(20);
      if (stage === "saved") {
        await clock.advanceAsync(49);
        clock.advance(1);
      }
      const out = watch(client.logout());
      // Whatever it waits for, the login is over now.
      await clock.advanceAsync(1);
      expect([stage, login.state]).toEqual([stage, "rejected"]);
      await clock.advanceAsync(60_000);
      expect([stage, login.state, login.code]).toEqual([stage, "rejected", "ERR_LOGGED_OUT"]);
      expect([out.state, client.getLoggedInUser(), rig.stored("session")]).toEqual(["resolved", null, undefined]);
      expect([stage, rig.links.all.length]).toEqual([stage, 0]);
      expect(rig.log.filter((line) => line.startsWith("loginSuccess"))).toEqual([]);
      if (stage === "authenticating") expect(auth.login.calls[0]?.args[2].aborted).toBe(true);
    }
  });

  it("[B2.5] a logout in the same tick as a login: nothing is authenticated, the login is rejected", async () => {
    const { client, clock, auth, watch, getToken } = createRig();
    await client.init(app);
    const logins = [watch(client.login("ann", "key"))];
    void client.logout();
    logins.push(watch(client.login({ uid: "ann", getToken })));
    void client.logout();
    await clock.advanceAsync(60_000);
    expect(logins.map(({ code }) => code)).toEqual(["ERR_LOGGED_OUT", "ERR_LOGGED_OUT"]);
    expect([auth.login.calls.length, getToken.calls.length]).toEqual([0, 0]);
  });

  it("[B2.5] a logged-in user's login and logout in one tick: logged out", async () => {
    const rig = createRig();
    await rig.linked();
    rig.auth.login.answer = undefined;
    const login = rig.watch(rig.client.login("ann", "key"));
    void rig.client.logout();
    await rig.clock.advanceAsync(60_000);
    expect([login.code, rig.client.getLoggedInUser(), rig.links.all.length]).toEqual(["ERR_LOGGED_OUT", null, 1]);
  });

  it("[B2.5][B2.4] logout() and login() of another in one tick: what is told of the one never comes after the other's", async () => {
    const rig = createRig();
    await rig.linked();
    const { client, clock, log, watch } = rig;
    rig.auth.revoke.answer = undefined;
    const out = watch(client.logout());
    const login = watch(client.login("bob", "key"));
    const users: unknown[] = [];
    client.on("user", (user) => void users.push(user?.uid ?? null));
    await clock.advanceAsync(10_000);
    expect([out.state, login.state]).toEqual(["resolved", "resolved"]);
    expect(log.indexOf("logoutSuccess")).toBeGreaterThan(-1);
    expect(log.indexOf("logoutSuccess")).toBeLessThan(log.indexOf("loginSuccess bob"));
    expect(users).toEqual([null, "bob"]);
    expect(rig.stored("session")).toMatchObject({ user: { uid: "bob" } });
    expect([rig.hellos.at(-1), client.getConnectionStatus()]).toEqual(["bob-2", "connected"]);
  });

  it("[B2.5] two logouts at once are one", async () => {
    const rig = createRig();
    await rig.linked();
    const [one, two] = await Promise.all([rig.client.logout(), rig.client.logout()]);
    expect(one).toEqual(two);
    expect(rig.log.filter((line) => line === "logoutSuccess")).toEqual(["logoutSuccess"]);
    expect(rig.auth.revoke.calls.length).toBe(1);
  });

  it("[B2.5] logout() works from inside a listener, and the session after it is a new one", async () => {
    const rig = createRig();
    await rig.client.init(app);
    const off = rig.client.on("status", ({ current }) => {
      if (current === "connected") void rig.client.logout();
    });
    await rig.client.login("ann", "key");
    await rig.clock.advanceAsync(10_000);
    expect([rig.client.getLoggedInUser(), rig.client.getConnectionStatus()]).toEqual([null, "disconnected"]);
    off();
    await rig.client.login("ann", "key");
    await rig.clock.advanceAsync(1_000);
    expect([rig.played.length, rig.client.getConnectionStatus()]).toEqual([2, "connected"]);
  });
});
