/** From an open socket to a welcome, and every way of not getting there. */
import { UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { systemClock } from "../src/clock.js";
import { type Gateway, memoryBroker } from "../src/index.js";
import { openLink } from "./support/link.js";
import { dial, linked, start } from "./support/start.js";

describe("the handshake", () => {
  it("a good hello is welcomed with who, limits, heartbeat and spread [B1.1] [B5.2]", async () => {
    const gateway = await start({ heartbeatMs: 7_000, admissionPerSecond: 2 });
    const links = [await linked(gateway, "alice"), await linked(gateway, "bob")];
    expect(await links[0]?.named("welcome")).toMatchObject({
      user: "alice",
      recovery: "new",
      epoch: gateway.stats().epoch,
      heartbeatMs: 7_000,
      reconnectSpreadMs: 500,
      limits: { window: 256, batchBytes: 16_384, dedupMs: 120_000 },
      throttled: [],
    });
    // Two connections at two admitted per second: a second to return in.
    expect(await links[1]?.named("welcome")).toMatchObject({ reconnectSpreadMs: 1_000 });
    expect(gateway.stats()).toMatchObject({ connections: 2, linked: 2, reconnectSpreadMs: 1_000 });
  });

  it("the spread stays between a tenth of a second and ten [B5.2]", async () => {
    const gateway = await start({ admissionPerSecond: 1_000_000 });
    expect(await (await linked(gateway, "alice")).named("welcome")).toMatchObject({ reconnectSpreadMs: 100 });
  });

  it("nothing but hello is taken first: 4400", async () => {
    const gateway = await start();
    const link = openLink(gateway.wsUrl);
    link.socket.on("open", () => link.send([6, "1", "user:bob", "text", 1, 0]));
    expect(await link.named("reject")).toMatchObject({ code: "ERR_PROTOCOL" });
    expect((await link.closed).code).toBe(4400);
  });

  it("a socket that says nothing is closed 4408 after the handshake time", async () => {
    const gateway = await start({ limits: { handshakeMs: 40 } });
    const link = openLink(gateway.wsUrl);
    expect(await link.named("reject")).toMatchObject({ retry: "later" });
    expect((await link.closed).code).toBe(4408);
    expect(gateway.stats().connections).toBe(0);
  });

  it("noise, an unsigned token and another gateway's token are rejected with reauth: 4401 [B2.7]", async () => {
    const gateway = await start();
    const other = await start({ jwtSecret: "y".repeat(32) });
    const seconds = Date.now() / 1000;
    const unsigned = new UnsecuredJWT({ sub: "alice", app: "app", jti: "1", iat: seconds, exp: seconds + 60 }).encode();
    for (const token of ["noise", unsigned, (await other.mintToken("alice")).token]) {
      const link = openLink(gateway.wsUrl, { token });
      expect(await link.named("reject")).toMatchObject({ code: "ERR_AUTH_REJECTED", retry: "reauth" });
      expect((await link.closed).code).toBe(4401);
    }
  });

  it("an expired token is rejected with reauth: 4401 [B2.7]", async () => {
    const gateway = await start();
    const { token, expiresInMs } = await gateway.mintToken("alice", { ttlMs: 1 });
    await expect.poll(() => gateway.verifyToken(token).then(() => "good", String)).toContain("expired");
    const link = openLink(gateway.wsUrl, { token });
    expect(await link.named("reject")).toMatchObject({ retry: "reauth", message: expect.stringContaining("expired") });
    expect([(await link.closed).code, expiresInMs]).toEqual([4401, 1]);
  });

  it("a revoked token is rejected with reauth: 4401 [B2.7]", async () => {
    const gateway = await start();
    const { token } = await gateway.mintToken("alice");
    gateway.revokeUser("alice");
    const link = openLink(gateway.wsUrl, { token });
    expect(await link.named("reject")).toMatchObject({ retry: "reauth", message: expect.stringContaining("revoked") });
    expect((await link.closed).code).toBe(4401);
  });

  it("another app will never do here: 4403", async () => {
    const gateway = await start();
    const link = await dial(gateway, "alice", { hello: { app: "other" } });
    expect(await link.named("reject")).toMatchObject({ retry: "never" });
    expect((await link.closed).code).toBe(4403);
    const elsewhere = await start({ appId: "elsewhere" });
    const foreign = openLink(gateway.wsUrl, { token: (await elsewhere.mintToken("alice")).token });
    expect(await foreign.named("reject")).toMatchObject({ retry: "never" });
    expect((await foreign.closed).code).toBe(4403);
  });

  it("a revocation while the token is being judged still ends the link [B2.7]", async () => {
    const gateway = await start();
    const links = await Promise.all(Array.from({ length: 20 }, () => dial(gateway, "alice")));
    // All at different points between hello and welcome.
    await links[10]?.named("welcome");
    gateway.revokeUser("alice");
    const codes = await Promise.all(links.map(async ({ closed }) => (await closed).code));
    expect(new Set(codes)).toEqual(new Set([4401]));
    expect(gateway.stats().connections).toBe(0);
  });

  it("a revocation in the very moment between a good verdict and the welcome ends the link too [B2.7]", async () => {
    // The verdict reads the wall clock last; what is queued there runs before the hub learns of the verdict.
    let reads = Number.POSITIVE_INFINITY;
    const wall = (): number => {
      reads -= 1;
      if (reads === 0) queueMicrotask(() => gateway.revokeUser("alice"));
      return Date.now();
    };
    const gateway: Gateway = await start({ clock: { ...systemClock, wall } });
    const { token } = await gateway.mintToken("alice");
    // One read when the token is checked, one for what is left of it.
    reads = 2;
    const link = openLink(gateway.wsUrl, { token });
    expect((await link.closed).code).toBe(4401);
    expect(reads).toBeLessThanOrEqual(0);
  });

  it("[B2.7] a revocation while the log is read for a returning client ends the link too", async () => {
    const inner = memoryBroker();
    let answer = (): void => {};
    let asked = (): void => {};
    const reading = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const read: typeof inner.read = (...args) =>
      new Promise((resolve) => {
        answer = () => resolve(inner.read(...args));
        asked();
      });
    const gateway = await start({ broker: { ...inner, read }, replay: { maxCount: 2 } });
    const { epoch } = inner;
    for (let n = 0; n < 5; n += 1) await gateway.publish({ channel: "user:alice", kind: "app", data: n });
    const link = await dial(gateway, "alice", { hello: { resume: { epoch, positions: [0] } } });
    await reading;
    expect(gateway.revokeUser("alice")).toBe(1);
    answer();
    expect((await link.closed).code).toBe(4401);
    expect(link.frames).toEqual([expect.objectContaining({ t: "reject", retry: "reauth" })]);
  });

  it("a newer link of the same instance supersedes the older one: 4410 [B10.9]", async () => {
    const gateway = await start();
    const older = await linked(gateway, "alice", { hello: { instance: "tab", linkNo: 1 } });
    const newer = await linked(gateway, "alice", { hello: { instance: "tab", linkNo: 2 } });
    expect((await older.closed).code).toBe(4410);
    expect(newer.socket.readyState).toBe(newer.socket.OPEN);
  });

  it("a newer instance on the same device replaces the older one for good: 4409 [B10.9] [R36]", async () => {
    const gateway = await start();
    const older = await linked(gateway, "alice", { hello: { device: "phone" } });
    const elsewhere = await linked(gateway, "alice");
    await linked(gateway, "alice", { hello: { device: "phone" } });
    expect(await older.named("reject")).toMatchObject({ code: "ERR_REPLACED", retry: "never" });
    expect((await older.closed).code).toBe(4409);
    expect(elsewhere.socket.readyState).toBe(elsewhere.socket.OPEN);
  });
});
