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
 *
 * Above the high-water mark of bytes that nobody has answered, whatever is sent waits (B10.7): a transport's own buffer is a part of
 * them, so it is bounded too, and so is how long a probe may have to wait behind them (B6.2).
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
  /** Its place in the order of asking: the outbox's to say. */
  place: number;
  /** When it was first written to any wire. */
  firstAt: number | undefined;
  /** When it was written to the wire of the living link. */
  wroteAt: number | undefined;
}

/** Takes the text of one frame for the living link. */
export interface Sink {
  push(text: string, bytes: number): void;
}

const never = Number.POSITIVE_INFINITY;
/** Bytes on the wire of the living link without an answer, above which sends wait. At 16 kB per s (B6.2) a probe behind them has 16 s more. */
const highWaterBytes = 262_144;
const nothing: ReadonlyMap<string, Item> = new Map();

/** The pending items of one session. */
export class Outbox {
  /** The latest time that anybody told the session. */
  now = 0;
  /** An idle client, and there may be thousands in a process, has no map of its own. */
  pending: ReadonlyMap<string, Item> = nothing;
  #sink: Sink | undefined;
  #frameBytes = 0;
  #dedupMs = 0;
  #wireBytes = 0;
  /** Something waits for room on the wire, and whatever was asked for behind it does too. */
  isFull = false;
  #places = 0;
  // While above 0 a send looks at those before it on its channel: chained ones are rare.
  #careful = 0;

  add(item: Item, queued: boolean): void {
    item.place = this.#places++;
    if (this.pending === nothing) this.pending = new Map();
    (this.pending as Map<string, Item>).set(item.id, item);
    if (item.chained) this.#careful++;
    if (this.#sink || queued) this.#write(item);
    else this.fail(item.id, "ERR_WEBSOCKET_ERROR");
  }

  /** A welcome: what is young enough, or was never written, goes out in order. Without arguments: the link is gone. */
  link(sink?: Sink, limits?: Limits): void {
    this.#sink = sink;
    this.#frameBytes = limits?.frameBytes ?? 0;
    this.#dedupMs = limits?.dedupMs ?? 0;
    this.#wireBytes = 0;
    this.isFull = false;
    for (const item of this.pending.values()) item.wroteAt = undefined;
    // Somebody whose old send fails here may ask for another at once: it must not overtake those still to be written.
    this.#careful++;
    for (const item of this.pending.values()) this.#write(item);
    this.#careful--;
  }

  settle(result: SendResult): void {
    const item = this.pending.get(result.id);
    if (!item) return;
    (this.pending as Map<string, Item>).delete(result.id);
    if (item.wroteAt !== undefined) this.#wireBytes -= item.bytes;
    item.settled(result);
    if (this.#careful) {
      // What waited behind it goes out, or fails with it; each failure does the same for those behind itself.
      for (const next of this.pending.values()) {
        if (next.channel === item.channel) {
          if (!result.ok && next.chained && next.place > item.place) this.fail(next.id, "ERR_SEND_REJECTED");
          else this.#write(next);
        }
      }
      // Not before: it may have been the last chained one, and others waited behind it.
      if (item.chained) this.#careful--;
    }
    // Not before half of it is free: each round looks at all that is pending.
    if (this.isFull && this.#wireBytes * 2 <= highWaterBytes) {
      this.isFull = false;
      // What has no time left is about to be told so: not sent, and it stays so.
      for (const next of this.pending.values()) if (next.deadline > this.now) this.#write(next);
    }
  }

  fail(id: string, code: string, message: string = code): void {
    const outcome = this.pending.get(id)?.firstAt === undefined ? "notSent" : "unknown";
    this.settle({ ok: false, id, code, message, outcome });
  }

  tick(): void {
    for (const item of this.pending.values()) if (item.deadline <= this.now) this.fail(item.id, "ERR_SEND_TIMEOUT");
  }

  deadline(): number {
    let first = never;
    for (const { deadline } of this.pending.values()) first = Math.min(first, deadline);
    return first;
  }

  unacknowledged(): Unacknowledged | undefined {
    for (const { wroteAt } of this.pending.values()) {
      if (wroteAt !== undefined) return { since: wroteAt, bytes: this.#wireBytes };
    }
    return undefined;
  }

  #write(item: Item): void {
    if (!this.#sink || this.isFull || item.wroteAt !== undefined) return;
    if (this.#careful) {
      for (const earlier of this.pending.values()) {
        if (earlier === item) break;
        if (earlier.channel === item.channel && (item.chained || earlier.wroteAt === undefined)) return;
      }
    }
    // The server judges the data alone, exactly; this is what would cost the link.
    if (item.bytes > this.#frameBytes) {
      this.fail(item.id, "ERR_MESSAGE_TOO_LARGE");
    } else if (item.firstAt !== undefined && (item.ephemeral || this.now - item.firstAt > this.#dedupMs)) {
      this.fail(item.id, "ERR_SEND_TIMEOUT");
    } else if (this.#wireBytes > 0 && this.#wireBytes + item.bytes > highWaterBytes) {
      this.isFull = true;
    } else {
      item.firstAt ??= this.now;
      item.wroteAt = this.now;
      this.#wireBytes += item.bytes;
      this.#sink.push(item.text, item.bytes);
    }
  }
}
