/** `login()`, to the letter of 2.2 and 2.3. */
import { connectionError } from "@cc/core";
import type { AuthResult, TokenAnswer } from "@cc/sdk/portable";
import { describe, expect, it, onTestFinished } from "vitest";
import { app, createRig } from "./rig.js";

describe("login", () => {
  it("[B2.2] authenticate, save, loginSuccess, resolve, dial: in this order, however slow the storage", async () => {
    for (const slowMs of [0, 40]) {
      const { client, clock, log, storage } = createRig();
      await client.init(app);
      storage.slowMs = slowMs;
      log.length = 0;
      void client.login("ann", "key").then(() => log.push("resolved"));
      await clock.advanceAsync(1_000);
      expect(log.filter((line) => !line.includes("floor")).slice(0, 7)).toEqual([
        "auth login ann",
        `saved cc:${app}:session`,
        "loginSuccess ann",
        "resolved",
        "connecting",
        "dial",
        "connected",
      ]);
    }
  });

  it("[B2.2] what is saved is the user and the token", async () => {
    const { client, stored } = createRig();
    await client.init(app);
    await client.login("ann", "key");
    expect(stored("session")).toMatchObject({ user: { uid: "ann", name: "ANN" }, token: "ann-1" });
  });

  it("[B2.2] login(authToken) asks whose token it is, and sends that token", async () => {
    const { client, clock, hellos, auth } = createRig();
    await client.init(app);
    await expect(client.login("ann-token")).resolves.toEqual({ uid: "ann" });
    await clock.advanceAsync(1_000);
    expect(auth.me.calls.map(({ args }) => args[0])).toEqual(["ann-token"]);
    expect(hellos).toEqual(["ann-token"]);
  });

  it("[B2.2] login({ uid, getToken }) gets one token, with reason login, and sends that one", async () => {
    const { client, clock, hellos, getToken } = createRig();
    await client.init(app);
    await expect(client.login({ uid: "ann", getToken })).resolves.toEqual({ uid: "ann" });
    await clock.advanceAsync(1_000);
    expect(getToken.calls.map(({ args }) => args[0].reason)).toEqual(["login"]);
    expect(hellos).toEqual(["ann-1"]);
  });

  it("[B2.2] a listener added right after `await login()` hears connecting", async () => {
    const { client, clock } = createRig();
    await client.init(app);
    await client.login("ann", "key");
    const heard: string[] = [];
    client.on("status", ({ current }) => void heard.push(current));
    await clock.advanceAsync(1_000);
    expect(heard).toEqual(["connecting", "connected"]);
  });

  it("[B2.2][B4.1] in manual mode login dials nothing", async () => {
    const { client, clock, links } = createRig();
    await client.init(app, { autoEstablishSocketConnection: false });
    await client.login("ann", "key");
    await clock.advanceAsync(3_600_000);
    expect(links.all.length).toBe(0);
  });

  it("[B2.2] login() waits for an init() that is under way, and is refused before any", async () => {
    const { client, clock, storage, watch, log } = createRig();
    await expect(client.login("ann", "key")).rejects.toMatchObject({ code: "ERR_NOT_INITIALIZED" });
    expect(log).toEqual(["loginFailure ERR_NOT_INITIALIZED"]);
    storage.slowMs = 50;
    void client.init(app);
    const login = watch(client.login("ann", "key"));
    await clock.advanceAsync(1_000);
    expect(login.state).toBe("resolved");
  });

  it("[B2.3] the same user again resolves at once: no authentication, no second link", async () => {
    const rig = createRig();
    await rig.linked();
    const { client, clock, links, auth, getToken, played } = rig;
    const answered = rig.watch(client.login("ann", "key"));
    await clock.advanceAsync(0);
    expect([answered.state, auth.login.calls.length]).toEqual(["resolved", 1]);
    await expect(client.login({ uid: "ann", getToken })).resolves.toMatchObject({ uid: "ann" });
    await clock.advanceAsync(60_000);
    expect([links.all.length, played.length, getToken.calls.length]).toEqual([1, 1, 0]);
  });

  it("[B2.3] a token that turns out to be the same user's makes no second link either", async () => {
    const rig = createRig();
    await rig.linked();
    const pending = rig.watch(rig.client.send("kept"));
    await expect(rig.client.login("ann-other")).resolves.toMatchObject({ uid: "ann" });
    await rig.clock.advanceAsync(60_000);
    expect([rig.links.all.length, rig.played.length, pending.state]).toEqual([1, 1, "pending"]);
  });

  it("[B2.3] an identical login shares the promise of the one that runs, a different one is refused", async () => {
    const rig = createRig();
    const { client, clock, auth, getToken, log, watch } = rig;
    await client.init(app);
    auth.login.answer = undefined;
    const first = client.login("ann", "key");
    expect(client.login("ann", "key")).toBe(first);
    for (const other of [
      () => client.login("ann", "other"),
      () => client.login("bob", "key"),
      () => client.login("ann"),
    ])
      await expect(other()).rejects.toMatchObject({ code: "ERR_LOGIN_IN_PROGRESS" });
    await expect(client.login({ uid: "ann", getToken })).rejects.toMatchObject({ code: "ERR_LOGIN_IN_PROGRESS" });
    auth.login.calls[0]?.resolve({ user: { uid: "ann" }, token: "t", expiresInMs: null });
    const both = [watch(first)];
    await clock.advanceAsync(0);
    expect(both[0]?.state).toBe("resolved");
    expect(log.filter((line) => line.startsWith("loginSuccess"))).toEqual(["loginSuccess ann"]);
    expect(auth.login.calls.length).toBe(1);
  });

  it("[B2.3] a failure is told, then rejects; nothing is saved, nothing dialled, and the next login works", async () => {
    const { client, clock, auth, links, log, storage, stored } = createRig();
    await client.init(app);
    const refused = Object.assign(new Error("no"), { name: "ConnectionError", code: "ERR_AUTH_REJECTED" });
    auth.login.answer = () => {
      throw refused;
    };
    const calls = storage.calls.length;
    const login = client.login("ann", "key");
    void login.catch(() => log.push("rejected"));
    await expect(login).rejects.toBe(refused);
    await clock.advanceAsync(60_000);
    expect(log).toEqual(["saved tab cc:shop:instance", "loginFailure ERR_AUTH_REJECTED", "rejected"]);
    expect([links.all.length, stored("session"), storage.calls.length]).toEqual([0, undefined, calls]);
    expect(client.getLoggedInUser()).toBeNull();
    auth.login.answer = (uid) => ({ user: { uid }, token: "t", expiresInMs: null });
    await expect(client.login("ann", "key")).resolves.toMatchObject({ uid: "ann" });
  });

  it("[B2.3][B7.1] whatever getToken throws or returns becomes one typed error, terminal where it says so", async () => {
    const { client, clock, getToken, watch } = createRig();
    await client.init(app);
    const answers: (() => TokenAnswer)[] = [
      () => {
        throw new Error("down");
      },
      () => undefined as unknown as string,
      () => "",
      () => ({ token: 7 }) as unknown as TokenAnswer,
    ];
    for (const answer of answers) {
      getToken.answer = answer;
      await expect(client.login({ uid: "ann", getToken })).rejects.toMatchObject({
        name: "ConnectionError",
        code: "ERR_TOKEN_PROVIDER",
        retryable: true,
      });
    }
    getToken.answer = () => {
      throw Object.assign(new Error("banned"), { terminal: true });
    };
    const banned = watch(client.login({ uid: "ann", getToken }));
    await clock.advanceAsync(0);
    expect(banned.error).toMatchObject({ code: "ERR_TOKEN_PROVIDER", retryable: false });
  });

  it("[B2.3] an authentication that never answers fails in the end, and is told to stop", async () => {
    const { client, clock, auth, watch } = createRig();
    await client.init(app);
    auth.login.answer = undefined;
    const login = watch(client.login("ann", "key"));
    await clock.advanceAsync(60_000);
    expect([login.state, login.code]).toEqual(["rejected", "ERR_CONNECT_TIMEOUT"]);
    expect(auth.login.calls[0]?.args[2].aborted).toBe(true);
  });

  it("[B2.3][B7.1] useless arguments are refused before anything is asked", async () => {
    const { client, auth, getToken } = createRig();
    await client.init(app);
    const wrong: readonly (() => Promise<unknown>)[] = [
      () => client.login(""),
      () => client.login("ann", ""),
      () => client.login({ uid: "", getToken }),
      () => client.login({ uid: "ann" } as unknown as { uid: string; getToken: typeof getToken }),
      () => client.login(undefined as unknown as string),
    ];
    for (const call of wrong) await expect(call()).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" });
    expect([auth.login.calls.length, auth.me.calls.length, getToken.calls.length]).toEqual([0, 0, 0]);
  });

  it("[B2.3][B2.5] another user while one is logged in: a full logout first, then the login", async () => {
    const rig = createRig();
    await rig.linked();
    void rig.client.login("bob", "key").then(() => rig.log.push("resolved"));
    await rig.clock.advanceAsync(1_000);
    const order = rig.log.filter((line) => !/floor|position/.test(line));
    expect(order.indexOf("auth revoke ann-1")).toBeGreaterThan(-1);
    expect(order.filter((line) => line !== "auth revoke ann-1")).toEqual([
      "disconnected",
      `saved cc:${app}:logout`,
      `removed cc:${app}:session`,
      "logoutSuccess",
      "auth login bob",
      `saved cc:${app}:session`,
      "loginSuccess bob",
      "resolved",
      "connecting",
      "dial",
      "connected",
    ]);
  });

  it("[B2.3] a login as another user that is refused leaves nobody logged in: the logout came first", async () => {
    for (const way of ["authKey", "getToken"] as const) {
      const rig = createRig();
      await rig.linked();
      rig.auth.login.answer = () => Promise.reject(connectionError("ERR_AUTH_REJECTED", "no", "auth"));
      rig.getToken.answer = () => Promise.reject(new Error("no"));
      const login =
        way === "authKey" ? rig.client.login("bob", "key") : rig.client.login({ uid: "bob", getToken: rig.getToken });
      await expect(login).rejects.toMatchObject({ name: "ConnectionError" });
      const told = rig.log.filter((line) => /^log/.test(line));
      expect(told).toEqual(["logoutSuccess", expect.stringMatching(/^loginFailure/)]);
      expect([rig.client.getLoggedInUser(), rig.stored("session")]).toEqual([null, undefined]);
    }
  });

  it("[B2.3] whose a token is only the server knows: refused, the old user stays; another's, a full logout before anything is saved", async () => {
    const rig = createRig();
    await rig.linked();
    rig.auth.me.answer = () => Promise.reject(connectionError("ERR_AUTH_REJECTED", "no", "auth"));
    await expect(rig.client.login("bob-9")).rejects.toMatchObject({ code: "ERR_AUTH_REJECTED" });
    expect([rig.client.getLoggedInUser()?.uid, rig.client.getConnectionStatus()]).toEqual(["ann", "connected"]);
    rig.log.length = 0;
    rig.auth.me.answer = (token) => ({ user: { uid: "bob" }, token, expiresInMs: null });
    await rig.client.login("bob-9");
    expect(rig.log.filter((line) => /^log|session|disc/.test(line))).toEqual([
      "disconnected",
      `removed cc:${app}:session`,
      "logoutSuccess",
      `saved cc:${app}:session`,
      "loginSuccess bob",
    ]);
  });

  it("[B7.1] an AuthApi of the app's own may throw anything: it becomes one typed error, the thrown its cause", async () => {
    const { client, auth } = createRig();
    await client.init(app);
    const thrown = new TypeError("mine");
    for (const terminal of [false, true]) {
      const cause = Object.assign(thrown, { terminal });
      auth.login.answer = auth.me.answer = () => {
        throw cause;
      };
      const wanted = {
        name: "ConnectionError",
        code: "ERR_WEBSOCKET_ERROR",
        phase: "auth",
        retryable: !terminal,
        cause,
      };
      await expect(client.login("ann", "key")).rejects.toMatchObject(wanted);
      await expect(client.login("a token")).rejects.toMatchObject(wanted);
    }
  });

  it("[B2.5][B4.2] where AbortSignal knows neither reason nor throwIfAborted, as in React Native, codes are the same", async () => {
    // What React Native has: the polyfill of abort-controller, without what came to the standard later.
    const { prototype } = AbortSignal;
    const own = ["reason", "throwIfAborted"].map(
      (name) => [name, Object.getOwnPropertyDescriptor(prototype, name)] as const,
    );
    Object.defineProperty(prototype, "reason", { get: () => undefined, configurable: true });
    Reflect.deleteProperty(prototype, "throwIfAborted");
    onTestFinished(() => {
      for (const [name, was] of own) Object.defineProperty(prototype, name, was as PropertyDescriptor);
    });
    const { client, auth, clock, watch } = createRig();
    await client.init(app, { autoEstablishSocketConnection: false });
    auth.login.answer = () => new Promise(() => {});
    const login = watch(client.login("ann", "key"));
    await clock.advanceAsync(0);
    await client.logout();
    const late = watch(client.login("bob", "key"));
    await clock.advanceAsync(20_000);
    expect([login.code, late.code]).toEqual(["ERR_LOGGED_OUT", "ERR_CONNECT_TIMEOUT"]);
    auth.login.answer = (uid) => ({ user: { uid }, token: "t", expiresInMs: null });
    await client.login("ann", "key");
    const given = new AbortController();
    const until = watch(client.until("featureThrottled", { signal: given.signal }));
    given.abort();
    const connect = watch(client.connect({ signal: given.signal }));
    await clock.advanceAsync(0);
    expect([until.code, connect.code]).toEqual(["ERR_ABORTED", "ERR_ABORTED"]);
  });

  it("[B3.4] a login after disconnect() dials again in auto mode, also for the same user", async () => {
    const rig = createRig();
    await rig.linked();
    await rig.client.disconnect();
    await rig.clock.advanceAsync(60_000);
    expect(rig.client.getConnectionStatus()).toBe("disconnected");
    rig.log.length = 0;
    await rig.client.login("ann", "key");
    expect(rig.log).toEqual(["loginSuccess ann"]);
    await rig.clock.advanceAsync(1_000);
    expect(rig.client.getConnectionStatus()).toBe("connected");
  });

  it("[B2.4] getLoggedInUser() answers from local state, from loginSuccess to logout()", async () => {
    const { client, auth, clock } = createRig();
    expect(client.getLoggedInUser()).toBeNull();
    await client.init(app);
    let then: unknown;
    client.addLoginListener("then", {
      loginSuccess: () => {
        then = client.getLoggedInUser();
      },
    });
    const answer: AuthResult = { user: { uid: "ann", role: "admin" }, token: "t", expiresInMs: null };
    auth.login.answer = () => answer;
    await client.login("ann", "key");
    expect(then).toEqual({ uid: "ann", role: "admin" });
    await clock.advanceAsync(1_000);
    const calls = auth.login.calls.length + auth.me.calls.length;
    expect(client.getLoggedInUser()).toEqual({ uid: "ann", role: "admin" });
    expect(auth.login.calls.length + auth.me.calls.length).toBe(calls);
    void client.logout();
    expect(client.getLoggedInUser()).toBeNull();
  });
});
