/** The login API over `fetch`, as the gateway serves it (docs/rest.md). A token stands in a header, never in a URL. */
import { connectionError } from "@cc/core";
import type { AuthApi, AuthResult, Fetch, FetchResponse } from "./types.js";

/** `request`: the platform's `fetch`, or what stands in for it. */
export function restAuth(base: string, request: Fetch = fetch): AuthApi {
  async function call(path: string, signal: AbortSignal, token?: string, body?: unknown): Promise<unknown> {
    let response: FetchResponse;
    try {
      response = await request(`${base}/v1/${path}`, {
        method: path === "me" ? "GET" : "POST",
        signal,
        headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (signal.aborted) throw signal.reason;
      throw connectionError("ERR_WEBSOCKET_ERROR", `${base} cannot be reached`, "auth", { retryable: true, cause });
    }
    const { status, headers } = response;
    const answer = (await response.json().catch(() => {})) as { error?: { message?: string } } | undefined;
    if (response.ok) return answer;
    const retryable = status === 429 || status >= 500;
    const seconds = Number(headers.get("retry-after"));
    throw connectionError(
      retryable
        ? "ERR_SERVER_OVERLOADED"
        : status === 401 || status === 403
          ? "ERR_AUTH_REJECTED"
          : "ERR_INVALID_ARGUMENT",
      answer?.error?.message ?? `HTTP ${status}`,
      "auth",
      {
        retryable,
        details: { httpStatus: status },
        ...(retryable && seconds > 0 && { retryAfterMs: seconds * 1000 }),
      },
    );
  }
  const result = async (answer: Promise<unknown>, token?: string): Promise<AuthResult> => {
    const { user, token: fresh = token, expiresInMs = null } = ((await answer) ?? {}) as Partial<AuthResult>;
    if (user && fresh !== undefined) return { user, token: fresh, expiresInMs };
    throw connectionError("ERR_PROTOCOL", `${base} did not answer a login`, "auth");
  };
  return {
    login: (uid, authKey, signal, name) => result(call("login", signal, undefined, { uid, authKey, name })),
    me: (token, signal) => result(call("me", signal, token), token),
    refresh: (token, signal) => result(call("refresh", signal, token)),
    revoke: (token, signal) => call("logout", signal, token) as Promise<void>,
    reachable: async (signal) => (await request(`${base}/healthz`, { method: "GET", headers: {}, signal })).ok,
  };
}
