/**
 * One direction of one proxied connection: bytes wait their delay, in order, or are held back while it is black.
 *
 * Law: what a lane takes in leaves it in the same order or not at all. A black lane reads nothing, so neither bytes
 * nor an end get through, and the sender sees no more than it would of dropped packets; when it clears, what was
 * sent meanwhile arrives, as TCP would send it again.
 */
import type { Socket } from "node:net";

export interface Lane {
  /** Milliseconds that each further chunk waits. */
  delay(ms: number): void;
  black(on: boolean): void;
  /** Sends a FIN now; whatever is under way or comes later is dropped. */
  finish(): void;
  /** Drops what waits, and the timer with it. */
  discard(): void;
}

interface Parcel {
  readonly due: number;
  /** `null` is the end of the stream. */
  readonly bytes: Buffer | null;
}

/** Carries from one socket to the other until `from` ends; `count` is told the bytes delivered. */
export function createLane(from: Socket, to: Socket, count: (bytes: number) => void): Lane {
  let delayMs = 0;
  let isBlack = false;
  let isFull = false;
  let finished = false;
  let timer: NodeJS.Timeout | undefined;
  let queue: Parcel[] = [];

  const flow = (): void => {
    if (isBlack || isFull) from.pause();
    else from.resume();
  };
  const deliver = ({ bytes }: Parcel): void => {
    if (bytes === null) {
      finished = true;
      to.end();
      return;
    }
    count(bytes.length);
    if (!to.write(bytes)) {
      isFull = true;
      flow();
    }
  };
  const pump = (): void => {
    timer = undefined;
    while (!isBlack && !finished && queue[0] !== undefined) {
      const wait = queue[0].due - performance.now();
      if (wait > 0) {
        timer = setTimeout(pump, wait);
        return;
      }
      deliver(queue.shift() as Parcel);
    }
  };
  const take = (bytes: Buffer | null): void => {
    if (finished) return;
    // A queue: behind one that waits longer, for the delay shrank since, a parcel waits too.
    const due = performance.now() + delayMs;
    if (delayMs === 0 && queue.length === 0 && !isBlack) deliver({ due, bytes });
    else {
      queue.push({ due, bytes });
      if (timer === undefined) pump();
    }
  };

  from.on("data", (chunk: Buffer) => take(chunk));
  from.on("end", () => take(null));
  to.on("drain", () => {
    isFull = false;
    flow();
  });

  const discard = (): void => {
    clearTimeout(timer);
    timer = undefined;
    queue = [];
  };
  return {
    delay(ms) {
      delayMs = ms;
    },
    black(on) {
      isBlack = on;
      flow();
      if (timer === undefined) pump();
    },
    finish() {
      discard();
      if (finished) return;
      finished = true;
      to.end();
    },
    discard,
  };
}
