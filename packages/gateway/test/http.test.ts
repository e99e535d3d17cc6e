/** The HTTP side: what it answers, and what it refuses with which code. */
import { describe, expect, it } from "vitest";
import { authKey, call, linked, start } from "./support/start.js";

const error = (code: string) => ({ error: expect.objectContaining({ code, message: expect.any(String) }) });

describe("login over HTTP [B2.2]", () => {
  it("uid and authKey become a user and a token that works", async () => {
    const gateway = await start();
    const answer = await call(gateway, "/v1/login", { body: { uid: "alice", authKey } });
    expect(answer).toMatchObject({
      status: 200,
      body: { user: { uid: "alice", name: "Alice" }, token: expect.any(String), expiresInMs: 3_600_000 },
    });
    const me = await call(gateway, "/v1/me", { method: "GET", token: String(answer.body["token"]) });
    expect(me).toMatchObject({ status: 200, body: { user: { uid: "alice", name: "Alice" } } });
    expect(me.body["expiresInMs"]).toBeGreaterThan(3_590_000);
  });

  it("a wrong key, an unknown user and a body of another shape are refused, each for its reason", async () => {
    const gateway = await start();
    const attempt = (body: unknown) => call(gateway, "/v1/login", { body });
    expect(await attempt({ uid: "alice", authKey: "wrong" })).toMatchObject({
      status: 401,
      body: error("ERR_AUTH_REJECTED"),
    });
    expect(await attempt({ uid: "nobody", authKey })).toMatchObject({ status: 404, body: error("ERR_NOT_FOUND") });
    // Without the key nobody learns whether there is such a user.
    expect(await attempt({ uid: "nobody", authKey: "wrong" })).toMatchObject({ status: 401 });
    expect(await attempt({ uid: "alice" })).toMatchObject({ status: 400, body: error("ERR_INVALID_ARGUMENT") });
    expect(await attempt({ uid: "a/b", authKey })).toMatchObject({ status: 400 });
    expect(await attempt("{")).toMatchObject({ status: 400, body: error("ERR_INVALID_ARGUMENT") });
  });

  it("is off without an authKey, and says so", async () => {
    const gateway = await start({ authKey: undefined });
    expect(await call(gateway, "/v1/login", { body: { uid: "alice", authKey } })).toMatchObject({
      status: 403,
      body: error("ERR_LOGIN_DISABLED"),
    });
  });

  it("creates users only where it was told to", async () => {
    const gateway = await start({ createUsers: true });
    expect(await call(gateway, "/v1/login", { body: { uid: "new", authKey } })).toMatchObject({
      status: 200,
      body: { user: { uid: "new", name: "new" } },
    });
  });

  it("an address that guesses keys must wait, also when it guesses right [B5.4]", async () => {
    const gateway = await start({ limits: { keyFailuresPerMinute: 3 } });
    const attempt = (key: string) => call(gateway, "/v1/login", { body: { uid: "alice", authKey: key } });
    for (let n = 0; n < 3; n += 1) expect((await attempt("wrong")).status).toBe(401);
    const refused = await attempt("wrong");
    expect(refused).toMatchObject({ status: 429, body: error("ERR_RATE_LIMITED") });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((refused.body["error"] as Record<string, number>)["minDelayMs"]).toBeGreaterThan(0);
    expect((await attempt(authKey)).status).toBe(429);
    expect((await call(gateway, "/v1/tokens", { body: { uid: "alice" }, key: true })).status).toBe(429);
  });

  it("good logins are never counted", async () => {
    const gateway = await start({ limits: { keyFailuresPerMinute: 1 } });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => call(gateway, "/v1/login", { body: { uid: "alice", authKey } })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  });
});

