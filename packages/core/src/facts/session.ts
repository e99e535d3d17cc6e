/** Who is logged in, and whether a token may be sent. Law: a stale or burnt token is never sent; one job at a time gets a new one. */
import type { Policy } from "../policy.js";
import type { Token } from "../state.js";
import { elapsed, type Step } from "../step.js";

/** When the token becomes stale, in ms after `token.from`: the policy's margin before its end, at most a fifth of its life. `null`: never, as far as is known. */
export const staleAfter = ({ lifeMs }: Token, p: Policy): number | null =>
  lifeMs === null ? null : lifeMs - Math.min(p.tokenMarginMs, lifeMs / 5);

/** Whether the held token may be sent. One that cannot be renewed is better tried than given up: the server decides. */
export function isFresh(x: Step): boolean {
  const { session: s } = x;
  if (s.tag !== "active" || s.token === null) return false;
  const stale = staleAfter(s.token, x.p);
  return stale === null || !s.renewable || elapsed(x.m, s.token.from) < stale;
}

/** Somebody who knows has told how long the token still lives. */
export function setLife(x: Step, lifeMs: number | null): void {
  const { session: s } = x;
  if (s.tag === "active" && s.token !== null && lifeMs !== null) s.token = { value: s.token.value, from: x.at, lifeMs };
}

/** Starts a token job, unless one runs. While it stands in the state the driver keeps it running. */
export function needToken(x: Step, reason: "missing" | "expiring"): void {
  const { session: s } = x;
  if (s.tag === "active") s.job ??= { job: ++x.ids, reason: s.rejections > 0 ? "rejected" : reason };
}

/** Ends the token job: the driver aborts it. */
export function endJob({ session: s }: Step): void {
  if (s.tag === "active") s.job = null;
}
