/**
 * What this gateway has of the log: a ring per partition, the membership that filters it, and who waits for a number.
 *
 * Law: entries are applied in order, each once; membership changes with its marker and not before, so what a link is shown
 * live and what it would be shown in replay are the same.
 *
 * An entry concerns *audiences*: its channel; and for a `user:` channel the sender's own too, because a direct message
 * belongs to the sender's other instances as well.
 */
import { utf8Length } from "../bytes.js";
import { EVENT } from "../codes.js";
import { createAliases } from "./aliases.js";
import { finish, settle } from "./awaitable.js";
import type { Awaitable, Broker, LogEntry, MemberChange } from "./broker.js";
import { createMembers, type Members } from "./members.js";
import { createRing, type Ring, type RingEntry } from "./ring.js";
import type { Settings } from "./settings.js";

/** The prefix of the channels that each user has by being. */
export const userPrefix = "user:";

/** A membership marker, as it stands in the log. */
export interface Marker {
  readonly user: string;
  readonly change: MemberChange;
  readonly by?: string | undefined;
}

/** The kind that markers have; nobody may send it. */
export const memberKind = "member";

/** The applied log. */
export interface Log {
  readonly members: Members;
  readonly rings: readonly Ring[];
  /** The newest number applied in each partition, with commas between: one text for the pings of all links. */
  heads(): string;
  alias(channel: string): number;
  partitionOf(channel: string): number;
  /** Takes the next entry, and shows it when it is in force. Ignores repeats. */
  apply(entry: LogEntry, show: (entry: RingEntry, marker: Marker | undefined) => void): void;
  encode(entry: LogEntry): RingEntry;
  audiences(channel: string, from: string): readonly string[];
  /** May this user see it? */
  sees(user: string, entry: LogEntry): boolean;
  /** The first entries of a partition above `after` that may concern the user. */
  replay(user: string, partition: number, after: number, max: number): readonly RingEntry[];
  /** Entries behind the ring; `undefined` if the log no longer reaches there, or too many ask. */
  behind(partition: number, after: number, max: number): Awaitable<readonly LogEntry[] | undefined>;
  /** Runs `fn` when the number has been applied here. */
  whenApplied(partition: number, n: number, fn: () => void): void;
  /** Contiguity is lost below `floor`. */
  reset(partition: number, floor: number): void;
  /** Bounds the rings by age. */
  trim(now: number): void;
  /** Forgets membership that ended before log and ring begin. */
  forget(): void;
}

function markerOf(entry: LogEntry): Marker | undefined {
  return entry.kind === memberKind ? (entry.data as Marker) : undefined;
}

/** Nothing applied yet. */
export function createLog(settings: Settings, broker: Broker): Log {
  const members = createMembers();
  const alias = createAliases(65_536);
  const bounds = { entries: settings.ringEntries, bytes: settings.ringBytes, ageMs: settings.ringAgeMs };
  const rings = Array.from({ length: broker.partitions }, () => createRing(bounds));
  let waiting: { readonly partition: number; readonly n: number; readonly fn: () => void }[] = [];
  let heads: string | undefined;
  let reading = 0;
  const queued: (() => void)[] = [];

  function ringOf(partition: number): Ring {
    const ring = rings[partition];
    if (!ring) throw new RangeError(`no partition ${partition}`);
    return ring;
  }

  function audiences(channel: string, from: string): readonly string[] {
    const own = userPrefix + from;
    return channel.startsWith(userPrefix) && channel !== own ? [channel, own] : [channel];
  }

  function encode(entry: LogEntry): RingEntry {
    const number = alias(entry.channel);
    const { partition, n, channel, kind, from, sentAt, data, id, origin } = entry;
    const frame: unknown[] = [EVENT, n, number, kind, from, sentAt, data];
    if (id !== undefined) frame.push(id);
    const text = JSON.stringify(frame);
    const bytes = utf8Length(text);
    const appliedAt = settings.now();
    // Key by key: a spread with more behind it is filled by the runtime, and each event comes by here.
    return { partition, n, channel, kind, from, sentAt, data, id, origin, alias: number, text, bytes, appliedAt };
  }

  function wake(): void {
    if (waiting.length === 0) return;
    const due = waiting.filter(({ partition, n }) => ringOf(partition).last >= n);
    if (due.length === 0) return;
    waiting = waiting.filter((each) => !due.includes(each));
    for (const { fn } of due) fn();
  }

  function readNext(): void {
    reading--;
    queued.shift()?.();
  }

  return {
    members,
    rings,
    heads() {
      heads ??= rings.map(({ last }) => last).join();
      return heads;
    },
    alias,
    partitionOf: (channel) => broker.partitionOf(channel),
    audiences,
    encode,
    apply(entry, show) {
      const ring = ringOf(entry.partition);
      if (entry.n <= ring.last) return;
      const marker = markerOf(entry);
      const encoded = encode(entry);
      // An interval ends with its marker included, so a leaver still sees it.
      if (marker) members.apply(entry.channel, marker.user, marker.change, entry.n);
      ring.push(encoded, audiences(entry.channel, entry.from));
      heads = undefined;
      show(encoded, marker);
      wake();
    },
    sees(user, { channel, from, n }) {
      return channel.startsWith(userPrefix)
        ? channel === userPrefix + user || from === user
        : members.sees(channel, user, n);
    },
    replay: (user, partition, after, max) =>
      ringOf(partition).after([userPrefix + user, ...members.channelsOf(user)], after, max),
    behind(partition, after, max) {
      const read = (): Awaitable<readonly LogEntry[] | undefined> => {
        reading++;
        return finish(() => broker.read(partition, after, ringOf(partition).floor, max), readNext);
      };
      if (reading < settings.readsAtOnce) return read();
      if (queued.length >= settings.readsWaiting) return undefined;
      return new Promise((resolve) => queued.push(() => resolve(read())));
    },
    whenApplied(partition, n, fn) {
      if (ringOf(partition).last >= n) fn();
      else waiting.push({ partition, n, fn });
    },
    reset(partition, floor) {
      ringOf(partition).reset(floor);
      heads = undefined;
      wake();
    },
    trim(now) {
      for (const ring of rings) ring.trim(now);
    },
    forget() {
      // By what reaches further back, the log or the ring: the same intervals filter what is shown of either.
      for (const [p, ring] of rings.entries()) {
        settle(
          () => broker.bounds(p),
          (bounds) => {
            const floor = Math.min(bounds.floor, ring.floor);
            for (const channel of members.channelsWithPast) {
              if (broker.partitionOf(channel) === p) members.forget(channel, floor);
            }
          },
          // The broker is away: intervals are forgotten another time.
          () => {},
        );
      }
    },
  };
}