describe("tokens over HTTP [B2.6]", () => {
  it("a server mints with the API key; a lifetime can be asked for, up to the longest", async () => {
    const gateway = await start({ maxTokenTtlMs: 7_200_000 });
    const mint = (body: unknown, key: boolean | string = true) => call(gateway, "/v1/tokens", { body, key });
    expect(await mint({ uid: "bob", ttlMs: 5_000 })).toMatchObject({
      status: 200,
      body: { user: { uid: "bob" }, expiresInMs: 5_000 },
    });
    expect(await mint({ uid: "bob", ttlMs: 7_200_001 })).toMatchObject({
      status: 400,
      body: error("ERR_INVALID_ARGUMENT"),
    });
    expect(await mint({ uid: "nobody" })).toMatchObject({ status: 404 });
    expect(await mint({ uid: "bob" }, "wrong")).toMatchObject({ status: 401, body: error("ERR_API_KEY") });
    expect(await mint({ uid: "bob" }, false)).toMatchObject({ status: 401, body: error("ERR_API_KEY") });
  });

  it("a token refreshes itself while it is good", async () => {
    const gateway = await start();
    const { token } = await gateway.mintToken("alice");
    const refreshed = await call(gateway, "/v1/refresh", { token });
    expect(refreshed).toMatchObject({ status: 200, body: { user: { uid: "alice" }, expiresInMs: 3_600_000 } });
    expect(refreshed.body["token"]).not.toBe(token);
    expect((await call(gateway, "/v1/me", { method: "GET", token: String(refreshed.body["token"]) })).status).toBe(200);
  });

  it("a missing, garbled or foreign token is refused", async () => {
    const gateway = await start();
    const other = await start({ jwtSecret: "x".repeat(32) });
    const { token } = await other.mintToken("alice");
    for (const presented of [undefined, "noise", token]) {
      const answer = await call(gateway, "/v1/me", {
        method: "GET",
        ...(presented === undefined ? {} : { token: presented }),
      });
      expect(answer).toMatchObject({ status: 401, body: error("ERR_AUTH_REJECTED") });
    }
  });

  it("logout ends the token, what was refreshed from it, and its links with 4401; other logins live on [B2.5]", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    const other = await gateway.mintToken("alice");
    const { token } = await gateway.mintToken("alice");
    const mine = await linked(gateway, "alice", { token });
    const { body } = await call(gateway, "/v1/refresh", { token });
    expect(await call(gateway, "/v1/logout", { token: String(body["token"]) })).toMatchObject({
      status: 200,
      body: { closed: 1 },
    });
    expect((await mine.closed).code).toBe(4401);
    expect((await call(gateway, "/v1/me", { method: "GET", token })).status).toBe(401);
    expect((await call(gateway, "/v1/me", { method: "GET", token: other.token })).status).toBe(200);
    expect(link.socket.readyState).toBe(link.socket.OPEN);
  });

  it("revoking a user burns all his tokens and closes his links with 4401; a new login works [B2.7]", async () => {
    const gateway = await start();
    const { token } = await gateway.mintToken("alice");
    const links = [await linked(gateway, "alice", { token }), await linked(gateway, "alice")];
    const bob = await linked(gateway, "bob");
    expect(await call(gateway, "/v1/users/alice/revoke", { key: true })).toMatchObject({
      status: 200,
      body: { closed: 2 },
    });
    for (const link of links) {
      expect(await link.named("reject")).toMatchObject({ code: "ERR_AUTH_REJECTED", retry: "reauth" });
      expect((await link.closed).code).toBe(4401);
    }
    expect((await call(gateway, "/v1/refresh", { token })).status).toBe(401);
    expect(bob.socket.readyState).toBe(bob.socket.OPEN);
    await linked(gateway, "alice");
  });
});

