/** The login API over `fetch`, as the gateway serves it (docs/rest.md). A token stands in a header, never in a URL. */
import { type ConnectionError, connectionError } from "@cc/core";
import type { AuthApi, AuthResult, Fetch, FetchResponse } from "./types.js";

/** `request`: the platform's `fetch`, or what stands in for it. */
export function restAuth(base: string, request: Fetch = fetch): AuthApi {
  async function call(
    method: string,
    path: string,
    signal: AbortSignal,
    token?: string,
    body?: unknown,
  ): Promise<unknown> {
    let response: FetchResponse;
    try {
      response = await request(base + path, {
        method,
        signal,
        headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw connectionError("ERR_WEBSOCKET_ERROR", `${base} cannot be reached`, "auth", { retryable: true, cause });
    }
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer;
    throw refusal(response, answer);
  }
  const result = async (answer: Promise<unknown>, token?: string): Promise<AuthResult> => {
    const { user, token: fresh = token, expiresInMs = null } = ((await answer) ?? {}) as Partial<AuthResult>;
    if (user === undefined || fresh === undefined) {
      throw connectionError("ERR_PROTOCOL", `${base} answered something else than a login`, "auth");
    }
    return { user, token: fresh, expiresInMs };
  };
  return {
    login: (uid, authKey, signal) => result(call("POST", "/v1/login", signal, undefined, { uid, authKey })),
    me: (token, signal) => result(call("GET", "/v1/me", signal, token), token),
    refresh: (token, signal) => result(call("POST", "/v1/refresh", signal, token)),
    revoke: (token, signal) => call("POST", "/v1/logout", signal, token) as Promise<void>,
  };
}

function refusal({ status, headers }: FetchResponse, answer: unknown): ConnectionError {
  const message = (answer as { error?: { message?: string } } | undefined)?.error?.message ?? `HTTP ${status}`;
  const details = { httpStatus: status };
  if (status === 429 || status >= 500) {
    const seconds = Number(headers.get("retry-after"));
    return connectionError("ERR_SERVER_OVERLOADED", message, "auth", {
      retryable: true,
      details,
      ...(seconds > 0 && { retryAfterMs: seconds * 1000 }),
    });
  }
  const code = status === 401 || status === 403 ? "ERR_AUTH_REJECTED" : "ERR_INVALID_ARGUMENT";
  return connectionError(code, message, "auth", { details });
}
