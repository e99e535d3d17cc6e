/**
 * What keeps a Node process alive for one client, and the letting go of it.
 *
 * Law: whatever holds is either in the list while it does, or was never asked to hold. A class, for its methods are
 * shared: a process may hold thousands of clients.
 */
import type { Cancel, Clock } from "@cc/core";
import { MAX_MS, nodeClock } from "./clock.js";

/** A timer, a socket: what Node can ref and unref. */
export interface Holding {
  ref(): unknown;
  unref(): unknown;
}

/** The clock of one client, whose held timers, and what else is added, can be let go. */
export class HoldingClock implements Clock {
  #held = true;
  #all: readonly Holding[] = [];

  now(): number {
    return nodeClock.now();
  }
  wall(): number {
    return nodeClock.wall();
  }
  after(ms: number, fn: () => void, hold = true): Cancel {
    if (!hold) return nodeClock.after(ms, fn, false);
    const timer = setTimeout(
      () => {
        this.drop(timer);
        fn();
      },
      Math.min(ms, MAX_MS),
    );
    this.add(timer);
    return () => {
      this.drop(timer);
      clearTimeout(timer);
    };
  }
  later(fn: () => void): void {
    setImmediate(fn);
  }

  /** From now on `what` holds the process, unless this was let go. */
  add(what: Holding): void {
    if (!this.#all.includes(what)) this.#all = this.#all.concat(what);
    if (!this.#held) what.unref();
  }
  /** It is over, or nobody's concern any more. */
  drop(what: Holding): void {
    // A copy of its own, for `filter` leaves room for sixteen more in each of thousands of clients.
    this.#all = this.#all.filter((other) => other !== what).slice();
  }

  /** Nothing of this client holds the process any more, now or later. */
  unref(): void {
    this.#held = false;
    for (const what of this.#all) what.unref();
  }
  /** Takes `unref` back. */
  ref(): void {
    this.#held = true;
    for (const what of this.#all) what.ref();
  }
}
