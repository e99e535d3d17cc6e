/**
 * Every refusal of the HTTP side has one shape: `{ error: { code, message, minDelayMs?, spreadMs? } }`.
 *
 * A handler throws a `Problem`; one place turns it into a response. What is not a `Problem` is a bug or a broker failure: it
 * is logged whole and told as `ERR_INTERNAL` without its text, which may hold anything.
 */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { matchedRoutes } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Logger } from "pino";
import { GatewayError, type GatewayErrorCode } from "../errors.js";

/** Codes of the HTTP side. `docs/rest.md` says what each means and what to do. */
export type ProblemCode =
  | "ERR_INVALID_ARGUMENT"
  | "ERR_AUTH_REJECTED"
  | "ERR_API_KEY"
  | "ERR_LOGIN_DISABLED"
  | "ERR_ORIGIN"
  | "ERR_NOT_FOUND"
  | "ERR_EXISTS"
  | "ERR_MESSAGE_TOO_LARGE"
  | "ERR_SUBPROTOCOL"
  | "ERR_UPGRADE_REQUIRED"
  | "ERR_RATE_LIMITED"
  | "ERR_SERVER_OVERLOADED"
  | "ERR_INTERNAL";

/** A floor below which trying again is useless: `minDelayMs` + random × `spreadMs` [B5.4]. */
export interface Floor {
  readonly minDelayMs: number;
  readonly spreadMs: number;
}

/** A refusal that the caller is meant to read. */
export class Problem extends Error {
  override readonly name: string = "Problem";
  readonly status: ContentfulStatusCode;
  readonly code: ProblemCode;
  readonly floor: Floor | undefined;

  constructor(status: ContentfulStatusCode, code: ProblemCode, message: string, floor?: Floor) {
    super(message);
    this.status = status;
    this.code = code;
    this.floor = floor;
  }
}

/** The body that goes with a problem, here and at a refused upgrade. */
export const problemBody = ({ code, message, floor }: Problem): string =>
  JSON.stringify({ error: { code, message, ...floor } });

/** Headers that go with a problem: `Retry-After` in whole seconds, rounded up, for whoever does not read the body. */
export const problemHeaders = ({ floor }: Problem): Record<string, string> => ({
  "content-type": "application/json",
  ...(floor === undefined ? {} : { "retry-after": String(Math.ceil(floor.minDelayMs / 1000)) }),
});

const ofGateway: Readonly<Record<GatewayErrorCode, readonly [ContentfulStatusCode, ProblemCode]>> = {
  ERR_OPTION: [400, "ERR_INVALID_ARGUMENT"],
  ERR_NOT_FOUND: [404, "ERR_NOT_FOUND"],
  ERR_EXISTS: [409, "ERR_EXISTS"],
  ERR_INVALID: [400, "ERR_INVALID_ARGUMENT"],
  ERR_REFUSED: [503, "ERR_SERVER_OVERLOADED"],
  ERR_TOO_LARGE: [413, "ERR_MESSAGE_TOO_LARGE"],
  ERR_CLOSED: [503, "ERR_SERVER_OVERLOADED"],
  ERR_STORE: [503, "ERR_SERVER_OVERLOADED"],
  ERR_BROKER: [503, "ERR_SERVER_OVERLOADED"],
  ERR_PORT_IN_USE: [500, "ERR_INTERNAL"],
  ERR_LISTEN: [500, "ERR_INTERNAL"],
};

const toProblem = (error: unknown): Problem | undefined => {
  if (error instanceof Problem) return error;
  if (error instanceof GatewayError) {
    const [status, code] = ofGateway[error.code];
    const { message, retryAfterMs } = error;
    return new Problem(
      status,
      code,
      message,
      retryAfterMs === undefined ? undefined : { minDelayMs: retryAfterMs, spreadMs: 0 },
    );
  }
  // hono throws its own for a body that is not JSON.
  if (error instanceof HTTPException && error.status < 500)
    return new Problem(400, "ERR_INVALID_ARGUMENT", error.message);
  return undefined;
};

/** The route that a request met, as it is written in the sources: never its URL or path, into which somebody may have put a token. */
export const routeOf = (context: Context): string =>
  matchedRoutes(context)
    .filter(({ method }) => method !== "ALL")
    .at(-1)?.path ?? "none";

/** hono's `onError`. */
export const answerProblem =
  (logger: Logger) =>
  (error: unknown, context: Context): Response => {
    const known = toProblem(error);
    if (known === undefined) logger.error({ err: error, route: routeOf(context) }, "request failed");
    const problem =
      known ?? new Problem(500, "ERR_INTERNAL", "the gateway failed; the request may or may not have been applied");
    return context.body(problemBody(problem), problem.status, problemHeaders(problem));
  };