describe("publishing over HTTP [B10.1]", () => {
  const event = { kind: "text", data: { text: "hi" } };

  it("reaches a user and the members of a group, in order, with positions", async () => {
    const gateway = await start();
    const [alice, bob, eve] = [
      await linked(gateway, "alice"),
      await linked(gateway, "bob"),
      await linked(gateway, "eve"),
    ];
    const first = await call(gateway, "/v1/users/bob/events", {
      body: { ...event, data: 1, from: "alice" },
      key: true,
    });
    const second = await call(gateway, "/v1/groups/team/events", { body: { ...event, data: 2 }, key: true });
    expect(first).toMatchObject({ status: 200, body: { position: expect.any(Number) } });
    expect(Number(second.body["position"])).toBeGreaterThan(Number(first.body["position"]));
    await bob.frame((frame) => Array.isArray(frame) && frame[0] === 1 && frame[6] === 2);
    expect(bob.data).toEqual([1, 2]);
    await alice.frame((frame) => Array.isArray(frame) && frame[0] === 1 && frame[6] === 2);
    await call(gateway, "/v1/users/eve/events", { body: { ...event, data: 3 }, key: true });
    await eve.frame((frame) => Array.isArray(frame) && frame[0] === 1 && frame[6] === 3);
    expect(eve.data).toEqual([3]);
  });

  it("an event repeated under its id is written once [B10.6]", async () => {
    const gateway = await start();
    const send = (id: string) => call(gateway, "/v1/users/bob/events", { body: { ...event, id }, key: true });
    const first = await send("order-1");
    expect((await send("order-1")).body).toEqual(first.body);
    expect((await send("order-2")).body).not.toEqual(first.body);
  });

  it("an ephemeral event reaches who is linked and has no position [B10.1]", async () => {
    const gateway = await start();
    const bob = await linked(gateway, "bob");
    const answer = await call(gateway, "/v1/users/bob/events", {
      body: { kind: "typing", data: {}, from: "alice", ephemeral: true },
      key: true,
    });
    expect(answer).toMatchObject({ status: 200, body: { position: 0 } });
    expect(await bob.frame((frame) => Array.isArray(frame) && frame[0] === 2)).toMatchObject([
      2,
      expect.any(Number),
      "typing",
      "alice",
      {},
    ]);
  });

  it("refuses an event that is too large, of the reserved kind, for nobody, or without the key", async () => {
    const gateway = await start({ limits: { eventBytes: 1_000 } });
    const send = (path: string, body: unknown, key: boolean | string = true) => call(gateway, path, { body, key });
    expect(await send("/v1/users/bob/events", { kind: "text", data: "x".repeat(1_001) })).toMatchObject({
      status: 413,
      body: error("ERR_MESSAGE_TOO_LARGE"),
    });
    expect(
      await send("/v1/users/bob/events", { kind: "typing", data: "x".repeat(1_001), ephemeral: true }),
    ).toMatchObject({ status: 413 });
    expect(await send("/v1/groups/team/events", { kind: "member", data: {} })).toMatchObject({
      status: 400,
      body: error("ERR_INVALID_ARGUMENT"),
    });
    expect(await send("/v1/users/bob/events", { data: 1 })).toMatchObject({ status: 400 });
    expect(await send("/v1/users/nobody/events", event)).toMatchObject({ status: 404, body: error("ERR_NOT_FOUND") });
    expect(await send("/v1/groups/nowhere/events", event)).toMatchObject({ status: 404 });
    expect(await send("/v1/users/bob/events", event, "wrong")).toMatchObject({
      status: 401,
      body: error("ERR_API_KEY"),
    });
  });
});

describe("users and membership over HTTP", () => {
  it("creates a user once", async () => {
    const gateway = await start();
    const create = () => call(gateway, "/v1/users", { body: { uid: "zoe", name: "Zoe" }, key: true });
    expect(await create()).toMatchObject({ status: 201, body: { user: { uid: "zoe", name: "Zoe" } } });
    expect(await create()).toMatchObject({ status: 409, body: error("ERR_EXISTS") });
    expect((await gateway.mintToken("zoe")).user.name).toBe("Zoe");
  });

  it("joining and leaving take effect at once, tell the members, and change nothing the second time [B10.5]", async () => {
    const gateway = await start();
    const [bob, eve] = [await linked(gateway, "bob"), await linked(gateway, "eve")];
    const say = (data: unknown) => gateway.publish({ channel: "group:team", kind: "text", data });
    await say("before");
    const put = () => call(gateway, "/v1/groups/team/members/eve", { method: "PUT", key: true });
    expect(Number((await put()).body["position"])).toBeGreaterThan(0);
    expect((await put()).body["position"]).toBe(0);
    await say("during");
    const remove = await call(gateway, "/v1/groups/team/members/eve?kicked=true&by=bob", {
      method: "DELETE",
      key: true,
    });
    expect(Number(remove.body["position"])).toBeGreaterThan(0);
    await say("after");
    await bob.frame((frame) => Array.isArray(frame) && frame[6] === "after");
    expect(bob.data).toEqual([
      "before",
      expect.objectContaining({ user: "eve", change: "joined" }),
      "during",
      expect.objectContaining({ user: "eve", change: "kicked", by: "bob" }),
      "after",
    ]);
    await gateway.publish({ channel: "user:eve", kind: "text", data: "done" });
    await eve.frame((frame) => Array.isArray(frame) && frame[6] === "done");
    expect(eve.data).toContain("during");
    expect(eve.data).not.toContain("before");
    expect(eve.data).not.toContain("after");
    expect((await call(gateway, "/v1/groups/team/members", { method: "GET", key: true })).body).toEqual({
      members: ["alice", "bob"],
    });
  });

  it("an unknown user joins nothing, and nobody leaves what is not there", async () => {
    const gateway = await start();
    expect((await call(gateway, "/v1/groups/team/members/nobody", { method: "PUT", key: true })).status).toBe(404);
    expect((await call(gateway, "/v1/groups/nowhere/members/eve", { method: "DELETE", key: true })).status).toBe(404);
  });
});
