/**
 * The replay ring of one partition: its newest stretch, without holes.
 *
 * Law: every entry above `floor` up to `last` is here. So a position at or above `floor` can be resumed from memory, and
 * one below it cannot, whatever the numbers in between look like: they are not dense. Bounded by count, bytes and age;
 * each entry holds the text of its frame, made once for all receivers, and is found by the audiences it concerns.
 */
import type { LogEntry } from "./broker.js";
import { upsert } from "./maps.js";
import { createQueue, peek, type Queue, shift, sizeOf } from "./queue.js";

/** A log entry with its frame. */
export interface RingEntry extends LogEntry {
  readonly alias: number;
  /** The `event` frame. */
  readonly text: string;
  readonly bytes: number;
  /** When this gateway applied it, on the hub's clock. */
  readonly appliedAt: number;
}

/** How much a ring keeps. */
export interface RingBounds {
  readonly entries: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** The ring of one partition. */
export interface Ring {
  /** Everything above this is here. */
  readonly floor: number;
  /** The newest number applied. */
  readonly last: number;
  readonly size: number;
  readonly bytes: number;
  /** Takes the next entry; its number must be above `last`. `keys` are the audiences it concerns. */
  push(entry: RingEntry, keys: readonly string[]): void;
  /** The first `max` entries above `after` that concern any of these audiences, in order. */
  after(keys: Iterable<string>, after: number, max: number): readonly RingEntry[];
  /** Drops what is too old. */
  trim(now: number): void;
  /** Empties it: it now begins above `floor`. */
  reset(floor: number): void;
}

/** An empty ring that begins above `floor`. */
export function createRing(bounds: RingBounds): Ring {
  let all = createQueue<{ readonly entry: RingEntry; readonly keys: readonly string[] }>();
  const index = new Map<string, Queue<RingEntry>>();
  let floor = 0;
  let last = 0;
  let bytes = 0;

  function evict(): void {
    const oldest = shift(all);
    if (!oldest) return;
    floor = oldest.entry.n;
    bytes -= oldest.entry.bytes;
    for (const key of oldest.keys) {
      const list = index.get(key);
      // The oldest of all is the oldest of each of its lists.
      if (list) shift(list);
      if (list && sizeOf(list) === 0) index.delete(key);
    }
  }

  /** Where in the list the first number above `after` stands. */
  function seek(list: Queue<RingEntry>, after: number): number {
    let low = list.head;
    let high = list.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((list.items[middle]?.n ?? 0) > after) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  return {
    get floor() {
      return floor;
    },
    get last() {
      return last;
    },
    get size() {
      return sizeOf(all);
    },
    get bytes() {
      return bytes;
    },
    push(entry, keys) {
      all.items.push({ entry, keys });
      last = entry.n;
      bytes += entry.bytes;
      for (const key of keys) upsert(index, key, () => createQueue<RingEntry>()).items.push(entry);
      while (sizeOf(all) > bounds.entries || bytes > bounds.bytes) evict();
    },
    after(keys, after, max) {
      const found: RingEntry[] = [];
      for (const key of keys) {
        const list = index.get(key);
        if (!list) continue;
        const from = seek(list, after);
        // The lowest `max` of the union are among the lowest `max` of each.
        for (const entry of list.items.slice(from, from + max)) if (entry) found.push(entry);
      }
      return found.sort((a, b) => a.n - b.n).slice(0, max);
    },
    trim(now) {
      for (let oldest = peek(all); oldest && now - oldest.entry.appliedAt > bounds.ageMs; oldest = peek(all)) evict();
    },
    reset(at) {
      all = createQueue();
      index.clear();
      bytes = 0;
      floor = at;
      last = at;
    },
  };
}
