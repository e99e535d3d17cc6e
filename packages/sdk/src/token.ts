/** A token's life. Law: only lengths are trusted, never a time of day: a client's clock may be an hour off. */

import type { TokenResult } from "@cc/core";
import type { AuthResult, TokenAnswer } from "./types.js";

/** The token and its life in ms: as told, else `exp` − `iat` of a JWT, else `null` (the server will say). Throws when there is none. */
export function tokenResult(answer: TokenAnswer | AuthResult): TokenResult {
  const { token, expiresInMs: told } = typeof answer === "string" ? { token: answer, expiresInMs: undefined } : answer;
  if (typeof token !== "string" || !token) throw new TypeError("No token came");
  return { token, lifeMs: Number.isFinite(told) ? (told as number) : jwtLife(token) };
}

function jwtLife(token: string): number | null {
  try {
    const { iat, exp } = JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))) as {
      iat?: number;
      exp?: number;
    };
    const life = ((exp as number) - (iat as number)) * 1000;
    return life > 0 ? life : null;
  } catch {
    return null;
  }
}
