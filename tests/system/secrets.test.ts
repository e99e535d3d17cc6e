/** No token, no key and no payload in a log line, an error, a snapshot or an event of the connection (9.2), over a run with every kind of refusal. */
import { inspect } from "node:util";
import type { Client, Logger } from "@cc/sdk";
import { createClient } from "@cc/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { brisk, holds, keys, openWorld, type World } from "./world.js";

const wrongKey = "wrong-key-7f3a";
const payload = "payload-91c2";

/** Everything that a run tells. */
class Told {
  readonly all: unknown[] = [];
  readonly levels = new Set<string>();
  readonly logger: Logger = Object.fromEntries(
    (["debug", "info", "warn", "error"] as const).map((level) => [
      level,
      (...line: unknown[]) => {
        this.levels.add(level);
        this.all.push(line);
      },
    ]),
  );
  readonly caught = (error: unknown): void => void this.all.push(error);

  listen(client: Client): void {
    for (const name of ["error", "status", "snapshot", "session"] as const)
      client.on(name, (value) => void this.all.push(value));
    client.addLoginListener("told", { loginFailure: this.caught, logoutFailure: this.caught });
  }
  /** As text: nested causes, stacks and details included. */
  get text(): string {
    return this.all.map((one) => inspect(one, { depth: 12, showHidden: true })).join("\n");
  }
}

const seat = (world: World, told: Told): Client => {
  const client = createClient({
    url: world.proxy.url("http"),
    policy: brisk,
    logger: told.logger,
    onListenerError: told.caught,
  });
  onTestFinished(() => client.dispose());
  told.listen(client);
  return client;
};

describe("secrets", () => {
  it("[B9.2][B7.1] of a whole run with refusals, none is told", async () => {
    const world = await openWorld();
    const told = new Told();
    const tokens: string[] = [];
    const mint = async (): Promise<string> => {
      const { token } = await world.gateway.mintToken("ann");
      tokens.push(token);
      return token;
    };
    const client = seat(world, told);
    await client.init(keys.appId);
    await client.login("ann", wrongKey).catch(told.caught);
    const forged = `${(await mint()).slice(0, -6)}abcdef`;
    tokens.push(forged);
    await client.login(forged).catch(told.caught);
    // A refusal of the link, a forced refresh, and a second refusal.
    const stale: string[] = [];
    await client.login({ uid: "ann", getToken: async () => stale.shift() ?? mint() });
    await client.until("linked", { timeoutMs: 10_000 });
    client.on("event", () => {
      throw new Error("mine");
    });
    await world.publish("ann", payload);
    await client.send("user:bob", "message", payload);
    await client.send("nowhere", "message", payload).catch(told.caught);
    await client.send("user:bob", "message", payload.repeat(100_000)).catch(told.caught);
    world.proxy.cut();
    await holds(() => world.gateway.stats().linked, 1);
    stale.push(await mint());
    world.gateway.revokeUser("ann");
    await client.until((s) => s.phase === "failed", { timeoutMs: 10_000 });
    await client.connect().catch(told.caught);
    await world.proxy.refuse("reset");
    world.proxy.cut();
    await client.until("disconnected", { timeoutMs: 10_000 });
    told.all.push(await client.logout());
    // By uid and key, against a far end that is gone.
    await client.login("ann", keys.authKey).catch(told.caught);
    told.all.push(client.snapshot());

    expect(tokens.length).toBeGreaterThan(3);
    const { text } = told;
    // It heard what it was to hear.
    for (const code of ["ERR_AUTH_REJECTED", "ERR_WEBSOCKET_ERROR", "ERR_MESSAGE_TOO_LARGE"])
      expect(text).toContain(code);
    expect([...told.levels].sort()).toEqual(["info", "warn"]);
    const secrets = [...tokens, ...tokens.map((token) => token.split(".")[2] ?? ""), wrongKey, keys.authKey, payload];
    expect(secrets.filter((secret) => secret === "" || text.includes(secret))).toEqual([]);
  });

  it("[B9.2] silent without a logger; errors of listeners are level error where nobody else takes them", async () => {
    const world = await openWorld();
    const told = new Told();
    const client = createClient({ url: world.proxy.url("http"), logger: told.logger });
    onTestFinished(() => client.dispose());
    client.on("status", () => {
      throw new Error("mine");
    });
    await client.init(keys.appId);
    await client.login("ann", keys.authKey);
    await client.until("linked", { timeoutMs: 10_000 });
    expect([...told.levels].sort()).toEqual(["error", "info"]);
    expect(told.text).toContain("mine");
  });
});
