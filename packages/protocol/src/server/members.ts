/**
 * Who is a member of what, and was when.
 *
 * Law: membership is a list of intervals on the numbers of the channel's partition. A join at n opens one *with* its own
 * marker, so that the joiner's instances learn of it; a leave at m closes it with its marker, so that they learn of that
 * too; nothing before or after is ever theirs. The open interval authorises sends, all of them filter replay. Markers may
 * be told twice (records first, then the log): what is not newer than the last change is ignored.
 */
import type { Interval, MemberChange, MemberRecord } from "./broker.js";
import { upsert } from "./maps.js";

/** All membership this gateway knows. */
export interface Members {
  /** Takes the records of the broker, in place of all that was known. */
  load(records: readonly MemberRecord[]): void;
  /** Takes a marker. */
  apply(channel: string, user: string, change: MemberChange, n: number): void;
  /** Is the user a member now? */
  isMember(channel: string, user: string): boolean;
  /** Was the user a member at `n`? */
  sees(channel: string, user: string, n: number): boolean;
  /** Every channel that the user is or was a member of, as far back as the log matters. */
  channelsOf(user: string): ReadonlySet<string>;
  /** The users that are members now. */
  membersOf(channel: string): readonly string[];
  /** Forgets closed intervals that end at or below the number. */
  forget(channel: string, floor: number): void;
  /** The channels that have closed intervals. */
  readonly channelsWithPast: Iterable<string>;
}

const none: ReadonlySet<string> = new Set();

/** Nobody is a member of anything. */
export function createMembers(): Members {
  const byChannel = new Map<string, Map<string, Interval[]>>();
  const byUser = new Map<string, Set<string>>();
  const withPast = new Set<string>();

  function intervalsOf(channel: string, user: string): Interval[] {
    const users = upsert(byChannel, channel, () => new Map<string, Interval[]>());
    const intervals = upsert(users, user, () => []);
    upsert(byUser, user, () => new Set<string>()).add(channel);
    return intervals;
  }

  const isOpen = (interval: Interval | undefined): boolean => interval?.until === Number.POSITIVE_INFINITY;

  return {
    load(records) {
      byChannel.clear();
      byUser.clear();
      withPast.clear();
      for (const { channel, user, intervals } of records) {
        intervalsOf(channel, user).push(...intervals);
        if (intervals.some((interval) => !isOpen(interval))) withPast.add(channel);
      }
    },
    apply(channel, user, change, n) {
      const known = byChannel.get(channel)?.get(user);
      const last = known?.at(-1);
      // Only up to `after`: a join that is told again changes nothing below, and a leave right behind it counts, wherever records begin.
      if (last && n <= (isOpen(last) ? last.after : last.until)) return;
      if (change === "joined") {
        if (!isOpen(last)) intervalsOf(channel, user).push({ after: n - 1, until: Number.POSITIVE_INFINITY });
      } else if (known && last && isOpen(last)) {
        known[known.length - 1] = { after: last.after, until: n };
        withPast.add(channel);
      }
    },
    isMember: (channel, user) => isOpen(byChannel.get(channel)?.get(user)?.at(-1)),
    sees(channel, user, n) {
      for (const { after, until } of byChannel.get(channel)?.get(user) ?? []) if (n > after && n <= until) return true;
      return false;
    },
    channelsOf: (user) => byUser.get(user) ?? none,
    membersOf(channel) {
      const users: string[] = [];
      for (const [user, intervals] of byChannel.get(channel) ?? []) if (isOpen(intervals.at(-1))) users.push(user);
      return users;
    },
    forget(channel, floor) {
      let past = false;
      for (const [user, intervals] of byChannel.get(channel) ?? []) {
        const kept = intervals.filter(({ until }) => until > floor);
        if (kept.length === 0) {
          byChannel.get(channel)?.delete(user);
          const channels = byUser.get(user);
          channels?.delete(channel);
          if (channels?.size === 0) byUser.delete(user);
        } else if (kept.length < intervals.length) byChannel.get(channel)?.set(user, kept);
        if (kept.some((interval) => !isOpen(interval))) past = true;
      }
      if (byChannel.get(channel)?.size === 0) byChannel.delete(channel);
      if (!past) withPast.delete(channel);
    },
    get channelsWithPast() {
      return withPast;
    },
  };
}
