/**
 * How many frames a link may send.
 *
 * Law: a bucket of two seconds' worth. Empty, what is asked for is refused and the client knows that it was not applied;
 * only a link that goes on regardless for as much again is cut, else a large burst would be cut, come back and be repeated
 * for ever. The clock is read only when the bucket is empty.
 */

/** What to do with a frame. */
export type Verdict = "ok" | "refuse" | "cut";

/** The bucket of one link. */
export interface Rate {
  spend(): Verdict;
  /** A frame that was asked for, such as credit for events sent, costs nothing. */
  refund(): void;
}

/** A full bucket. */
export function createRate(perSecond: number, now: () => number): Rate {
  const most = 2 * perSecond;
  let left = most;
  let filledAt = now();
  return {
    spend() {
      if (--left >= 0) return "ok";
      const at = now();
      left = Math.min(most, left + ((at - filledAt) / 1000) * perSecond);
      filledAt = at;
      return left >= 0 ? "ok" : left > -most ? "refuse" : "cut";
    },
    refund() {
      left++;
    },
  };
}
