/**
 * Which tokens are dead before their time.
 *
 * One login (a token and all that were refreshed from it, which share a `sid`), or all tokens of a user minted up to a moment.
 * A record lives no longer than the tokens that it could hit, so the tables are bounded by what was minted within the longest
 * token lifetime. They live in this process and, where there is a store, in it: see keeper.ts.
 */
import { z } from "zod";

/** The revocation tables of one gateway. Times are wall-clock milliseconds. */
export interface Revocations {
  /** Kills a login: the token and its refreshed successors, also those not presented yet. */
  revokeLogin(sid: string, now: number): void;
  /** Kills every token of a user that was minted at `now` or earlier. */
  revokeUser(uid: string, now: number): void;
  /** Whether a token with these claims is dead. */
  isRevoked(claims: { readonly uid: string; readonly sid: string; readonly issuedAt: number }): boolean;
  /** The earliest moment at which a new token of this user would not fall under an earlier revocation. */
  earliestIssue(uid: string, now: number): number;
  /** Forgets what can hit no living token any more. Called from the gateway's one tick. */
  prune(now: number): void;
  /** All records, as text for a store. */
  save(): string;
  /** Takes the records of such a text. Throws when it is none. */
  load(text: string): void;
  /** Records held: for metrics and tests. */
  readonly size: number;
}

const records = z.array(z.tuple([z.string(), z.number()]));
const saved = z.object({ version: z.literal(1), logins: records, users: records });

/** @param maxTtlMs the longest lifetime that any token of this gateway can have */
export const createRevocations = (maxTtlMs: number): Revocations => {
  // Both in order of time, as a re-inserted key moves to the end, so that pruning stops at the first young one.
  const logins = new Map<string, number>();
  const users = new Map<string, number>();

  const record = (table: Map<string, number>, key: string, now: number): void => {
    const at = Math.max(now, table.get(key) ?? now);
    table.delete(key);
    table.set(key, at);
  };
  const pruneTable = (table: Map<string, number>, now: number): void => {
    for (const [key, at] of table) {
      if (at + maxTtlMs > now) return;
      table.delete(key);
    }
  };

  return {
    revokeLogin: (sid, now) => record(logins, sid, now),
    revokeUser: (uid, now) => record(users, uid, now),
    isRevoked: ({ uid, sid, issuedAt }) => {
      if (logins.has(sid)) return true;
      const cutoff = users.get(uid);
      return cutoff !== undefined && issuedAt <= cutoff;
    },
    earliestIssue: (uid, now) => {
      const cutoff = users.get(uid);
      // A login in the very millisecond of a revocation is newer than it, and says so.
      return cutoff !== undefined && now <= cutoff ? cutoff + 1 : now;
    },
    prune: (now) => {
      pruneTable(logins, now);
      pruneTable(users, now);
    },
    save: () => JSON.stringify({ version: 1, logins: [...logins], users: [...users] }),
    load: (text) => {
      const found = saved.parse(JSON.parse(text));
      for (const [sid, at] of found.logins) logins.set(sid, at);
      for (const [uid, at] of found.users) users.set(uid, at);
    },
    get size() {
      return logins.size + users.size;
    },
  };
};
