/**
 * `remediation(error)`: what to do about an error. An entry of its own, for size. The first five texts follow
 * CometChat's documentation in meaning.
 */
import type { ConnectionError, ErrorCode } from "./errors.js";

const TEXT: Readonly<Record<ErrorCode, string>> = {
  ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE: "No action is needed: the connection exists.",
  ERROR_PING_NOT_AVAILABLE: "Enable manual mode with autoEstablishSocketConnection(false); auto mode needs no ping().",
  ERR_NOT_LOGGED_IN: "Call login() first.",
  ERR_WEBSOCKET_ERROR:
    "Check the network connectivity; the client tries again by itself where its mode wants a connection.",
  ERR_NO_INTERNET: "Wait for the network to recover, or try again.",
  ERR_NOT_INITIALIZED: "Call init() first, and await it.",
  ERR_LOGIN_IN_PROGRESS: "Await the login that is under way, or log out first.",
  ERR_LOGGED_OUT: "Log in again; the call belonged to a session that is over.",
  ERR_AUTH_REJECTED:
    "Get a new token from your own server and log in with it, or call connect() when getToken can deliver one.",
  ERR_TOKEN_PROVIDER:
    "Look at `cause`: getToken threw or took too long. It is tried again unless the error was marked terminal.",
  ERR_CONNECT_TIMEOUT: "Attempts go on by themselves; await `until('linked')`, or look at `details.lastError`.",
  ERR_HEARTBEAT_TIMEOUT: "Nothing: the dead connection is being replaced.",
  ERR_SERVER_OVERLOADED: "Wait `retryAfterMs`; the client keeps the server's time by itself.",
  ERR_PROTOCOL: "Client and server do not agree on the protocol: check the URL and both versions.",
  ERR_TRANSPORT_BLOCKED: "Something between client and server refuses WebSockets: check proxies and firewalls.",
  ERR_QUEUE_FULL: "Send less, or raise the queue's bounds.",
  ERR_SEND_TIMEOUT: "Look at `details.outcome`: `notSent` may be sent again, `unknown` may have been applied.",
  ERR_SEND_REJECTED: "The server refused the event and has not applied it: look at `message`.",
  ERR_MESSAGE_TOO_LARGE: "Send less in one event: the bound is `limits.eventBytes` of the server.",
  ERR_FEATURE_THROTTLED: "Wait `retryAfterMs`, then send again.",
  ERR_RECOVERY_GAP: "Fetch what was missed from your own API: the server's log does not reach back that far.",
  ERR_INVALID_EVENT: "The event does not match its schema: look at `details.issues`.",
  ERR_STORAGE: "The connection goes on without storage; look at `cause`.",
  ERR_ABORTED: "Nothing: the call was given up, as asked.",
  ERR_DISPOSED: "Create a new client.",
  ERR_INVALID_ARGUMENT: "Correct the argument that `message` names.",
  ERR_REPLACED: "The same device connected elsewhere; call connect() to take the place back.",
};

/** What to do about an error, in one sentence. */
export function remediation(error: Pick<ConnectionError, "code">): string {
  return TEXT[error.code];
}
