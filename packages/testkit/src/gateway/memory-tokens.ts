/** Tokens of the in-memory gateway, and the REST side that a client logs in with. Law: a token is a word in a table; nothing is signed. */
import { type Clock, connectionError } from "@cc/core";
import type { Verify } from "@cc/protocol/server";
import type { AuthApi, AuthResult } from "@cc/sdk/portable";

export interface MemoryTokens {
  /** A new token; it ends after `lifeMs` ms, or never. */
  token(user: string, lifeMs?: number): string;
  /** Makes one worthless from now on. Links that use it stay until `hub.revoke`. */
  revoke(token: string): void;
  readonly verify: Verify;
  /** For `createClient({ auth })`: any uid with `authKey`, answered in the same turn. */
  readonly auth: AuthApi;
}

/** The one auth key that `auth.login` takes. */
export const memoryAuthKey = "auth-key";

export function createMemoryTokens(clock: Clock): MemoryTokens {
  const table = new Map<string, { readonly user: string; readonly ends: number }>();
  let made = 0;

  const token = (user: string, lifeMs = Number.POSITIVE_INFINITY): string => {
    made += 1;
    const word = `${user}-token-${made}`;
    table.set(word, { user, ends: clock.now() + lifeMs });
    return word;
  };
  const look = (word: string): { readonly user: string; readonly ends: number } | undefined => {
    const found = table.get(word);
    return found !== undefined && found.ends > clock.now() ? found : undefined;
  };
  const rest = (word: string): AuthResult => {
    const found = look(word);
    if (found === undefined) throw connectionError("ERR_AUTH_REJECTED", "The token is not known", "auth");
    const expiresInMs = Number.isFinite(found.ends) ? found.ends - clock.now() : null;
    return { user: { uid: found.user }, token: word, expiresInMs };
  };
  const userOf = (word: string): string => rest(word).user.uid;

  return {
    token,
    revoke: (word) => void table.delete(word),
    verify: (word) => {
      const found = look(word);
      if (found === undefined) return { ok: false, retry: "reauth", message: "the token is not known" };
      return {
        ok: true,
        user: found.user,
        tokenId: word,
        ...(Number.isFinite(found.ends) && { expiresInMs: found.ends - clock.now() }),
      };
    },
    auth: {
      login: async (uid, authKey) => {
        if (authKey !== memoryAuthKey) throw connectionError("ERR_AUTH_REJECTED", "The auth key is wrong", "auth");
        return rest(token(uid));
      },
      me: async (word) => rest(word),
      refresh: async (word) => rest(token(userOf(word))),
      revoke: async (word) => void table.delete(word),
    },
  };
}
