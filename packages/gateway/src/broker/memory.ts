/**
 * The embedded broker: the log, membership and the ephemeral bus in this process's memory.
 *
 * Laws. Numbers are dense and begin at 1, so the place of an entry is arithmetic. Every method answers in the same call. A
 * follower is told each entry once and in order whatever others do meanwhile, for each has a cursor of its own and is pumped
 * until it stands at the head; a follower that appends from inside `entry` therefore changes nobody's order. What a restart
 * forgets is told by a new epoch.
 */
import { randomUUID } from "node:crypto";
import type { Appended, Broker, CastEvent, Follower, LogEntry } from "@cc/protocol/server";
import { type Clock, systemClock } from "../clock.js";
import type { LogBounds } from "../options.js";
import { createDedup } from "./dedup.js";
import { createMemberRecords } from "./memberRecords.js";
import { aboutBytes } from "./size.js";

/** Options of `memoryBroker`. */
export interface MemoryBrokerOptions extends Partial<LogBounds> {
  /** How long a dedup id is known at least, in milliseconds. Default 150,000: the default `limits.dedupMs` and 30 s of grace. */
  readonly dedupMs?: number;
  /** Dedup ids held before appends that bring one are refused `ERR_SERVER_OVERLOADED`. Default 4,000,000. */
  readonly maxDedup?: number;
  /** Time, for tests. Default: the machine's. */
  readonly clock?: Clock;
}

interface Kept {
  readonly entry: LogEntry;
  readonly bytes: number;
  /** Monotonic time of writing: `sentAt` may jump with the wall clock. */
  readonly at: number;
}

interface Cursor {
  readonly follower: Follower;
  seen: number;
  busy: boolean;
  open: boolean;
}

/** Entries dropped from the front are left in place until they are this many, so that dropping one is not a copy of the rest. */
const compactAfter = 4_096;

/** A log of one partition in memory. Defaults: 100,000 events, 67,108,864 bytes, 86,400,000 ms (a day). */
export const memoryBroker = ({
  maxCount = 100_000,
  maxBytes = 67_108_864,
  maxAgeMs = 86_400_000,
  dedupMs = 150_000,
  maxDedup = 4_000_000,
  clock = systemClock,
}: MemoryBrokerOptions = {}): Broker => {
  const dedup = createDedup({ keepMs: dedupMs, max: maxDedup });
  const records = createMemberRecords();
  const cursors = new Set<Cursor>();
  const listeners = new Set<(event: CastEvent) => void>();
  let kept: (Kept | undefined)[] = [];
  let head = 0;
  let bytes = 0;
  let floor = 0;
  let last = 0;

  const trim = (now: number): void => {
    for (let oldest = kept[head]; oldest !== undefined; oldest = kept[head]) {
      if (last - floor <= maxCount && bytes <= maxBytes && now - oldest.at < maxAgeMs) break;
      bytes -= oldest.bytes;
      floor = oldest.entry.n;
      // The slot stays until the next compaction, the event must not: the bound by bytes is about memory.
      kept[head] = undefined;
      head += 1;
    }
    if (head >= compactAfter && head * 2 >= kept.length) {
      kept = kept.slice(head);
      head = 0;
    }
  };

  const at = (n: number): LogEntry | undefined => kept[head + n - floor - 1]?.entry;

  const pump = (cursor: Cursor): void => {
    if (cursor.busy) return;
    cursor.busy = true;
    try {
      while (cursor.open && cursor.seen < last) {
        const entry = cursor.seen < floor ? undefined : at(cursor.seen + 1);
        if (entry === undefined) {
          // Dropped before this follower came to it: only possible with a log smaller than one burst.
          cursor.seen = floor;
          cursor.follower.reset(epoch, floor);
        } else {
          cursor.seen = entry.n;
          cursor.follower.entry(entry);
        }
      }
    } finally {
      // A follower that throws must not be left out for ever.
      cursor.busy = false;
    }
  };

  const epoch = randomUUID();

  return {
    epoch,
    partitions: 1,
    dedupMs,
    partitionOf: () => 0,
    bounds: () => {
      trim(clock.now());
      return { floor, last };
    },
    append: (channel, event, dedupId): Appended => {
      const now = clock.now();
      if (dedupId !== undefined) {
        const first = dedup.find(dedupId, now);
        if (first !== undefined) return { ok: true, n: first };
        if (dedup.isFull) {
          return {
            ok: false,
            code: "ERR_SERVER_OVERLOADED",
            message: "the log cannot remember more send ids",
            retryAfterMs: dedupMs,
          };
        }
      }
      last += 1;
      const { kind, from, data, id, origin } = event;
      const entry: LogEntry = { partition: 0, n: last, channel, sentAt: clock.wall(), kind, from, data, id, origin };
      const size = channel.length + kind.length + from.length + aboutBytes(data);
      kept.push({ entry, bytes: size, at: now });
      bytes += size;
      if (dedupId !== undefined) dedup.remember(dedupId, last);
      trim(now);
      records.apply(entry, floor);
      for (const cursor of cursors) pump(cursor);
      return { ok: true, n: entry.n };
    },
    read: (_partition, after, upTo, max) => {
      trim(clock.now());
      if (after < floor) return undefined;
      const from = head + after - floor;
      const count = Math.max(0, Math.min(max, Math.min(upTo, last) - after));
      return kept.slice(from, from + count).flatMap((one) => (one === undefined ? [] : [one.entry]));
    },
    follow: (_partition, after, follower) => {
      const cursor: Cursor = { follower, seen: after, busy: false, open: true };
      cursors.add(cursor);
      pump(cursor);
      return () => {
        cursor.open = false;
        cursors.delete(cursor);
      };
    },
    members: () => records.list(floor),
    cast: (event) => {
      for (const listener of listeners) listener(event);
    },
    onCast: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
};
