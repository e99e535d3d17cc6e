/**
 * Membership as the log tells it: marker events of kind `member`, folded into intervals per channel and user, from the marker of
 * the join to that of the leave, both included.
 * An interval that ended at or before the log's floor can filter nothing any more; those are swept out every so many departures.
 */
import type { Interval, LogEntry, MemberRecord } from "@cc/protocol/server";
import { z } from "zod";

/** The kind that is reserved for markers. */
export const memberKind = "member";

const marker = z.object({ user: z.string(), change: z.enum(["joined", "left", "kicked"]) });

/** The records of one log. */
export interface MemberRecords {
  /** Folds an entry in; entries of other kinds change nothing. In log order, each once. Entries up to `floor` are gone. */
  apply(entry: LogEntry, floor: number): void;
  /** What still matters to a log whose entries up to `floor` are gone. */
  list(floor: number): readonly MemberRecord[];
}

/** Departures between two sweeps: a sweep looks at every record. */
const sweepEvery = 1_024;

export const createMemberRecords = (): MemberRecords => {
  const channels = new Map<string, Map<string, readonly Interval[]>>();
  let departures = 0;

  const sweep = (floor: number): void => {
    for (const [channel, users] of channels) {
      for (const [user, all] of users) {
        const intervals = all.filter(({ until }) => until > floor);
        if (intervals.length === 0) users.delete(user);
        else users.set(user, intervals);
      }
      if (users.size === 0) channels.delete(channel);
    }
  };

  return {
    apply: ({ channel, kind, data, n }, floor) => {
      if (kind !== memberKind) return;
      const parsed = marker.safeParse(data);
      if (!parsed.success) return;
      const { user, change } = parsed.data;
      const users = channels.get(channel) ?? new Map<string, readonly Interval[]>();
      channels.set(channel, users);
      const intervals = users.get(user) ?? [];
      const current = intervals.at(-1);
      const isMember = current !== undefined && current.until === Number.POSITIVE_INFINITY;
      if (change === "joined") {
        if (!isMember) users.set(user, [...intervals, { after: n - 1, until: Number.POSITIVE_INFINITY }]);
        return;
      }
      if (!isMember) return;
      users.set(user, [...intervals.slice(0, -1), { after: current.after, until: n }]);
      departures += 1;
      if (departures % sweepEvery === 0) sweep(floor);
    },
    list: (floor) => {
      sweep(floor);
      return [...channels].flatMap(([channel, users]) =>
        [...users].map(([user, intervals]): MemberRecord => ({ channel, user, intervals })),
      );
    },
  };
};
