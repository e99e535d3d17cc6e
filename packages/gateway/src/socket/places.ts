/**
 * How many sockets one address may have, open ones and those that have not been welcomed yet.
 *
 * The second bound is the smaller one: a socket costs little while its hello is awaited, but nobody needs hundreds of them at a time.
 */

/** What one socket holds. Both may be called more than once. */
export interface Place {
  /** The handshake is over. */
  welcomed(): void;
  /** The socket is gone. */
  free(): void;
}

export interface Places {
  /** A place for one more socket of this address, or nothing if it has its share. */
  take(address: string): Place | undefined;
  /** Addresses that hold a place. */
  readonly size: number;
}

interface Share {
  open: number;
  shaking: number;
}

export const createPlaces = (most: { readonly open: number; readonly shaking: number }): Places => {
  const shares = new Map<string, Share>();
  return {
    take: (address) => {
      const share = shares.get(address) ?? { open: 0, shaking: 0 };
      if (share.open >= most.open || share.shaking >= most.shaking) return undefined;
      shares.set(address, share);
      share.open += 1;
      share.shaking += 1;
      let at: "shaking" | "welcomed" | "gone" = "shaking";
      const welcomed = (): void => {
        if (at !== "shaking") return;
        at = "welcomed";
        share.shaking -= 1;
      };
      return {
        welcomed,
        free: () => {
          if (at === "gone") return;
          welcomed();
          at = "gone";
          share.open -= 1;
          if (share.open === 0) shares.delete(address);
        },
      };
    },
    get size() {
      return shares.size;
    },
  };
};
