/**
 * Who may call what: a bearer token, or the API key; and how often one address may be wrong about a key.
 *
 * A wrong key is counted against the address before it is answered, and an address above its count is refused with a right key
 * too: otherwise the refusal would itself tell a guesser that the key was right. Good requests are not counted.
 */
import type { Context, MiddlewareHandler } from "hono";
import { RateLimiterMemory, type RateLimiterRes } from "rate-limiter-flexible";
import type { KeyMatcher } from "../auth/secrets.js";
import { type Claims, TokenError } from "../auth/tokens.js";
import { Problem } from "./problem.js";
import type { Quota } from "./quota.js";

/** Refuses an address that was wrong too often. */
export interface KeyGuard {
  /** Passes if `isRight`. Rejects 401 with `code`, or 429 `ERR_RATE_LIMITED` with a floor. */
  check(address: string, isRight: boolean, code: "ERR_AUTH_REJECTED" | "ERR_API_KEY", message: string): Promise<void>;
}

const windowMs = 60_000;

export const createKeyGuard = (failuresPerMinute: number): KeyGuard => {
  const failures = new RateLimiterMemory({ points: failuresPerMinute, duration: windowMs / 1000 });
  const waiting = (state: RateLimiterRes | null): Problem | undefined =>
    state === null || state.consumedPoints <= failuresPerMinute
      ? undefined
      : new Problem(429, "ERR_RATE_LIMITED", "too many wrong keys from this address", {
          minDelayMs: Math.max(1, state.msBeforeNext),
          spreadMs: 1_000,
        });

  return {
    check: async (address, isRight, code, message) => {
      const state = isRight ? await failures.get(address) : await failures.penalty(address);
      const refusal = waiting(state);
      if (refusal !== undefined) throw refusal;
      if (!isRight) throw new Problem(401, code, message);
    },
  };
};

/** What handlers find in the context. */
export interface Variables {
  /** Whom limits per address count: see `limitKeyOf`. */
  readonly address: string;
  /** Set behind `requireToken`. */
  readonly claims: Claims;
}

export type Env = { Variables: Variables };

const checkApiKey = (context: Context<Env>, isApiKey: KeyMatcher, guard: KeyGuard, key?: string): Promise<void> =>
  guard.check(context.var.address, isApiKey(key), "ERR_API_KEY", "the x-api-key header is missing or wrong");

/**
 * Counts a request against its address, unless it carries the right API key: an app's own server is one address with all the work.
 *
 * A key is judged wherever it is shown, also where none is needed: to be spared the count tells a guesser as much as an answer does.
 */
export const requireQuota =
  (isApiKey: KeyMatcher, guard: KeyGuard, quota: Quota): MiddlewareHandler<Env> =>
  async (context, next) => {
    const key = context.req.header("x-api-key");
    if (key === undefined) await quota.spend(context.var.address);
    else await checkApiKey(context, isApiKey, guard, key);
    await next();
  };

/** Lets a request pass that carries the API key. Behind `requireQuota`, which has judged a key that is there. */
export const requireApiKey =
  (isApiKey: KeyMatcher, guard: KeyGuard): MiddlewareHandler<Env> =>
  async (context, next) => {
    if (context.req.header("x-api-key") === undefined) await checkApiKey(context, isApiKey, guard);
    await next();
  };

const bearer = /^Bearer ([^\s]+)$/i;

/** Lets a request pass that carries a good token, of a user who does not ask too often; its claims are in the context. */
export const requireToken =
  (verify: (token: string) => Promise<Claims>, quota: Quota): MiddlewareHandler<Env> =>
  async (context, next) => {
    const claims = await claimsOf(context, verify);
    await quota.spend(claims.uid);
    context.set("claims", claims);
    await next();
  };

const claimsOf = async (context: Context<Env>, verify: (token: string) => Promise<Claims>): Promise<Claims> => {
  const token = bearer.exec(context.req.header("authorization") ?? "")?.[1];
  if (token === undefined)
    throw new Problem(401, "ERR_AUTH_REJECTED", "an authorization header with a bearer token is needed");
  return verify(token).catch((error: unknown) => {
    throw error instanceof TokenError ? new Problem(401, "ERR_AUTH_REJECTED", error.message) : error;
  });
};
