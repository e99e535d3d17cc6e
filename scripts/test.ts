/**
 * `pnpm test`: sets up what the tests need, runs every suite, and closes with one plain line `N passed, N failed`.
 *
 * The numbers come from the runners' own reports, and doubt counts as failure: a suite without a report, a file without a test, a
 * runner that exits non-zero although nothing failed (an unhandled rejection), a runner that had to be ended because it hung.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureChromium } from "./lib/browser.js";
import { BUILT_PAGE, buildPlayground } from "./lib/playground.js";
import { programFolder } from "./lib/program.js";
import { ONLY } from "./lib/pure.js";
import { reportFolder, sumReport } from "./lib/reports.js";
import { root, run } from "./lib/run.js";

const suites: readonly Suite[] = [
  { name: "pure", project: "node", args: ["--no-isolate", "--maxWorkers=2"], only: "pure", limitMs: 300_000 },
  { name: "node", project: "node", args: [], only: "others", limitMs: 690_000 },
  // Going offline from inside a page can cut the runner's own channel, and then it waits for ever.
  { name: "browser", project: "browser", args: [], limitMs: 240_000 },
  { name: "sim", project: "sim", args: [], limitMs: 400_000 },
];

interface Suite {
  readonly name: string;
  /** Of vitest.config.ts. */
  readonly project: string;
  readonly args: readonly string[];
  /** Of the project's tests, those. */
  readonly only?: "pure" | "others";
  readonly limitMs: number;
}

if (process.argv.length > 2) {
  console.error(
    "pnpm test runs everything and takes no arguments; a part: npx vitest run --project node|browser|sim FILTER",
  );
  process.exit(2);
}

const chromium = await ensureChromium();
if (chromium === undefined) {
  console.error(
    "browser: none works here. Install Chromium (Debian: apt-get install -y chromium) or set CHROMIUM_PATH.",
  );
}

for (const folder of [reportFolder, programFolder]) rmSync(folder, { recursive: true, force: true });
mkdirSync(reportFolder, { recursive: true });
const page = join(reportFolder, "playground");
await buildPlayground(page);

let passed = 0;
let failed = 0;
const failures: string[] = [];
for (const { name, project, args: more, only, limitMs } of suites) {
  const began = performance.now();
  console.log(`\n== ${name}`);
  const report = join(reportFolder, `${name}.json`);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const args = ["run", "--project", project, ...more];
  args.push("--reporter=default", "--reporter=json", `--outputFile.json=${report}`);
  const env = {
    ...(chromium !== undefined && { CHROMIUM_PATH: chromium }),
    ...(only !== undefined && { [ONLY]: only }),
    [BUILT_PAGE]: page,
  };
  const missing = name === "browser" && chromium === undefined;
  const ran = missing ? undefined : await run(process.execPath, [vitest, ...args], { env, show: true, limitMs });
  const sum = sumReport(name);
  const remarks = [...sum.remarks];
  let failedHere = sum.failed;
  if (ran?.timedOut) {
    remarks.push(`suite ${name}: ended after ${limitMs / 1000} s without a result`);
    failedHere = Math.max(failedHere, 1);
  } else if (ran !== undefined && ran.code !== 0 && failedHere === 0) {
    remarks.push(`suite ${name}: exit code ${ran.code} although no test failed (an unhandled error, see above)`);
    failedHere = 1;
  }
  passed += sum.passed.length;
  failed += failedHere;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const skipped = sum.skipped > 0 ? `, ${sum.skipped} skipped` : "";
  console.log(`== ${name}: ${sum.passed.length} passed, ${failedHere} failed${skipped}, ${seconds} s`);
  failures.push(...remarks);
}

// At the end, where a log that keeps only its last lines still has them.
console.log();
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
