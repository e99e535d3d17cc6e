/** The judge of `pnpm leaks`, and its plants; the deeds themselves take minutes and are its own proof. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root, run } from "../../scripts/lib/run.js";
import { holds, judge, type Sample, slope } from "../leaks/judge.js";
import { leaks } from "../leaks/plants.js";

const sample = (n: number, heap: number, held: Sample["held"] = {}): Sample => ({ n, heap, held });

describe("pnpm leaks", () => {
  it("takes the slope of the least squares, which one odd look does not turn", () => {
    expect(slope([200, 400, 600, 800, 1_000].map((n) => [n, 5_000 + 300 * n] as const))).toBeCloseTo(300);
    expect(slope([200, 400, 600, 800, 1_000].map((n) => [n, n === 600 ? 90_000 : 5_000] as const))).toBeCloseTo(0);
  });

  it("names what there is more of and what there is less of, kinds that are new or gone included", () => {
    const samples = [
      sample(200, 100, { Timeout: 2, TCPWRAP: 1, PIPEWRAP: 1 }),
      sample(600, 100, { Timeout: 9, TCPWRAP: 1, PIPEWRAP: 1 }),
      sample(1_000, 100, { Timeout: 3, TCPWRAP: 1, "process.on(exit)": 1 }),
    ];
    expect(judge(samples)).toEqual({
      bytesEach: 0,
      more: ["Timeout: 2 → 3", "process.on(exit): 0 → 1"],
      fewer: ["PIPEWRAP: 1 → 0"],
    });
  });

  it("does not judge by two looks", () => {
    expect(() => judge([sample(200, 1), sample(1_000, 2)])).toThrow("three looks");
  });

  it("takes the first run's word when it holds, else the majority of three", () => {
    expect(holds([])).toBe(undefined);
    expect(holds([true])).toBe(true);
    expect(holds([false])).toBe(undefined);
    expect(holds([false, false])).toBe(false);
    expect(holds([false, true])).toBe(undefined);
    expect(holds([false, true, false])).toBe(false);
    expect(holds([false, true, true])).toBe(true);
  });

  it.each(leaks.map((leak) => [leak.name, leak] as const))(
    "the words of its plant stand in the sources once: %s",
    (_, leak) => {
      expect(readFileSync(join(root, leak.file), "utf8").split(leak.find)).toHaveLength(2);
    },
  );

  it("refuses a job that it does not know", { timeout: 60_000 }, async () => {
    const { code, stderr } = await run(
      process.execPath,
      [join(root, "node_modules/tsx/dist/cli.mjs"), join(root, "scripts/leaks.ts"), "--only", "node.tears"],
      { limitMs: 60_000 },
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/^leaks: no job node\.tears/);
  });
});
