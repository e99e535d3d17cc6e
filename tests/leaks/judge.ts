/** What samples say: the growth of the heap for each deed, and whatever else did not stay equal. Pure. */

/** What is done a thousand times. */
export type DeedName = "reconnects" | "logins" | "clients";

export interface Sample {
  readonly n: number;
  readonly heap: number;
  readonly held: Readonly<Record<string, number>>;
}

export interface Verdict {
  /** Bytes of heap for each deed: the slope of the least squares. */
  readonly bytesEach: number;
  /** Handles, timers and listeners of which there are more at the last look than at the first, as `kind: from → to`. */
  readonly more: readonly string[];
  /** Those of which there are fewer. */
  readonly fewer: readonly string[];
}

/** The slope of the line through the points that has the least squares. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean(([a]) => a);
  const y = mean(([, b]) => b);
  const spread = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return spread === 0 ? 0 : points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / spread;
}

/** What the runs of a job say together: the first alone when it holds, else the majority of three; `undefined` until that is known. */
export function holds(runs: readonly boolean[]): boolean | undefined {
  if (runs[0]) return true;
  if (runs.length < 3) return runs.filter((ok) => !ok).length >= 2 ? false : undefined;
  return runs.filter(Boolean).length >= 2;
}

export function judge(samples: readonly Sample[]): Verdict {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length < 3) throw new Error("a slope takes three looks");
  const kinds = [...new Set([...Object.keys(first.held), ...Object.keys(last.held)])].sort();
  const changed = (by: (difference: number) => boolean): string[] =>
    kinds
      .filter((kind) => by((last.held[kind] ?? 0) - (first.held[kind] ?? 0)))
      .map((kind) => `${kind}: ${first.held[kind] ?? 0} → ${last.held[kind] ?? 0}`);
  return {
    bytesEach: slope(samples.map(({ n, heap }) => [n, heap] as const)),
    more: changed((difference) => difference > 0),
    fewer: changed((difference) => difference < 0),
  };
}
