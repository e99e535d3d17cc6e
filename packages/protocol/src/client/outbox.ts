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
  /** The whole frame, and its size in bytes. */
  readonly text: string;
  readonly bytes: number;
  readonly ephemeral?: boolean | undefined;
  readonly chained?: boolean | undefined;
  readonly deadline: number;
  readonly settled: (result: SendResult) => void;
}

interface Pending extends Item {
  /** Its place in the order of asking. */
  readonly place: number;
  /** When it was first written to any wire. */
  firstAt?: number;
  /** When it was written to the wire of the living link. */
  wroteAt?: number | undefined;
}

/** Writes the text of one frame to the living link. */
export type Push = (text: string, bytes: number) => void;

/** The pending items of one session. */
export interface Outbox {
  /** The latest time that anybody told the session. */
  now: number;
  readonly pending: ReadonlyMap<string, unknown>;
  add(item: Item, queued: boolean): void;
  /** A welcome: what is young enough, or was never written, goes out in order. Without arguments: the link is gone. */
  link(push?: Push, limits?: Limits): void;
  settle(result: SendResult): void;
  fail(id: string, code: string, message?: string): void;
  tick(): void;
  deadline(): number;
  unacknowledged(): Unacknowledged | undefined;
}

/** An empty outbox. */
export function createOutbox(): Outbox {
  const pending = new Map<string, Pending>();
  let push: Push | undefined;
  let limits: Limits | undefined;
  let wireBytes = 0;
  let places = 0;
  // While above 0 a send looks at those before it on its channel: chained ones are rare.
  let careful = 0;

  function settle(result: SendResult): void {
    const item = pending.get(result.id);
    if (!item) return;
    pending.delete(result.id);
    if (item.wroteAt !== undefined) wireBytes -= item.bytes;
    if (item.chained) careful--;
    item.settled(result);
    if (!careful) return;
    // What waited behind it goes out, or fails with it; each failure does the same for those behind itself.
    for (const next of pending.values()) {
      if (next.channel === item.channel && next.wroteAt === undefined) {
        if (!result.ok && next.chained && next.place > item.place) fail(next.id, "ERR_SEND_REJECTED");
        else write(next);
      }
    }
  }

  function fail(id: string, code: string, message: string = code): void {
    const outcome = pending.get(id)?.firstAt === undefined ? "notSent" : "unknown";
    settle({ ok: false, id, code, message, outcome });
  }

  function write(item: Pending): void {
    if (!push || !limits || item.wroteAt !== undefined) return;
    if (careful) {
      for (const earlier of pending.values()) {
        if (earlier === item) break;
        if (earlier.channel === item.channel && (item.chained || earlier.wroteAt === undefined)) return;
      }
    }
    // The server judges the data alone, exactly; this is what would cost the link.
    if (item.bytes > limits.frameBytes) {
      fail(item.id, "ERR_MESSAGE_TOO_LARGE");
    } else if (item.firstAt !== undefined && (item.ephemeral || outbox.now - item.firstAt > limits.dedupMs)) {
      fail(item.id, "ERR_SEND_TIMEOUT");
    } else {
      item.firstAt ??= outbox.now;
      item.wroteAt = outbox.now;
      wireBytes += item.bytes;
      push(item.text, item.bytes);
    }
  }

  const outbox: Outbox = {
    now: 0,
    pending,
    add(item, queued) {
      const added: Pending = { ...item, place: places++ };
      pending.set(item.id, added);
      if (item.chained) careful++;
      if (push || queued) write(added);
      else fail(item.id, "ERR_WEBSOCKET_ERROR");
    },
    link(nextPush, nextLimits) {
      push = nextPush;
      limits = nextLimits;
      wireBytes = 0;
      for (const item of pending.values()) item.wroteAt = undefined;
      // Somebody whose old send fails here may ask for another at once: it must not overtake those still to be written.
      careful++;
      for (const item of pending.values()) write(item);
      careful--;
    },
    settle,
    fail,
    tick() {
      for (const item of pending.values()) if (item.deadline <= outbox.now) fail(item.id, "ERR_SEND_TIMEOUT");
    },
    deadline() {
      let first = Number.POSITIVE_INFINITY;
      for (const { deadline } of pending.values()) first = Math.min(first, deadline);
      return first;
    },
    unacknowledged() {
      for (const { wroteAt } of pending.values()) {
        if (wroteAt !== undefined) return { since: wroteAt, bytes: wireBytes };
      }
      return undefined;
    },
  };
  return outbox;
}
