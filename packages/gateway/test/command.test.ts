/** The program `cc-gateway` as an operator meets it: flags, environment, refusals, signals, log. */
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { command, goodEnv } from "./support/command.js";
import { openLink, type TestLink } from "./support/link.js";
import { apiKey, authKey, jwtSecret } from "./support/start.js";

const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(goodEnv).filter(([key]) => key !== name));

const login = async (url: string, uid: string): Promise<string> => {
  const response = await fetch(`${url}/v1/login`, { method: "POST", body: JSON.stringify({ uid, authKey }) });
  expect(response.status).toBe(200);
  return ((await response.json()) as { readonly token: string }).token;
};

const linkTo = async (url: string, token: string): Promise<TestLink> => {
  const link = openLink(`${url.replace("http", "ws")}/v1/connect`, { token });
  await link.named("welcome");
  return link;
};

describe("cc-gateway does not start", () => {
  it.each([
    ["a missing key", [], without("CC_API_KEY"), /^cc-gateway: apiKey is missing\n$/],
    ["no keys at all", [], {}, /^cc-gateway: appId is missing; apiKey is missing; jwtSecret is missing\n$/],
    [
      "a short secret",
      [],
      { ...goodEnv, CC_JWT_SECRET: "short" },
      /^cc-gateway: jwtSecret: must be at least 32 bytes\n$/,
    ],
    ["a port that is no number", ["--port", "http"], goodEnv, /^cc-gateway: .*--port.*must be a number.*\n$/],
    ["a port out of range", ["--port", "70000"], goodEnv, /^cc-gateway: port: .*\n$/],
    ["an unknown flag", ["--prot", "1"], goodEnv, /^cc-gateway: unknown option '--prot'.*\n$/],
    ["a misspelt secret", ["--api-kee=it's secret"], goodEnv, /^cc-gateway: unknown option '--api-kee=…'\n$/],
    ["an unknown limit", ["--limit", "frames=1"], goodEnv, /^cc-gateway: unknown option limits\.frames\n$/],
    ["an unknown bound of the log", ["--log", "max=1"], goodEnv, /^cc-gateway: unknown bound of the log: max\n$/],
    [
      "a bad switch in the environment",
      [],
      { ...goodEnv, CC_CREATE_USERS: "perhaps" },
      /^cc-gateway: .*true or false.*\n$/,
    ],
  ])("%s: one line on stderr, exit 2", async (_what, args, env, line) => {
    const process = command(args, env);
    expect(await process.exit).toEqual({ code: 2, signal: null });
    expect(process.stderr()).toMatch(line);
    expect(process.stdout()).toBe("");
  });

  it("a port in use: one line that names it, exit 2", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      const process = command(["--port", String(port)]);
      expect(await process.exit).toEqual({ code: 2, signal: null });
      expect(process.stderr()).toBe(
        `cc-gateway: 127.0.0.1:${port} is in use by another process; choose another port, or 0 for a free one\n`,
      );
    } finally {
      await new Promise((resolve) => taken.close(resolve));
    }
  });

  it("--help is no failure, and names every environment variable", async () => {
    const process = command(["--help"], {});
    expect((await process.exit).code).toBe(0);
    for (const name of ["CC_API_KEY", "CC_JWT_SECRET", "CC_LIMIT", "CC_ORIGINS", "CC_DRAIN_MS"])
      expect(process.stdout()).toContain(name);
  });
});

describe("cc-gateway runs", () => {
  it("SIGTERM: links are told to go with a spread, refused ones get a floor, the rest are closed 1012, exit 0 [B5.2] [B5.4]", async () => {
    const process = command(["--drain-ms", "400", "--admission-per-second", "1"]);
    const url = await process.url;
    const [alice, bob] = [await linkTo(url, await login(url, "alice")), await linkTo(url, await login(url, "bob"))];
    const token = await login(url, "alice");
    process.child.kill("SIGTERM");
    expect(await alice.named("goaway")).toMatchObject({ spreadMs: 2_000 });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    const late = openLink(`${url.replace("http", "ws")}/v1/connect`, { token });
    expect(await late.named("reject")).toMatchObject({ retry: "later", spreadMs: expect.any(Number) });
    alice.socket.close(1000);
    expect((await bob.closed).code).toBe(1012);
    expect(await process.exit).toEqual({ code: 0, signal: null });
    expect(process.stderr()).toBe("");
  });

  it("SIGINT with nobody there ends at once, exit 0", async () => {
    const process = command([]);
    await process.url;
    process.child.kill("SIGINT");
    expect(await process.exit).toEqual({ code: 0, signal: null });
  });

  it("a second signal does not wait for the drain", async () => {
    const process = command(["--drain-ms", "600000"]);
    const url = await process.url;
    const link = await linkTo(url, await login(url, "alice"));
    process.child.kill("SIGTERM");
    await link.named("goaway");
    process.child.kill("SIGTERM");
    expect((await link.closed).code).toBe(1012);
    expect(await process.exit).toEqual({ code: 0, signal: null });
  });

  it("no token and no key is ever in its log, at the most talkative level [R28]", async () => {
    const process = command(["--log-level", "trace"]);
    const url = await process.url;
    const token = await login(url, "alice");
    const link = await linkTo(url, token);
    await fetch(`${url}/v1/me?token=${token}`, { headers: { authorization: `Bearer ${token}` } });
    await fetch(`${url}/v1/users/alice/revoke`, { method: "POST", headers: { "x-api-key": apiKey } });
    await link.closed;
    const refused = openLink(`${url.replace("http", "ws")}/v1/connect?token=${token}`, { token });
    expect((await refused.closed).code).toBe(4401);
    process.child.kill("SIGTERM");
    expect((await process.exit).code).toBe(0);
    const log = process.stdout();
    expect(log).toContain('"token refused"');
    expect(log).toContain('"route":"/v1/me"');
    for (const secret of [token, token.split(".")[2] ?? token, apiKey, authKey, jwtSecret])
      expect(log).not.toContain(secret);
  });

  it("flags and environment reach the gateway", async () => {
    const process = command(
      [
        "--limit",
        "frameRate=77,window=33",
        "--heartbeat-ms",
        "9000",
        "--origins",
        "https://a.example,https://b.example",
      ],
      {
        ...goodEnv,
        CC_CREATE_USERS: "true",
        CC_LOG: "maxCount=5",
      },
    );
    const url = await process.url;
    const link = await linkTo(url, await login(url, "somebody-new"));
    expect(await link.named("welcome")).toMatchObject({ heartbeatMs: 9_000, limits: { frameRate: 77, window: 33 } });
    const preflight = await fetch(`${url}/v1/me`, {
      method: "OPTIONS",
      headers: { origin: "https://b.example", "access-control-request-method": "GET" },
    });
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://b.example");
    process.child.kill("SIGTERM");
    link.socket.close(1000);
    expect((await process.exit).code).toBe(0);
  });
});
