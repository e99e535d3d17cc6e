/**
 * What goes wrong before or around a gateway, as one class with a stable `code`.
 *
 * Two audiences never share an error: `GatewayError` is for whoever starts or drives a gateway; what a client of the HTTP
 * side or of a link gets is a `Problem` (http/problem.ts) or a frame of cc.1, and never carries more than its code and message.
 */

/**
 * - `ERR_OPTION`: an option is missing, of the wrong kind or out of range. Nothing was opened.
 * - `ERR_PORT_IN_USE`: another process listens on that host and port. Nothing was opened.
 * - `ERR_LISTEN`: the address cannot be listened on for another reason (no permission, no such interface).
 * - `ERR_CLOSED`: the gateway is closed or closing; nothing was done.
 * - `ERR_NOT_FOUND`: no such user or group; nothing was done.
 * - `ERR_EXISTS`: that user or group is there already; nothing was done.
 * - `ERR_INVALID`: an argument of a method cannot be meant (a reserved kind, a lifetime above the longest); nothing was done.
 * - `ERR_TOO_LARGE`: the event is above `limits.eventBytes`; nothing was done.
 * - `ERR_REFUSED`: the hub or broker refused; nothing was done. `retryAfterMs` says when it may do, if ever.
 * - `ERR_STORE`: the store failed, `cause` says how. At the start: nothing was opened. Later: done here, but a restart would forget it.
 * - `ERR_BROKER`: the broker failed; `cause` says how. Whether it was applied is unknown; the same `id` may be tried again.
 */
export type GatewayErrorCode =
  | "ERR_OPTION"
  | "ERR_PORT_IN_USE"
  | "ERR_LISTEN"
  | "ERR_CLOSED"
  | "ERR_NOT_FOUND"
  | "ERR_EXISTS"
  | "ERR_INVALID"
  | "ERR_TOO_LARGE"
  | "ERR_REFUSED"
  | "ERR_STORE"
  | "ERR_BROKER";

/** The one class that `createGateway` and a gateway's methods reject with. Match by `code`. */
export class GatewayError extends Error {
  override readonly name: string = "GatewayError";
  readonly code: GatewayErrorCode;
  /** Milliseconds after which the same call may succeed; absent where waiting changes nothing. */
  readonly retryAfterMs?: number;

  constructor(
    code: GatewayErrorCode,
    message: string,
    more: { readonly cause?: unknown; readonly retryAfterMs?: number | undefined } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    if (more.retryAfterMs !== undefined) this.retryAfterMs = more.retryAfterMs;
  }
}

/** Turns what `server.listen` reports into an error that names the address and what to do. */
export const listenError = (cause: unknown, host: string, port: number): GatewayError => {
  const code = (cause as NodeJS.ErrnoException).code;
  const where = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return new GatewayError(
      "ERR_PORT_IN_USE",
      `${where} is in use by another process; choose another port, or 0 for a free one`,
      {
        cause,
      },
    );
  }
  if (code === "EACCES") return new GatewayError("ERR_LISTEN", `no permission to listen on ${where}`, { cause });
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new GatewayError("ERR_LISTEN", `${host} is not an address of this machine`, { cause });
  }
  return new GatewayError("ERR_LISTEN", `cannot listen on ${where}: ${code ?? String(cause)}`, { cause });
};
