/** Time as the gateway uses it. The machine's by default; a virtual one in tests, which then need no real seconds. */
import { performance } from "node:perf_hooks";

/** Two clocks and a timer; the `Clock` port of `@cc/core` fits. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since 1970. */
  wall(): number;
  /** Calls `fn` once, `ms` milliseconds from now; returns what cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/** The machine's clock. Its timers hold the process, as a listening gateway does. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};
