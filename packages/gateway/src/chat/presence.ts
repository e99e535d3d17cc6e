/**
 * Who is online: told when a user's first link stands, and when the last one has been gone for a while.
 *
 * Law: what is told is what is true by then, so a reconnect is not told at all, and what happened while presence was
 * throttled is told afterwards as it came out. It costs a cast per change, however many links a user has; whom that reaches
 * is for the topic: links that asked for it, and no others.
 */

/** The topic, and the kind of its events. */
export const presenceTopic = "presence";

/** What an event says: docs/chat-events.md. */
export interface PresenceData {
  readonly status: "online" | "offline";
  readonly name: string;
  /** When the user was last known to be linked, ms since 1970. */
  readonly lastActiveAt: number;
}

export interface PresenceOptions {
  readonly now: () => number;
  readonly wall: () => number;
  /** How long a user without a link still counts as online. Milliseconds. */
  readonly graceMs: () => number;
  /** True while the feature is shed. */
  readonly throttled: () => boolean;
  readonly nameOf: (uid: string) => string;
  readonly tell: (uid: string, data: PresenceData) => void;
}

/** The presence of this gateway's users. */
export interface Presence {
  welcomed(uid: string): void;
  closed(uid: string): void;
  /** Tells what has fallen due. */
  tick(): void;
}

interface Seat {
  links: number;
  /** What was told last. */
  online: boolean;
  /** When the last link went: monotonic, and wall. */
  goneAt: number;
  activeAt: number;
}

export const createPresence = (options: PresenceOptions): Presence => {
  const { now, wall, graceMs, throttled, nameOf, tell } = options;
  const seats = new Map<string, Seat>();
  /** Those of whom something else is true than was told. */
  const untold = new Set<string>();

  const settle = (uid: string, seat: Seat): void => {
    const online = seat.links > 0;
    if (online !== seat.online) {
      if (throttled() || (!online && now() < seat.goneAt + graceMs())) return;
      seat.online = online;
      tell(uid, {
        status: online ? "online" : "offline",
        name: nameOf(uid),
        lastActiveAt: Math.round(online ? wall() : seat.activeAt),
      });
    }
    untold.delete(uid);
    if (!online) seats.delete(uid);
  };

  return {
    welcomed: (uid) => {
      const seat = seats.get(uid) ?? { links: 0, online: false, goneAt: 0, activeAt: 0 };
      seats.set(uid, seat);
      seat.links += 1;
      untold.add(uid);
      settle(uid, seat);
    },
    closed: (uid) => {
      const seat = seats.get(uid);
      if (seat === undefined) return;
      seat.links -= 1;
      if (seat.links > 0) return;
      seat.goneAt = now();
      seat.activeAt = wall();
      untold.add(uid);
    },
    tick: () => {
      for (const uid of untold) {
        const seat = seats.get(uid);
        if (seat !== undefined) settle(uid, seat);
      }
    },
  };
};
