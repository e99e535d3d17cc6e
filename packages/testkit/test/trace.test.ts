/** Reading, replaying and testing a trace: what is no trace is refused by name, what is another run is found, and the test that comes out runs. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Connection, createConnection } from "@cc/core";
import {
  createRandom,
  createScriptedLifecycle,
  createScriptedLinks,
  createScriptedProtocol,
  createVirtualClock,
} from "@cc/testkit";
import { parseTrace, replay, statusesTold, TraceError, traceToTest } from "@cc/testkit/trace";
import { describe, expect, it, onTestFinished, test } from "vitest";

type Json = Record<string, unknown> & { inputs: Record<string, unknown>[] };

/** A run with a loss, a probe and a retry. */
function run(): Connection {
  const clock = createVirtualClock();
  const links = createScriptedLinks({ clock });
  const protocol = createScriptedProtocol();
  const lifecycle = createScriptedLifecycle();
  const connection = createConnection({
    clock,
    random: createRandom(5),
    openLink: links.open,
    lifecycle,
    url: "ws://gateway.test/",
  });
  connection.init({ auto: true });
  const fetchToken = (): never => {
    throw new Error("not renewable");
  };
  connection.login({ user: "ann", token: "T", lifeMs: null, renewable: false, protocol, fetchToken });
  for (let n = 0; n < 2; n++) {
    clock.advance(3_000);
    links.last.open();
    protocol.last.welcome({ user: "ann", heartbeatMs: 10_000 });
    clock.advance(11_000);
    links.last.close({ code: 1006 });
  }
  return connection;
}

const json = (): Json => JSON.parse(JSON.stringify(run().trace())) as Json;

