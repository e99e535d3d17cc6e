/** The simulator itself: the same seed is the same run, a plan can be read back, shrinking keeps what breaks. */
import { expect, it } from "vitest";
import { parsePlan, planOf, runPlan } from "../src/sim/index.js";

it("[R38] the same seed gives the same facts at the same times, twice", async () => {
  for (const seed of [3, 21, 1_000_003]) {
    const [first, second] = [await runPlan(planOf(seed)), await runPlan(planOf(seed))];
    expect(first.facts).toBeGreaterThan(50);
    expect([second.digest, second.facts, second.counts]).toEqual([first.digest, first.facts, first.counts]);
  }
});

it("[R38] another seed is another run", async () => {
  expect((await runPlan(planOf(5))).digest).not.toBe((await runPlan(planOf(6))).digest);
});

it("[R38] a plan that was printed is the same plan", async () => {
  const plan = planOf(8);
  const read = parsePlan(JSON.stringify(plan, null, 1));
  expect(read).toEqual(plan);
  expect((await runPlan(read)).digest).toBe((await runPlan(plan)).digest);
});

it("a plan that cannot be run is refused in one line", () => {
  const plan = planOf(1);
  const bad = (change: object): string => JSON.stringify({ ...plan, ...change });
  expect(() => parsePlan("{")).toThrow("the plan is no JSON");
  expect(() => parsePlan("null")).toThrow("the plan is none of version 1");
  expect(() => parsePlan(bad({ version: 2 }))).toThrow("the plan is none of version 1");
  expect(() => parsePlan(bad({ seed: "x" }))).toThrow('the plan has no whole number "seed"');
  expect(() => parsePlan(bad({ clients: [] }))).toThrow("the plan has no clients");
  expect(() => parsePlan(bad({ actions: {} }))).toThrow("the plan has no actions");
  expect(() => parsePlan(bad({ gateways: 0 }))).toThrow("the plan has no gateway");
  expect(() => parsePlan(bad({ actions: [{ at: 1 }] }))).toThrow("action 0 is none");
  expect(() => parsePlan(bad({ actions: [{ at: 1, do: "logout", client: 9 }] }))).toThrow("a client that is not there");
  expect(() => parsePlan(bad({ actions: [{ at: 1, do: "stall", gateway: 9, ms: 1 }] }))).toThrow(
    "a gateway that is not there",
  );
});
