/** A client's whole session over a real gateway, and everything that either of them says, searched for what is nobody's business. */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@cc/gateway";
import { fileStorage } from "@cc/sdk";
import { expect, onTestFinished, test } from "vitest";
import { keys, openWorld } from "./world.js";

test("[B9.2] no token and no key in a log, a snapshot, an event or an error of client and gateway; the stored session is its owner's alone", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cc-session-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const said: string[] = [];
  const say = (...what: readonly unknown[]): void => {
    said.push(
      JSON.stringify(what, (_key, value) =>
        value instanceof Error ? [value.message, value.stack, { ...value }] : value,
      ) ?? "",
    );
  };
  const world = await openWorld({
    logger: createLogger({ level: "trace", destination: { write: (line) => void said.push(line) } }),
  });
  const logger = { debug: say, info: say, warn: say, error: say };
  const ann = await world.seat("ann", { logger, storage: fileStorage(join(folder, "session.json")) });
  const { client } = ann;
  for (const event of ["status", "error", "session", "event"] as const) client.on(event, say);
  await client.send("user:bob", "message", 1);
  await world.publish("ann", 2);
  say(client.snapshot());
  const files = await readdir(folder);
  const modes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).mode & 0o077));
  expect([files.length > 0, modes.every((mode) => mode === 0)]).toEqual([true, true]);

  world.gateway.revokeUser("ann");
  await expect.poll(() => client.snapshot().phase, { timeout: 10_000 }).toBe("failed");
  say(client.snapshot());
  await client.connect().catch(say);
  await client.login("ann", "a-mistaken-key").catch(say);
  await client.logout().catch(say);

  const tokens = [
    /eyJ[\w-]{8,}/,
    new RegExp(keys.authKey),
    new RegExp(keys.apiKey),
    new RegExp(keys.jwtSecret),
    /a-mistaken-key/,
  ];
  expect(said.length).toBeGreaterThan(10);
  for (const pattern of tokens) expect(said.filter((line) => pattern.test(line))).toEqual([]);
});
