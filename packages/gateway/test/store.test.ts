/** Revocations outlive a restart, or the gateway says that they do not. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createGateway, fileStore, type GatewayStore } from "../src/index.js";
import { base, call, start } from "./support/start.js";

const folder = async (): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), "cc-store-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
};
const status = async (...args: Parameters<typeof call>): Promise<number> => (await call(...args)).status;

describe("a store", () => {
  it("[B2.5] [B2.7] a logout and a revocation that were answered hold after a restart; without a store they would not", async () => {
    const path = join(await folder(), "state.json");
    const before = await start({ store: fileStore(path) });
    const [alice, bob, eve] = await Promise.all(["alice", "bob", "eve"].map((uid) => before.mintToken(uid)));
    expect(await status(before, "/v1/users/bob/revoke", { key: true })).toBe(200);
    expect(await status(before, "/v1/logout", { token: alice?.token ?? "" })).toBe(200);
    // Not `close()` of the first: what was answered is stored already, whatever becomes of the process.
    const after = await start({ store: fileStore(path) });
    const me = (token: string = "") => status(after, "/v1/me", { method: "GET", token });
    expect([await me(alice?.token), await me(bob?.token), await me(eve?.token)]).toEqual([401, 401, 200]);
    const forgetful = await start();
    expect(await status(forgetful, "/v1/me", { method: "GET", token: bob?.token ?? "" })).toBe(200);
  });

  it("the file is for its owner alone, holds no token, and is replaced whole", async () => {
    const path = await folder();
    const file = join(path, "state.json");
    const gateway = await start({ store: fileStore(file) });
    const { token } = await gateway.mintToken("alice");
    await call(gateway, "/v1/logout", { token });
    await call(gateway, "/v1/users/bob/revoke", { key: true });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).not.toContain("eyJ");
    expect(await readdir(path)).toEqual(["state.json"]);
  });

  it("a file that cannot be read as revocations keeps the gateway from starting", async () => {
    const file = join(await folder(), "state.json");
    for (const text of [
      "",
      "{",
      '{"version":2,"logins":[],"users":[]}',
      '{"version":1,"logins":[["a","b"]],"users":[]}',
    ]) {
      await writeFile(file, text);
      await expect(createGateway({ ...base, store: fileStore(file) })).rejects.toMatchObject({ code: "ERR_STORE" });
    }
  });

  it("a save that fails is told to whoever revoked, the token is dead here all the same, and repeating it stores it", async () => {
    let broken = true;
    let stored: string | undefined;
    const store: GatewayStore = {
      load: () => Promise.resolve(stored),
      save: (text) => {
        if (broken) return Promise.reject(new Error("disk full"));
        stored = text;
        return Promise.resolve();
      },
    };
    const gateway = await start({ store });
    const { token } = await gateway.mintToken("alice");
    expect(await call(gateway, "/v1/users/alice/revoke", { key: true })).toMatchObject({
      status: 503,
      body: { error: { code: "ERR_SERVER_OVERLOADED", message: expect.stringContaining("not stored") } },
    });
    expect(await status(gateway, "/v1/me", { method: "GET", token })).toBe(401);
    broken = false;
    expect(await status(gateway, "/v1/users/alice/revoke", { key: true })).toBe(200);
    expect(stored).toContain("alice");
  });

  it("a save that never ends does not keep the gateway from closing", async () => {
    const store: GatewayStore = { load: () => Promise.resolve(undefined), save: () => new Promise(() => {}) };
    const gateway = await createGateway({ ...base, store });
    gateway.revokeUser("alice");
    await gateway.close();
  });

  it("saves run one after another, and what is asked for meanwhile shares the next", async () => {
    const texts: string[] = [];
    let underWay = 0;
    let most = 0;
    const store: GatewayStore = {
      load: () => Promise.resolve(undefined),
      save: async (text) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        texts.push(text);
        underWay -= 1;
      },
    };
    const gateway = await start({ store });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => {
        gateway.revokeUser(`u${n}`);
        return gateway.saved();
      }),
    );
    expect([most, texts.length <= 2]).toEqual([1, true]);
    for (let n = 0; n < 20; n += 1) expect(texts.at(-1)).toContain(`"u${n}"`);
  });
});
