/** How often one address, and one user, may ask: request rates averaged over ten seconds, so that a page that loads is no attack. */
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { Problem } from "./problem.js";

/** Counts requests by a key. */
export interface Quota {
  /** Passes, or rejects 429 `ERR_RATE_LIMITED` with a floor. */
  spend(key: string): Promise<void>;
}

const windowSeconds = 10;

/** @param whose says in the refusal whose requests they are */
export const createQuota = (perSecond: number, whose: string): Quota => {
  const limiter = new RateLimiterMemory({ points: perSecond * windowSeconds, duration: windowSeconds });
  return {
    spend: async (key) => {
      try {
        await limiter.consume(key);
      } catch (state) {
        if (!(state instanceof RateLimiterRes)) throw state;
        throw new Problem(429, "ERR_RATE_LIMITED", `too many requests of this ${whose}`, {
          minDelayMs: Math.max(1, state.msBeforeNext),
          spreadMs: 1_000,
        });
      }
    },
  };
};
