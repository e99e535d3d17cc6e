/** Each guard of the machine, taken away alone, is missed: the enumeration finds the law that it kept, by a shortest path. */
import { describe, expect, it } from "vitest";
import { guards } from "../../scripts/lib/guards.js";
import { dropped, patched } from "../../scripts/lib/patchedMachine.js";

describe("the machine without one of its guards", () => {
  it("has twenty guards at least, of different names", () => {
    expect(guards.length).toBeGreaterThanOrEqual(20);
    expect(new Set(guards.map(({ name }) => name)).size).toBe(guards.length);
  });

  it("a patch whose words are not in the sources exactly once is an error", () => {
    const [guard] = guards;
    if (guard === undefined) throw new Error("no guard");
    expect(() => patched({ ...guard, find: "no such words" })).toThrow("0 times, not once");
    expect(() => patched({ ...guard, find: "return" })).toThrow(/\d+ times, not once/);
  });

  it.each(guards.map((guard) => [guard.name, guard] as const))(
    "%s is missed",
    async (_, guard) => {
      const violation = await dropped(guard);
      expect(violation?.law).toContain(guard.law);
      expect(violation?.path.length).toBeGreaterThan(0);
      expect(violation?.path).not.toContain("?");
    },
    240_000,
  );
});
