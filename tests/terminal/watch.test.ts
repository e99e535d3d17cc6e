/** `cc-connection watch` as its user runs it: a process of its own, a real gateway, a network that fails. */
import { createGateway, type Gateway } from "@cc/gateway";
import { createFaultProxy } from "@cc/testkit/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { watchOptions } from "../../apps/terminal/src/options.js";
import { builtProgram, type Program, startProgram } from "../support/program.js";

const cli = await builtProgram(new URL("../../apps/terminal/src/cli.ts", import.meta.url));
const authKey = "terminal-auth-key";

async function startGateway(): Promise<Gateway> {
  const gateway = await createGateway({
    appId: "demo",
    apiKey: "terminal-api-key",
    jwtSecret: "terminal-secret-of-32-bytes-or-more",
    authKey,
    users: [{ uid: "alice", name: "Alice" }],
    throttling: false,
  });
  onTestFinished(() => gateway.close());
  return gateway;
}

const watching = (url: string, ...more: string[]): Program =>
  startProgram(cli, { args: ["watch", "--url", url, "--app", "demo", ...more] });

const asAlice = ["--uid", "alice", "--auth-key", authKey];
const has =
  (...words: string[]) =>
  (line: string): boolean =>
    words.every((word) => line.includes(word));

describe("cc-connection watch", () => {
  it("[B1.7] prints each status with its reason, the session, and events, as plain lines where there is no terminal", async () => {
    const gateway = await startGateway();
    const program = watching(gateway.url, ...asAlice);
    await program.line(has("user", "Alice (alice)"));
    await program.line(has("connecting", "[starting, attempt 1]"));
    await program.line(has("connected", "[welcome, attempt 1]"));
    await program.line(has("session", "new"));
    await gateway.publish({ channel: "user:alice", kind: "message", data: { text: "Hi\u009b2J" }, from: "bob" });
    const event = await program.line(has("event", "message from bob on user:alice #1"));
    expect(event, "a message moves no cursor").toContain('{"text":"Hi\\u009b2J"}');
    program.process.kill("SIGINT");
    const { code, stdout, stderr } = await program.ended();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout, "no colour codes").not.toMatch(/\u001b/);
  });

  it("[B2.5] Ctrl-C after a login by key logs out: the token is dead and the link gone, exit 0", async () => {
    const gateway = await startGateway();
    const program = watching(gateway.url, ...asAlice, "--json");
    await program.line(has('"status":"connected"'));
    expect(gateway.stats().linked).toBe(1);
    program.process.kill("SIGINT");
    const { code, stdout } = await program.ended();
    expect(code).toBe(0);
    const lines = stdout.trim().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ type: "end", how: "loggedOut" });
    expect(JSON.parse(lines.at(-2) ?? "")).toMatchObject({ status: "disconnected", reason: "loggedOut" });
    await expect.poll(() => gateway.stats().linked).toBe(0);
  });

  it("Ctrl-C after a login by token disconnects and leaves the token good, for it belongs to the caller", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice");
    const program = watching(gateway.url, "--token", token, "--json");
    await program.line(has('"status":"connected"'));
    program.process.kill("SIGINT");
    const { code, stdout } = await program.ended();
    expect(code).toBe(0);
    expect(stdout).not.toContain(token);
    await expect(gateway.verifyToken(token)).resolves.toMatchObject({ uid: "alice" });
    await expect.poll(() => gateway.stats().linked).toBe(0);
  });

  it("[B1.8] --json tells a loss, why, when the next attempt is, and the resumed session, one object per line", async () => {
    const gateway = await startGateway();
    const proxy = await createFaultProxy({ target: gateway.address });
    onTestFinished(() => proxy.close());
    const program = watching(proxy.url("http"), ...asAlice, "--json");
    await program.line(has('"recovery":"new"'));
    proxy.cut();
    await program.line(has('"recovery":"resumed"'));
    program.process.kill("SIGTERM");
    const { code, stdout } = await program.ended();
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const loss = lines.find((line) => line["status"] === "disconnected");
    expect(loss).toMatchObject({ reason: "linkLost", previous: "connected", error: "ERR_WEBSOCKET_ERROR" });
    expect(Date.parse(String(loss?.["retryAt"]))).toBeGreaterThanOrEqual(Date.parse(String(loss?.["at"])));
    expect(loss?.["explain"]).toMatchObject({ why: "The connection was lost." });
    const statuses = lines.flatMap((line) => (line["type"] === "status" ? [line["status"]] : []));
    expect(statuses.slice(0, 2)).toEqual(["connecting", "connected"]);
    expect(statuses.slice(2, 5)).toEqual(["disconnected", "connecting", "connected"]);
  });

  it("[B4.1] --manual connects by its own call, and says so", async () => {
    const gateway = await startGateway();
    const program = watching(gateway.url, ...asAlice, "--manual");
    await program.line(has("connecting", "[connectCalled, attempt 1]"));
    await program.line(has("connected", "[welcome"));
    program.process.kill("SIGINT");
    expect((await program.ended()).code).toBe(0);
  });

  it("[B2.7] a refusal for good ends it with exit 1, the error and what to do about it", async () => {
    const gateway = await startGateway();
    const { token } = await gateway.mintToken("alice");
    const program = watching(gateway.url, "--token", token);
    await program.line(has("connected", "[welcome"));
    gateway.revokeUser("alice");
    const { code, stdout } = await program.ended();
    expect(code).toBe(1);
    expect(stdout).toMatch(/error +ERR_AUTH_REJECTED: the token was revoked → Get a new token/);
  });

  it("a login that is refused ends it with exit 1", async () => {
    const gateway = await startGateway();
    const program = watching(gateway.url, "--uid", "alice", "--auth-key", "not-the-key");
    const { code, stdout } = await program.ended();
    expect(code).toBe(1);
    expect(stdout).toContain("ERR_AUTH_REJECTED");
    expect(stdout).not.toContain("not-the-key");
  });

  it.each([
    ["no command", []],
    ["an unknown option", ["watch", "--url", "http://127.0.0.1:1", "--app", "demo", "--token", "t", "--loud"]],
    ["a uid without a key", ["watch", "--url", "http://127.0.0.1:1", "--app", "demo", "--uid", "alice"]],
  ])("wrong options are one line on standard error and exit 2: %s", async (_what, args) => {
    const { code, stdout, stderr } = await startProgram(cli, { args }).ended();
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^cc-connection: [^\n]+\n$/);
  });

  it("refuses options that make no whole, in one line that names the wrong one", () => {
    const good = { url: "http://127.0.0.1:1", app: "demo", background: "disconnect" } as const;
    expect(() => watchOptions({ ...good, url: "localhost", token: "t" })).toThrow(/^--url [^\n]+$/);
    expect(() => watchOptions({ ...good, app: "", token: "t" })).toThrow(/^--app [^\n]+$/);
    expect(() => watchOptions(good)).toThrow(/--uid and --auth-key, or --token/);
    expect(() => watchOptions({ ...good, uid: "alice", token: "t" }), "a uid means a login by key").toThrow(/^--uid/);
    expect(watchOptions({ ...good, token: "t" }).credentials).toEqual({ how: "token", token: "t" });
  });
});
