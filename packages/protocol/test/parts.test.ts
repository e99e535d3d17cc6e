/** The small parts of the server half by themselves, at their edges. */
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/limits.js";
import { createAdmission } from "../src/server/admission.js";
import { createAliases } from "../src/server/aliases.js";
import { createAudience } from "../src/server/audience.js";
import { chain, finish, settle } from "../src/server/awaitable.js";
import { createCredit } from "../src/server/credit.js";
import { createDedup } from "../src/server/dedup.js";
import { createLanes } from "../src/server/lanes.js";
import { isNestedDeeper } from "../src/server/nesting.js";
import { createOutflow } from "../src/server/outflow.js";
import { createQueue, peek, shift, sizeOf } from "../src/server/queue.js";
import { createRate } from "../src/server/rate.js";
import { createRing } from "../src/server/ring.js";
import { createThrottling } from "../src/server/throttle.js";
import { entryOf as entry } from "./support/entry.js";

describe("credit [B10.8]", () => {
  it("has room to the last event and the last byte", () => {
    const credit = createCredit({ ...defaultLimits, window: 3, windowBytes: 30 });
    expect([credit.room(30), credit.room(31)]).toEqual([true, false]);
    credit.take(entry(1));
    expect([credit.room(20), credit.room(21)]).toEqual([true, false]);
    credit.take(entry(2, { bytes: 0 }));
    expect(credit.room(1)).toBe(true);
    credit.take(entry(3, { bytes: 0 }));
    expect(credit.room(0)).toBe(false);
  });

  it("is given back for what was handled, in the order of sending, and says whether anything was", () => {
    const credit = createCredit({ ...defaultLimits, window: 9, windowBytes: 30 });
    for (const [n, partition] of [
      [1, 0],
      [5, 1],
      [2, 0],
    ] as const)
      credit.take(entry(n, { partition }));
    expect(credit.give([0, 9])).toBe(false);
    expect(credit.room(1)).toBe(false);
    expect(credit.give([2])).toBe(true);
    expect([credit.room(10), credit.room(11)]).toEqual([true, false]);
    expect(credit.give([2, 5])).toBe(true);
    expect([credit.room(30), credit.room(31)]).toEqual([true, false]);
    expect(credit.give([9, 9])).toBe(false);
  });
});

describe("the rate of frames", () => {
  const rate = (perSecond: number) => {
    const clock = { now: 0 };
    const bucket = createRate(perSecond, () => clock.now);
    return { clock, bucket, spend: (times: number) => Array.from({ length: times }, () => bucket.spend()) };
  };

  it("two seconds' worth go, as much again is refused, and the next is cut", () => {
    const { spend } = rate(2);
    expect(spend(9)).toEqual(["ok", "ok", "ok", "ok", "refuse", "refuse", "refuse", "cut", "cut"]);
  });

  it("what was spent comes back by the second, and never more than two seconds' worth", () => {
    const { clock, spend } = rate(2);
    spend(5);
    clock.now = 1000;
    expect(spend(2)).toEqual(["ok", "refuse"]);
    clock.now = 1_000_000;
    expect(spend(6)).toEqual(["ok", "ok", "ok", "ok", "ok", "refuse"]);
  });

  it("what was asked for costs nothing", () => {
    const { bucket, spend } = rate(1);
    for (let i = 0; i < 10; i++) {
      expect(bucket.spend()).toBe("ok");
      bucket.refund();
    }
    expect(spend(3)).toEqual(["ok", "ok", "refuse"]);
  });
});

