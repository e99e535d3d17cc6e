/**
 * From StrykerJS's report (mutation-testing-report-schema) to what is kept of it: a score for each file, and each mutant that no
 * test noticed, by a key that does not change when lines move.
 */

export interface Place {
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** The part of StrykerJS's JSON report that is read here. */
export interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly mutants: readonly {
          readonly mutatorName: string;
          readonly replacement?: string;
          readonly status: string;
          readonly location: { readonly start: Place; readonly end: Place };
        }[];
      }
    >
  >;
}

/** A mutant that every test let pass, or that no test reached. */
export interface Survivor {
  readonly file: string;
  readonly line: number;
  readonly mutator: string;
  /** The text that was replaced, white space squeezed and long ones cut. */
  readonly original: string;
  readonly replacement: string;
  readonly status: "Survived" | "NoCoverage";
  /** File, line of source, mutator and replacement: what an explanation names. */
  readonly key: string;
}

export interface FileScore {
  readonly file: string;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly noCoverage: number;
  /** Mutants that did not run at all: not counted. */
  readonly errors: number;
}

export interface PackageResult {
  /** All of the package's files were mutated, not those of a glob alone. */
  readonly whole: boolean;
  readonly seconds: number;
  readonly date: string;
  readonly files: readonly FileScore[];
  readonly survivors: readonly Survivor[];
}

/** What `--out` writes and `--report` reads, by package. */
export type Results = Readonly<Record<string, PackageResult>>;

/** White space squeezed, and cut after so many characters. */
export const squeezed = (text: string, most: number): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
};

/** The text between two places. */
function textAt(lines: readonly string[], start: Place, end: Place): string {
  const picked = lines.slice(start.line - 1, end.line);
  return picked
    .map((line, index) => {
      const from = index === 0 ? start.column - 1 : 0;
      return index === picked.length - 1 ? line.slice(from, end.column - 1) : line.slice(from);
    })
    .join("\n");
}

export function resultOf(
  report: Report,
  { whole, seconds, date }: Pick<PackageResult, "whole" | "seconds" | "date">,
): PackageResult {
  const files: FileScore[] = [];
  const survivors: Survivor[] = [];
  for (const [file, { source, mutants }] of Object.entries(report.files).sort(([a], [b]) => a.localeCompare(b))) {
    const count = (...status: readonly string[]): number => mutants.filter((m) => status.includes(m.status)).length;
    files.push({
      file,
      killed: count("Killed"),
      timeout: count("Timeout"),
      survived: count("Survived"),
      noCoverage: count("NoCoverage"),
      errors: count("CompileError", "RuntimeError", "Ignored", "Pending"),
    });
    const lines = source.split("\n");
    for (const { mutatorName: mutator, replacement: by = "", status, location } of mutants) {
      if (status !== "Survived" && status !== "NoCoverage") continue;
      const original = squeezed(textAt(lines, location.start, location.end), 80);
      const replacement = squeezed(by, 80);
      const line = squeezed(lines[location.start.line - 1] ?? "", 120);
      survivors.push({
        file,
        line: location.start.line,
        mutator,
        original,
        replacement,
        status,
        key: `${file} | ${line} | ${mutator}: ${original} → ${replacement}`,
      });
    }
  }
  survivors.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.key.localeCompare(b.key));
  return { whole, seconds, date, files, survivors };
}

export const total = (files: readonly FileScore[]): FileScore =>
  files.reduce(
    (sum, f) => ({
      file: "all",
      killed: sum.killed + f.killed,
      timeout: sum.timeout + f.timeout,
      survived: sum.survived + f.survived,
      noCoverage: sum.noCoverage + f.noCoverage,
      errors: sum.errors + f.errors,
    }),
    { file: "all", killed: 0, timeout: 0, survived: 0, noCoverage: 0, errors: 0 },
  );

/** Mutants that a test noticed, in percent of those that ran; a mutant that hangs is noticed. `undefined`: none ran. */
export function scoreOf({ killed, timeout, survived, noCoverage }: FileScore): number | undefined {
  const all = killed + timeout + survived + noCoverage;
  return all === 0 ? undefined : (100 * (killed + timeout)) / all;
}
