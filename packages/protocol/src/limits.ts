/**
 * What a server allows, told to each client in `welcome`. Law: a limit that a client can hit is announced before it can
 * hit it, and the numbers fit each other (see `limitsFault`).
 *
 * All sizes are bytes of UTF-8 JSON text.
 */

/** The announced limits of a link. */
export interface Limits {
  /** Durable events that may be unacknowledged on one link. */
  readonly window: number;
  /** Bytes of durable events that may be unacknowledged on one link; at least 4 × (`eventBytes` + 4096). */
  readonly windowBytes: number;
  /** A message that holds several frames is no longer than this. */
  readonly batchBytes: number;
  /** The data of one event, as JSON, is no longer than this. */
  readonly eventBytes: number;
  /** No message to the server is longer than this: it closes 4413. At least `eventBytes` + 4096. */
  readonly frameBytes: number;
  /**
   * Frames per second that one link may send, averaged over two seconds. What is asked for above it is refused
   * (`ERR_SERVER_OVERLOADED`, `retryAfterMs`); a link that goes on for as much again is closed with 4429.
   */
  readonly frameRate: number;
  /** A send repeated under its id within this time of its first writing is applied once. Milliseconds. */
  readonly dedupMs: number;
}

/** The limits of a server that sets none. */
export const defaultLimits: Limits = {
  window: 256,
  windowBytes: 327_680,
  batchBytes: 16_384,
  eventBytes: 65_536,
  frameBytes: 131_072,
  frameRate: 500,
  dedupMs: 120_000,
};

/**
 * How much longer than `dedupMs` a server remembers a send id: a client judges the age of a send when it writes it again,
 * and that writing still has to travel. Milliseconds.
 */
export const dedupGraceMs = 30_000;

/**
 * Says in one line why these limits cannot work together, or nothing if they can.
 *
 * `frameBytes ≥ eventBytes + 4096`: the names around the data of a send fit into 4 kB (see `nameLimits`).
 * `windowBytes ≥ 4 × (eventBytes + 4096)`: a client acknowledges after a quarter of the window as it counts it, in UTF-16 units,
 * each of which is up to three bytes. So up to three quarters may be unacknowledged for its reasons, and the largest
 * event must still fit, or the link would stand still until the next ping.
 */
export function limitsFault(limits: Limits): string | undefined {
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1)
      return `limits.${name} must be a whole number above 0, not ${String(value)}`;
  }
  if (limits.window < 4) return "limits.window must be at least 4";
  if (limits.windowBytes < 4 * (limits.eventBytes + 4096))
    return "limits.windowBytes must be at least 4 × (limits.eventBytes + 4096)";
  if (limits.frameBytes < limits.eventBytes + 4096)
    return "limits.frameBytes must be at least limits.eventBytes + 4096";
  if (limits.frameBytes < limits.batchBytes) return "limits.frameBytes must be at least limits.batchBytes";
  return undefined;
}

/** The longest names that a server takes, in UTF-16 units. Together, escaped at worst, they stay below 4 kB. */
export const nameLimits: Readonly<Record<"id" | "channel" | "kind", number>> = { id: 128, channel: 256, kind: 64 };
