/**
 * The broker port in memory, with the faults that a test wants of a log.
 *
 * Law: without a fault it keeps the port's contract: every entry to every follower, in order, once; a send id known
 * again for `dedupMs`; membership folded from the markers in the log itself. It stands in for the gateway's own
 * brokers where no module of Node may be, and can do what those must never do: forget at once, begin anew, fall silent.
 */
import type { Clock } from "@cc/core";
import type {
  Appended,
  Awaitable,
  Broker,
  CastEvent,
  Follower,
  Interval,
  LogEntry,
  MemberRecord,
} from "@cc/protocol/server";

export interface MemoryLog extends Broker {
  epoch: string;
  /** What the log holds, oldest first. */
  readonly entries: readonly LogEntry[];
  /** How `append` and `read` answer: in the same call (default), by a promise, with an error, or not at all. */
  answers: "now" | "byPromise" | "fails" | "never";
  /** Refuses the next append. */
  refuseNext: Extract<Appended, { ok: false }> | undefined;
  /** As in `Broker`, and always there: one log may serve several gateways. */
  forbid(channel: string, dedupId: string): Awaitable<number | undefined>;
  /** Forgets the entries up to `n`, as a bounded log does. Followers that are up to date notice nothing. Default: all. */
  forget(n?: number): void;
  /** The log begins anew, empty, under a new epoch: what was in it is lost. */
  beginAnew(): void;
}

export interface MemoryLogOptions {
  readonly clock: Clock;
  /** Distance between two numbers: they need not be dense. Default 1. */
  readonly stride?: number;
  /** How long a send id is known, ms. Default 150,000. */
  readonly dedupMs?: number;
}

interface Known {
  /** `undefined`: forbidden. */
  readonly n: number | undefined;
  readonly at: number;
}

/** An empty log of one partition. */
export function createMemoryLog({ clock, stride = 1, dedupMs = 150_000 }: MemoryLogOptions): MemoryLog {
  const followers = new Set<Follower>();
  const listeners = new Set<(event: CastEvent) => void>();
  const known = new Map<string, Known>();
  const membership = new Map<string, Map<string, Interval[]>>();
  let entries: LogEntry[] = [];
  let floor = 0;
  let last = 0;
  let lives = 1;

  const reply = <T>(value: () => T): Awaitable<T> => {
    if (log.answers === "never") return new Promise<T>(() => {});
    if (log.answers === "fails") return Promise.reject(new Error("the log is away"));
    return log.answers === "byPromise" ? Promise.resolve().then(value) : value();
  };
  const remember = ({ channel, kind, data, n }: LogEntry): void => {
    if (kind !== "member") return;
    const { user, change } = data as { readonly user: string; readonly change: string };
    const users = membership.get(channel) ?? new Map<string, Interval[]>();
    membership.set(channel, users);
    const intervals = users.get(user) ?? [];
    users.set(user, intervals);
    const current = intervals.at(-1);
    const isMember = current?.until === Number.POSITIVE_INFINITY;
    if (change === "joined" && !isMember) intervals.push({ after: n - 1, until: Number.POSITIVE_INFINITY });
    else if (change !== "joined" && isMember) intervals.splice(-1, 1, { after: current.after, until: n });
  };

  const fresh = (dedupId: string): Known | undefined => {
    const first = known.get(dedupId);
    return first !== undefined && clock.now() - first.at < dedupMs ? first : undefined;
  };

  const log: MemoryLog = {
    epoch: "epoch-1",
    partitions: 1,
    dedupMs,
    answers: "now",
    refuseNext: undefined,
    get entries() {
      return entries;
    },
    partitionOf: () => 0,
    bounds: () => ({ floor, last }),
    append(channel, event, dedupId) {
      const { refuseNext } = log;
      log.refuseNext = undefined;
      if (refuseNext !== undefined) return reply(() => refuseNext);
      return reply(() => {
        const now = clock.now();
        const first = dedupId === undefined ? undefined : fresh(dedupId);
        if (first?.n !== undefined) return { ok: true, n: first.n };
        if (first !== undefined) return { ok: false, code: "ERR_SEND_REJECTED", message: "refused before" };
        last += stride;
        const entry: LogEntry = { ...event, partition: 0, n: last, channel, sentAt: clock.wall() };
        entries.push(entry);
        if (dedupId !== undefined) known.set(dedupId, { n: last, at: now });
        remember(entry);
        for (const follower of [...followers]) if (followers.has(follower)) follower.entry(entry);
        return { ok: true, n: entry.n };
      });
    },
    forbid: (_channel, dedupId) =>
      reply(() => {
        const first = fresh(dedupId);
        if (first === undefined) known.set(dedupId, { n: undefined, at: clock.now() });
        return first?.n;
      }),
    read: (_partition, after, upTo, max) =>
      reply(() => (after < floor ? undefined : entries.filter(({ n }) => n > after && n <= upTo).slice(0, max))),
    follow(_partition, after, follower) {
      followers.add(follower);
      for (const entry of [...entries]) if (entry.n > after && followers.has(follower)) follower.entry(entry);
      return () => void followers.delete(follower);
    },
    members: () =>
      [...membership].flatMap(([channel, users]) =>
        [...users].map(([user, intervals]): MemberRecord => ({ channel, user, intervals: [...intervals] })),
      ),
    cast(event) {
      for (const listener of [...listeners]) listener(event);
    },
    onCast(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    forget(n = last) {
      floor = Math.max(floor, n);
      entries = entries.filter((entry) => entry.n > floor);
    },
    beginAnew() {
      lives += 1;
      log.epoch = `epoch-${lives}`;
      entries = [];
      floor = 0;
      last = 0;
      known.clear();
      membership.clear();
      for (const follower of [...followers]) follower.reset(log.epoch, 0);
    },
  };
  return log;
}
