/** Who presents himself, and the login by key that a development gateway offers. */
import { type Answer, ask } from "./http.js";
import type { Bounds } from "./network.js";
import { Fault, isSystemError } from "./report.js";
import type { Place } from "./target.js";

export type Credentials =
  | { readonly how: "token"; readonly token: string }
  | { readonly how: "authKey"; readonly uid: string; readonly authKey: string };

/** Logs in by `uid` and `authKey`, as a development client does. */
export async function logIn(
  place: Place,
  { uid, authKey }: { uid: string; authKey: string },
  bounds: Bounds,
): Promise<string> {
  const answer = await call(place, "/v1/login", bounds, { method: "POST", body: { uid, authKey } });
  const { status, problem, body } = answer;
  if (status === 200) {
    const { token } = parse(body);
    if (typeof token === "string") return token;
  }
  const detail = `login: HTTP ${status}${problem ? ` ${problem.code}: ${problem.message}` : ""}`;
  const refused = (code: string, meaning: string, remedy: string): Fault =>
    new Fault(detail, { code, meaning, remedy }, { status, ...(problem && { code: problem.code }) });
  if (status === 401) {
    throw refused(
      "LOGIN_REFUSED",
      "The auth key is not that of this app.",
      "Compare it with the gateway's --auth-key.",
    );
  }
  if (status === 403) {
    throw refused(
      "LOGIN_DISABLED",
      "This gateway logs nobody in by key, as in production.",
      "Let your server mint a token (POST /v1/tokens), and pass it by --token.",
    );
  }
  if (status === 404) {
    throw refused(
      "LOGIN_UNKNOWN_USER",
      "The gateway does not know this user, or has no login at this path.",
      "Check --uid, and create the user (POST /v1/users); check the prefix of the URL.",
    );
  }
  if (status === 429) {
    throw refused(
      "LOGIN_LIMITED",
      "Too many requests, or too many wrong keys, came from this address.",
      "Wait a minute, and check the key before the next try.",
    );
  }
  throw refused(
    "LOGIN_FAILED",
    "The login was answered by something else than a login.",
    "Look into the gateway's log; check that it is a gateway that answers at this path.",
  );
}

/** Ends a login that was made here; that it cannot be ended is no finding. */
export async function logOut(place: Place, token: string, bounds: Bounds): Promise<void> {
  await call(place, "/v1/logout", bounds, { method: "POST", headers: { authorization: `Bearer ${token}` } }).catch(
    () => {},
  );
}

const call = (place: Place, path: string, bounds: Bounds, asking: Parameters<typeof ask>[4]): Promise<Answer> => {
  const failed = (detail: string): Fault =>
    new Fault(`login: ${detail}`, {
      code: "LOGIN_FAILED",
      meaning: "The gateway answered before, and not to the login.",
      remedy: "Look into the gateway's log.",
    });
  return ask(place, path, bounds, () => failed(`no answer within ${bounds.timeoutMs} ms`), asking).catch(
    (error: unknown) => {
      throw isSystemError(error) ? failed(error.code) : error;
    },
  );
};

function parse(text: string): { readonly token?: unknown } {
  try {
    return (JSON.parse(text) as { token?: unknown } | null) ?? {};
  } catch {
    return {};
  }
}
