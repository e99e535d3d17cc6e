/**
 * What docs/errors.md says of each code beside the resolution, which is `remediation`'s own text. Law: a code without an entry here does
 * not compile, so that no error can be added undocumented [B7.3].
 */
import type { ErrorCode, ErrorPhase } from "../../packages/core/src/errors.js";
import { remediation } from "../../packages/core/src/remediation.js";

interface Reference {
  /** When it arises. */
  readonly cause: string;
  /** What was done by then, and what was not. */
  readonly done: string;
  readonly phases: readonly ErrorPhase[];
  /** `ConnectionError.retryable`; `"either"`: it says so itself. */
  readonly retryable: boolean | "either";
}

const lossDone =
  "The status changed at once. Sends without an answer are repeated on the next connection under their ids; the next attempt is scheduled (`snapshot().retryAt`) unless the mode wants none.";

const reference: Readonly<Record<ErrorCode, Reference>> = {
  ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE: {
    cause: "`CometChat.connect()` while connected. The idiomatic client resolves `{ alreadyConnected: true }` instead.",
    done: "Nothing: the connection is as it was.",
    phases: ["call"],
    retryable: false,
  },
  ERROR_PING_NOT_AVAILABLE: {
    cause: "`ping()` in auto mode, where no lease has to be renewed.",
    done: "Nothing: no ping was sent.",
    phases: ["call"],
    retryable: false,
  },
  ERR_NOT_LOGGED_IN: {
    cause: "`connect()`, `ping()` or `send()` without a user.",
    done: "Nothing was dialled or sent.",
    phases: ["call", "send"],
    retryable: false,
  },
  ERR_WEBSOCKET_ERROR: {
    cause:
      "The connection closed or could not be opened; a `ping()` had no pong; a call needed a connection and there was none; a REST call did not reach the server.",
    done: `${lossDone} A \`send()\` that rejects with it was not sent (\`details.outcome\`: \`notSent\`).`,
    phases: ["transport", "handshake", "linked", "send", "auth"],
    retryable: true,
  },
  ERR_NO_INTERNET: {
    cause: "The same as `ERR_WEBSOCKET_ERROR` or a timeout, while the platform says that there is no network.",
    done: "Attempts go on, spaced at the ladder's cap, for the platform may be wrong; when it says that the network is back, one is made at once.",
    phases: ["transport", "handshake", "linked", "call"],
    retryable: true,
  },
  ERR_NOT_INITIALIZED: {
    cause: "A call before `init()`.",
    done: "Nothing.",
    phases: ["call", "auth", "send"],
    retryable: false,
  },
  ERR_LOGIN_IN_PROGRESS: {
    cause: "`login()` while another login, with other arguments, is under way. An identical one shares its promise.",
    done: "The login under way goes on; this one did nothing.",
    phases: ["auth"],
    retryable: false,
  },
  ERR_LOGGED_OUT: {
    cause: "`logout()`, here or in another tab or process of the same storage, while the call was pending.",
    done: "The session is gone from memory and storage. A pending `send()` says in `details.outcome` whether it was `notSent` or `unknown`.",
    phases: ["call", "auth", "send", "linked"],
    retryable: false,
  },
  ERR_AUTH_REJECTED: {
    cause:
      "The server refused the token twice in a row (one forced refresh lies between), or once where it cannot be renewed; or it welcomed another user; or a REST call was answered 401 or 403.",
    done: "Phase `failed`: no more attempts. The session is kept, the refused token is never sent again.",
    phases: ["auth", "token", "handshake", "linked"],
    retryable: "either",
  },
  ERR_TOKEN_PROVIDER: {
    cause:
      "`getToken` threw, gave something that is no token, or took longer than 15 s (in a login that is `ERR_CONNECT_TIMEOUT`); or there is no `getToken`.",
    done: "This attempt ended before anything was dialled. The next one follows with backoff, unless the error was marked `terminal: true`: then phase `failed`.",
    phases: ["token", "auth"],
    retryable: "either",
  },
  ERR_CONNECT_TIMEOUT: {
    cause:
      "An attempt had no welcome in time (10 s, then 20 s and 30 s); or `connect()` had no connection for 15 s; or `until()` reached its `timeoutMs`; or a login, a slow `getToken` within it included, had no answer for 15 s, a logout for 3 s.",
    done: "The attempt was given up, its socket closed; retries go on. Nothing was sent.",
    phases: ["transport", "handshake", "call", "auth"],
    retryable: true,
  },
  ERR_HEARTBEAT_TIMEOUT: {
    cause: "Nothing at all arrived after the client's probe within its deadline: the connection was half-open.",
    done: `The socket was given up without waiting for its close. ${lossDone}`,
    phases: ["linked"],
    retryable: true,
  },
  ERR_SERVER_OVERLOADED: {
    cause:
      "The server refused with a delay: full, draining, restarting, too many attempts, HTTP 429 or 503, close 1012, 1013, 4429, 4503; or it refused a send for its rate.",
    done: "Nothing dials before the server's time (`retryAfterMs`, `snapshot().retryAt`), not a wake either; this survives a reload. A refused send was not applied.",
    phases: ["transport", "handshake", "linked", "send", "auth"],
    retryable: true,
  },
  ERR_PROTOCOL: {
    cause: "The peer sent what the protocol does not allow (close 4400), or a REST answer is not what it should be.",
    done: `Phase \`auth\`: there is no login, or no new token. Otherwise the connection was closed with 4400. ${lossDone}`,
    phases: ["handshake", "linked", "auth"],
    retryable: "either",
  },
  ERR_TRANSPORT_BLOCKED: {
    cause: "No WebSocket ever opened in several attempts, while plain HTTPS to the same server works.",
    done: "A hint, told as an error event: attempts go on.",
    phases: ["transport"],
    retryable: true,
  },
  ERR_QUEUE_FULL: {
    cause:
      "The bounded queue of unsent items is full. That queue (docs/behaviour.md, 10.7) does not exist yet, so nothing raises this today.",
    done: "The send was not sent (`details.outcome`: `notSent`).",
    phases: ["send"],
    retryable: true,
  },
  ERR_SEND_TIMEOUT: {
    cause:
      "No answer within the send's `timeoutMs` (20 s), or the item is older than the server remembers its id for (`limits.dedupMs`).",
    done: "`details.outcome`: `notSent`, it never left this process; `unknown`, it was on a wire and the server may have applied it. It is not sent again.",
    phases: ["send"],
    retryable: "either",
  },
  ERR_SEND_REJECTED: {
    cause:
      "The server refused the event (no member of the group, say); or a `chained` send stood behind one that failed.",
    done: "It was not applied.",
    phases: ["send"],
    retryable: false,
  },
  ERR_MESSAGE_TOO_LARGE: {
    cause: "The event is larger than the server's `limits.eventBytes`, or its frame larger than `limits.frameBytes`.",
    done: "It was not sent, or not applied. The connection goes on.",
    phases: ["send"],
    retryable: false,
  },
  ERR_FEATURE_THROTTLED: {
    cause: "The feature that this kind of event belongs to is throttled.",
    done: "It was not sent, or not applied. A `volatile` send is dropped without this error.",
    phases: ["send"],
    retryable: true,
  },
  ERR_RECOVERY_GAP: {
    cause:
      "The server's log does not reach back to where this client was. The `gap` event says between which positions.",
    done: "What the log still has is delivered; what lies between is lost to replay.",
    phases: ["linked"],
    retryable: false,
  },
  ERR_INVALID_EVENT: {
    cause: "An event does not match the schema given for its kind.",
    done: "No listener of the event was called. The position advances, so it does not come again.",
    phases: ["event"],
    retryable: false,
  },
  ERR_STORAGE: {
    cause: "Storage is full, forbidden, failing or holds a record that cannot be read.",
    done: "The connection is untouched. What could not be written is not there after a restart; a record that cannot be read counts as absent.",
    phases: ["storage"],
    retryable: true,
  },
  ERR_ABORTED: {
    cause:
      "`disconnect()` while the call was pending, or a call that would dial although `disconnect()`, the mode or the background wants no connection.",
    done: "Nothing was dialled. (A call given up by its own `signal` rejects with the signal's reason, a `send()` with this code.)",
    phases: ["call", "send"],
    retryable: false,
  },
  ERR_DISPOSED: {
    cause: "A call on a client after `dispose()`, or one that was pending then.",
    done: "The client is closed and detached; the user is not logged out.",
    phases: ["call", "auth", "send"],
    retryable: false,
  },
  ERR_INVALID_ARGUMENT: {
    cause:
      "An argument is not what the call takes: no app id, no usable URL, `init()` again with other arguments, data that JSON cannot hold; or REST answered with another 4xx than 401, 403 and 429.",
    done: "Nothing.",
    phases: ["init", "call", "auth", "send"],
    retryable: false,
  },
  ERR_REPLACED: {
    cause: "A newer instance with the same `device` connected (close 4409).",
    done: "Phase `failed`: no more attempts.",
    phases: ["linked", "handshake"],
    retryable: false,
  },
};

