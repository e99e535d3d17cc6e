/**
 * `pnpm clauses`: each clause of docs/behaviour.md and each rule of docs/rules.md with the tests that prove it, then those without.
 *
 * Read from the reports of the last `pnpm test`, not from the sources: a tag counts only if its test ran and passed. What waits for
 * a later issue stands in docs/waiting.json with its reason. `--strict` exits 1 when something neither has a test nor waits, or
 * when a test names a clause that does not exist.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reportedSuites, sumReport, tagsOf } from "./lib/reports.js";
import { root } from "./lib/run.js";

const read = (file: string): string => readFileSync(join(root, file), "utf8");

const found = (text: string, pattern: RegExp, prefix: string): string[] =>
  [...text.matchAll(pattern)].map((match) => `${prefix}${match[1] ?? ""}`);

const clauses = found(read("docs/behaviour.md"), /^(\d+\.\d+) /gm, "B");
const rules = found(read("docs/rules.md"), /^- \*\*R(\d+)\*\* /gm, "R");
const waiting: Readonly<Record<string, string>> = existsSync(join(root, "docs/waiting.json"))
  ? (JSON.parse(read("docs/waiting.json")) as Record<string, string>)
  : {};

const suites = reportedSuites();
if (suites.length === 0) {
  console.error("clauses: no report of a test run here; run `pnpm test` first");
  process.exit(1);
}

const proofs = new Map<string, string[]>();
for (const { name, file } of suites.flatMap((suite) => sumReport(suite).passed)) {
  for (const tag of tagsOf(name)) proofs.set(tag, [...(proofs.get(tag) ?? []), `${file}: ${name}`]);
}

const all = [...clauses, ...rules];
for (const tag of all) {
  const tests = proofs.get(tag) ?? [];
  if (tests.length === 0) continue;
  console.log(`${tag}  (${tests.length})`);
  for (const test of tests) console.log(`    ${test}`);
}

const without = all.filter((tag) => !proofs.has(tag));
const open = without.filter((tag) => waiting[tag] === undefined);
const later = without.filter((tag) => waiting[tag] !== undefined);
const unknown = [...proofs.keys()].filter((tag) => !all.includes(tag));

if (later.length > 0) console.log("\nWaiting:");
for (const tag of later) console.log(`    ${tag}  ${waiting[tag]}`);
console.log(`\nWithout a test: ${open.length === 0 ? "none" : open.join(" ")}`);
if (unknown.length > 0) console.log(`Tests name what does not exist: ${unknown.join(" ")}`);
const proved = (tags: readonly string[]): string => `${tags.filter((tag) => proofs.has(tag)).length} of ${tags.length}`;
console.log(`Clauses with a test: ${proved(clauses)}; rules: ${proved(rules)}`);

if (process.argv.includes("--strict") && open.length + unknown.length > 0) process.exitCode = 1;
