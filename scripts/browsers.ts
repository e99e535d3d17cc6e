/**
 * `pnpm browsers [--only firefox|webkit] [--strict] [--out FILE]`: the browser suite, and the client end to end, in Firefox and WebKit.
 *
 * Sets itself up: takes the browser that is here (FIREFOX_PATH, WEBKIT_DRIVER_PATH and XVFB_PATH name another one), else installs
 * Debian's where this is Debian and we are root, else says in one line why it is left out. `--strict`: one that is left out is a
 * failure, as in CI. Ends with a table of what passed and of what was skipped, each with its reason; `--out` writes it as JSON too.
 * Exit code 1: something failed; 2: wrong arguments.
 *
 * WebKit runs in network and process namespaces of its own where the system lets us: only so can its network be taken away, and
 * nothing that it started outlives the run.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { type EngineName, engineNames, ensureEngine } from "./lib/engines.js";
import { reportFolder } from "./lib/reports.js";
import { root, run } from "./lib/run.js";

/** What a broken run may cost; a whole one takes two minutes where nothing else runs. */
const LIMIT_MS = 900_000;

interface Test {
  readonly fullName: string;
  readonly status: string;
  readonly meta?: { readonly reason?: string; readonly version?: string };
}

interface Row {
  readonly browser: string;
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

const usage = (message: string): never => {
  console.error(`browsers: ${message}\nusage: pnpm browsers [--only firefox|webkit] [--strict] [--out FILE]`);
  process.exit(2);
};

const argumentsOf = (): { readonly only?: string; readonly strict?: boolean; readonly out?: string } => {
  try {
    const options = { only: { type: "string" }, strict: { type: "boolean" }, out: { type: "string" } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    return usage((error as Error).message);
  }
};

const { only, strict = false, out } = argumentsOf();
if (only !== undefined && !engineNames.some((name) => name === only)) usage(`no such browser: ${only}`);

const inNamespace: readonly string[] = [
  "--net",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
  "sh",
  "-c",
  'ip link set lo up && ip route add default dev lo && exec "$@"',
  "sh",
];

/** The command of the run, and what it needs of its environment. */
async function commandOf(engine: EngineName): Promise<{ readonly before: readonly string[]; readonly own: boolean }> {
  if (engine !== "webkit") return { before: [], own: false };
  const { code, stderr } = await run("unshare", [...inNamespace, "true"]);
  if (code === 0) return { before: ["unshare", ...inNamespace], own: true };
  console.log(`browsers: no network namespace for WebKit here: ${stderr.trim().split("\n")[0]}`);
  return { before: [], own: false };
}

function rowsOf(engine: EngineName, file: string): readonly Row[] {
  const { testResults } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly testResults: readonly {
      readonly name: string;
      readonly status: string;
      readonly assertionResults: readonly Test[];
    }[];
  };
  const version = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .map(({ meta }) => meta?.version)
    .find((told) => told !== undefined);
  return testResults.map(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed").length;
    return {
      browser: version ?? engine,
      suite: relative(join(root, "tests/engines"), name).replace(".test.ts", ""),
      passed: assertionResults.filter((test) => test.status === "passed").length,
      // A file that failed before its first test has none that says so.
      failed: failed === 0 && status === "failed" ? 1 : failed,
      skipped: assertionResults
        .filter((test) => test.status !== "passed" && test.status !== "failed")
        .map((test) => ({ name: test.fullName.trim(), reason: test.meta?.reason ?? "no reason was given" })),
    };
  });
}

async function suite(engine: EngineName, programs: Readonly<Record<string, string>>): Promise<readonly Row[]> {
  const began = performance.now();
  const report = join(reportFolder, `../browsers/${engine}.json`);
  rmSync(report, { force: true });
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { before, own } = await commandOf(engine);
  const [command = "", ...args] = [
    ...before,
    process.execPath,
    vitest,
    "run",
    "--config=vitest.browsers.config.ts",
    `--project=${engine}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ];
  const ran = await run(command, args, {
    env: { ...programs, ...(own && { CC_OWN_NETWORK: "1" }) },
    limitMs: LIMIT_MS,
  });
  console.log(`\n== ${engine}, ${((performance.now() - began) / 1000).toFixed(1)} s\n${ran.stdout}${ran.stderr}`);
  const failure = (why: string): Row => ({ browser: engine, suite: why, passed: 0, failed: 1, skipped: [] });
  if (ran.timedOut) return [failure(`ended after ${LIMIT_MS / 1000} s without a result`)];
  try {
    const rows = rowsOf(engine, report);
    const quiet = rows.every(({ failed }) => failed === 0);
    if (rows.every(({ passed }) => passed === 0)) return [...rows, failure("not one test passed")];
    return ran.code !== 0 && quiet ? [...rows, failure(`exit code ${ran.code} although no test failed`)] : rows;
  } catch (error) {
    return [failure(`no report to read: ${(error as Error).message}`)];
  }
}

const began = performance.now();
mkdirSync(join(reportFolder, "../browsers"), { recursive: true });
const missing: { readonly engine: EngineName; readonly reason: string }[] = [];
const runs: Promise<readonly Row[]>[] = [];
for (const engine of engineNames.filter((name) => only === undefined || name === only)) {
  const found = await ensureEngine(engine);
  if ("missing" in found) {
    missing.push({ engine, reason: found.missing });
    console.log(`browsers: ${engine} is left out: ${found.missing}`);
  } else runs.push(suite(engine, found.programs));
}
const rows = (await Promise.all(runs)).flat();

for (const { browser, suite: name, passed, failed, skipped } of rows) {
  console.log(`${browser}  ${name}: ${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  for (const skip of skipped) console.log(`    skipped: ${skip.name}: ${skip.reason}`);
}
for (const { engine, reason } of missing) console.log(`${engine}  left out: ${reason}`);
const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
const failed = sum((row) => row.failed);
const seconds = (performance.now() - began) / 1000;
console.log(
  `browsers: ${sum((row) => row.passed)} passed, ${failed} failed, ${sum((row) => row.skipped.length)} skipped, ${seconds.toFixed(1)} s`,
);
if (out !== undefined) writeFileSync(out, `${JSON.stringify({ rows, missing, seconds }, null, 2)}\n`);
if (failed > 0 || (strict && missing.length > 0)) process.exitCode = 1;
