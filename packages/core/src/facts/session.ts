/** Who is logged in, and whether a token may be sent. Law: a stale or burnt token is never sent; one job at a time gets a new one. */
import type { Policy } from "../policy.js";
import type { Token } from "../state.js";
import { elapsed, type Step } from "../step.js";

/** When the token becomes stale, in ms after `token.from`: the policy's margin before its end, at most a fifth of its life. `null`: never, as far as is known. */
export const staleAfter = ({ lifeMs }: Token, p: Policy): number | null =>
  lifeMs === null ? null : lifeMs - Math.min(p.tokenMarginMs, lifeMs / 5);

/** Whether the held token may be sent. One that cannot be renewed is better tried than given up: the server decides. */
export function isFresh(x: Step): boolean {
  if (x.session.tag !== "active" || x.session.token === null) return false;
  const stale = staleAfter(x.session.token, x.p);
  return stale === null || !x.session.renewable || elapsed(x.m, x.session.token.from) < stale;
}

/** Somebody who knows has told how long the token still lives. */
export function setLife(x: Step, lifeMs: number | null): void {
  if (x.session.tag === "active" && x.session.token !== null && lifeMs !== null)
    x.session.token = { value: x.session.token.value, from: x.at, lifeMs };
}

/** Starts a token job, unless one runs. While it stands in the state the driver keeps it running. */
export function needToken(x: Step, reason: "missing" | "expiring"): void {
  if (x.session.tag === "active")
    x.session.job ??= { job: ++x.ids, reason: x.session.rejections > 0 ? "rejected" : reason };
}

/** Ends the token job: the driver aborts it. */
export function endJob(x: Step): void {
  if (x.session.tag === "active") x.session.job = null;
}
