/** The decision what to shed, in virtual time: levels from measurements, and what clients are told of them. */
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { idle, type Load, type LoadPolicy, type Measured, nextLoad } from "../src/load/decide.js";
import { createThrottles } from "../src/load/throttles.js";

const policy: LoadPolicy = {
  eventLoopDelayMs: 100,
  outboundBytes: 1_000,
  publishRate: 50,
  sustainMs: 1_000,
  calmMs: 4_000,
};
const calm: Measured = { eventLoopDelayMs: 0, outboundBytes: 0, publishRate: 0 };
const late: Measured = { ...calm, eventLoopDelayMs: 150 };
const between: Measured = { ...calm, eventLoopDelayMs: 70 };

/** The level after each look, `everyMs` apart. */
const levels = (looks: readonly Measured[], everyMs: number = 500, from: Load = idle): number[] => {
  let load = from;
  return looks.map((measured, index) => {
    load = nextLoad(load, measured, index * everyMs, policy);
    return load.level;
  });
};

describe("levels of load [B8.3]", () => {
  it("goes up as soon as a breach has lasted, one feature for each further stretch of it, and no further than three", () => {
    expect(levels(Array.from({ length: 10 }, () => late))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 3, 3]);
  });

  it.each([
    ["event-loop delay", { ...calm, eventLoopDelayMs: 100 }],
    ["outbound buffers", { ...calm, outboundBytes: 1_000 }],
    ["publish rate", { ...calm, publishRate: 50 }],
  ])("%s alone is enough, from its bound on", (_what, measured) => {
    expect(levels([measured, measured, measured])).toEqual([0, 0, 1]);
  });

  it("one moment of standing still is no breach, however long it was: neither is one with a calm look in between", () => {
    const suspended: Measured = { ...calm, eventLoopDelayMs: 600_000 };
    expect(levels([calm, suspended, calm, calm], 60_000)).toEqual([0, 0, 0, 0]);
    expect(levels([late, late, calm, late, late, between, late, late])).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("a loop that is so slow that it is looked at seldom gets there in the same time, after the second look", () => {
    expect(levels([late, late, late, late], 2_000)).toEqual([0, 2, 3, 3]);
  });

  it("comes down one feature for each stretch of calm, and only then", () => {
    const top: Load = { ...idle, level: 3 };
    const calmFor = Array.from({ length: 26 }, () => calm);
    expect(
      levels(calmFor, 500, top)
        .map((level, look) => [level, look])
        .filter(([level], look, all) => level !== all[look - 1]?.[0]),
    ).toEqual([
      [3, 0],
      [2, 8],
      [1, 16],
      [0, 24],
    ]);
  });

  it("between half and whole of a bound nothing moves, for as long as it lasts: what holds because it sheds does not swing", () => {
    const load: Load = { ...idle, level: 2 };
    expect(
      new Set(
        levels(
          Array.from({ length: 200 }, () => between),
          500,
          load,
        ),
      ),
    ).toEqual(new Set([2]));
    // And the calm must be in one piece.
    const broken = Array.from({ length: 70 }, (_, look) => (look % 7 === 6 ? between : calm));
    expect(new Set(levels(broken, 500, load))).toEqual(new Set([2]));
  });
});

describe("what clients are told of it [B8.1, B8.3]", () => {
  const rig = (holdMs = 6_000) => {
    let now = 0;
    const told: { readonly at: number; readonly features: Record<string, string> }[] = [];
    const throttles = createThrottles({
      hub: {
        throttle: (features) =>
          void told.push({
            at: now,
            features: Object.fromEntries(features.map(({ feature, reason, forMs }) => [feature, `${reason} ${forMs}`])),
          }),
      },
      now: () => now,
      policy: { ...policy, holdMs },
      logger: pino({ level: "silent" }),
    });
    return {
      told,
      throttles,
      /** Looks each half second for so long. */
      pass: (ms: number, measured: Measured) => {
        for (const until = now + ms; now < until; ) {
          now += 500;
          throttles.measure(measured);
        }
      },
    };
  };

  it("typing first, then presence, then receipts, never a message; each time the whole set with a bounded end", () => {
    const { told, pass } = rig();
    pass(3_500, late);
    expect(told).toEqual([
      { at: 1_500, features: { typing: "load 6000" } },
      { at: 2_500, features: { typing: "load 6000", presence: "load 6000" } },
      { at: 3_500, features: { typing: "load 6000", presence: "load 6000", receipts: "load 6000" } },
    ]);
  });

  it("is told again at half its time while it lasts, and after that ends by itself: nothing is lifted in one moment", () => {
    const { told, pass, throttles } = rig();
    pass(1_500, late);
    pass(10_000, between);
    expect(told.map(({ at }) => at)).toEqual([1_500, 5_000, 8_500]);
    pass(4_500, calm);
    const last = told.length;
    pass(20_000, calm);
    expect(throttles.load.level).toBe(0);
    expect(told).toHaveLength(last);
    expect(throttles.current()).toEqual([]);
  });

  it("a feature given back keeps its end while the others are told on", () => {
    const { told, pass } = rig(60_000);
    pass(2_500, late);
    pass(4_500, calm);
    pass(40_000, between);
    expect(told.at(-1)?.features).toEqual({ typing: "load 60000", presence: expect.stringMatching(/^load 2/) });
  });

  it("a loop that comes round every few seconds holds for four rounds, a minute at most: nothing ends before it is looked at again", () => {
    const { told, pass } = rig();
    pass(1_500, { ...late, eventLoopDelayMs: 5_000 });
    expect(told.at(-1)?.features).toEqual({ typing: "load 20000" });
    pass(1_000, { ...late, eventLoopDelayMs: 100_000 });
    expect(told.at(-1)?.features).toEqual({ typing: "load 60000", presence: "load 60000" });
  });

  it("the operator's set and load's are told as one; the later end of a feature wins; each leaves the other alone", () => {
    const { told, pass, throttles } = rig();
    throttles.operate([
      { feature: "typing", reason: "operator", forMs: 100_000 },
      { feature: "message", reason: "operator", forMs: 100_000 },
    ]);
    pass(2_500, late);
    expect(told.at(-1)?.features).toEqual({
      typing: "operator 97500",
      message: "operator 97500",
      presence: "load 6000",
    });
    throttles.operate([]);
    expect(told.at(-1)?.features).toEqual({ typing: "load 6000", presence: "load 6000" });
    pass(500, calm);
    throttles.operate([{ feature: "presence", reason: "operator", forMs: 1_000 }]);
    expect(told.at(-1)?.features).toEqual({ typing: "load 5500", presence: "load 5500" });
  });
});
