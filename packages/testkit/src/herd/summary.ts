/** A herd's outcome as data that a file can hold: what the tables, the plots and the gates are made from. */
import { type Gate, gatesOf } from "./gates.js";
import type { Admitted, HerdRun } from "./herd.js";
import { type Figures, percentile, recoveries, type Span, type Tally } from "./measure.js";
import type { HerdPlan } from "./options.js";
import type { PeerOutage, PeerRun } from "./peers.js";

/** What a plot needs. */
export interface Curves {
  /** Dials ÷ clients in each 100 ms, the first of which begins `beforeMs` before the onset. */
  readonly dials: readonly number[];
  /** Recovery in ms at 0, 1, … 100 % of all clients that lost their link; `null`: so many never came back. */
  readonly recovery: readonly (number | null)[];
}

/** How long before the onset and after the return a plot shows, in ms. */
export const beforeMs = 2_000;
const afterMs = 40_000;

export interface HerdSummary {
  readonly version: 1;
  readonly plan: HerdPlan;
  readonly figures: Figures;
  readonly admitted: Admitted;
  readonly gates: readonly Gate[];
  readonly virtualSeconds: number;
  readonly digest: string;
  readonly curves: Curves;
}

export interface PeerSummary {
  readonly name: string;
  readonly formula: string;
  readonly outage: PeerOutage;
  readonly figures: Figures;
  readonly gaveUp: number;
  readonly curves: Curves;
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

function curvesOf(tally: Tally, span: Span, lost: number): Curves {
  const dials: number[] = [];
  const end = Math.min(span.returnMs + afterMs, tally.dials.length);
  for (let from = span.onsetMs - beforeMs; from < end; from += 100) {
    const sum = tally.dials.subarray(Math.max(0, from), from + 100).reduce((a, b) => a + b, 0);
    dials.push(rounded(sum / tally.clients, 6));
  }
  const sorted = recoveries(tally, span);
  const recovery = Array.from({ length: 101 }, (_, p) => {
    const rank = Math.max(1, Math.ceil((p / 100) * lost));
    return rank > sorted.length ? null : percentile(sorted, rank / Math.max(1, sorted.length));
  });
  return { dials, recovery };
}

const tidy = (figures: Figures): Figures => ({
  ...figures,
  attempts: rounded(figures.attempts, 4),
  attemptsDown: rounded(figures.attemptsDown, 4),
  peakDown: rounded(figures.peakDown, 6),
  peakAfter: rounded(figures.peakAfter, 6),
});

export function summaryOf(run: HerdRun): HerdSummary {
  return {
    version: 1,
    plan: run.plan,
    figures: tidy(run.figures),
    admitted: run.admitted,
    gates: gatesOf(run),
    virtualSeconds: run.endMs / 1000,
    digest: run.digest,
    curves: curvesOf(run.tally, run.span, run.figures.lost),
  };
}

export function peerSummaryOf(run: PeerRun, outage: PeerOutage): PeerSummary {
  const { name, formula } = run.peer;
  return {
    name,
    formula,
    outage,
    figures: tidy(run.figures),
    gaveUp: run.gaveUp,
    // Of all clients: those that gave up are what the curve must show.
    curves: curvesOf(run.tally, run.span, outage.clients),
  };
}
