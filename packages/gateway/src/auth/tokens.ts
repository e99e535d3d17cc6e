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
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { id } from "../ids.js";
import type { Revocations } from "./revocations.js";

/** Why a token is refused. Logged and counted; the holder is told a sentence, never which key was tried. */
export type TokenFault = "malformed" | "signature" | "app" | "expired" | "early" | "lifetime" | "revoked";

/** Thrown by `verify`. */
export class TokenError extends Error {
  override readonly name: string = "TokenError";
  readonly fault: TokenFault;

  constructor(fault: TokenFault) {
    super(sentences[fault]);
    this.fault = fault;
  }
}

const isUid = (text: string): boolean => id.safeParse(text).success;

const sentences: Readonly<Record<TokenFault, string>> = {
  malformed: "the token is not a token of this service",
  signature: "the token was not signed by this service",
  app: "the token belongs to another app",
  expired: "the token has expired",
  early: "the token is not valid yet",
  lifetime: "the token lives longer than this service allows",
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
  /** The first one signs, all of them verify: a key is rotated by putting a new one in front and dropping the old one a lifetime later. */
  readonly secrets: readonly [string, ...string[]];
  /** Default lifetime in milliseconds. */
  readonly ttlMs: number;
  /** The longest lifetime that a token can have, in milliseconds: one that claims more was not minted here. */
  readonly maxTtlMs: number;
  /** Wall clock in milliseconds. */
  readonly wall: () => number;
  readonly revocations: Revocations;
}

/** How far another machine of ours may be ahead of this one, in milliseconds: tokens are minted on one and shown to the next. */
const skewMs = 60_000;
/** Longer texts are no tokens of ours, whatever they are: they are not even decoded. Characters. */
const longestToken = 8_192;

/**
 * Whether the signature is the one text of its bytes. Decoders forgive white space, padding and bits to spare, and head and body are
 * signed as text, but the signature is not: without this one token would have countless spellings, and be refused, counted and
 * compared as as many tokens (RFC 7515, section 2).
 */
const isOneText = (token: string): boolean => {
  const signature = token.slice(token.lastIndexOf(".") + 1);
  return Buffer.from(signature, "base64url").toString("base64url") === signature;
};

const importKey = (secret: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);

/** Imports the keys once: per token that would be a large part of the cost of a handshake. */
export const createTokens = async (options: TokensOptions): Promise<Tokens> => {
  const { appId, secrets, ttlMs, maxTtlMs, wall, revocations } = options;
  const [signer, ...older] = secrets;
  const signing = await importKey(signer);
  const keys = [signing, ...(await Promise.all(older.map(importKey)))];

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
      .sign(signing);
    return { token, jti, expiresAt, expiresInMs: lifetime };
  };

  /** The payload by the first key that signed it; only a wrong signature is a reason to try the next. */
  const payloadOf = async (token: string, now: number, from: number = 0): Promise<JWTPayload> => {
    // The list is never empty, and `from` is below its length: see the call of itself.
    const key = keys[from] as webcrypto.CryptoKey;
    return jwtVerify(token, key, {
      algorithms: ["HS256"],
      requiredClaims: ["sub", "app", "jti", "iat", "exp"],
      currentDate: new Date(now),
      clockTolerance: skewMs / 1000,
    }).then(
      ({ payload }) => payload,
      (cause: unknown) => {
        const fault = faultOf(cause);
        if (fault === "signature" && from + 1 < keys.length) return payloadOf(token, now, from + 1);
        throw new TokenError(fault);
      },
    );
  };

  const verify: Tokens["verify"] = async (token) => {
    if (token.length > longestToken || !isOneText(token)) throw new TokenError("malformed");
    const now = wall();
    const payload = await payloadOf(token, now);
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
    if (claims.issuedAt > now + skewMs) throw new TokenError("early");
    // A revocation is remembered for the longest lifetime: a token that outlives it would come back from the dead.
    if (claims.expiresAt - claims.issuedAt > maxTtlMs) throw new TokenError("lifetime");
    if (!isUid(claims.uid)) throw new TokenError("malformed");
    if (revocations.isRevoked(claims)) throw new TokenError("revoked");
    return claims;
  };

  return { mint, verify };
};

const faultOf = (cause: unknown): TokenFault => {
  if (cause instanceof errors.JWTExpired) return "expired";
  if (cause instanceof errors.JWTClaimValidationFailed && cause.claim === "nbf" && cause.reason === "check_failed")
    return "early";
  if (cause instanceof errors.JWSSignatureVerificationFailed) return "signature";
  // `alg: none` and every other algorithm end here: not a matter of a key.
  if (cause instanceof errors.JOSEAlgNotAllowed) return "signature";
  return "malformed";
};
