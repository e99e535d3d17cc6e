/** Tokens on the real gateway: revoked, refused, renewed, given up. */
import type { Gateway } from "@cc/gateway";
import { describe, expect, it } from "vitest";
import { brisk, holds, keys, openWorld, took } from "./world.js";

describe("a gateway that revokes", () => {
  const provider = (gateway: Gateway, uid: string, tokens: string[], reasons: string[]) => {
    return async ({ reason }: { readonly reason: string }): Promise<string> => {
      reasons.push(reason);
      const token = tokens.shift() ?? (await gateway.mintToken(uid)).token;
      return token;
    };
  };

  it("[B2.7][R17] one rejection: one forced refresh and connected; a second: failed, ERR_AUTH_REJECTED, session kept, silence", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { login: false });
    const [tokens, reasons]: [string[], string[]] = [[], []];
    await ann.client.login({ uid: "ann", getToken: provider(world.gateway, "ann", tokens, reasons) });
    await ann.client.until("linked");
    world.gateway.revokeUser("ann");
    await holds(() => [ann.sessions.length, reasons], [2, ["login", "rejected"]]);
    await holds(() => world.gateway.stats().linked, 1);
    // A token of before the next revocation, handed out after it.
    tokens.push((await world.gateway.mintToken("ann")).token);
    const failed = ann.client.until((s) => s.phase === "failed", { timeoutMs: 10_000 });
    world.gateway.revokeUser("ann");
    expect((await failed).error).toMatchObject({ code: "ERR_AUTH_REJECTED", retryable: false });
    const { accepted } = world.proxy;
    ann.lifecycle.emit("online");
    await expect(ann.client.checkNow()).rejects.toMatchObject({ code: "ERR_ABORTED" });
    expect([world.proxy.accepted, ann.client.getLoggedInUser()?.uid]).toEqual([accepted, "ann"]);
    await ann.client.connect();
    expect([ann.client.getConnectionStatus(), reasons.at(-1)]).toEqual(["connected", "missing"]);
  });

  it("[B2.7] a fixed token revoked: failed at once; another login of the same user leads out", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { login: false });
    await ann.client.login((await world.gateway.mintToken("ann")).token);
    await ann.client.until("linked");
    const failed = ann.client.until((s) => s.phase === "failed", { timeoutMs: 10_000 });
    world.gateway.revokeUser("ann");
    expect((await failed).error?.code).toBe("ERR_AUTH_REJECTED");
    await ann.client.login("ann", keys.authKey);
    await ann.client.until("linked", { timeoutMs: 10_000 });
  });

  it("[B2.6] a token that ends is renewed in band before it does: one link all along", async () => {
    const world = await openWorld({ tokenTtlMs: 4_000 });
    const ann = await world.seat("ann", { policy: { ...brisk, refreshSpacingMs: 200 } });
    const { link } = ann.client.snapshot();
    const ends = performance.now() + 9_000;
    await holds(() => performance.now() > ends);
    expect([ann.client.snapshot().link, ann.errors, world.gateway.stats().linked]).toEqual([link, [], 1]);
  });

  it("[B2.5] logout makes the token worthless; with the server out of reach it is local, and says so", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { login: false });
    const { token } = await world.gateway.mintToken("ann");
    await ann.client.login(token);
    await expect(ann.client.logout()).resolves.toEqual({ revoked: true });
    await expect(world.gateway.verifyToken(token)).rejects.toThrow();
    await ann.client.login("ann", keys.authKey);
    world.proxy.blackhole(true);
    let result: unknown;
    const lasted = await took(async () => {
      result = await ann.client.logout();
    });
    expect(result).toMatchObject({ revoked: false, error: { name: "ConnectionError" } });
    expect(lasted).toBeLessThan(2 * 3_000);
    expect(ann.client.getLoggedInUser()).toBeNull();
  });

  it("[B2.3] wrong keys and unknown tokens are refused with a code, and nothing is dialled", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { login: false });
    const before = world.gateway.stats().connections;
    for (const login of [() => ann.client.login("ann", "wrong"), () => ann.client.login("no.such.token")])
      await expect(login()).rejects.toMatchObject({ code: "ERR_AUTH_REJECTED", phase: "auth" });
    await expect(ann.client.login("nobody", keys.authKey)).rejects.toMatchObject({ name: "ConnectionError" });
    expect([world.gateway.stats().connections, ann.statuses]).toEqual([before, []]);
  });
});
