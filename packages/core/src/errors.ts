/**
 * One error class, matched by `code`.
 *
 * The machine itself knows only `Fault`, a plain record, so that its inputs and states can be written down and
 * replayed; the driver turns a fault into a `ConnectionError` at the border to the user.
 */

/** Codes that CometChat's documentation names, with its spelling. */
export type DocumentedCode =
  | "ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE"
  | "ERROR_PING_NOT_AVAILABLE"
  | "ERR_NOT_LOGGED_IN"
  | "ERR_WEBSOCKET_ERROR"
  | "ERR_NO_INTERNET";

/** Codes of our own. */
export type OwnCode =
  | "ERR_NOT_INITIALIZED"
  | "ERR_LOGIN_IN_PROGRESS"
  | "ERR_LOGGED_OUT"
  | "ERR_AUTH_REJECTED"
  | "ERR_TOKEN_PROVIDER"
  | "ERR_CONNECT_TIMEOUT"
  | "ERR_HEARTBEAT_TIMEOUT"
  | "ERR_SERVER_OVERLOADED"
  | "ERR_PROTOCOL"
  | "ERR_TRANSPORT_BLOCKED"
  | "ERR_QUEUE_FULL"
  | "ERR_SEND_TIMEOUT"
  | "ERR_SEND_REJECTED"
  | "ERR_MESSAGE_TOO_LARGE"
  | "ERR_FEATURE_THROTTLED"
  | "ERR_RECOVERY_GAP"
  | "ERR_INVALID_EVENT"
  | "ERR_STORAGE"
  | "ERR_ABORTED"
  | "ERR_DISPOSED"
  | "ERR_INVALID_ARGUMENT"
  | "ERR_REPLACED";

export type ErrorCode = DocumentedCode | OwnCode;

/** Where in the life of a connection an error arose. */
export type ErrorPhase =
  | "init"
  | "auth"
  | "token"
  | "transport"
  | "handshake"
  | "linked"
  | "send"
  | "storage"
  | "event"
  | "call";

/** What an error says, as plain data. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly phase: ErrorPhase;
  /** The same call, or the client by itself, may succeed later without a change by the app. */
  readonly retryable: boolean;
  /** WebSocket close code, where a closed link caused the error. */
  readonly closeCode?: number | undefined;
  /** Milliseconds before which trying again is useless. */
  readonly retryAfterMs?: number | undefined;
  /** More facts, by code; no secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  /** What the platform or the app's own function threw. */
  readonly cause?: unknown;
}

/** The one class of everything this project throws, rejects with or tells. */
export class ConnectionError extends Error implements Fault {
  declare readonly code: ErrorCode;
  declare readonly phase: ErrorPhase;
  declare readonly retryable: boolean;
  declare readonly closeCode?: number | undefined;
  declare readonly retryAfterMs?: number | undefined;
  declare readonly details: Readonly<Record<string, unknown>>;
  declare readonly cause: unknown;

  constructor(fault: Fault) {
    super(fault.message);
    Object.assign(this, { details: {} }, fault, { name: "ConnectionError" });
  }
}

const made: WeakMap<Fault, ConnectionError> = new WeakMap();

/** The error of a fault: one object for one fault, so that the listener's and the snapshot's are the same. */
export function errorOf(fault: Fault): ConnectionError {
  const error = made.get(fault) ?? new ConnectionError(fault);
  made.set(fault, error);
  return error;
}

/**
 * Shorthand for the errors of the public calls. Where the code says it all, the message is the code: the words are in
 * `remediation`, and every client would carry them.
 */
export const connectionError = (
  code: ErrorCode,
  message: string = code,
  phase: ErrorPhase = "call",
  more?: Partial<Fault>,
): ConnectionError => new ConnectionError({ code, message, phase, retryable: false, ...more });

/** True for every error of this project, from whichever copy of the package it came. */
export const isConnectionError = (value: unknown): value is ConnectionError =>
  value instanceof Error && value.name === "ConnectionError";
