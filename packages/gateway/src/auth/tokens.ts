/**
 * Tokens are JWTs, HS256 and nothing else: `sub` (uid), `app`, `jti`, `sid`, `iat`, `exp`.
 *
 * `sid` names the login and survives a refresh, so that a logout kills the whole chain and not only its last token; a token
 * without one (minted elsewhere with the same secret) is a login of its own.
 *
 * The algorithm is fixed here and not read from the token, so `alg: none` and key confusion have no way in. `iat` and `exp`
 * carry fractions of a second (RFC 7519 allows them): a revocation and a lifetime are exact to the millisecond, and a test
 * can use short ones. `exp` is judged here and not by the library, which compares whole seconds.
 */
import { randomUUID, webcrypto } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import type { Revocations } from "./revocations.js";

/** Why a token is refused. Logged and counted; the holder is told a sentence, never which key was tried. */
export type TokenFault = "malformed" | "signature" | "app" | "expired" | "revoked";

/** Thrown by `verify`. */
export class TokenError extends Error {
  override readonly name: string = "TokenError";
  readonly fault: TokenFault;

  constructor(fault: TokenFault) {
    super(sentences[fault]);
    this.fault = fault;
  }
}

const sentences: Readonly<Record<TokenFault, string>> = {
  malformed: "the token is not a token of this service",
  signature: "the token was not signed by this service",
  app: "the token belongs to another app",
  expired: "the token has expired",
  revoked: "the token was revoked",
};

/** What a good token says. Times are wall-clock milliseconds. */
export interface Claims {
  readonly uid: string;
  readonly jti: string;
  /** The login that this token, or the one it was refreshed from, began. */
  readonly sid: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** A fresh token with its facts. */
export interface Minted {
  readonly token: string;
  readonly jti: string;
  readonly expiresAt: number;
  /** Milliseconds from now, the only time that leaves the machine: the holder's clock may be wrong. */
  readonly expiresInMs: number;
}

/** Mints and checks tokens of one app. */
export interface Tokens {
  /** A token for `uid` that lives `ttlMs` (milliseconds; default: the gateway's `tokenTtlMs`), of the login `sid` (default: a new one). */
  mint(
    uid: string,
    options?: { readonly ttlMs?: number | undefined; readonly sid?: string | undefined },
  ): Promise<Minted>;
  /** The claims of a good token. Rejects `TokenError`. */
  verify(token: string): Promise<Claims>;
}

export interface TokensOptions {
  readonly appId: string;
  readonly secret: string;
  /** Default lifetime in milliseconds. */
  readonly ttlMs: number;
  /** Wall clock in milliseconds. */
  readonly wall: () => number;
  readonly revocations: Revocations;
}

/** Imports the key once: per token that would be a large part of the cost of a handshake. */
export const createTokens = async ({ appId, secret, ttlMs, wall, revocations }: TokensOptions): Promise<Tokens> => {
  const key = await webcrypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(secret),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign", "verify"],
  );

  const mint: Tokens["mint"] = async (uid, { ttlMs: lifetime = ttlMs, sid = randomUUID() } = {}) => {
    const now = wall();
    const issuedAt = revocations.earliestIssue(uid, now);
    const expiresAt = issuedAt + lifetime;
    const jti = randomUUID();
    const token = await new SignJWT({ app: appId, sid })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .setSubject(uid)
      .setJti(jti)
      .setIssuedAt(issuedAt / 1000)
      .setExpirationTime(expiresAt / 1000)
      .sign(key);
    return { token, jti, expiresAt, expiresInMs: lifetime };
  };

  const verify: Tokens["verify"] = async (token) => {
    const now = wall();
    const { payload } = await jwtVerify(token, key, {
      algorithms: ["HS256"],
      requiredClaims: ["sub", "app", "jti", "iat", "exp"],
      currentDate: new Date(now),
    }).catch((cause: unknown) => {
      throw new TokenError(faultOf(cause));
    });
    const { sub, jti, iat, exp } = payload;
    if (typeof sub !== "string" || typeof jti !== "string" || typeof iat !== "number" || typeof exp !== "number") {
      throw new TokenError("malformed");
    }
    if (payload["app"] !== appId) throw new TokenError("app");
    const claims: Claims = {
      uid: sub,
      jti,
      sid: typeof payload["sid"] === "string" ? payload["sid"] : jti,
      issuedAt: Math.round(iat * 1000),
      expiresAt: Math.round(exp * 1000),
    };
    if (claims.expiresAt <= now) throw new TokenError("expired");
    if (revocations.isRevoked(claims)) throw new TokenError("revoked");
    return claims;
  };

  return { mint, verify };
};

const faultOf = (cause: unknown): TokenFault => {
  if (cause instanceof errors.JWTExpired) return "expired";
  if (cause instanceof errors.JWSSignatureVerificationFailed) return "signature";
  // `alg: none` and every other algorithm end here: not a matter of a key.
  if (cause instanceof errors.JOSEAlgNotAllowed) return "signature";
  return "malformed";
};
