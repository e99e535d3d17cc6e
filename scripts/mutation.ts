/**
 * `pnpm mutation`: StrykerJS changes every line of decision code of @cc/core and @cc/protocol, one at a time; a test has to notice.
 *
 *   --only core|protocol   one of the two packages
 *   --files GLOB           of the package's files only these: `--only core --files packages/core/src/link.ts`
 *   --fresh                take over nothing from an earlier run (`.reports/mutation/*.incremental.json`)
 *   --concurrency N        test runners at a time; default 1
 *   --out FILE             scores by file and every survivor, as JSON
 *   --strict               a score below 85 % and a survivor that nobody has explained fail
 *   --report               runs nothing: writes docs/proof.md's tables from docs/mutation/*.json, which runs have written with --out
 *
 * A survivor is explained in scripts/mutation/*.ts. Everything runs in a private copy of the tree.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { explanationOf } from "./lib/mutation/explanations.js";
import { isMutated, leastScore, mutatedPackages } from "./lib/mutation/parts.js";
import { readResults, writeReport } from "./lib/mutation/report.js";
import { type PackageResult, type Results, scoreOf, total } from "./lib/mutation/results.js";
import { mutate } from "./lib/mutation/stryker.js";

const wrong = (why: string): never => {
  console.error(`mutation: ${why}`);
  process.exit(2);
};

function options() {
  try {
    return parseArgs({
      options: {
        only: { type: "string" },
        files: { type: "string" },
        fresh: { type: "boolean", default: false },
        concurrency: { type: "string", default: "1" },
        out: { type: "string" },
        strict: { type: "boolean", default: false },
        report: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

const percent = (score: number | undefined): string => (score === undefined ? "–" : `${score.toFixed(1)} %`);

/** Prints a package's figures and survivors; answers what a strict run fails on. */
function tell(name: string, { whole, files, survivors, seconds }: PackageResult): readonly string[] {
  const all = total(files);
  const score = scoreOf(all);
  const unexplained = survivors.filter((survivor) => explanationOf(survivor) === undefined);
  for (const { file, line, mutator, original, replacement, key } of survivors) {
    console.log(`survived ${file}:${line} ${mutator}: ${original} → ${replacement}`);
    console.log(`         ${explanationOf({ key }) ?? "UNEXPLAINED"}`);
  }
  for (const f of files)
    console.log(
      `${percent(scoreOf(f)).padStart(8)}  ${f.file}: ${f.killed} killed, ${f.timeout} timed out, ${f.survived} survived, ${f.noCoverage} never reached`,
    );
  console.log(
    `${name}: ${percent(score)} of ${all.killed + all.timeout + all.survived + all.noCoverage} mutants in ${seconds} s; ${survivors.length} survivors, ${unexplained.length} unexplained`,
  );
  const faults: string[] = [];
  if (unexplained.length > 0) faults.push(`${name}: ${unexplained.length} survivors are unexplained`);
  if (!whole) faults.push(`${name}: only a part of the package was mutated`);
  if ((score ?? 0) < leastScore) faults.push(`${name}: the score is below ${leastScore} %`);
  return faults;
}

const { only, files, fresh, concurrency: wanted, out, strict, report } = options();
const concurrency = Number(wanted);
if (!Number.isInteger(concurrency) || concurrency < 1) wrong(`--concurrency ${wanted} is not a number of runners`);
if (only !== undefined && !isMutated(only)) wrong(`--only ${only}: ${mutatedPackages.join(" or ")}`);
if (files !== undefined && only === undefined) wrong("--files needs --only");

const results: Record<string, PackageResult> = {};
if (report) Object.assign(results, readResults());
else
  for (const part of mutatedPackages)
    if (only === undefined || only === part) results[part] = await mutate({ part, files, fresh, concurrency });

const faults = Object.entries(results).flatMap(([name, result]) => tell(name, result));
if (report) writeReport(results);
if (out !== undefined) {
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify(results satisfies Results, null, 2)}\n`);
}
for (const fault of faults) console.error(`mutation: ${fault}`);
if (strict && faults.length > 0) process.exit(1);