describe("the way out of a link", () => {
  const outflow = (batchBytes: number) => {
    const sent: string[] = [];
    const calls = { scheduled: 0 };
    const out = createOutflow(
      batchBytes,
      (text) => sent.push(text),
      () => calls.scheduled++,
    );
    return { out, sent, calls };
  };

  it("[B10.8] what is ready in one turn shares a message of batchBytes at the most, with its brackets and commas", () => {
    const { out, sent, calls } = outflow(13);
    for (const text of ["[10]", "[11]", "[12]", "[13]", "[14]"]) out.add(text, text.length);
    expect([sent, calls.scheduled, out.bytes]).toEqual([["[[10],[11]]", "[[12],[13]]"], 3, 4]);
    out.flush();
    out.flush();
    expect([sent.at(-1), out.bytes]).toEqual(["[14]", 0]);
    const fits = outflow(16);
    for (const text of ["[10]", "[11]", "[12]"]) fits.out.add(text, text.length);
    fits.out.flush();
    expect(fits.sent).toEqual(["[[10],[11],[12]]"]);
  });

  it("[B10.8] a frame that is longer than a message goes alone, in its place", () => {
    const { out, sent } = outflow(10);
    for (const text of ["[1]", "[22222222222]", "[3]", "[4]"]) out.add(text, text.length);
    out.flush();
    expect(sent).toEqual(["[1]", "[22222222222]", "[[3],[4]]"]);
  });

  it("is asked for once in a turn, and again in the next", () => {
    const { out, sent, calls } = outflow(100);
    out.add("[1]", 3);
    out.add("[2]", 3);
    expect([calls.scheduled, out.bytes]).toEqual([1, 6]);
    out.flush();
    out.add("[3]", 3);
    expect([calls.scheduled, sent]).toEqual([2, ["[[1],[2]]"]]);
  });
});

describe("a queue", () => {
  it("gives what was put in, in order, and nothing when it is empty, at every length", () => {
    for (const length of [0, 1, 31, 32, 33, 34, 35, 64, 65, 66, 67, 68, 100, 1000]) {
      const queue = createQueue<number>();
      for (let i = 0; i < length; i++) queue.items.push(i);
      const got: (number | undefined)[] = [];
      for (let i = 0; i < length; i++) {
        expect(sizeOf(queue)).toBe(length - i);
        expect(peek(queue)).toBe(i);
        got.push(shift(queue));
      }
      expect(got).toEqual(Array.from({ length }, (_, i) => i));
      expect([sizeOf(queue), peek(queue), shift(queue), sizeOf(queue)]).toEqual([0, undefined, undefined, 0]);
    }
  });

  it("[R34] moves the rest down only when more than half is spent, and more than 32", () => {
    const heads = (length: number, shifts: number): number[] => {
      const queue = createQueue<number>();
      for (let i = 0; i < length; i++) queue.items.push(i);
      for (let i = 0; i < shifts; i++) shift(queue);
      return [queue.head, queue.items.length];
    };
    expect(heads(34, 32)).toEqual([32, 34]);
    expect(heads(34, 33)).toEqual([0, 1]);
    expect(heads(100, 50)).toEqual([50, 100]);
    expect(heads(100, 51)).toEqual([0, 49]);
  });

  it("[R34] holds nothing that was taken out", () => {
    const queue = createQueue<object>();
    for (let i = 0; i < 5; i++) queue.items.push({});
    shift(queue);
    shift(queue);
    expect(queue.items.slice(0, 2)).toEqual([undefined, undefined]);
  });
});

