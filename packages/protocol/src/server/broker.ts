/**
 * The broker port: the log, its membership records and the ephemeral bus, as the server half needs them.
 *
 * Law: the log is the only authority over order and over what was applied. Every method that may take time returns
 * `Awaitable`, so that a log in memory can answer in the same call (tests and the simulator need no microtasks) and a
 * remote one can take its time; the hub treats both alike.
 */

/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/** An event on its way into the log. */
export interface NewEvent {
  readonly kind: string;
  /** The uid of the sender, or of whoever the operator speaks for. */
  readonly from: string;
  /** Any JSON value. */
  readonly data: unknown;
  /** The sender's id for it, shown to receivers. */
  readonly id?: string | undefined;
  /** The sending instance: it is not echoed its own events. Never shown to receivers. */
  readonly origin?: string | undefined;
}

/** An event in the log. */
export interface LogEntry extends NewEvent {
  readonly partition: number;
  /** Its number: above all earlier ones of its partition, not necessarily by one. */
  readonly n: number;
  readonly channel: string;
  /** Time of day at which the log accepted it, ms since 1970. */
  readonly sentAt: number;
}

/** An event that never enters the log. */
export interface CastEvent {
  readonly channel: string;
  readonly kind: string;
  readonly from: string;
  readonly data: unknown;
  readonly origin?: string | undefined;
}

/**
 * What became of an append. `ok: false` means certainly not applied, and is told to the sender as a refusal.
 * A broker that cannot know must reject its promise instead: then the link is closed and the sender asks again by id.
 */
export type Appended =
  | { readonly ok: true /** Its number; of the first one, if `dedupId` was known. */; readonly n: number }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly retryAfterMs?: number | undefined };

/** The numbers a partition still holds: everything above `floor` up to `last`. An empty log has `last === floor`. */
export interface Bounds {
  readonly floor: number;
  readonly last: number;
}

/** How a partition reports to the hub. */
export interface Follower {
  /** The next entry. Called for every entry after the requested one, in order, none left out. */
  entry(entry: LogEntry): void;
  /**
   * Contiguity is lost: entries up to `floor` may be missing and never come. With the same epoch, links behind it are told a
   * gap; with a new one, all links are closed with 1012, and their return tells them.
   */
  reset(epoch: string, floor: number): void;
}

/** A stretch of membership, its two markers included: the numbers above `after` up to and including `until`. */
export interface Interval {
  /** One less than the number of the marker that began it: the joiner sees that marker. */
  readonly after: number;
  /** The number of the marker that ended it; `Infinity` while it lasts. */
  readonly until: number;
}

/** The membership of one user in one channel. Intervals are in order and do not overlap. */
export interface MemberRecord {
  readonly channel: string;
  readonly user: string;
  readonly intervals: readonly Interval[];
}

/** How a membership changed; the data of a marker event of kind `member` is `{ user, change, by? }`. */
export type MemberChange = "joined" | "left" | "kicked";

/** The log and the bus. */
export interface Broker {
  /**
   * Names this life of the log; a new one when entries were lost or numbers began again. Read at each welcome, and
   * with each answer while a hub starts: it changes with the word to the followers, and at once while there are none. What was
   * asked in one life is not answered out of the next.
   */
  readonly epoch: string;
  /** How many partitions the log has; 1 today. */
  readonly partitions: number;
  /** For how long, in ms, it knows a `dedupId` again. The hub announces `limits.dedupMs` no longer than this less 30 s. */
  readonly dedupMs: number;
  /** The partition of a channel: the same for ever within an epoch. */
  partitionOf(channel: string): number;
  /** What a partition holds now. */
  bounds(partition: number): Awaitable<Bounds>;
  /** Writes an event. A `dedupId` known within `dedupMs` writes nothing and answers as the first time. */
  append(channel: string, event: NewEvent, dedupId: string | undefined): Awaitable<Appended>;
  /**
   * Of a log that several gateways write to, asked before a refusal is told: answers the number that was written under this id; if there is none,
   * `undefined`, and for `dedupMs` whatever comes under it, over whichever gateway, is answered with `ok: false`. Absent: no other gateway writes.
   */
  forbid?(channel: string, dedupId: string): Awaitable<number | undefined>;
  /** Up to `max` entries with `after < n ≤ upTo`, in order; `undefined` if the log no longer holds everything after `after`. */
  read(partition: number, after: number, upTo: number, max: number): Awaitable<readonly LogEntry[] | undefined>;
  /** Reports every entry above `after`, the stored ones first, until the returned function is called. */
  follow(partition: number, after: number, follower: Follower): () => void;
  /** All membership as far as the log still matters. Markers that are followed later may repeat it. */
  members(): Awaitable<readonly MemberRecord[]>;
  /** Hands an ephemeral event to every gateway, this one too. May lose it. */
  cast(event: CastEvent): void;
  /** Reports ephemeral events until the returned function is called. */
  onCast(fn: (event: CastEvent) => void): () => void;
}
