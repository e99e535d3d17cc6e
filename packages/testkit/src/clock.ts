/**
 * A clock whose time is moved by hand.
 *
 * Law: nothing here reads a real clock. Timers fire in the order (due time, order of creation), each in a turn of
 * its own and at its own virtual instant; a timer set while another fires takes its place in that same order. So
 * the same program with the same seed runs the same way, and a ladder of hours takes no time.
 */
import type { Cancel, Clock } from "@cc/core";
import { pop, push } from "./heap.js";
import { turn } from "./turn.js";

/** Longest delay that `Clock.after` takes, in ms. */
const maxDelayMs = 2 ** 31 - 1;

export interface VirtualClockOptions {
  /** Monotonic start in ms. Default 0. */
  readonly now?: number;
  /** Wall-clock start in ms since 1970. Default 2025-01-01T00:00:00Z. */
  readonly wall?: number;
}

/**
 * What a suspended machine does to its timers. `"stopped"`: the monotonic clock stands still, only the wall clock
 * moves and timers keep what they had left (Linux, most browsers). `"late"`: both clocks move and everything that
 * fell due meanwhile fires at the end, late (throttled tabs, macOS, a stopped process).
 */
export type SleepKind = "stopped" | "late";

export interface VirtualClock extends Clock {
  later(fn: () => void): void;
  /** Timers not yet fired or cancelled. */
  readonly pending: number;
  /** Those of them that would keep a Node process alive. */
  readonly held: number;
  /** Monotonic time at which the next timer is due, `undefined` for none. */
  readonly next: number | undefined;
  /** Moves time on by `ms` ms, firing what falls due; what a timer throws is thrown from here, with the rest still set. */
  advance(ms: number): void;
  /** As `advance`, and lets every promise settle before the first timer, between two timers and at the end. */
  advanceAsync(ms: number): Promise<void>;
  /** Fires timers until none is left. Raises a RangeError after `limit` of them (default 100,000): a periodic timer never ends. */
  runUntilIdle(limit?: number): void;
  runUntilIdleAsync(limit?: number): Promise<void>;
  /** Both clocks move by `ms` ms and nothing fires: timers are throttled while the code still runs. What is overdue fires with the next `advance`. */
  stall(ms: number): void;
  /** Sets the wall clock, as a user or NTP would; timers do not move. */
  setWall(wall: number): void;
  /** The machine sleeps for `ms` ms. Fires nothing by itself under `"stopped"`; fires what is overdue under `"late"`. */
  sleep(ms: number, kind?: SleepKind): void;
  sleepAsync(ms: number, kind?: SleepKind): Promise<void>;
}

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly hold: boolean;
  /** `undefined` once fired or cancelled: the entry then only waits to be dropped from the heap. */
  fn: (() => void) | undefined;
}

/** A clock at rest; see `VirtualClock`. */
export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  let now = options.now ?? 0;
  let offset = (options.wall ?? 1_735_689_600_000) - now;
  let order = 0;
  let pending = 0;
  let held = 0;
  let heap: Timer[] = [];

  const peek = (): Timer | undefined => {
    while (heap[0] !== undefined && heap[0].fn === undefined) pop(heap);
    return heap[0];
  };

  const drop = (timer: Timer): void => {
    timer.fn = undefined;
    pending -= 1;
    if (timer.hold) held -= 1;
  };

  /** Fires the first timer due by `limit`; false when there is none. */
  const fire = (limit: number): boolean => {
    const timer = peek();
    if (timer === undefined || timer.due > limit) return false;
    const { fn } = timer;
    pop(heap);
    drop(timer);
    now = Math.max(now, timer.due);
    fn?.();
    return true;
  };

  const after = (ms: number, fn: () => void, hold = true): Cancel => {
    if (!(ms >= 0 && ms <= maxDelayMs)) throw new RangeError(`a timer of ${ms} ms is outside 0 … 2^31−1`);
    order += 1;
    const timer: Timer = { due: now + ms, order, hold, fn };
    push(heap, timer);
    pending += 1;
    if (hold) held += 1;
    return () => {
      if (timer.fn === undefined) return;
      drop(timer);
      // Rearming on every message would otherwise leave a tail of cancelled entries as long as the traffic.
      if (heap.length > 64 && heap.length > 4 * pending) {
        const alive = heap.filter((entry) => entry.fn !== undefined);
        heap = [];
        for (const entry of alive) push(heap, entry);
      }
    };
  };

  const forward = (ms: number): number => {
    if (!(ms >= 0)) throw new RangeError(`time does not go back by ${-ms} ms`);
    return now + ms;
  };
  const exhausted = (limit: number): RangeError =>
    new RangeError(`still busy after ${limit} timers, ${pending} are pending`);
  const asleep = (ms: number, kind: SleepKind): void => {
    const end = forward(ms);
    if (kind === "stopped") offset += ms;
    else now = end;
  };

  return {
    now: () => now,
    wall: () => now + offset,
    after,
    later: (fn) => void after(0, fn),
    get pending() {
      return pending;
    },
    get held() {
      return held;
    },
    get next() {
      return peek()?.due;
    },
    advance(ms) {
      const end = forward(ms);
      while (fire(end));
      now = Math.max(now, end);
    },
    async advanceAsync(ms) {
      const end = forward(ms);
      await turn();
      while (fire(end)) await turn();
      now = Math.max(now, end);
      await turn();
    },
    runUntilIdle(limit = 100_000) {
      for (let n = 0; fire(Number.POSITIVE_INFINITY); n += 1) if (n >= limit) throw exhausted(limit);
    },
    async runUntilIdleAsync(limit = 100_000) {
      await turn();
      for (let n = 0; fire(Number.POSITIVE_INFINITY); n += 1) {
        if (n >= limit) throw exhausted(limit);
        await turn();
      }
    },
    stall(ms) {
      now = forward(ms);
    },
    setWall(wall) {
      offset = wall - now;
    },
    sleep(ms, kind = "stopped") {
      asleep(ms, kind);
      if (kind === "late") while (fire(now));
    },
    async sleepAsync(ms, kind = "stopped") {
      await turn();
      asleep(ms, kind);
      if (kind === "late") while (fire(now)) await turn();
      await turn();
    },
  };
}