describe("the ring", () => {
  const ring = (bounds = {}) => createRing({ entries: 100, bytes: 10_000, ageMs: 1000, ...bounds });

  it("keeps to the last entry and the last byte that it may", () => {
    const byBytes = ring({ bytes: 30 });
    for (let n = 1; n <= 3; n++) byBytes.push(entry(n), ["a"]);
    expect([byBytes.size, byBytes.bytes, byBytes.floor]).toEqual([3, 30, 0]);
    byBytes.push(entry(4, { bytes: 1 }), ["a"]);
    expect([byBytes.size, byBytes.bytes, byBytes.floor]).toEqual([3, 21, 1]);
    byBytes.push(entry(5, { bytes: 31 }), ["a"]);
    expect([byBytes.size, byBytes.bytes, byBytes.floor, byBytes.last]).toEqual([0, 0, 5, 5]);
  });

  it("finds an entry once for each audience, from the number asked for, at most so many", () => {
    const one = ring();
    for (let n = 10; n <= 40; n += 10) one.push(entry(n), n === 20 ? ["b"] : ["a", "b"]);
    const found = (keys: string[], after: number, max: number): number[] =>
      one.after(keys, after, max).map(({ n }) => n);
    expect(found(["b"], 9, 9)).toEqual([10, 20, 30, 40]);
    expect(found(["b"], 10, 9)).toEqual([20, 30, 40]);
    expect(found(["b"], 29, 1)).toEqual([30]);
    expect(found(["b"], 40, 9)).toEqual([]);
    expect(found(["a"], 0, 2)).toEqual([10, 30]);
    expect(found(["none"], 0, 9)).toEqual([]);
  });

  it("forgets by age what is older than it may be, and holds its bytes no longer", () => {
    const one = ring();
    one.push(entry(1, { appliedAt: 0 }), ["a"]);
    one.push(entry(2, { appliedAt: 500 }), ["a"]);
    one.trim(1000);
    expect([one.size, one.floor, one.bytes]).toEqual([2, 0, 20]);
    one.trim(1001);
    expect([one.size, one.floor, one.bytes]).toEqual([1, 1, 10]);
    expect(one.after(["a"], 0, 9).map(({ n }) => n)).toEqual([2]);
    one.trim(5000);
    one.trim(5000);
    expect([one.size, one.floor, one.last, one.bytes]).toEqual([0, 2, 2, 0]);
  });

  it("[B10.4] that begins anew holds nothing of before, and begins where it is told", () => {
    const one = ring();
    one.push(entry(1), ["a"]);
    one.reset(7);
    expect([one.size, one.floor, one.last, one.bytes]).toEqual([0, 7, 7, 0]);
    expect(one.after(["a"], 0, 9)).toEqual([]);
    one.push(entry(9), ["a"]);
    expect([one.size, one.floor, one.last, one.bytes]).toEqual([1, 7, 9, 10]);
    expect(one.after(["a"], 0, 9).map(({ n }) => n)).toEqual([9]);
  });
});

describe("throttled features [B8.1]", () => {
  it("hold until their end; named twice, until the later one; and a new set replaces the old", () => {
    const throttling = createThrottling();
    const set = (...list: readonly (readonly [string, number])[]): void =>
      throttling.set(
        list.map(([feature, forMs]) => ({ feature, reason: `${forMs}`, forMs })),
        1000,
      );
    set(["typing", 500], ["typing", 900], ["typing", 700], ["receipts", 400], ["presence", 0]);
    expect(throttling.current(1000)).toEqual([
      { feature: "typing", reason: "900", forMs: 900 },
      { feature: "receipts", reason: "400", forMs: 400 },
    ]);
    expect(throttling.current(1400)).toEqual([{ feature: "typing", reason: "900", forMs: 500 }]);
    const left = (kind: string, now: number): number => throttling.leftFor(kind, () => now);
    expect([left("typing", 1000), left("typing", 1899), left("typing", 1900), left("typing", 2000)]).toEqual([
      900, 1, 0, 0,
    ]);
    expect([left("receipt", 1000), left("message", 1000), left("receipts", 1000)]).toEqual([400, 0, 400]);
    set(["presence", 100]);
    expect([left("typing", 1000), left("presence", 1000)]).toEqual([0, 100]);
    set();
    expect(throttling.current(1000)).toEqual([]);
    expect(left("presence", 1000)).toBe(0);
  });

  it("ask no clock where nothing is throttled", () => {
    const throttling = createThrottling();
    const clock = (): number => {
      throw new Error("asked");
    };
    expect(throttling.leftFor("typing", clock)).toBe(0);
    throttling.set([{ feature: "typing", reason: "load", forMs: 10 }], 0);
    expect(throttling.leftFor("message", clock)).toBe(0);
  });
});

