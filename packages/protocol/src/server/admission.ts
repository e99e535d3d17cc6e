/**
 * How many hellos are let in, and when the others shall come.
 *
 * Law: a bucket of `burst` hellos that fills by `perSecond`. Who finds it empty is refused before anything is asked on his behalf,
 * and told a moment of his own: the moments lie 1 ÷ `perSecond` apart, so whoever was refused returns at the rate that is admitted
 * and not as the herd that he came in. A moment is a hint and no right: a client who never returns wastes nothing, and one who finds
 * the bucket empty again is given another.
 */
import type { Reject } from "../frames.js";

/** The floor that a refusal tells. */
export type Floor = Pick<Reject, "minDelayMs" | "spreadMs">;

/** Who may come in. */
export interface Admission {
  /** Nothing: come in. Otherwise the floor to be told. `now`: a clock that never goes back, milliseconds. */
  admit(now: number): Floor | undefined;
}

/** Moments are given this far ahead at most, milliseconds: else noise at the door could send honest clients away for hours. */
const horizonMs = 60_000;
/** Clients round a moment differently, and more than one may share it. Milliseconds. */
const spreadMs = 100;

/** A full bucket. */
export function createAdmission(perSecond: number, burst: number): Admission {
  const gapMs = 1000 / perSecond;
  let left = burst;
  let filledAt = Number.NEGATIVE_INFINITY;
  /** The latest moment given. */
  let givenUntil = Number.NEGATIVE_INFINITY;
  return {
    admit(now) {
      left = Math.min(burst, left + Math.max(0, now - filledAt) / gapMs);
      filledAt = now;
      if (left >= 1) {
        left--;
        return undefined;
      }
      const next = Math.max(givenUntil, now - left * gapMs) + gapMs;
      if (next - now > horizonMs) return { minDelayMs: horizonMs / 2, spreadMs: horizonMs / 2 };
      givenUntil = next;
      return { minDelayMs: Math.ceil(next - now), spreadMs };
    },
  };
}
