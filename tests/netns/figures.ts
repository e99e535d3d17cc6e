/** What was measured. Law: a row is written as soon as it is known, so that a run that fails tells as much as one that does not. */
import { appendFileSync } from "node:fs";

/** One row of the table. */
export interface Figure {
  readonly fault: string;
  readonly seat: string;
  /** From when the fault was laid until the status said so, in ms. */
  readonly toldMs: number | null;
  /** From the wake signal until then, in ms, where there was one. */
  readonly signalMs: number | null;
  /** What the contract says, in ms; `null`: nothing. */
  readonly contractMs: number | null;
  readonly reason: string;
  /** How long the clients' process did not get to run meanwhile, in ms. */
  readonly lateMs?: number;
  /** From the end of the fault until it was connected again, in ms. */
  readonly healedMs: number | null;
  readonly note?: string;
}

export function figure(row: Figure): void {
  const file = process.env["CC_HALFOPEN_FIGURES"];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
}