describe("admission [B5.2]", () => {
  it("gives moments one after another at the rate, and lets in whoever keeps his", () => {
    const admission = createAdmission(10, 2);
    expect([admission.admit(0), admission.admit(0)]).toEqual([undefined, undefined]);
    expect([admission.admit(0), admission.admit(0)]).toEqual([
      { minDelayMs: 100, spreadMs: 100 },
      { minDelayMs: 200, spreadMs: 100 },
    ]);
    expect(admission.admit(99)).toEqual({ minDelayMs: 201, spreadMs: 100 });
    expect(admission.admit(100)).toBeUndefined();
    expect(admission.admit(100)).toEqual({ minDelayMs: 300, spreadMs: 100 });
  });

  it("counts what was already earned towards the first moment, and fills no further than the burst", () => {
    const admission = createAdmission(10, 2);
    admission.admit(0);
    admission.admit(0);
    expect(admission.admit(50)).toEqual({ minDelayMs: 50, spreadMs: 100 });
    const later = 1_000_000;
    expect([admission.admit(later), admission.admit(later)]).toEqual([undefined, undefined]);
    expect(admission.admit(later)).toEqual({ minDelayMs: 100, spreadMs: 100 });
  });

  it("[R10] gives no moment farther than a minute ahead: who comes then is told half of it and a spread of the other", () => {
    const admission = createAdmission(1, 1);
    admission.admit(0);
    const floors = Array.from({ length: 62 }, () => admission.admit(0));
    expect(floors.slice(58)).toEqual([
      { minDelayMs: 59_000, spreadMs: 100 },
      { minDelayMs: 60_000, spreadMs: 100 },
      { minDelayMs: 30_000, spreadMs: 30_000 },
      { minDelayMs: 30_000, spreadMs: 30_000 },
    ]);
  });

  it("rounds a moment up, and takes no harm from a clock that stands", () => {
    const admission = createAdmission(300, 1);
    admission.admit(7);
    expect(admission.admit(7)).toEqual({ minDelayMs: 4, spreadMs: 100 });
    expect(admission.admit(10)).toEqual({ minDelayMs: 4, spreadMs: 100 });
    expect(admission.admit(5)).toBeDefined();
  });
});

describe("values that are there or promised", () => {
  const error = new Error("no");
  const ok: unknown[] = [];

  it("settle in the same call where they are there, later where they are promised", async () => {
    const seen: unknown[] = [];
    settle(
      () => 1,
      (value) => seen.push(value),
      () => {},
    );
    settle(
      () => Promise.resolve(2),
      (value) => seen.push(value),
      () => {},
    );
    settle(
      () => Promise.reject(error),
      () => {},
      (reason) => seen.push(reason),
    );
    settle(
      () => {
        throw error;
      },
      () => {},
      (reason) => seen.push(["at once", reason]),
    );
    settle<unknown>(
      () => null,
      (value) => seen.push(value),
      () => {},
    );
    settle<unknown>(
      () => JSON.parse('{"then":"no function"}'),
      (value) => seen.push(typeof value),
      () => {},
    );
    expect(seen).toEqual([1, ["at once", error], null, "object"]);
    await Promise.resolve();
    expect(seen.slice(4)).toEqual([2, error]);
    expect(chain(3, (value) => value + 1)).toBe(4);
    expect(await chain(Promise.resolve(3), (value) => value + 1)).toBe(4);
  });

  it("are given on, with a word when they are settled, however they are", async () => {
    const done = (): number => ok.push("done");
    expect(finish(() => 1, done)).toBe(1);
    expect(ok).toHaveLength(1);
    expect(() =>
      finish(() => {
        throw error;
      }, done),
    ).toThrow(error);
    expect(ok).toHaveLength(2);
    const promised = finish(() => Promise.resolve(5), done);
    expect(ok).toHaveLength(2);
    expect(await promised).toBe(5);
    expect(ok).toHaveLength(3);
    await expect(finish(() => Promise.reject(error), done)).rejects.toThrow(error);
    expect(ok).toHaveLength(4);
  });
});

describe("nesting", () => {
  const deep = (levels: number, leaf: unknown, wrap: (inner: unknown) => unknown): unknown =>
    levels === 0 ? leaf : wrap(deep(levels - 1, leaf, wrap));

  it.each([
    ["arrays", (inner: unknown) => [1, inner]],
    ["objects", (inner: unknown) => ({ a: 1, b: inner })],
  ] as const)("is counted by level in %s", (_, wrap) => {
    for (const levels of [0, 1, 2, 3]) {
      for (const leaf of [null, "x", 7, true])
        expect([levels, leaf, isNestedDeeper(deep(levels, leaf, wrap), 2)]).toEqual([levels, leaf, levels > 2]);
    }
    expect(isNestedDeeper(deep(256, 1, wrap))).toBe(false);
    expect(isNestedDeeper(deep(257, 1, wrap))).toBe(true);
    expect(isNestedDeeper([], 1)).toBe(false);
    expect(isNestedDeeper({}, 0)).toBe(true);
  });
});

