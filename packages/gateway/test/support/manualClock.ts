/** A clock that stands until it is moved; wall and monotonic time move together unless told otherwise. */
import type { Clock } from "../../src/clock.js";

export interface ManualClock extends Clock {
  /** Moves time and runs what fell due, in order. */
  advance(ms: number): void;
}

export const manualClock = (start: number = 1_000_000): ManualClock => {
  let now = start;
  const timers = new Set<{ readonly at: number; readonly fn: () => void }>();
  return {
    now: () => now,
    wall: () => now,
    after: (ms, fn) => {
      const timer = { at: now + ms, fn };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    advance: (ms) => {
      const until = now + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.fn();
      }
      now = until;
    },
  };
};
