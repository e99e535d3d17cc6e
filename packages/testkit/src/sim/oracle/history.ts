/** The log as it was written, epoch after epoch, with who was a member of what and when. Law: it only grows. */
import type { LogEntry } from "@cc/protocol/server";
import type { Told } from "../world/facts.js";

interface Stretch {
  readonly after: number;
  until: number;
}

export interface Epoch {
  readonly name: string;
  readonly entries: readonly LogEntry[];
  at(n: number): LogEntry | undefined;
  /** Index of the first entry above `n`. */
  above(n: number): number;
  /** Whether this user is to see it. */
  concerns(user: string, entry: LogEntry): boolean;
}

export interface History {
  epoch(name: string): Epoch | undefined;
  /** Entries by the mark in their data. */
  marked(mark: string): readonly LogEntry[];
  fold(fact: Told): void;
}

export const markOf = (data: unknown): string | undefined => {
  const mark = (data as { readonly mark?: unknown } | null)?.mark;
  return typeof mark === "string" ? mark : undefined;
};

function createEpoch(name: string): Epoch & { add(entry: LogEntry): void } {
  const entries: LogEntry[] = [];
  const byNumber = new Map<number, LogEntry>();
  const stretches = new Map<string, Stretch[]>();
  const of = (channel: string, user: string): Stretch[] => {
    const key = `${channel} ${user}`;
    const list = stretches.get(key) ?? [];
    stretches.set(key, list);
    return list;
  };
  return {
    name,
    entries,
    at: (n) => byNumber.get(n),
    above(n) {
      let low = 0;
      let high = entries.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((entries[middle]?.n ?? 0) > n) high = middle;
        else low = middle + 1;
      }
      return low;
    },
    concerns(user, { channel, from, n }) {
      if (channel.startsWith("user:")) return channel === `user:${user}` || from === user;
      return of(channel, user).some(({ after, until }) => n >= after && n <= until);
    },
    add(entry) {
      entries.push(entry);
      byNumber.set(entry.n, entry);
      if (entry.kind !== "member") return;
      const { user, change } = entry.data as { readonly user: string; readonly change: string };
      const list = of(entry.channel, user);
      const last = list.at(-1);
      const isMember = last?.until === Number.POSITIVE_INFINITY;
      if (change === "joined" && !isMember) list.push({ after: entry.n, until: Number.POSITIVE_INFINITY });
      else if (change !== "joined" && isMember) last.until = entry.n;
    },
  };
}

export function createHistory(): History {
  const epochs = new Map<string, ReturnType<typeof createEpoch>>();
  const marks = new Map<string, LogEntry[]>();
  return {
    epoch: (name) => epochs.get(name),
    marked: (mark) => marks.get(mark) ?? [],
    fold(fact) {
      if (fact.type !== "entry") return;
      const epoch = epochs.get(fact.epoch) ?? createEpoch(fact.epoch);
      epochs.set(fact.epoch, epoch);
      epoch.add(fact.entry);
      const mark = markOf(fact.entry.data);
      if (mark !== undefined) marks.set(mark, [...(marks.get(mark) ?? []), fact.entry]);
    },
  };
}
