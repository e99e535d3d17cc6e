/** From what the world said to a fault and the default action. The close-code table of docs/protocol.md in code. */
import type { ErrorPhase, Fault } from "./errors.js";
import type { RetryVerdict } from "./policy.js";
import type { LinkClose, RejectInfo } from "./ports.js";

export interface Failure {
  readonly fault: Fault;
  readonly action: RetryVerdict["action"];
  /** Floor that the server set: minimum and spread in ms. */
  readonly floor?: readonly [minDelayMs: number, spreadMs: number];
}

/** A link that closed: by its code, else as a plain loss. A 1000 that was not ours is a loss like any other (B5.1). */
export function closeFailure(close: LinkClose, phase: ErrorPhase, online: boolean, spreadMs: number): Failure {
  const { code, httpStatus, retryAfterMs } = close;
  const make = (
    c: Fault["code"],
    message: string,
    action: RetryVerdict["action"],
    floor?: Failure["floor"],
  ): Failure => ({
    fault: {
      code: c,
      message,
      phase,
      retryable: action !== "stop",
      closeCode: code,
      ...(floor && { retryAfterMs: floor[0] }),
      ...(httpStatus && { details: { httpStatus } }),
      cause: close.cause,
    },
    action,
    ...(floor && { floor }),
  });
  const says = close.reason === "" ? "" : `: ${close.reason}`;
  if (code === 4401 || httpStatus === 401)
    return make("ERR_AUTH_REJECTED", `The server refused the token${says}`, "refreshToken");
  if (code === 4403) return make("ERR_AUTH_REJECTED", `The server refused this user${says}`, "stop");
  if (code === 4409) return make("ERR_REPLACED", `Another client took this one's place${says}`, "stop");
  if (code === 4406) return make("ERR_PROTOCOL", `The server does not speak this protocol${says}`, "stop");
  if (code === 4400) return make("ERR_PROTOCOL", `The protocol was broken${says}`, "retry");
  if (code === 1012 || code === 1013 || code === 4429 || httpStatus === 429 || httpStatus === 503)
    return make("ERR_SERVER_OVERLOADED", `The server asks to wait${says}`, "retry", [retryAfterMs ?? 0, spreadMs]);
  if (!online) return make("ERR_NO_INTERNET", `No internet connection (close ${code}${says})`, "retry");
  const what = phase === "linked" ? "The connection was lost" : "The connection could not be established";
  return make("ERR_WEBSOCKET_ERROR", `${what} (close ${code}${says})`, "retry");
}

/** A `reject`, with the retry meaning that the server gave it. */
export function rejectFailure(info: RejectInfo, phase: ErrorPhase): Failure {
  const action = ({ never: "stop", later: "retry", reauth: "refreshToken" } as const)[info.retry];
  return {
    fault: {
      code: info.code,
      message: info.message,
      phase,
      retryable: action !== "stop",
      ...(info.minDelayMs > 0 && { retryAfterMs: info.minDelayMs }),
    },
    action,
    floor: [info.minDelayMs, info.spreadMs],
  };
}

/** A fault that this client found by itself. */
export const ownFault = (code: Fault["code"], message: string, phase: ErrorPhase, retryable = true): Fault => ({
  code,
  message,
  phase,
  retryable,
});
