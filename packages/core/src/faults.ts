/** From what the world said to a fault and the default action. */
import type { ErrorCode, Fault } from "./errors.js";
import type { RetryVerdict } from "./policy.js";
import type { LinkClose } from "./ports.js";

export interface Failure {
  /** Without `retryable`: that is what comes of the action. Without a phase: that of the link. */
  readonly fault: Omit<Fault, "retryable" | "phase"> & Partial<Pick<Fault, "phase">>;
  readonly action: RetryVerdict["action"];
  /** Floor that the server set: minimum and spread in ms. */
  readonly floor?: readonly [minDelayMs: number, spreadMs: number] | undefined;
}

/** A failure after which the default is to try again. */
export const failure = (code: ErrorCode, message: string = code): Failure => ({
  fault: { code, message },
  action: "retry",
});

/**
 * A link that closed. A bare code says little: 4401 asks for another token, 4403 and 4409 are final, 1012, 1013, 4429
 * and 4503 set a floor. All else is a loss like any other, a 1000 that was not ours included (B5.1).
 */
export function closeFailure(close: LinkClose, online: boolean, spreadMs: number): Failure {
  const { code, reason, httpStatus = 0, retryAfterMs = 0, cause } = close;
  const final = code === 4403 || code === 4409;
  const action = code === 4401 || httpStatus === 401 ? "refreshToken" : final ? "stop" : "retry";
  const busy = [1012, 1013, 4429, 4503].includes(code) || httpStatus === 429 || httpStatus === 503;
  return {
    fault: {
      code:
        code === 4409
          ? "ERR_REPLACED"
          : code === 4400
            ? "ERR_PROTOCOL"
            : action !== "retry"
              ? "ERR_AUTH_REJECTED"
              : busy
                ? "ERR_SERVER_OVERLOADED"
                : online
                  ? "ERR_WEBSOCKET_ERROR"
                  : "ERR_NO_INTERNET",
      message: `Connection closed (${httpStatus || code}) ${reason}`.trim(),
      closeCode: code,
      details: { httpStatus },
      cause,
      ...(busy && { retryAfterMs }),
    },
    action,
    floor: busy ? [retryAfterMs, spreadMs] : undefined,
  };
}
