/** `cc-connection replay` as its user runs it: a process of its own, and a file. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { OptionError } from "../../apps/terminal/src/options.js";
import { type ReplayFlags, replayFile } from "../../apps/terminal/src/replay.js";
import { createRig } from "../core/rig.js";
import { builtProgram } from "../support/program.js";

const cli = await builtProgram(new URL("../../apps/terminal/src/cli.ts", import.meta.url));

/** As where there is no terminal. */
const uncoloured = new Proxy({}, { get: () => (text: string) => text }) as Parameters<typeof replayFile>[3];

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command itself, in a process of its own. */
const started = (...args: string[]): Promise<Run> =>
  new Promise((resolve) => {
    execFile(process.execPath, [cli.file, "replay", ...args], { timeout: 200_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });

/** What the command does, in this process: starting one costs a second. */
function replaying(file: string, flags: ReplayFlags = {}): Run {
  let stdout = "";
  try {
    const code = replayFile(
      file,
      flags,
      (line) => {
        stdout += `${line}\n`;
      },
      uncoloured,
    );
    return { code, stdout, stderr: "" };
  } catch (error) {
    if (error instanceof OptionError) return { code: 2, stdout, stderr: error.message };
    throw error;
  }
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "cc-replay-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** The trace of a run that connects and is lost, as JSON. */
function recorded(): string {
  const rig = createRig();
  rig.start();
  rig.linkUp();
  rig.clock.advance(1_500);
  rig.lose({ code: 1006 });
  return JSON.stringify(rig.connection.trace());
}

async function file(content: string): Promise<string> {
  const path = join(await folder(), "trace.json");
  await writeFile(path, content);
  return path;
}

describe("cc-connection replay", () => {
  it("prints what came in, the status, why and the reason, and that it is the same run: exit 0", async () => {
    const { code, stdout, stderr } = replaying(await file(recorded()));
    expect([code, stderr]).toEqual([0, ""]);
    const lines = stdout.trim().split("\n");
    expect(lines).toHaveLength(7);
    expect(lines[4]).toMatch(/0\.000 s {2}welcome \(new\), link 1 +connected +The server has welcomed this client\./);
    expect(lines[5]).toMatch(
      /1\.500 s {2}closed \(1006\), link 1 +disconnected +ERR_WEBSOCKET_ERROR The connection was lost\. .*\(in 1\.\d s\) \[waiting, linkLost, attempt 1\]/,
    );
    expect(lines[6]).toBe("The same run, bit for bit: 6 inputs.");
    expect(stdout, "no colour codes").not.toMatch(/\u001b/);
  });

  it("as a command: exit 0 for the recorded run, 2 and one line for what is no trace", {
    timeout: 400_000,
  }, async () => {
    const [good, bad] = await Promise.all([started(await file(recorded())), started(await file("{}"))]);
    expect([good.code, good.stderr]).toEqual([0, ""]);
    expect(good.stdout).toContain("The same run, bit for bit: 6 inputs.\n");
    expect([bad.code, bad.stdout]).toEqual([2, ""]);
    expect(bad.stderr).toMatch(/^cc-connection: .*trace\.json: This is no trace: .*\n$/);
  });

  it("--json: an object for each input, and the verdict", async () => {
    const { code, stdout } = replaying(await file(recorded()), { json: true });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).toBe(0);
    expect(lines.map(({ type }) => type)).toEqual([...Array(6).fill("input"), "end"]);
    expect(lines[5]).toMatchObject({
      n: 5,
      status: "disconnected",
      reason: "linkLost",
      errors: ["ERR_WEBSOCKET_ERROR"],
    });
    expect(lines[6]).toEqual({ type: "end", inputs: 6, same: true });
  });

  it("--test writes a test, and never over a file that is there", async () => {
    const trace = await file(recorded());
    const test = join(await folder(), "recorded.test.ts");
    expect(replaying(trace, { test }).code).toBe(0);
    const source = await readFile(test, "utf8");
    expect(source).toContain('expect(statusesTold(run)).toEqual(["connecting","connected","disconnected"])');
    const again = replaying(trace, { test });
    expect([again.code, again.stderr]).toEqual([2, `${test} cannot be written: EEXIST`]);
    expect(await readFile(test, "utf8")).toBe(source);
  });

  it("a trace that replays to something else is told so, with the place: exit 1, and no test", async () => {
    const trace = JSON.parse(recorded()) as { inputs: { at: number[] }[] };
    const last = trace.inputs.at(-1);
    if (last) last.at[2] = 0.25;
    const test = join(await folder(), "recorded.test.ts");
    const { code, stdout } = replaying(await file(JSON.stringify(trace)), { test });
    expect(code).toBe(1);
    expect(stdout.trim().split("\n").at(-1)).toMatch(
      /^This is not the recorded run: at input 5, state\.link\.until: recorded [\d.]+, replayed [\d.]+\./,
    );
    await expect(readFile(test)).rejects.toThrow("ENOENT");
  });

  it.each([
    ["no file", undefined, /cannot be read: ENOENT/],
    ["not JSON", "hello", /this is no trace: it is not JSON/i],
    ["another JSON", "[1,2]", /This is no trace: a trace is an object/],
    ["a newer version", '{"format":"cc-trace","version":7}', /The trace is of version 7; this program knows 1/],
    [
      "a damaged one",
      recorded().replace('"type":"opened"', '"type":"op\\u001bned"'),
      /damaged at input 3: input\.type/,
    ],
  ])("%s: one line, exit 2", async (_, content, says) => {
    const path = content === undefined ? join(await folder(), "none.json") : await file(content);
    const { code, stdout, stderr } = replaying(path);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(says);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
