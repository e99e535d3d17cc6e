/** What the matrix found: one row for each thing that was tried. */

export interface Row {
  /** `tarballs`, `node`, `types`, `bundles`, `runtimes` or `readmes`. */
  readonly part: Part;
  readonly name: string;
  readonly result: "ok" | "FAILED" | "skipped";
  /** Why, where it is not `ok`; what is worth knowing, where it is. */
  readonly detail: string;
  readonly ms: number;
}

export const parts = ["tarballs", "node", "types", "bundles", "runtimes", "readmes"] as const;
export type Part = (typeof parts)[number];

/** Something to try. It throws, or answers with a problem, when it is not as it should be. */
export interface Trial {
  readonly part: Part;
  readonly name: string;
  try(): Promise<Verdict>;
}

/** Nothing: all is well. `skipped` is for what this platform cannot have, never for what does not work. */
export interface Verdict {
  readonly problem?: string | undefined;
  readonly skipped?: string | undefined;
  readonly detail?: string | undefined;
}

/** Tries one thing; a throw is a failure, not the end of the matrix. */
export const attempt = async ({ part, name, try: tried }: Trial): Promise<Row> => {
  const began = performance.now();
  const verdict = await tried().catch(
    (error: unknown): Verdict => ({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
  const { problem, skipped, detail = "" } = verdict;
  const result = problem !== undefined ? "FAILED" : skipped !== undefined ? "skipped" : "ok";
  const ms = Math.round(performance.now() - began);
  const row = { part, name, result, detail: problem ?? skipped ?? detail, ms } as const;
  const seconds = `${(ms / 1000).toFixed(1)} s`.padStart(8);
  const remark =
    row.detail === "" ? "" : `  ${result === "FAILED" ? `\n${row.detail.replace(/^/gm, "    ")}` : row.detail}`;
  console.log(`${result.padEnd(8)}${seconds}  ${part.padEnd(9)} ${name}${remark}`);
  return row;
};

/** Tries all, `lanes` at a time, in order. */
export const attemptAll = async (trials: readonly Trial[], lanes: number): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  const next = trials.values();
  const lane = async (): Promise<void> => {
    for (const trial of next) rows.push(await attempt(trial));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return rows;
};
