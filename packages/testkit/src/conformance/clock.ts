/**
 * What every clock must do for the port `Clock`: measured against itself, with real time.
 *
 * Law: a clock may be late, and on a busy machine it is; so only "not early", order and "a later task" are demanded.
 */
import type { Clock } from "@cc/core";
import { describe, expect, it } from "vitest";

/** Registers the suite. */
export function clockConformance(name: string, clock: Clock): void {
  const elapse = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
  const later = (fn: () => void): void => (clock.later ? clock.later(fn) : void clock.after(0, fn));

  /** The least step in which the clock tells time: Firefox rounds to a millisecond, and a span is read to one more. 0: it does not move. */
  const grain = (): number => {
    let least = Number.POSITIVE_INFINITY;
    for (let steps = 0, looks = 0, last = clock.now(); steps < 4 && looks < 10_000_000; looks++) {
      const now = clock.now();
      if (now === last) continue;
      least = Math.min(least, now - last);
      last = now;
      steps++;
    }
    return Number.isFinite(least) ? least : 0;
  };

  describe(`clock: ${name}`, () => {
    it("wall time is ms since 1970, monotonic time never goes back", () => {
      expect(clock.wall()).toBeGreaterThan(Date.UTC(2024, 0));
      expect(clock.wall()).toBeLessThan(Date.UTC(2200, 0));
      let last = clock.now();
      for (let n = 0; n < 1000; n++) {
        const now = clock.now();
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      }
    });

    it("`after` is never early by more than 1 ms, and never in the calling turn", async () => {
      const read = grain();
      for (const ms of [0, 1, 7.5, 30]) {
        const from = clock.now();
        let fired = false;
        const done = elapse(ms).then(() => {
          fired = true;
        });
        expect(fired).toBe(false);
        await done;
        expect(clock.now() - from).toBeGreaterThanOrEqual(ms - 1 - read);
      }
    });

    it("[R18] the longest wait that is allowed does not fire at once", async () => {
      let fired = false;
      const cancel = clock.after(2 ** 31 - 1, () => {
        fired = true;
      });
      await elapse(20);
      cancel();
      expect(fired).toBe(false);
    });

    it("what is cancelled does not fire, and cancelling twice or late is harmless", async () => {
      let fired = 0;
      const cancel = clock.after(1, () => fired++);
      cancel();
      cancel();
      const spent = clock.after(0, () => fired++);
      await elapse(20);
      spent();
      expect(fired).toBe(1);
    });

    it("`later` runs in a later task, in the order of the calls, also when one of them calls it again", async () => {
      const ran: string[] = [];
      await new Promise<void>((resolve) => {
        later(() => {
          ran.push("a");
          later(() => {
            ran.push("d");
            resolve();
          });
        });
        later(() => ran.push("b"));
        later(() => ran.push("c"));
        ran.push("now");
        void Promise.resolve().then(() => ran.push("microtask"));
      });
      expect(ran).toEqual(["now", "microtask", "a", "b", "c", "d"]);
    });
  });
}
