/**
 * Sends, joins and leaves that wait for their answer, across links.
 *
 * Law: an item is written to a link at most once, again to the next link under the same id, in the order of asking; and
 * never when the server may have forgotten the id. It settles exactly once, and what it says about its fate is certain:
 *
 * - acknowledged, or refused by the server (not applied);
 * - `notSent`: it never left this process;
 * - `unknown`: it was on a wire at least once, and no answer came in time.
 *
 * Age counts from the first writing: a server counts from its arrival, which is later, and adds `dedupGraceMs`.
 */
import type { Limits } from "../limits.js";
import type { SendResult, Unacknowledged } from "./types.js";

/** What is asked for. */
export interface Item {
  readonly id: string;
  readonly channel: string;
  /** The whole frame. */
  readonly text: string;
  readonly bytes: number;
  /** The size of its data alone, for `limits.eventBytes`. */
  readonly dataBytes: number;
  readonly ephemeral: boolean;
  readonly chained: boolean;
  readonly deadline: number;
  readonly settled: (result: SendResult) => void;
}

interface Pending extends Item {
  /** Its place in the order of asking. */
  readonly place: number;
  /** When it was first written to any wire. */
  firstAt: number | undefined;
  /** When it was written to the wire of the living link. */
  wroteAt: number | undefined;
}

/** Writes the text of one frame to the living link. */
export type Push = (text: string, bytes: number) => void;

/** The pending items of one session. */
export interface Outbox {
  /** The latest time that anybody told the session. */
  now: number;
  readonly size: number;
  readonly unacknowledged: Unacknowledged | undefined;
  add(item: Item, queued: boolean): void;
  /** A welcome: what is young enough, or was never written, goes out in order. */
  link(push: Push, limits: Limits): void;
  /** The living link is gone. */
  unlink(): void;
  settle(result: SendResult): void;
  fail(id: string, code: string, message: string): void;
  failAll(code: string, message: string): void;
  tick(): void;
  deadline(): number;
}

/** An empty outbox. */
export function createOutbox(): Outbox {
  const pending = new Map<string, Pending>();
  let push: Push | undefined;
  let limits: Limits | undefined;
  let wireBytes = 0;
  let places = 0;
  // Chained items are rare: without any, no send looks at the others of its channel.
  let chains = 0;
  let linking = false;

  function settle(result: SendResult): void {
    const item = pending.get(result.id);
    if (!item) return;
    pending.delete(result.id);
    if (item.wroteAt !== undefined) wireBytes -= item.bytes;
    if (item.chained) chains--;
    item.settled(result);
    if (!chains) return;
    // What waited behind it goes out, or fails with it; each failure does the same for those behind itself.
    for (const next of pending.values()) {
      if (next.channel !== item.channel || next.wroteAt !== undefined) continue;
      if (!result.ok && next.chained && next.place > item.place) {
        fail(next.id, "ERR_SEND_REJECTED", "an earlier send on the channel failed");
      } else write(next);
    }
  }

  function fail(id: string, code: string, message: string): void {
    const outcome = pending.get(id)?.firstAt === undefined ? "notSent" : "unknown";
    settle({ ok: false, id, code, message, outcome });
  }

  function write(item: Pending): void {
    if (!push || !limits) return;
    if (chains) {
      for (const earlier of pending.values()) {
        if (earlier === item) break;
        if (earlier.channel === item.channel && (item.chained || earlier.wroteAt === undefined)) return;
      }
    }
    if (item.dataBytes > limits.eventBytes) {
      fail(item.id, "ERR_MESSAGE_TOO_LARGE", `above ${limits.eventBytes} bytes`);
    } else if (item.firstAt !== undefined && (item.ephemeral || outbox.now - item.firstAt > limits.dedupMs)) {
      fail(item.id, "ERR_SEND_TIMEOUT", "cannot be repeated");
    } else {
      item.firstAt ??= outbox.now;
      item.wroteAt = outbox.now;
      wireBytes += item.bytes;
      push(item.text, item.bytes);
    }
  }

  const outbox: Outbox = {
    now: 0,
    get size() {
      return pending.size;
    },
    get unacknowledged() {
      for (const { wroteAt } of pending.values()) {
        if (wroteAt !== undefined) return { since: wroteAt, bytes: wireBytes };
      }
      return undefined;
    },
    add(item, queued) {
      const added: Pending = { ...item, place: places++, firstAt: undefined, wroteAt: undefined };
      pending.set(item.id, added);
      if (item.chained) chains++;
      if (!push && !queued) fail(item.id, "ERR_WEBSOCKET_ERROR", "not connected");
      // Asked for by somebody whose older send just failed in `link`: its turn comes at the end of that loop.
      else if (!linking) write(added);
    },
    link(nextPush, nextLimits) {
      push = nextPush;
      limits = nextLimits;
      wireBytes = 0;
      for (const item of pending.values()) item.wroteAt = undefined;
      linking = true;
      for (const item of pending.values()) if (item.wroteAt === undefined) write(item);
      linking = false;
    },
    unlink() {
      push = undefined;
      wireBytes = 0;
      for (const item of pending.values()) item.wroteAt = undefined;
    },
    settle,
    fail,
    failAll(code, message) {
      push = undefined;
      for (const id of pending.keys()) fail(id, code, message);
    },
    tick() {
      for (const item of pending.values()) {
        if (item.deadline <= outbox.now) fail(item.id, "ERR_SEND_TIMEOUT", "no answer in time");
      }
    },
    deadline() {
      let first = Number.POSITIVE_INFINITY;
      for (const item of pending.values()) if (item.deadline < first) first = item.deadline;
      return first;
    },
  };
  return outbox;
}
