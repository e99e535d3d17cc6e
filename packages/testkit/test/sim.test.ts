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

it("[B2.9] [B10.3] a tab that was fenced without ever having had a link has no position, and the oracle knows", async () => {
  const tab = { user: "bob", auto: true, background: "keep", by: "token", wallMs: 0 } as const;
  const { breaks, counts } = await runPlan({
    version: 1,
    seed: 1568,
    ms: 400_000,
    quietMs: 40_000,
    gateways: 2,
    heartbeatMs: 10_000,
    stride: 7,
    clients: [
      { ...tab, tokenLifeMs: 60_000, besides: null },
      { ...tab, user: "cyd", tokenLifeMs: 200_000, besides: 0 },
      { ...tab, user: "cyd", tokenLifeMs: null, besides: 0 },
    ],
    actions: [
      { at: 15_000, do: "publish", gateway: 0, channel: "user:bob", count: 3 },
      { at: 278_000, do: "reload", client: 2, flush: true, ms: 4_000 },
      // Its own login cannot be read, so client 0 logs in under another name: the others on this storage are out.
      { at: 323_000, do: "storage", client: 1, ms: 5_000, fault: "corrupt" },
      { at: 332_000, do: "login", client: 0, user: "bob", by: "token" },
      { at: 335_000, do: "reload", client: 2, flush: false, ms: 9 },
    ],
  });
  expect(breaks).toEqual([]);
  expect(counts["quiet"]).toBe(1);
});