describe("lanes", () => {
  it("[B10.6] run one after another within, beside each other between, and begin anew when they were empty", () => {
    const lanes = createLanes();
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const job = (name: string) => (done: () => void) => {
      begun.push(name);
      ends.push(done);
    };
    lanes("a", job("a1"));
    lanes("a", job("a2"));
    lanes("b", job("b1"));
    lanes("a", job("a3"));
    expect(begun).toEqual(["a1", "b1"]);
    ends[0]?.();
    expect(begun).toEqual(["a1", "b1", "a2"]);
    ends[2]?.();
    ends[3]?.();
    lanes("a", job("a4"));
    expect(begun).toEqual(["a1", "b1", "a2", "a3", "a4"]);
  });
});

describe("audiences", () => {
  it("hold each link once for a channel, and count pairs", () => {
    const audience = createAudience<string>();
    for (const link of ["x", "y", "x"]) audience.add("a", link);
    audience.add("b", "x");
    expect([[...audience.of("a")], [...audience.of("b")], [...audience.of("c")]]).toEqual([["x", "y"], ["x"], []]);
    expect(audience.size()).toBe(3);
    audience.remove("a", "x");
    audience.remove("a", "z");
    audience.remove("c", "x");
    expect([[...audience.of("a")], audience.size()]).toEqual([["y"], 2]);
    audience.remove("a", "y");
    expect([[...audience.of("a")], audience.size()]).toEqual([[], 1]);
  });
});

describe("aliases", () => {
  it("[R34] of so many channels are remembered, and no number is given again", () => {
    const alias = createAliases(2);
    expect(["a", "b", "b", "a"].map(alias)).toEqual([1, 2, 2, 1]);
    expect(["c", "c", "b", "a"].map(alias)).toEqual([3, 3, 4, 5]);
  });
});

describe("answers to what is asked again [B10.6]", () => {
  const dedup = (keepMs: number, entries: number) => {
    const clock = { now: 0 };
    const memory = createDedup<string>(keepMs, entries, (answer) => answer !== "refused");
    const ends = new Map<string, (answer: string) => void>();
    const got: string[] = [];
    return {
      clock,
      memory,
      got,
      ends,
      ask: (key: string, as = key): void =>
        memory.once(
          key,
          (answer) => got.push(`${as}:${answer}`),
          (done) => {
            got.push(`${as} runs`);
            ends.set(key, done);
          },
          () => clock.now,
        ),
    };
  };

  it("are those of the first time for so long, to the millisecond", () => {
    const { clock, memory, got, ends, ask } = dedup(1000, 9);
    ask("k", "first");
    ask("k", "meanwhile");
    expect(memory.size).toBe(1);
    ends.get("k")?.("yes");
    clock.now = 1000;
    memory.trim(clock.now);
    ask("k", "in time");
    clock.now = 1001;
    ask("k", "late");
    expect(got).toEqual(["first runs", "first:yes", "meanwhile:yes", "in time:yes", "late runs"]);
  });

  it("a refusal is not remembered: who asks again is judged anew", () => {
    const { memory, got, ends, ask } = dedup(1000, 9);
    ask("k", "first");
    ends.get("k")?.("refused");
    expect(memory.size).toBe(0);
    ask("k", "again");
    expect(got).toEqual(["first runs", "first:refused", "again runs"]);
  });

  it("[R34] of those that are too many the oldest goes, by the time of its last answer", () => {
    const { clock, memory, got, ends, ask } = dedup(1000, 2);
    const answer = (key: string): void => {
      ask(key);
      ends.get(key)?.("yes");
    };
    answer("a");
    answer("b");
    expect(memory.size).toBe(2);
    clock.now = 1001;
    answer("a");
    answer("c");
    got.length = 0;
    for (const key of ["a", "c", "b"]) ask(key);
    expect(got).toEqual(["a:yes", "c:yes", "b runs"]);
  });

  it("[R34] are forgotten by age, and only those that are old", () => {
    const { clock, memory, ends, ask } = dedup(1000, 9);
    for (const key of ["a", "b"]) {
      ask(key);
      ends.get(key)?.("yes");
      clock.now += 600;
    }
    memory.trim(1000);
    expect(memory.size).toBe(2);
    memory.trim(1001);
    expect(memory.size).toBe(1);
    memory.trim(1601);
    expect(memory.size).toBe(0);
  });
});
