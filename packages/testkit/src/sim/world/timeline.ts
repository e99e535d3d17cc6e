/**
 * True time: the one queue in which everything of a run happens.
 *
 * Law: jobs run in the order (time, order of asking), one at a time; between two of them every promise that can settle has
 * settled. A turn of the platform for each job would be most of a run's cost, so a job that touched nobody who could be waiting
 * says nothing (`busy` is not set), and the next one follows at once: what it did is then the same with or without the turn.
 */
import type { Cancel, Clock } from "@cc/core";
import { pop, push } from "../../heap.js";
import { turn } from "../../turn.js";

interface Job {
  readonly due: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

export interface Timeline extends Clock {
  /** As `after`; the job says itself by `touch` whether promises may be waiting for what it did. */
  quietly(ms: number, fn: () => void): Cancel;
  /** Somebody with promises was called. */
  touch(): void;
  /** Jobs not yet run or cancelled. */
  readonly pending: number;
  /** Jobs run so far. */
  readonly ran: number;
  /** Runs everything up to this time. */
  runUntil(end: number): Promise<void>;
}

/** Time 0, with nothing to do. The wall shows 2025-01-01. */
export function createTimeline(): Timeline {
  const epoch = 1_735_689_600_000;
  const heap: Job[] = [];
  let now = 0;
  let order = 0;
  let pending = 0;
  let ran = 0;
  let busy = false;

  const quietly = (ms: number, fn: () => void): Cancel => {
    order += 1;
    const job: Job = { due: now + Math.max(0, ms), order, fn };
    push(heap, job);
    pending += 1;
    return () => {
      if (job.fn === undefined) return;
      job.fn = undefined;
      pending -= 1;
    };
  };
  const touch = (): void => {
    busy = true;
  };

  return {
    now: () => now,
    wall: () => epoch + now,
    quietly,
    touch,
    after: (ms, fn) =>
      quietly(ms, () => {
        busy = true;
        fn();
      }),
    get pending() {
      return pending;
    },
    get ran() {
      return ran;
    },
    async runUntil(end) {
      for (;;) {
        if (busy) {
          busy = false;
          await turn();
          continue;
        }
        const job = heap[0];
        if (job === undefined || job.due > end) break;
        pop(heap);
        const { fn } = job;
        if (fn === undefined) continue;
        job.fn = undefined;
        pending -= 1;
        ran += 1;
        now = Math.max(now, job.due);
        fn();
      }
      now = Math.max(now, end);
    },
  };
}
