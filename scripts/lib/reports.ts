/** The runners' own JSON reports of the last `pnpm test`: what ran, what passed, which clauses and rules the passed tests name. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "./run.js";

/** Where `pnpm test` lets its runners write. Ignored by git. */
export const reportFolder: string = join(root, ".reports/test");

interface Assertion {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "skipped" | "pending" | "todo" | "disabled";
  readonly failureMessages?: readonly string[];
}

interface File {
  readonly name: string;
  readonly status: "passed" | "failed";
  readonly message: string;
  readonly assertionResults: readonly Assertion[];
}

interface Report {
  readonly success: boolean;
  readonly testResults: readonly File[];
}

export interface PassedTest {
  readonly name: string;
  readonly file: string;
}

export interface Sum {
  readonly passed: readonly PassedTest[];
  readonly failed: number;
  readonly skipped: number;
  /** The tests that failed, with the first line of why; and what counts as failed although no test says so. */
  readonly remarks: readonly string[];
}

const readReport = (file: string): Report | undefined => {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return undefined;
  }
};

/** Sums one report. A file that reports no test counts as a failure: a suite that silently vanished must not look green. */
export const sumReport = (suite: string): Sum => {
  const path = join(reportFolder, `${suite}.json`);
  const report = existsSync(path) ? readReport(path) : undefined;
  if (report === undefined) {
    return { passed: [], failed: 1, skipped: 0, remarks: [`suite ${suite}: no report to read`] };
  }
  const passed: PassedTest[] = [];
  const remarks: string[] = [];
  let failed = 0;
  let skipped = 0;
  for (const { name, status, message, assertionResults } of report.testResults) {
    const file = relative(root, name);
    let failedHere = 0;
    for (const assertion of assertionResults) {
      if (assertion.status === "passed") passed.push({ name: assertion.fullName, file });
      else if (assertion.status === "failed") {
        failedHere += 1;
        remarks.push(
          `${file}: ${assertion.fullName}: ${assertion.failureMessages?.[0]?.trim().split("\n")[0] ?? "failed"}`,
        );
      } else skipped += 1;
    }
    if (failedHere === 0 && (status === "failed" || assertionResults.length === 0)) {
      failedHere = 1;
      remarks.push(`${file}: ${message.trim().split("\n")[0] || "reported no test"}`);
    }
    failed += failedHere;
  }
  if (failed === 0 && passed.length === 0) {
    failed = 1;
    remarks.push(`suite ${suite}: not one test passed`);
  }
  return { passed, failed, skipped, remarks };
};

/** The suites that have a report. */
export const reportedSuites = (): readonly string[] =>
  existsSync(reportFolder)
    ? readdirSync(reportFolder)
        .filter((name) => name.endsWith(".json"))
        .map((name) => name.slice(0, -".json".length))
        .sort()
    : [];

/** Clause and rule tags in a test's name or the names around it: `[B4.2]`, `[R19]`. */
export const tagsOf = (name: string): readonly string[] => [
  ...new Set([...name.matchAll(/\[(B\d+\.\d+|R\d+)\]/g)].map((match) => match[1] ?? "")),
];