/** What `parseTrace` says of a value. */
function refusal(value: unknown): TraceError {
  try {
    parseTrace(value);
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("parseTrace", () => {
  it("takes the value and its text alike", () => {
    expect(parseTrace(JSON.stringify(json()))).toEqual(parseTrace(json()));
  });

  it.each([[null], ["{"], [42], [[]], [{}], [{ format: "har", version: 1 }], [{ format: "cc-trace" }]])(
    "%j is no trace",
    (value) => expect(refusal(value).problem).toBe("notATrace"),
  );

  it("says that a newer trace is newer, whatever is in it", () => {
    expect(refusal({ format: "cc-trace", version: 2 })).toMatchObject({ problem: "newerVersion", entry: undefined });
  });

  it.each<[string, (trace: Json) => void, string, number | undefined]>([
    ["no state", (t) => delete t["state"], "state", undefined],
    ["no end", (t) => delete t["end"], "end", undefined],
    ["no inputs", (t) => delete (t as Partial<Json>).inputs, "inputs", undefined],
    ["a policy without its caps", (t) => Object.assign(t["policy"] as object, { caps: 3 }), "policy.caps", undefined],
    [
      "a state of an unknown tag",
      (t) => Object.assign(t["state"] as object, { link: { tag: "x" } }),
      "state.link.tag",
      undefined,
    ],
    [
      "an input of an unknown type",
      (t) => Object.assign(t.inputs[2] ?? {}, { input: { type: "x" } }),
      "input 2: input.type",
      2,
    ],
    [
      "an input without its link",
      (t) => Object.assign(t.inputs[3] ?? {}, { input: { type: "opened" } }),
      "input 3: input.link",
      3,
    ],
    ["a moment that is too short", (t) => Object.assign(t.inputs[1] ?? {}, { at: [1, 2, 3] }), "input 1: entry.at", 1],
    ["a moment of text", (t) => Object.assign(t.inputs[1] ?? {}, { at: [1, 2, "x", 3] }), "input 1: entry.at[2]", 1],
    [
      "a verdict that is none",
      (t) => Object.assign(t.inputs[0] ?? {}, { verdicts: [{ action: "x" }] }),
      "input 0: entry.verdicts[0].action",
      0,
    ],
    ["null in the place of an input", (t) => t.inputs.splice(4, 1, null as never), "input 4: entry", 4],
  ])("says where it is damaged: %s", (_, damage, where, entry) => {
    const trace = json();
    damage(trace);
    const error = refusal(trace);
    expect([error.problem, error.entry]).toEqual(["damaged", entry]);
    expect(error.message).toContain(where);
  });
});

/** Puts another number in the place of one of the last input's moment. */
function changeLast(trace: Json, i: number, value: number): void {
  const last = trace.inputs.at(-1);
  if (last) last["at"] = (last["at"] as unknown[]).with(i, value);
}

describe("replay", () => {
  it("finds each kind of change: chance, time, a missing input, one too many, another end", () => {
    const changes: ((trace: Json) => unknown)[] = [
      (t) => changeLast(t, 2, 0.123),
      (t) => changeLast(t, 0, 90_000),
      (t) => t.inputs.splice(4, 1),
      (t) => t.inputs.splice(4, 0, t.inputs[1] ?? {}),
      (t) => t.inputs.pop(),
      (t) => Object.assign(t["end"] as object, { ids: 77 }),
    ];
    expect(replay(parseTrace(json())).difference).toBeUndefined();
    for (const [i, change] of changes.entries()) {
      const trace = json();
      change(trace);
      expect(replay(parseTrace(trace)).difference, `change ${i}`).toBeDefined();
    }
  });

  it("says how often shouldRetry was asked when it was asked another number of times", () => {
    const trace = json();
    Object.assign(trace.inputs.at(-1) ?? {}, { verdicts: [{}, {}] });
    expect(replay(parseTrace(trace)).difference?.where).toBe("shouldRetry is asked 1 times, not 2");
  });
});

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** Runs test files in a project of their own, inside this package, so that their imports are found. */
async function vitest(files: Readonly<Record<string, string>>): Promise<Report> {
  const root = fileURLToPath(new URL("../node_modules/.cc-trace", import.meta.url));
  mkdirSync(root, { recursive: true });
  const folder = mkdtempSync(join(root, "run-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source);
  const config = {
    ssr: { resolve: { conditions: ["@cc/source", "node", "module"] } },
    test: { include: ["*.test.ts"], exclude: [], root: folder, fileParallelism: false },
  };
  writeFileSync(join(folder, "vitest.config.mjs"), `export default ${JSON.stringify(config)};\n`);
  const cli = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const out = join(folder, "report.json");
  const args = [
    cli,
    "run",
    "--root",
    folder,
    "--config",
    join(folder, "vitest.config.mjs"),
    "--reporter=json",
    `--outputFile=${out}`,
  ];
  // Exit 1 is that of a failed test, which is wanted here; a run that came to nothing wrote no report.
  await new Promise<void>(
    (resolve) => void execFile(process.execPath, args, { cwd: folder, timeout: 240_000 }, () => resolve()),
  );
  return JSON.parse(readFileSync(out, "utf8")) as Report;
}

test("a trace becomes a test that passes, and fails when the machine tells something else", {
  timeout: 260_000,
}, async () => {
  const source = traceToTest(json(), { name: 'a "quoted" run' });
  const statuses = JSON.stringify(statusesTold(replay(parseTrace(json()))));
  expect(source).toContain(statuses);
  const { testResults } = await vitest({
    "same.test.ts": source,
    "other.test.ts": source.replace(statuses, '["connected"]'),
  });
  const [other, same] = testResults
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map((file) => file.assertionResults[0]);
  expect([same?.title, same?.status]).toEqual(['a "quoted" run', "passed"]);
  expect(other?.status).toBe("failed");
  expect(other?.failureMessages[0]).toContain("AssertionError");
});

test("a trace that does not replay becomes no test", () => {
  const trace = json();
  trace.inputs.pop();
  expect(() => traceToTest(trace)).toThrow("does not replay here: state.");
});
