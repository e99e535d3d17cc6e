/**
 * How many sockets one address may have, open ones and those that have not been welcomed.
 *
 * The second bound is the smaller one: a socket costs little while its hello is awaited, but nobody needs hundreds of them at a time.
 * A handshake that fails keeps its place there for a while: each costs an admission, of which there are so many per second for all,
 * and one address with no good token would else use up everybody's.
 */

/** What one socket holds. All may be called more than once. */
export interface Place {
  /** The handshake is over. */
  welcomed(): void;
  /** It will not come to a welcome, and that is the gateway's own doing. */
  excuse(): void;
  /** The socket is gone. */
  free(): void;
}

export interface Places {
  /** A place for one more socket of this address, or nothing if it has its share. */
  take(address: string): Place | undefined;
  /** Forgets failures that are old enough, and addresses that hold nothing. */
  sweep(): void;
  /** Addresses that hold a place. */
  readonly size: number;
}

interface PlacesOptions {
  readonly open: number;
  readonly shaking: number;
  /** How long a failed handshake counts as one that goes on, in milliseconds. Default 0. */
  readonly failedMs?: number;
  /** Monotonic milliseconds. Needed with `failedMs`. */
  readonly now?: () => number;
}

interface Share {
  open: number;
  shaking: number;
  /** Until when each failed handshake counts, the oldest first. */
  failed: number[];
}

export const createPlaces = ({ open, shaking, failedMs = 0, now = () => 0 }: PlacesOptions): Places => {
  const shares = new Map<string, Share>();
  const forget = (share: Share): void => {
    const at = now();
    if ((share.failed[0] ?? at + 1) <= at) share.failed = share.failed.filter((until) => until > at);
  };
  const tidy = (address: string, share: Share): void => {
    if (share.open === 0 && share.failed.length === 0) shares.delete(address);
  };
  return {
    take: (address) => {
      const share = shares.get(address) ?? { open: 0, shaking: 0, failed: [] };
      forget(share);
      if (share.open >= open || share.shaking + share.failed.length >= shaking) return undefined;
      shares.set(address, share);
      share.open += 1;
      share.shaking += 1;
      let at: "shaking" | "over" | "gone" = "shaking";
      const over = (): void => {
        if (at !== "shaking") return;
        at = "over";
        share.shaking -= 1;
      };
      return {
        welcomed: over,
        excuse: over,
        free: () => {
          if (at === "gone") return;
          if (at === "shaking" && failedMs > 0) share.failed.push(now() + failedMs);
          over();
          at = "gone";
          share.open -= 1;
          tidy(address, share);
        },
      };
    },
    sweep: () => {
      for (const [address, share] of shares) {
        forget(share);
        tidy(address, share);
      }
    },
    get size() {
      return shares.size;
    },
  };
};
