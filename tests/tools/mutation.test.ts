/** What `pnpm mutation` makes of a report, without a run: who moves or changes an explained line learns of it from `pnpm test`. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { isMutated, leastScore, mutatedFiles } from "../../scripts/lib/mutation/parts.js";
import { readResults, renewed } from "../../scripts/lib/mutation/report.js";
import { type Report, resultOf, scoreOf, squeezed, total } from "../../scripts/lib/mutation/results.js";
import { core } from "../../scripts/mutation/core.js";
import { protocol } from "../../scripts/mutation/protocol.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const explained = [...core, ...protocol];

const at = (line: number, column: number) => ({ line, column });
const run = { whole: true, seconds: 1, date: "2025-01-01" };
const report: Report = {
  files: {
    "b.ts": { source: "let b = 1;", mutants: [] },
    "a.ts": {
      source: "const x = 1;\n  if (x > 0) {\n    go();\n  }\n",
      mutants: [
        {
          mutatorName: "ConditionalExpression",
          replacement: "true",
          status: "Survived",
          location: { start: at(2, 7), end: at(2, 12) },
        },
        {
          mutatorName: "BlockStatement",
          replacement: "{}",
          status: "NoCoverage",
          location: { start: at(2, 14), end: at(4, 4) },
        },
        {
          mutatorName: "EqualityOperator",
          replacement: "x >= 0",
          status: "Killed",
          location: { start: at(2, 7), end: at(2, 12) },
        },
        {
          mutatorName: "EqualityOperator",
          replacement: "x <= 0",
          status: "Timeout",
          location: { start: at(2, 7), end: at(2, 12) },
        },
      ],
    },
  },
};

it("a mutant that nobody noticed and one that nobody reached are survivors, with what they replaced", () => {
  const { survivors } = resultOf(report, run);
  expect(survivors.map(({ key, line, status }) => [line, status, key])).toEqual([
    [2, "NoCoverage", "a.ts | if (x > 0) { | BlockStatement: { go(); } → {}"],
    [2, "Survived", "a.ts | if (x > 0) { | ConditionalExpression: x > 0 → true"],
  ]);
});

it("a survivor keeps its key when lines are added above it, and loses it when its line changes", () => {
  const keyAfter = (source: string, down: number): string | undefined => {
    const [first] = report.files["a.ts"]?.mutants ?? [];
    if (first === undefined) throw new Error("the report has mutants");
    const { start, end } = first.location;
    const location = { start: at(start.line + down, start.column), end: at(end.line + down, end.column) };
    return resultOf({ files: { "a.ts": { source, mutants: [{ ...first, location }] } } }, run).survivors[0]?.key;
  };
  const key = keyAfter(report.files["a.ts"]?.source ?? "", 0);
  expect(keyAfter(`// new\n${report.files["a.ts"]?.source}`, 1)).toBe(key);
  expect(keyAfter("const x = 1;\n  if (x > 0 || y) {\n", 0)).not.toBe(key);
});

it("the score counts a mutant that hangs as noticed, one that was never reached as not; a file without mutants has none", () => {
  const { files } = resultOf(report, run);
  expect(files.map((file) => [file.file, scoreOf(file)])).toEqual([
    ["a.ts", 50],
    ["b.ts", undefined],
  ]);
  expect(scoreOf(total(files))).toBe(50);
});

it("no source file is exempt: all of both packages, and no comment that switches a mutant off", () => {
  expect(mutatedFiles).toEqual({ core: "packages/core/src/**/*.ts", protocol: "packages/protocol/src/**/*.ts" });
  expect([isMutated("core"), isMutated("protocol"), isMutated("sdk"), isMutated(undefined)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(leastScore).toBeGreaterThanOrEqual(85);
  const runner = readFileSync(`${root}scripts/lib/mutation/stryker.ts`, "utf8");
  expect(runner).not.toMatch(/ignoreStatic|excludedMutations|ignorers/);
});

it("an explanation names one mutant, and the line that it stands on is still there", () => {
  const keys = explained.flatMap(({ mutants }) => mutants);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  const stale = keys.filter((key) => {
    const [file = "", line = ""] = key.split(" | ");
    const lines = existsSync(root + file) ? readFileSync(root + file, "utf8").split("\n") : [];
    return !lines.some((text) => squeezed(text, 120).startsWith(line));
  });
  expect(stale).toEqual([]);
});

it("the tables of docs/proof.md are those of docs/mutation/, and nothing else of the page is touched", () => {
  const page = readFileSync(`${root}docs/proof.md`, "utf8");
  expect(renewed(page, readResults()) === page, "stale: pnpm mutation --report").toBe(true);
  const { survivors } = resultOf(report, run);
  const made = renewed(
    "| **all** | 1 |\n<!-- pnpm mutation --report: begin -->\nwhat was there\n<!-- pnpm mutation --report: end -->\n| **all** | 2 |\n",
    { core: { ...resultOf(report, run), survivors } },
  );
  expect(made).toMatch(/^\| \*\*all\*\* \| 1 \|\n<!--.*-->\n\| \*\*all\*\* \| 2 \|\n$/s);
  expect(made).toContain("| **all** | 50.0 | 1 | 1 | 1 | 1 |");
  expect(made).not.toContain("what was there");
  expect(() => renewed("no comments", {})).toThrow("lacks the comments");
});