const section = (code: ErrorCode): string => {
  const { cause, done, phases, retryable } = reference[code];
  const again = retryable === "either" ? "it says so itself" : retryable ? "yes" : "no";
  return `## ${code}

**Cause.** ${cause}

**Done and not done.** ${done}

**What to do.** ${remediation({ code })}

\`phase\`: ${phases.map((phase) => `\`${phase}\``).join(", ")}. \`retryable\`: ${again}.
`;
};

/** The whole of docs/errors.md. */
export const errorDocument = (): string => {
  const codes = Object.keys(reference) as ErrorCode[];
  return `# Errors

<!-- Written by \`pnpm errors\` from scripts/lib/errorReference.ts and packages/core/src/remediation.ts: change those. -->

Everything that a client throws, rejects with or tells is a \`ConnectionError\`: an \`Error\` with \`code\`, \`phase\` (where in the life of a connection it arose), \`retryable\` (the same
call, or the client by itself, may succeed later without a change in the app), \`closeCode?\`, \`retryAfterMs?\`, \`details\`, \`cause\`. The facade calls the class \`CometChatException\`.
Match by \`code\`; \`isConnectionError(value)\` is true for errors of any copy of the package. \`remediation(error)\` of \`@cc/sdk/remediation\` is the text under "What to do".
The first five codes are CometChat's, in its spelling.

The gateway's own refusals over HTTP are in [rest.md](rest.md#refusals); close codes of the wire in [protocol.md](protocol.md#12-close-codes).

${codes.map((code) => `- [${code}](#${code.toLowerCase()})`).join("\n")}

${codes.map(section).join("\n")}`;
};
