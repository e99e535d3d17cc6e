/** Law: a claim about chance is tested on many seeds by a test that says how sure it is. */
import { expect } from "vitest";
import { walkShare } from "./rig.js";

/**
 * Expects samples that are uniform in [from, to]: none outside, and by Kolmogorov–Smirnov no departure that a uniform
 * source shows less than once in a thousand times (√n·D < 1.95).
 */
export function expectUniform(samples: readonly number[], from: number, to: number): void {
  const sorted = [...samples].sort((a, b) => a - b);
  expect(sorted[0], "smallest").toBeGreaterThanOrEqual(from);
  expect(sorted.at(-1), "largest").toBeLessThanOrEqual(to);
  const n = sorted.length;
  let d = 0;
  sorted.forEach((sample, at) => {
    const share = (sample - from) / (to - from);
    d = Math.max(d, Math.abs((at + 1) / n - share), Math.abs(share - at / n));
  });
  expect(d * Math.sqrt(n), `departure from uniform in ${from} … ${to}`).toBeLessThan(1.95);
}

/** `fn` of the seeds 1 … n; of fewer, where walks are shortened. */
export const overSeeds = <T>(n: number, fn: (seed: number) => T): readonly T[] =>
  Array.from({ length: Math.max(n * walkShare, Math.min(n, 30)) }, (_, at) => fn(at + 1));
