/** Mixed faults over a stretch of seeds, one test for each fifty of them. Law: a seed that breaks a law is named with the law and the command that repeats it. */
import { expect, it } from "vitest";
import { planOf, runPlan } from "../src/sim/index.js";

const each = 50;
const tags =
  "[B1.1][B1.3][B1.7][B2.4][B2.5][B2.7][B3.1][B3.2][B4.1][B4.4][B4.5][B5.1][B5.4][B5.8][B5.9][B6.1][B6.2][B6.3][B10.1][B10.2][B10.3][B10.4][B10.5][B10.6][B10.7]" +
  "[R4][R6][R7][R10][R12][R14][R16][R19][R20][R22][R23][R24][R27][R34]";

export function simulateSeeds(first: number, count: number): void {
  for (let from = first; from < first + count; from += each) {
    const to = Math.min(from + each, first + count) - 1;
    it(`${tags} mixed faults, seeds ${from} to ${to}, ten simulated minutes each: no law is broken`, {
      timeout: 180_000,
    }, async () => {
      const broken: string[] = [];
      for (let seed = from; seed <= to; seed += 1) {
        const { breaks } = await runPlan(planOf(seed));
        for (const { clause, what } of breaks) broken.push(`${clause}: ${what}; repeat it: pnpm sim --seed ${seed}`);
      }
      expect(broken).toEqual([]);
    });
  }
}
