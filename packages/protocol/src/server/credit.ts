/**
 * Credit: how much a link may still be sent.
 *
 * Law: at most `window` durable events and `windowBytes` of them are unacknowledged on one link. A client that handles
 * nothing is sent nothing more, and a replay never fills the pipe before a ping. (An event that alone exceeds the bytes
 * cannot exist: `limitsFault`.)
 */
import type { Limits } from "../limits.js";
import { createQueue, peek, type Queue, shift, sizeOf } from "./queue.js";
import type { RingEntry } from "./ring.js";

/** What is unacknowledged on one link. */
export interface Credit {
  /** May an event of this size go now? */
  room(bytes: number): boolean;
  take(entry: RingEntry): void;
  /** Everything up to these positions was handled. Returns whether anything was released. */
  give(positions: readonly number[]): boolean;
}

/** A link with nothing unacknowledged. */
export function createCredit(limits: Limits): Credit {
  const sent: Queue<RingEntry> = createQueue();
  let bytes = 0;
  return {
    room: (size) => sizeOf(sent) < limits.window && bytes + size <= limits.windowBytes,
    take(entry) {
      sent.items.push(entry);
      bytes += entry.bytes;
    },
    give(positions) {
      const before = sizeOf(sent);
      // Handled in the order of sending, so the first one not yet covered ends it, whatever its partition.
      for (let oldest = peek(sent); oldest && oldest.n <= (positions[oldest.partition] ?? 0); oldest = peek(sent)) {
        bytes -= oldest.bytes;
        shift(sent);
      }
      return sizeOf(sent) < before;
    },
  };
}
