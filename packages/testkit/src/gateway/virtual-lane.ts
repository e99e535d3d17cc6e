/**
 * One direction of a connection, in virtual time: parcels arrive in order after their delay, or are held back.
 *
 * Law: what goes in comes out in the same order or not at all, each in a task of its own; a black lane delivers
 * nothing, and when it clears what was held arrives, as TCP would send it again. One timer, however much waits.
 */
import type { Cancel, Clock } from "@cc/core";

export interface VirtualLane {
  /** Hands over one parcel of `bytes` bytes. */
  push(deliver: () => void, bytes?: number): void;
  /** Milliseconds that each further parcel takes. */
  delayMs: number;
  black(on: boolean): void;
  /** Bytes that wait. */
  readonly held: number;
  /** Drops what waits and all that comes. */
  end(): void;
}

interface Parcel {
  readonly due: number;
  readonly bytes: number;
  readonly deliver: () => void;
}

export function createVirtualLane(clock: Clock): VirtualLane {
  let queue: Parcel[] = [];
  let isBlack = false;
  let ended = false;
  let held = 0;
  let timer: Cancel | undefined;

  const arm = (): void => {
    const [first] = queue;
    if (timer !== undefined || first === undefined || isBlack || ended) return;
    timer = clock.after(Math.max(0, first.due - clock.now()), pump, false);
  };
  const pump = (): void => {
    timer = undefined;
    const [first] = queue;
    if (first === undefined) return;
    if (first.due <= clock.now()) {
      queue.shift();
      held -= first.bytes;
      first.deliver();
    }
    arm();
  };

  const lane: VirtualLane = {
    delayMs: 0,
    get held() {
      return held;
    },
    push(deliver, bytes = 0) {
      if (ended) return;
      // A queue: behind one that waits longer, for the delay shrank since, a parcel waits too.
      queue.push({ due: clock.now() + lane.delayMs, bytes, deliver });
      held += bytes;
      arm();
    },
    black(on) {
      isBlack = on;
      if (on) {
        timer?.();
        timer = undefined;
      } else arm();
    },
    end() {
      ended = true;
      timer?.();
      timer = undefined;
      queue = [];
      held = 0;
    },
  };
  return lane;
}
