/**
 * Why a link was closed, and what a client may do about it.
 *
 * Law: every code has one retry meaning, and an unknown code means `later`: a client that gives up for a code which it
 * does not know is lost for ever, one that retries politely is not. A `reject` or `goaway` frame before the close says
 * more and wins. 1000 is retried too when it was not ours (5.1).
 */
import type { Retry } from "./frames.js";

/** The close codes of `cc.1` and those of RFC 6455 that its servers use. */
export const closeCodes = {
  /** The client is going on purpose. */
  normal: 1000,
  /** The server process is going. */
  goingAway: 1001,
  /** The server failed unexpectedly. */
  internal: 1011,
  /** The server restarts: come back spread over `spreadMs`. */
  restart: 1012,
  /** The server cannot serve now. */
  tryAgainLater: 1013,
  /** Not JSON, a known frame with a wrong field, or a frame where it may not stand. */
  malformed: 4400,
  /** The token is wrong, expired or revoked. */
  authRejected: 4401,
  /** This token will never do here: another app, a banned user. */
  forbidden: 4403,
  /** No `hello`, or no verdict on it, within the handshake time. */
  handshakeTimeout: 4408,
  /** A newer instance names the same device. */
  replaced: 4409,
  /** A newer link of the same instance has taken over. */
  superseded: 4410,
  /** Nothing was heard from the client for three heartbeats. */
  silent: 4411,
  /** A message longer than `limits.frameBytes`. */
  frameTooLarge: 4413,
  /** More frames than `limits.frameRate` allows. */
  rateExceeded: 4429,
  /** The server is full or overloaded. */
  overloaded: 4503,
} as const;

/** One of the named close codes. */
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** What a bare close code, without a `reject` before it, allows the client to do. Never throws; unknown codes mean `later`. */
export function retryOfClose(code: number): Retry {
  return code === 4401 ? "reauth" : code === 4403 || code === 4409 ? "never" : "later";
}
