/** What a herd must hold. Law: the numbers are those of the issue; the bounds of the admission follow from its bucket. */
import type { HerdRun } from "./herd.js";

/** One thing that was held, or not. */
export interface Gate {
  readonly what: string;
  readonly value: number;
  readonly most: number;
  readonly unit: "%" | "s" | "" | "/s";
  readonly held: boolean;
}

/** A bound and whether it holds. */
export const atMost = (what: string, value: number, most: number, unit: Gate["unit"]): Gate => ({
  what,
  value,
  most,
  unit,
  held: value <= most,
});

/** After a refusing outage of 30 s: the largest share in 100 ms in %, recovery in s, mean attempts. By S in ms. */
const after: Readonly<Record<number, { peak: number; p50: number; max: number; attempts: number }>> = {
  1000: { peak: 3, p50: 2, max: 5.3, attempts: 11 },
  5000: { peak: 2, p50: 4, max: 10.3, attempts: 6 },
};

/** The gates that this run is bound by. Recovery of nobody counts as broken. */
export function gatesOf({ plan, figures, admitted }: Pick<HerdRun, "plan" | "figures" | "admitted">): readonly Gate[] {
  const gates: Gate[] = [];
  const add = (what: string, value: number, most: number, unit: Gate["unit"]): void => {
    gates.push(atMost(what, value, most, unit));
  };
  add("clients that did not come back", figures.lost - figures.back, 0, "");
  if (plan.kind === "refuse" && !plan.fresh) {
    // 105 ms ÷ S of the clients and half a percentage point.
    add("largest share in 100 ms of the outage", 100 * figures.peakDown, 10_500 / plan.spreadMs + 0.5, "%");
    const bound = plan.outageMs === 30_000 ? after[plan.spreadMs] : undefined;
    if (bound !== undefined) {
      add("largest share in 100 ms after the return", 100 * figures.peakAfter, bound.peak, "%");
      add("recovery, p50", (figures.p50 ?? Number.POSITIVE_INFINITY) / 1000, bound.p50, "s");
      add("recovery, max", (figures.max ?? Number.POSITIVE_INFINITY) / 1000, bound.max, "s");
      add("attempts per client", figures.attempts, bound.attempts, "");
    }
  }
  // A bucket that was full lets its burst through once, and what fills it since.
  add("admitted in any second", admitted.mostPerSecond, admitted.rate + admitted.burst, "/s");
  add("admitted in any 10 s, per second", admitted.mostPerTenSeconds, admitted.rate + admitted.burst / 10, "/s");
  // By the spread alone: whoever loses one gateway of many finds the others below what they state, burst or no burst.
  if (plan.kind === "crash" || plan.kind === "drain")
    add("admitted in any second, burst apart", admitted.mostPerSecond, admitted.rate, "/s");
  return gates;
}
