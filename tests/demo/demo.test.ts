/** `pnpm demo` as its user runs it: the transcript proves its claims, and each way of breaking it is caught by name. */
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { readFlags } from "../../apps/demo/src/flags.js";
import { builtProgram, startProgram } from "../support/program.js";

const demo = await builtProgram(new URL("../../apps/demo/src/main.ts", import.meta.url));
const LIMIT_MS = 55_000;

describe("the demo", () => {
  it(
    "[B1.1] plays login, loss, resume, background, lease, rejection, throttling and logout, checks them, and ends",
    async () => {
      const { code, stdout, stderr } = await startProgram(demo, { args: ["--once"] }).ended(LIMIT_MS);
      expect(stderr).toBe("");
      expect(stdout).toMatch(/^demo: [1-9]\d+ checks passed$/m);
      expect(stdout.trim().split("\n").at(-1)).toMatch(/^demo: \d+ checks passed$/);
      expect(code).toBe(0);
      for (const told of ["connecting", "connected", "disconnected", "featureThrottled", "resumed", "leaseExpired"]) {
        expect(stdout).toContain(told);
      }
      expect(stdout, "shortened times are said to be").toMatch(/shortened by policy: .*lease 2\.4 s \(30 s\)/);
      expect(stdout, "the scripted lifecycle is said to be").toContain("scripted lifecycle");
    },
    LIMIT_MS + 5_000,
  );

  it.each(["resume", "status", "lease", "throttle"])(
    "--break %s is caught, by the name of a check about it",
    async (broken) => {
      const { code, stdout, stderr } = await startProgram(demo, { args: ["--break", broken] }).ended(LIMIT_MS);
      expect(code).toBe(1);
      expect(stderr.trim()).toMatch(new RegExp(`^demo: check failed: ${broken}: `));
      expect(stdout).not.toContain("checks passed");
    },
    LIMIT_MS + 5_000,
  );

  it.each([
    ["an unknown flag", ["--loud"]],
    ["a page that is not built", ["--serve", "--page", "/nowhere"]],
  ])("what cannot start is one line on standard error and exit 2: %s", async (_what, args) => {
    const { code, stdout, stderr } = await startProgram(demo, { args }).ended();
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^demo: [^\n]+\n$/);
  });

  it.each([
    [["--break", "everything"], /^--break takes resume, status, lease, throttle/],
    [["--break"], /argument missing$/],
    [["--port", "70000"], /^--port takes a number/],
    [["--port", "-1"], /./],
    [["please"], /^Unexpected argument/],
    [["--serve", "--once"], /^--serve plays no transcript/],
  ])("refuses %j in one line", (args, message) => {
    expect(() => readFlags(args, {})).toThrow(message);
    expect(() => readFlags(args, {})).toThrow(/^[^\n]+$/);
  });

  it("ends after the transcript with --once and in CI, and serves the page otherwise", () => {
    expect(readFlags([], {}).once).toBe(false);
    expect(readFlags(["--once"], {}).once).toBe(true);
    expect(readFlags([], { CI: "true" }).once).toBe(true);
    expect(readFlags([], { CI: "false" }).once).toBe(false);
  });

  it("serves the page until Ctrl-C, on another port where the wished one is taken, to this machine only", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void taken.close());
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const page = new URL("../../apps/playground", import.meta.url).pathname;
    const program = startProgram(demo, { args: ["--serve", "--port", String(port), "--page", page] });
    await program.line((line) => line === `demo: port ${port} is taken, so another was chosen`);
    const url = (await program.line((line) => line.startsWith("demo: playground at "))).split(" at ")[1] ?? "";
    expect(await (await fetch(url)).text()).toContain("<title>");
    const config = (await (await fetch(`${url}config.json`)).json()) as Record<string, unknown>;
    expect(config).toMatchObject({ users: [{ uid: "alice" }, { uid: "bob" }, { uid: "carol" }] });

    const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const refused = await post("faults/refuse", { seat: "left", on: true });
    expect(await refused.json()).toMatchObject({ seats: { left: { refuse: true }, right: { refuse: false } } });
    expect((await post("faults/refuse", { seat: "middle", on: true })).status).toBe(400);
    expect((await post("faults/melt", {})).status).toBe(400);
    expect((await post("faults/cut", { seat: "left" }, { origin: "http://evil.example" })).status).toBe(403);
    expect((await post("faults/cut", { seat: "left" }, { "content-type": "text/plain" })).status).toBe(403);
    expect((await fetch(`${url}..%2f..%2fpackage.json`)).status).toBe(404);

    // A seat's way to the gateway is the page's alone too, and only a seat's.
    const evil = { origin: "http://evil.example" };
    await expect(fetch(`${url}seats/left/healthz`), "refused, as was asked for").rejects.toThrow("fetch failed");
    await post("faults/clear", {});
    expect((await fetch(`${url}seats/left/healthz`)).status).toBe(200);
    expect((await fetch(`${url}seats/left/healthz`, { headers: evil })).status).toBe(404);
    expect((await fetch(`${url}seats/middle/healthz`)).status).toBe(404);
    const upgraded = (path: string, headers: Record<string, string>): Promise<number> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${url.replace("http", "ws")}${path}`, "cc.1", { headers });
        socket.on("open", () => {
          resolve(101);
          socket.terminate();
        });
        socket.on("error", () => resolve(0));
      });
    expect(await upgraded("seats/left/v1/connect", { origin: new URL(url).origin })).toBe(101);
    expect(await upgraded("seats/left/v1/connect", evil)).toBe(0);
    expect(await upgraded("seats/left/v1/connect", { host: "rebound.example" })).toBe(0);
    expect(await upgraded("seats/middle/v1/connect", {})).toBe(0);

    program.process.kill("SIGINT");
    expect((await program.ended()).code).toBe(0);
  });
});
