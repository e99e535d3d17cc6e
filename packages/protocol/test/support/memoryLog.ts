/**
 * A log in memory for tests: answers in the same call, or by promise, or not at all, as the test says.
 * Law: it keeps the contract of the broker port and nothing more; numbers go up by `stride`, because they need not be dense.
 */
import type {
  Appended,
  Awaitable,
  Bounds,
  Broker,
  CastEvent,
  Follower,
  LogEntry,
  MemberRecord,
} from "../../src/server.js";

export interface MemoryLog extends Broker {
  epoch: string;
  /** Every entry ever written, in order. */
  readonly entries: LogEntry[];
  /** How the next answers come. */
  answers: "now" | "byPromise" | "never" | "fails";
  /** Refuses the next append. */
  refuseNext: Appended | undefined;
  reads: number;
  /** The ids that were asked to be refused from now on. */
  readonly forbidden: string[];
  /** Entries are followed only when `catchUp` is called. */
  lags: boolean;
  catchUp(): void;
  records: MemberRecord[];
  /** Forgets entries up to `floor`. */
  trim(partition: number, floor: number): void;
  /** What a follower is told when it lost the thread. */
  resetFollowers(epoch: string, partition: number, floor: number): void;
  wall: number;
}

export function createMemoryLog(options: { readonly partitions?: number; readonly stride?: number } = {}): MemoryLog {
  const { partitions = 1, stride = 1 } = options;
  const floors = Array.from({ length: partitions }, () => 0);
  const lasts = Array.from({ length: partitions }, () => 0);
  const followers = new Set<{ readonly partition: number; readonly follower: Follower }>();
  const listeners = new Set<(event: CastEvent) => void>();
  const known = new Map<string, number>();
  const late: (() => void)[] = [];
  function reply<T>(value: T): Awaitable<T> {
    if (log.answers === "never") return new Promise<T>(() => {});
    if (log.answers === "fails") return Promise.reject(new Error("the log is away"));
    return log.answers === "byPromise" ? Promise.resolve(value) : value;
  }
  const log: MemoryLog = {
    epoch: "e1",
    partitions,
    dedupMs: 150_000,
    entries: [],
    answers: "now",
    refuseNext: undefined,
    reads: 0,
    forbidden: [],
    lags: false,
    catchUp() {
      for (const tell of late.splice(0)) tell();
    },
    records: [],
    wall: 1_700_000_000_000,
    partitionOf: (channel) => [...channel].reduce((sum, char) => sum + (char.codePointAt(0) ?? 0), 0) % partitions,
    bounds: (partition) => reply<Bounds>({ floor: floors[partition] ?? 0, last: lasts[partition] ?? 0 }),
    append(channel, event, dedupId) {
      if (log.refuseNext) {
        const refused = log.refuseNext;
        log.refuseNext = undefined;
        return reply(refused);
      }
      if (log.answers === "fails") return reply<Appended>({ ok: true, n: 0 });
      const first = dedupId === undefined ? undefined : known.get(dedupId);
      if (first !== undefined) return reply<Appended>({ ok: true, n: first });
      if (dedupId !== undefined && log.forbidden.includes(dedupId))
        return reply<Appended>({ ok: false, code: "ERR_SEND_REJECTED", message: "refused before" });
      const partition = log.partitionOf(channel);
      const n = (lasts[partition] ?? 0) + stride;
      lasts[partition] = n;
      const entry: LogEntry = { ...event, partition, n, channel, sentAt: log.wall };
      log.entries.push(entry);
      if (dedupId !== undefined) known.set(dedupId, n);
      const tell = (): void => {
        for (const each of [...followers]) if (each.partition === partition) each.follower.entry(entry);
      };
      if (log.lags) late.push(tell);
      else tell();
      return reply<Appended>({ ok: true, n });
    },
    forbid(_channel, dedupId) {
      log.forbidden.push(dedupId);
      return reply(known.get(dedupId));
    },
    read(partition, after, upTo, max) {
      log.reads++;
      if (after < (floors[partition] ?? 0)) return reply<readonly LogEntry[] | undefined>(undefined);
      const found = log.entries.filter((each) => each.partition === partition && each.n > after && each.n <= upTo);
      return reply<readonly LogEntry[] | undefined>(found.slice(0, max));
    },
    follow(partition, after, follower) {
      const each = { partition, follower };
      for (const entry of log.entries) if (entry.partition === partition && entry.n > after) follower.entry(entry);
      followers.add(each);
      return () => followers.delete(each);
    },
    members: () => reply(log.records),
    cast(event) {
      for (const fn of listeners) fn(event);
    },
    onCast(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    trim(partition, floor) {
      floors[partition] = floor;
    },
    resetFollowers(epoch, partition, floor) {
      if (epoch !== log.epoch) {
        log.entries.length = 0;
        lasts.fill(0);
        floors.fill(0);
      }
      log.epoch = epoch;
      for (const each of [...followers]) if (each.partition === partition) each.follower.reset(epoch, floor);
    },
  };
  return log;
}
