/**
 * Figures with their gates. Law: a figure is ours against bare `ws` out of the same rounds, and its comparison is made round by
 * round, so that a machine that is slow for a while slows both sides of a pair. The median pair decides, the others are the spread.
 */
import { type Spread, spread } from "./stats.js";

/** What has to hold, and what we want. `atLeast` and `atMost` bound the comparison's median. */
export type Bound = { readonly atLeast: number } | { readonly atMost: number };

export interface FigureSpec {
  readonly name: string;
  readonly unit: string;
  /** Of the values: how many decimals mean something. */
  readonly decimals: number;
  /** `ratio`: ours ÷ bare. `difference`: ours − bare, in the unit. */
  readonly compare: "ratio" | "difference";
  readonly gate?: Bound;
  readonly goal?: Bound;
}

export interface Figure extends FigureSpec {
  readonly ours: Spread & { readonly rounds: readonly number[] };
  readonly bare: Spread & { readonly rounds: readonly number[] };
  readonly comparison: Spread;
  readonly gatePassed: boolean | null;
  readonly goalReached: boolean | null;
}

const holds = (bound: Bound, value: number): boolean =>
  "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost;

/** The same number of values on both sides, the pairs in the order of the rounds. */
export const figure = (spec: FigureSpec, ours: readonly number[], bare: readonly number[]): Figure => {
  const pairs = ours.map((value, round) => {
    const other = bare[round] ?? Number.NaN;
    return spec.compare === "ratio" ? value / other : value - other;
  });
  const comparison = spread(pairs);
  return {
    ...spec,
    ours: { ...spread(ours), rounds: ours },
    bare: { ...spread(bare), rounds: bare },
    comparison,
    gatePassed: spec.gate === undefined ? null : holds(spec.gate, comparison.median),
    goalReached: spec.goal === undefined ? null : holds(spec.goal, comparison.median),
  };
};

const number = (value: number, decimals: number): string =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

const range = ({ median, min, max }: Spread, decimals: number): string =>
  `${number(median, decimals)} (${number(min, decimals)} – ${number(max, decimals)})`;

const bound = (of: Bound | undefined, { compare, unit }: FigureSpec): string => {
  if (of === undefined) return "–";
  const [sign, value] = "atLeast" in of ? ["≥", of.atLeast] : ["≤", of.atMost];
  return compare === "ratio" ? `${sign} ${value}` : `${sign} ${value > 0 ? "+" : ""}${value} ${unit}`;
};

const verdict = (limit: string, passed: boolean | null): string =>
  passed === null ? limit : `${limit}: ${passed ? "yes" : "**no**"}`;

/** A Markdown table, as it stands in docs/performance.md. */
export const table = (figures: readonly Figure[]): string => {
  const rows = figures.map((f) => [
    `${f.name}, ${f.unit}`,
    range(f.ours, f.decimals),
    range(f.bare, f.decimals),
    range(f.comparison, f.compare === "ratio" ? 2 : f.decimals),
    verdict(bound(f.gate, f), f.gatePassed),
    verdict(bound(f.goal, f), f.goalReached),
  ]);
  const head = ["median (range)", "ours", "bare `ws`", "ours ÷ bare, or +", "gate", "goal"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
};
