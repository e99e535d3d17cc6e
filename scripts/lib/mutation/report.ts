/** The tables of "Mutation testing" in docs/proof.md, between two comments, made of docs/mutation/*.json. Law: nothing in between is written by hand. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../run.js";
import { explanationOf } from "./explanations.js";
import { type FileScore, type PackageResult, type Results, type Survivor, scoreOf, total } from "./results.js";

const page = join(root, "docs/proof.md");
const folder = join(root, "docs/mutation");
const begin = "<!-- pnpm mutation --report: begin -->";
const end = "<!-- pnpm mutation --report: end -->";

/** What whole runs have left in docs/mutation/. */
export function readResults(): Results {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  if (names.length === 0)
    throw new Error("docs/mutation/ holds no result: pnpm mutation --out docs/mutation/FILE.json");
  return Object.assign({}, ...names.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Results));
}

const score = (file: FileScore): string => scoreOf(file)?.toFixed(1) ?? "–";

/** As code in a table's cell: neither a bar nor a backtick of the source may end it. */
const code = (text: string): string =>
  text === "" ? "nothing" : `<code>${text.replace(/[&<>|`\\*_[\]{}]/g, (c) => `&#${c.charCodeAt(0)};`)}</code>`;

function row(file: FileScore): string {
  return `| ${file.file} | ${score(file)} | ${file.killed} | ${file.timeout} | ${file.survived} | ${file.noCoverage} |`;
}

function living(survivors: readonly Survivor[]): readonly string[] {
  const byReason = new Map<string, Survivor[]>();
  for (const one of survivors) {
    const reason = explanationOf(one) ?? "**Unexplained.**";
    byReason.set(reason, [...(byReason.get(reason) ?? []), one]);
  }
  return [...byReason].flatMap(([reason, list]) => [
    `- ${reason}`,
    ...list.map(
      ({ file, line, mutator, original, replacement, status }) =>
        `  - ${file}:${line}, ${mutator}${status === "NoCoverage" ? ", never reached" : ""}: ${code(original)} → ${code(replacement)}`,
    ),
  ]);
}

function section(name: string, { whole, files, survivors, date }: PackageResult): readonly string[] {
  const all = total(files);
  const mutants = all.killed + all.timeout + all.survived + all.noCoverage;
  return [
    `### @cc/${name}${whole ? "" : ", a part"}: ${score(all)} %`,
    "",
    `${mutants} mutants, ${date}. ${whole ? "Files that are not in the table hold nothing to mutate." : "**A part of the package:** the files of the table have been run, the others have not."}`,
    "",
    "| file | score % | killed | timed out | survived | never reached |",
    "|---|---|---|---|---|---|",
    ...files.filter((file) => scoreOf(file) !== undefined).map(row),
    row({ ...all, file: "**all**" }),
    "",
    `${survivors.length} live:`,
    "",
    ...living(survivors),
    "",
  ];
}

/** The page with what stands between the two comments made anew; the rest of it as it was. */
export function renewed(text: string, results: Results): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/proof.md lacks the comments ${begin} and ${end}`);
  const made = Object.entries(results)
    .sort()
    .flatMap(([name, result]) => section(name, result));
  return `${text.slice(0, from + begin.length)}\n\n${made.join("\n")}\n${text.slice(to)}`;
}

export const writeReport = (results: Results): void => {
  writeFileSync(page, renewed(readFileSync(page, "utf8"), results));
};
