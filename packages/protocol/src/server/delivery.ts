/**
 * How one link gets its events: one cursor per partition, for replay and live alike.
 *
 * Law: everything at or below a cursor is behind this link: sent, or not its concern. A partition is *level* when that is
 * true of all that this gateway has applied; then its cursor is not stored at all, and an entry that comes is appended to
 * the batch as it is. When credit or the resume position says otherwise the cursor is set, and `pump` reads on from there:
 * from the ring, behind the ring from the broker, and where even that ends it tells a gap and goes on after it.
 */
import type { Limits } from "../limits.js";
import { settle } from "./awaitable.js";
import type { LogEntry } from "./broker.js";
import { createCredit } from "./credit.js";
import type { Log } from "./log.js";
import type { Outflow } from "./outflow.js";
import type { RingEntry } from "./ring.js";

/** No stored cursor: the partition is level with what has been applied. */
const LEVEL = -1;

/** How many entries one look into ring or broker fetches. */
const stride = 128;

/** What a delivery is made from. */
export interface DeliveryOptions {
  readonly log: Log;
  readonly limits: Limits;
  readonly user: string;
  readonly instance: string;
  readonly outflow: Outflow;
  /** The broker failed: this link cannot be served. */
  readonly failed: (error: unknown) => void;
}

/** The events of one link. */
export interface Delivery {
  /** Level everywhere: pings may tell the heads. */
  readonly level: boolean;
  /** Begins at these cursors; `undefined`: at the heads. */
  begin(cursors: readonly number[] | undefined): void;
  /** An entry that concerns this user was applied. */
  wake(entry: RingEntry): void;
  /** Credit came. */
  give(positions: readonly number[]): boolean;
  /** Sends what may be sent. */
  pump(): void;
  /** Makes sure that the alias stands for its channel on this link. */
  announce(alias: number, channel: string): void;
  /** The partition is about to lose contiguity: what comes next is read from here, or told as a gap. */
  hold(partition: number): void;
  /** The link has closed. */
  stop(): void;
}

/** A delivery that has not begun. */
export function createDelivery({ log, limits, user, instance, outflow, failed }: DeliveryOptions): Delivery {
  const credit = createCredit(limits);
  const announced = new Set<number>();
  const cursors = log.rings.map(() => LEVEL);
  let behind = false;
  let caughtUp = false;
  let stopped = false;

  const here = (p: number): number => {
    const cursor = cursors[p] ?? LEVEL;
    return cursor === LEVEL ? (log.rings[p]?.last ?? 0) : cursor;
  };
  const isLevel = (): boolean => cursors.every((cursor) => cursor === LEVEL);
  const say = (frame: unknown): void => {
    const text = JSON.stringify(frame);
    outflow.add(text, text.length);
  };

  function announce(alias: number, channel: string): void {
    if (announced.has(alias)) return;
    announced.add(alias);
    // Channel names may be any text: counted as long as it can be.
    const text = JSON.stringify({ t: "channel", alias, channel, partition: log.partitionOf(channel) });
    outflow.add(text, text.length + 2 * channel.length);
  }

  function sendNow(entry: RingEntry): void {
    announce(entry.alias, entry.channel);
    outflow.add(entry.text, entry.bytes);
    credit.take(entry);
  }

  // A sender knows what it sent by the acknowledgement.
  const isOwn = (entry: LogEntry): boolean => entry.origin === instance && entry.from === user;

  /** Sends in order until credit ends; returns whether it lasted. */
  function sendAll(p: number, entries: readonly LogEntry[], encoded: (entry: LogEntry) => RingEntry): boolean {
    for (const entry of entries) {
      if (!isOwn(entry) && log.sees(user, entry)) {
        const frame = encoded(entry);
        if (!credit.room(frame.bytes)) return false;
        sendNow(frame);
      }
      cursors[p] = entry.n;
    }
    return true;
  }

  function gap(p: number): void {
    const from = cursors.map((_, each) => here(each));
    cursors[p] = log.rings[p]?.floor ?? 0;
    say({ t: "gap", from, to: cursors.map((_, each) => here(each)) });
  }

  /** Asks the broker for what the ring no longer holds. */
  function readBehind(p: number, cursor: number): void {
    const upTo = log.rings[p]?.floor ?? 0;
    behind = true;
    settle(
      () => log.behind(p, cursor, stride),
      (entries) => {
        behind = false;
        if (stopped) return;
        if (!entries) gap(p);
        else if (sendAll(p, entries, log.encode) && entries.length < stride) cursors[p] = Math.max(here(p), upTo);
        pump();
      },
      (error) => {
        behind = false;
        if (!stopped) failed(error);
      },
    );
  }

  /** Reads on in one partition; returns whether it is level now. */
  function advance(p: number): boolean {
    for (;;) {
      const cursor = cursors[p] ?? LEVEL;
      const ring = log.rings[p];
      if (!ring || cursor === LEVEL) return true;
      if (cursor < ring.floor) {
        // Without credit the read would be for nothing.
        if (credit.room(1)) readBehind(p, cursor);
        return false;
      }
      const entries = log.replay(user, p, cursor, stride);
      if (!sendAll(p, entries as readonly RingEntry[], (entry) => entry as RingEntry)) return false;
      if (entries.length < stride) {
        // A position from a gateway that is ahead of this one: wait until this one has got there.
        if (ring.last < here(p)) return false;
        cursors[p] = LEVEL;
      }
    }
  }

  function pump(): void {
    if (stopped || behind) return;
    for (let p = 0; p < cursors.length; p++) if (!advance(p) || behind) return;
    if (!caughtUp) {
      caughtUp = true;
      say({ t: "caughtUp", positions: cursors.map((_, p) => here(p)) });
    }
  }

  return {
    get level() {
      return isLevel();
    },
    begin(from) {
      if (from) for (let p = 0; p < cursors.length; p++) cursors[p] = from[p] ?? 0;
      pump();
    },
    wake(entry) {
      const p = entry.partition;
      if (cursors[p] !== LEVEL) return;
      if (isOwn(entry)) return;
      if (credit.room(entry.bytes)) sendNow(entry);
      else cursors[p] = entry.n - 1;
    },
    give(positions) {
      const given = credit.give(positions);
      if (given) pump();
      return given;
    },
    pump,
    announce,
    hold(p) {
      cursors[p] = here(p);
    },
    stop() {
      stopped = true;
    },
  };
}
