/**
 * A virtual clock for a million timers: a wheel with one slot for each millisecond.
 *
 * Law: time is whole milliseconds. What falls due in one millisecond runs in the order in which it was set, what is set for
 * the running millisecond behind all that. Setting, cancelling and firing each cost the same however many timers there are;
 * `createVirtualClock`, whose heap keeps every order to the fraction, pays a logarithm of a million cold cells for each.
 */
import type { Cancel, Clock } from "@cc/core";

/** Something that happens at one moment. An object, for a closure for each message would be half of all the memory touched. */
export interface Due {
  due(): void;
}

export interface WheelClock extends Clock {
  later(fn: () => void): void;
  /** `what` is due in `ms` whole milliseconds. */
  at(ms: number, what: Due): void;
  /** Runs everything up to and with this millisecond, letting promises settle now and then. */
  runTo(endMs: number): Promise<void>;
}

/** Slots, and so milliseconds of a turn. */
const slots = 65_536;
/** How often promises may settle, in virtual milliseconds: nothing on the paths that are measured waits for one. */
const breatheMs = 50;
/** 2025-01-01T00:00:00Z, where the wall clock begins. */
const epoch = 1_735_689_600_000;

class Timer implements Due {
  fn: (() => void) | undefined;
  constructor(fn: () => void) {
    this.fn = fn;
  }
  due(): void {
    this.fn?.();
  }
}

/** A wheel at millisecond 0. */
export function createWheelClock(): WheelClock {
  const wheel: Due[][] = Array.from({ length: slots }, () => []);
  /** What is due in a later turn, in the order of setting: the slots are this turn's alone, so nothing overtakes it. */
  const later = new Map<number, { readonly at: number[]; readonly what: Due[] }>();
  let now = 0;

  const put = (at: number, what: Due): void => {
    const turn = Math.floor(at / slots);
    if (turn === Math.floor(now / slots)) {
      (wheel[at % slots] as Due[]).push(what);
      return;
    }
    const list = later.get(turn) ?? { at: [], what: [] };
    if (list.at.length === 0) later.set(turn, list);
    list.at.push(at);
    list.what.push(what);
  };

  const beginTurn = (): void => {
    const turn = now / slots;
    const list = later.get(turn);
    later.delete(turn);
    list?.at.forEach((at, index) => {
      put(at, list.what[index] as Due);
    });
  };

  const after = (ms: number, fn: () => void): Cancel => {
    const timer = new Timer(fn);
    put(now + Math.ceil(ms), timer);
    return () => {
      timer.fn = undefined;
    };
  };

  return {
    now: () => now,
    wall: () => epoch + now,
    after,
    later: (fn) => put(now, new Timer(fn)),
    at: (ms, what) => put(now + ms, what),
    async runTo(endMs) {
      for (;;) {
        const slot = wheel[now % slots] as Due[];
        // The list grows while it runs: that is how what is set for this millisecond comes last.
        for (let next = 0; next < slot.length; next++) (slot[next] as Due).due();
        if (slot.length > 0) wheel[now % slots] = [];
        if (now >= endMs) return;
        now++;
        if (now % slots === 0) beginTurn();
        if (now % breatheMs === 0) await undefined;
      }
    },
  };
}
