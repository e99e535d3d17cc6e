/** Who is logged in, and whether a token may be sent. Law: a stale or burnt token is never sent; one job at a time gets a new one. */
import type { Moment } from "../events.js";
import type { Policy } from "../policy.js";
import type { Session, Token } from "../state.js";
import { elapsed, stamp } from "./time.js";

export type ActiveSession = Extract<Session, { tag: "active" }>;

/** How long before its end a token counts as stale: the margin of the policy, at most a fifth of the token's life. */
const margin = (token: Token, p: Policy): number => Math.min(p.tokenMarginMs, (token.lifeMs ?? 0) / 5);

/** When the token becomes stale, in ms after `token.from`; `null`: never, as far as is known. */
export const staleAfter = (token: Token, p: Policy): number | null =>
  token.lifeMs === null ? null : token.lifeMs - margin(token, p);

export function isFresh(session: ActiveSession, m: Moment, p: Policy): boolean {
  const { token, burnt } = session;
  if (token === null || burnt.includes(token.value)) return false;
  const stale = staleAfter(token, p);
  // A token that cannot be renewed is better tried than given up: the server decides.
  return stale === null || !session.renewable || elapsed(m, token.from) < stale;
}

/** The session with the token's remaining life as somebody who knows has just told it. */
export function withLife(session: ActiveSession, lifeMs: number | null, m: Moment): ActiveSession {
  if (session.token === null || lifeMs === null) return session;
  return { ...session, token: { value: session.token.value, from: stamp(m), lifeMs } };
}

/** The session after the server refused its token. */
export function burn(session: ActiveSession): ActiveSession {
  return {
    ...session,
    burnt: session.token === null ? session.burnt : [session.token.value, ...session.burnt.slice(0, 7)],
    token: null,
    job: null,
    rejections: session.rejections + 1,
  };
}
