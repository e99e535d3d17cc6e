/**
 * A client's machine: its two clocks, its timers, and its sleep.
 *
 * Law: while it sleeps nothing of it runs: timers, messages, answers and signals wait in the order of coming, and are let in when
 * it wakes. `stopped`: the monotonic clock stood still, and timers keep what they had left; `late`: what is overdue fires late.
 */
import type { Cancel, Clock } from "@cc/core";
import type { Timeline } from "./timeline.js";

export interface Machine extends Clock {
  later(fn: () => void): void;
  /** Runs `fn` on this machine: now, or when it wakes. */
  run(fn: () => void): void;
  readonly asleep: boolean;
  sleep(kind: "stopped" | "late"): void;
  /** `first`: what is let in before the rest. `told` runs between the two. */
  wake(first: "timers" | "network", told?: () => void): void;
  /** From now on timers fire at whole multiples of this only, 0: when they are due; those that wait included. */
  throttle(everyMs: number): void;
  /** Wall clock against the true one, ms. */
  wallMs: number;
  /** Timers not yet fired or cancelled. */
  readonly pending: number;
}

interface Timer {
  readonly due: number;
  readonly throttled: boolean;
  fn: (() => void) | undefined;
  disarm: Cancel;
}

const nothing = (): void => {};

export function createMachine(time: Timeline, wallMs: number): Machine {
  let stood = 0;
  let asleep: { readonly kind: "stopped" | "late"; readonly since: number } | undefined;
  let pending = 0;
  let timers: Timer[] = [];
  let jobs: (() => void)[] = [];
  let timersEvery = 0;
  /** Due, and held back until the next multiple. */
  const late = new Set<Timer>();

  const now = (): number => (asleep?.kind === "stopped" ? asleep.since : time.now()) - stood;

  function fire(timer: Timer): void {
    if (timer.fn === undefined) return;
    if (asleep) {
      timers.push(timer);
      return;
    }
    const left = timer.due - now();
    const off = timer.throttled && timersEvery > 0 ? time.now() % timersEvery : 0;
    if (left > 0) arm(timer, left);
    else if (off > 0) {
      late.add(timer);
      arm(timer, timersEvery - off);
    } else {
      late.delete(timer);
      const { fn } = timer;
      timer.fn = undefined;
      pending -= 1;
      time.touch();
      fn();
    }
  }
  const arm = (timer: Timer, ms: number): void => {
    timer.disarm = time.quietly(ms, () => fire(timer));
  };
  const set = (ms: number, fn: () => void, throttled: boolean): Cancel => {
    // Whole milliseconds, as platforms have them: then sums of times are exact.
    const timer: Timer = { due: now() + Math.ceil(ms), throttled, fn, disarm: nothing };
    pending += 1;
    arm(timer, timer.due - now());
    return () => {
      if (timer.fn === undefined) return;
      timer.fn = undefined;
      pending -= 1;
      timer.disarm();
    };
  };

  const machine: Machine = {
    now,
    wall: () => time.wall() + machine.wallMs,
    after: (ms, fn) => set(ms, fn, true),
    later: (fn) => void set(0, fn, false),
    run(fn) {
      if (asleep) jobs.push(fn);
      else {
        time.touch();
        fn();
      }
    },
    get asleep() {
      return asleep !== undefined;
    },
    sleep(kind) {
      asleep ??= { kind, since: time.now() };
    },
    wake(first, told) {
      if (asleep === undefined) return;
      if (asleep.kind === "stopped") stood += time.now() - asleep.since;
      asleep = undefined;
      const waiting = timers;
      const queued = jobs;
      timers = [];
      jobs = [];
      // Each in a task of its own.
      const letTimers = (): void => {
        for (const timer of waiting) arm(timer, 0);
      };
      const letJobs = (): void => {
        for (const job of queued) time.quietly(0, () => machine.run(job));
      };
      if (first === "timers") letTimers();
      else letJobs();
      if (told) time.quietly(0, () => machine.run(told));
      if (first === "timers") letJobs();
      else letTimers();
    },
    throttle(everyMs) {
      timersEvery = everyMs;
      // Those held back until a multiple of the old one wait for one of the new one.
      const waiting = [...late];
      late.clear();
      for (const timer of waiting) {
        timer.disarm();
        if (timer.fn !== undefined) arm(timer, 0);
      }
    },
    wallMs,
    get pending() {
      return pending;
    },
  };
  return machine;
}
