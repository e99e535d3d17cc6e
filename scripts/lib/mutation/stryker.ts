/**
 * One run of StrykerJS over a package, in a private copy of the tree. In the copy `@cc/*` resolves to the copy's own sources, so the
 * tests meet the mutants; in Stryker's own sandbox they would meet the originals, through pnpm's links.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { privateTree } from "../privateTree.js";
import { root, run } from "../run.js";
import { type Mutated, mutatedFiles } from "./parts.js";
import { type PackageResult, type Report, resultOf } from "./results.js";

export interface MutationRun {
  readonly part: Mutated;
  /** Of the package's files, those that this glob names; all when there is none. */
  readonly files?: string | undefined;
  /** Do not take over what an earlier run found out. */
  readonly fresh: boolean;
  readonly concurrency: number;
}

/** What an earlier run found out about each mutant. Some megabytes, so not committed. */
const memory = (part: Mutated): string => join(root, `.reports/mutation/${part}.incremental.json`);

const require = createRequire(import.meta.url);
/** Each of Stryker's processes loads the runner, which is TypeScript. */
const tsx = pathToFileURL(require.resolve("tsx")).href;

/** Raises when the tests fail without a mutant, or Stryker does not finish. */
export async function mutate({ part, files, fresh, concurrency }: MutationRun): Promise<PackageResult> {
  const tree = await privateTree(`mutation-${part}`);
  process.once("exit", tree.remove);
  try {
    const remembered = memory(part);
    const incrementalFile = "incremental.json";
    if (!fresh && existsSync(remembered)) cpSync(remembered, join(tree.path, incrementalFile));
    const config = {
      mutate: [files ?? mutatedFiles[part]],
      testRunner: "plain",
      plugins: [fileURLToPath(new URL("./runner/plugin.ts", import.meta.url))],
      coverageAnalysis: "perTest",
      inPlace: true,
      concurrency,
      disableTypeChecks: false,
      reporters: ["json", "clear-text", "progress-append-only"],
      jsonReporter: { fileName: "report.json" },
      clearTextReporter: { allowColor: false, reportTests: false, reportMutants: false },
      incremental: true,
      incrementalFile,
      // Only a loop without an end is found this way: generous, so that no load makes one of a test that is slow.
      timeoutMS: 20_000,
      timeoutFactor: 2,
      warnings: { slow: false },
    };
    writeFileSync(join(tree.path, "stryker.json"), JSON.stringify(config));
    const stryker = join(dirname(require.resolve("@stryker-mutator/core/package.json")), "bin/stryker.js");
    const began = performance.now();
    const { code } = await run(process.execPath, [stryker, "run", "stryker.json"], {
      cwd: tree.path,
      // A fortieth of the random walks and of the seeds (tests/core/rig.ts): whole ones would be nine tenths of the time.
      env: {
        CC_MUTATION: part,
        CC_WALK: "0.025",
        NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} --import ${tsx}`,
      },
      show: true,
    });
    const seconds = Math.round((performance.now() - began) / 1_000);
    if (code !== 0) throw new Error(`stryker ended with ${code}`);
    mkdirSync(dirname(remembered), { recursive: true });
    cpSync(join(tree.path, incrementalFile), remembered);
    const report = JSON.parse(readFileSync(join(tree.path, "report.json"), "utf8")) as Report;
    return resultOf(report, { whole: files === undefined, seconds, date: new Date().toISOString().slice(0, 10) });
  } finally {
    tree.remove();
  }
}
