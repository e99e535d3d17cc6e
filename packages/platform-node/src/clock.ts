/** Clock and chance of Node. Law: only what is asked to hold keeps the process alive. */
// Imported, for the global of this name is an accessor, and the clock is read for each message.
import { performance } from "node:perf_hooks";
import type { Clock, RandomSource } from "@cc/core";

/** What a timer can hold; Node takes more for 1 ms. */
export const MAX_MS: number = 2 ** 31 - 1;

/** `performance.now` (which stands still while a Linux machine sleeps), `Date.now`, `setTimeout`, `setImmediate`. */
export const nodeClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, fn, hold = true) {
    // Node cuts a fraction off, and counts from a whole millisecond that has begun: together that would be too early by nearly two.
    const timer = setTimeout(fn, Math.min(Math.ceil(ms), MAX_MS));
    if (!hold) timer.unref();
    return () => clearTimeout(timer);
  },
  later(fn) {
    setImmediate(fn);
  },
};

/** `Math.random`: for jitter and names that must differ, never for secrets. */
export const nodeRandom: RandomSource = () => Math.random();
