/** A whole session at the lowest log level: what is a secret is in no line of the log, no answer, no frame, no metric and no file. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { expect, it, onTestFinished } from "vitest";
import { createGateway, createLogger, fileStore, type Gateway } from "../src/index.js";
import { openLink } from "./support/link.js";
import { apiKey, authKey, base, call, jwtSecret, linked, start } from "./support/start.js";

/** Presented by mistake, and still nobody's business. */
const mistaken = { authKey: "mistaken-auth-key", apiKey: "mistaken-api-key", token: "mistaken.token.of-somebody" };

/** Everything that a gateway can be asked, right and wrong; gives all that came back. */
const session = async (gateway: Gateway, secrets: Set<string>): Promise<string> => {
  const seen: string[] = [];
  const ask = async (...[path, how]: [string, Parameters<typeof call>[2]?]) => {
    const answer = await call(gateway, path, how);
    const { token, ...rest } = answer.body;
    if (typeof token === "string") secrets.add(token);
    seen.push(JSON.stringify([rest, ...answer.headers]));
    return typeof token === "string" ? token : "";
  };
  const token = await ask("/v1/login", { body: { uid: "alice", authKey } });
  const refreshed = await ask("/v1/refresh", { token });
  const minted = await ask("/v1/tokens", { body: { uid: "bob" }, key: true });
  await ask("/v1/login", { body: { uid: "alice", authKey: mistaken.authKey } });
  await ask("/v1/login", { body: { uid: 7, authKey } });
  await ask("/v1/login", { body: `{"uid":"alice","authKey":"${authKey}"` });
  await ask("/v1/login", { body: { uid: "nobody", authKey } });
  await ask("/v1/me", { method: "GET", token: mistaken.token });
  await ask(`/v1/me?token=${token}`, { method: "GET" });
  await ask(`/v1/${token}`, { method: "GET", token });
  await ask("/v1/admin/stats", { method: "GET", key: mistaken.apiKey });
  await ask("/v1/admin/stats", { method: "GET", key: true });
  await ask("/v1/admin/throttle", { body: { features: [{ feature: "typing", forMs: 1 }] }, key: true });
  await ask("/v1/users/bob/events", { body: { kind: "text", data: 1 }, key: true });
  await ask("/v1/users/bob/events", { body: { kind: 1, apiKey, token }, key: true });

  const links = [await linked(gateway, "alice", { token: refreshed })];
  links[0]?.send({ t: "token", token: minted });
  await links[0]?.closed;
  for (const hello of [{ token: mistaken.token }, { app: "other" }, { token: refreshed, instance: 7 }]) {
    const link = openLink(gateway.wsUrl, { token, hello });
    links.push(link);
    await link.closed;
  }
  for (const text of [`{"t":"hello","token":"${token}"`, `[[6,"a","user:bob","text","${token}"]]`, `"${token}"`]) {
    const link = await linked(gateway, "alice", { token, hello: { instance: text.slice(0, 9) } });
    links.push(link);
    link.socket.send(text);
    await link.closed;
  }
  const garbled = openLink(`${gateway.wsUrl}?token=${token}`, {
    protocols: ["cc.9"],
    headers: { authorization: `Bearer ${token}` },
  });
  links.push(garbled);
  await garbled.closed;
  await ask("/v1/logout", { token: refreshed });
  await ask("/v1/users/bob/revoke", { key: true });
  await ask("/v1/me", { method: "GET", token: minted });
  for (const link of links) seen.push(...link.messages, (await link.closed).reason);
  seen.push(String((await call(gateway, "/metrics", { method: "GET" })).body["text"]));
  return seen.join("\n");
};

const memory = () => {
  const lines: string[] = [];
  return { lines, stream: { write: (line: string) => void lines.push(line) } };
};

it.each<[string, (stream: { write(line: string): void }) => Logger]>([
  ["a plain pino of the app", (stream) => pino({ level: "trace" }, stream)],
  ["the gateway's own logger", (stream) => createLogger({ level: "trace", destination: stream })],
])("no token, key or secret is told to anybody but its owner: %s at trace", async (_whose, make) => {
  const folder = await mkdtemp(join(tmpdir(), "cc-secrets-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { lines, stream } = memory();
  const gateway = await start({ logger: make(stream), store: fileStore(join(folder, "state")), origins: "*" });
  const secrets = new Set([apiKey, authKey, jwtSecret, ...Object.values(mistaken)]);
  const told = await session(gateway, secrets);
  await gateway.close();
  const everywhere = { log: lines.join("\n"), told, file: await readFile(join(folder, "state"), "utf8") };
  expect(lines.length).toBeGreaterThan(30);
  expect(everywhere.log).toContain('"route":"/v1/users/:uid/events"');
  expect(secrets.size).toBeGreaterThan(8);
  for (const [where, text] of Object.entries(everywhere)) {
    for (const secret of secrets)
      expect([where, text.includes(secret) ? secret : "nothing"]).toEqual([where, "nothing"]);
    // Nor a piece: the middle of a token is what it says, its end what it is worth.
    for (const secret of secrets)
      for (const part of secret.split(".").filter((each) => each.length > 24 && !each.startsWith("eyJhbGci")))
        expect([where, text.includes(part) ? part : "nothing"]).toEqual([where, "nothing"]);
  }
});

it("an option that is wrong is named, and its value is not", async () => {
  const options = {
    ...base,
    jwtSecret: "too-short-but-secret",
    apiKey: "short",
    authKey: "secret1",
    tls: { key: "my-key", cert: "c" },
  };
  const error = await createGateway(options).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: "ERR_OPTION", message: expect.stringMatching(/jwtSecret.*authKey.*tls\.key/) });
  for (const secret of ["too-short-but-secret", "secret1", "my-key"])
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain(secret);
});
