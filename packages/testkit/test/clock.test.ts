import { createRandom, createVirtualClock } from "@cc/testkit";
import { describe, expect, test } from "vitest";

describe("virtual clock", () => {
  test("[R38] fires by due time, then by age, each at its own instant, timers set meanwhile included", () => {
    const clock = createVirtualClock({ now: 100, wall: 5_000 });
    const seen: string[] = [];
    const note = (name: string) => () => seen.push(`${name}@${clock.now()}/${clock.wall()}`);
    clock.after(20, note("b"));
    clock.after(10, () => {
      note("a")();
      clock.after(10, note("c"));
      clock.after(0, note("a0"));
    });
    clock.after(20, note("b2"));
    clock.later(note("now"));
    expect(clock.pending).toBe(4);
    expect(clock.next).toBe(100);
    clock.advance(25);
    expect(seen).toEqual(["now@100/5000", "a@110/5010", "a0@110/5010", "b@120/5020", "b2@120/5020", "c@120/5020"]);
    expect([clock.now(), clock.wall(), clock.pending]).toEqual([125, 5_025, 0]);
  });

  test("nothing fires inside after(), nothing fires twice, a cancelled timer never does, cancelling twice is harmless", () => {
    const clock = createVirtualClock();
    let fired = 0;
    const cancel = clock.after(0, () => {
      fired += 1;
    });
    expect(fired).toBe(0);
    clock.advance(0);
    clock.advance(10);
    cancel();
    expect(fired).toBe(1);
    const other = clock.after(5, () => {
      fired += 1;
    });
    other();
    other();
    expect(clock.pending).toBe(0);
    clock.runUntilIdle();
    expect(fired).toBe(1);
  });

  test("agrees with a sorted list on random timers and cancellations", () => {
    const random = createRandom(7);
    const clock = createVirtualClock();
    const fired: number[] = [];
    const expected: { due: number; id: number }[] = [];
    const cancels: (() => void)[] = [];
    for (let id = 0; id < 3_000; id += 1) {
      const ms = random.int(500);
      cancels.push(clock.after(ms, () => fired.push(id)));
      expected.push({ due: ms, id });
    }
    const gone = new Set<number>();
    for (let n = 0; n < 9_000; n += 1) {
      const id = random.int(3_000);
      gone.add(id);
      cancels[id]?.();
    }
    expect(clock.pending).toBe(3_000 - gone.size);
    clock.runUntilIdle();
    expected.sort((a, b) => a.due - b.due || a.id - b.id);
    expect(fired).toEqual(expected.filter(({ id }) => !gone.has(id)).map(({ id }) => id));
  });

  test("counts what would hold a process", () => {
    const clock = createVirtualClock();
    clock.after(5, () => {}, false);
    const cancel = clock.after(5, () => {});
    expect([clock.pending, clock.held]).toEqual([2, 1]);
    cancel();
    expect([clock.pending, clock.held]).toEqual([1, 0]);
  });

  test("sleep stopped: the wall moves, timers keep what they had left", () => {
    const clock = createVirtualClock({ wall: 0 });
    const at: number[] = [];
    clock.after(10, () => at.push(clock.now()));
    clock.sleep(3_600_000);
    expect([clock.now(), clock.wall(), at]).toEqual([0, 3_600_000, []]);
    clock.advance(10);
    expect(at).toEqual([10]);
  });

  test("sleep late: both clocks move and what fell due fires at the end, in order", () => {
    const clock = createVirtualClock({ wall: 0 });
    const at: string[] = [];
    clock.after(20, () => at.push(`b${clock.now()}`));
    clock.after(10, () => at.push(`a${clock.now()}`));
    clock.sleep(60_000, "late");
    expect(at).toEqual(["a60000", "b60000"]);
    expect(clock.wall()).toBe(60_000);
  });

  test("stall moves time and fires nothing until the next advance", () => {
    const clock = createVirtualClock();
    let fired = false;
    clock.after(10, () => {
      fired = true;
    });
    clock.stall(90_000);
    expect(fired).toBe(false);
    clock.advance(0);
    expect([fired, clock.now()]).toEqual([true, 90_000]);
  });

  test("setWall moves the wall alone", () => {
    const clock = createVirtualClock({ now: 5, wall: 50 });
    clock.setWall(10);
    clock.advance(1);
    expect([clock.now(), clock.wall()]).toEqual([6, 11]);
  });

  test("advanceAsync lets promises settle between timers", async () => {
    const clock = createVirtualClock();
    const seen: string[] = [];
    const chain = async (name: string): Promise<void> => {
      for (let n = 0; n < 50; n += 1) await null;
      seen.push(`${name}@${clock.now()}`);
      clock.after(1, () => seen.push(`${name}+1@${clock.now()}`));
    };
    clock.after(10, () => void chain("a"));
    clock.after(12, () => void chain("b"));
    await clock.advanceAsync(20);
    expect(seen).toEqual(["a@10", "a+1@11", "b@12", "b+1@13"]);
  });

  test("a periodic timer does not hang runUntilIdle, a delay out of range is refused, time does not go back", async () => {
    const clock = createVirtualClock();
    const tick = (): void => void clock.after(10, tick);
    tick();
    expect(() => clock.runUntilIdle(1_000)).toThrow(RangeError);
    await expect(clock.runUntilIdleAsync(10)).rejects.toThrow(RangeError);
    expect(() => clock.after(2 ** 31, tick)).toThrow(RangeError);
    expect(() => clock.after(-1, tick)).toThrow(RangeError);
    expect(() => clock.after(Number.NaN, tick)).toThrow(RangeError);
    expect(() => clock.advance(-1)).toThrow(RangeError);
  });
});

describe("seeded random", () => {
  test("the same seed draws the same, another draws otherwise, the state can be put back", () => {
    const [one, two, other] = [createRandom(1), createRandom(1), createRandom(2)];
    const draws = Array.from({ length: 20 }, one);
    expect(Array.from({ length: 20 }, two)).toEqual(draws);
    expect(Array.from({ length: 20 }, other)).not.toEqual(draws);
    const { state } = one;
    const next = [one(), one(), one()];
    one.state = state;
    expect([one(), one(), one()]).toEqual(next);
    expect(Array.from({ length: 3 }, createRandom(state))).toEqual(next);
  });

  test("is the published sfc32: first words from a known state", () => {
    // Computed with unsigned 64-bit arithmetic from the published recurrence, independently of this implementation.
    const mask = 0xffff_ffffn;
    let [a, b, c, n] = [1n, 2n, 3n, 4n];
    const random = createRandom([1, 2, 3, 4]);
    for (let round = 0; round < 1_000; round += 1) {
      const t = (a + b + n) & mask;
      n = (n + 1n) & mask;
      a = b ^ (b >> 9n);
      b = (c + ((c << 3n) & mask)) & mask;
      c = ((((c << 21n) & mask) | (c >> 11n)) + t) & mask;
      expect(random()).toBe(Number(t) / 2 ** 32);
    }
  });

  test("is uniform: each tenth of 100,000 draws within 3 %", () => {
    const random = createRandom(42);
    const tenths = new Array<number>(10).fill(0);
    for (let n = 0; n < 100_000; n += 1) {
      const at = random.int(10);
      tenths[at] = (tenths[at] ?? 0) + 1;
    }
    for (const count of tenths) expect(Math.abs(count - 10_000)).toBeLessThan(300);
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
