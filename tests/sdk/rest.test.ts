/** `restAuth()`: what a server's answers mean to a login, over real HTTP; and that a token stands in no URL. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { restAuth } from "@cc/sdk/portable";
import { describe, expect, it, onTestFinished } from "vitest";

interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

async function serve(answer: (request: IncomingMessage) => Answer | undefined) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    asked.push({ method, url, authorization: headers.authorization, body });
    const said = answer(request);
    if (said === undefined) return;
    response.writeHead(said.status ?? 200, { "content-type": "application/json", ...said.headers });
    response.end(said.body ?? "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const { signal } = new AbortController();
const ok = JSON.stringify({ user: { uid: "ann", name: "Ann" }, token: "secret-2", expiresInMs: 1_000 });

describe("restAuth()", () => {
  it("[B2.2][B2.6] login, me, refresh and revoke; the token in a header, never in a URL", async () => {
    const { asked, url } = await serve(() => ({ body: ok }));
    const api = restAuth(`${url}/prefix`);
    const fresh = { user: { uid: "ann", name: "Ann" }, token: "secret-2", expiresInMs: 1_000 };
    expect(await api.login("ann", "key", signal)).toEqual(fresh);
    expect(await api.me("secret", signal)).toEqual(fresh);
    expect(await api.refresh("secret", signal)).toEqual(fresh);
    await api.revoke("secret", signal);
    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      "POST /prefix/v1/login",
      "GET /prefix/v1/me",
      "POST /prefix/v1/refresh",
      "POST /prefix/v1/logout",
    ]);
    expect(asked.map(({ authorization }) => authorization)).toEqual([
      undefined,
      "Bearer secret",
      "Bearer secret",
      "Bearer secret",
    ]);
    expect(JSON.parse(asked[0]?.body ?? "")).toEqual({ uid: "ann", authKey: "key" });
  });

  it("[B2.2] `me` answers no token: it is the one that was asked about, its life unknown unless told", async () => {
    const { url } = await serve(() => ({ body: JSON.stringify({ user: { uid: "ann" } }) }));
    expect(await restAuth(url).me("mine", signal)).toEqual({ user: { uid: "ann" }, token: "mine", expiresInMs: null });
  });

  it.each([
    [401, "ERR_AUTH_REJECTED", false],
    [403, "ERR_AUTH_REJECTED", false],
    [400, "ERR_INVALID_ARGUMENT", false],
    [429, "ERR_SERVER_OVERLOADED", true],
    [500, "ERR_SERVER_OVERLOADED", true],
    [503, "ERR_SERVER_OVERLOADED", true],
  ] as const)("[B7.1] HTTP %i is %s", async (status, code, retryable) => {
    const body = JSON.stringify({ error: { code: "X", message: "the server's words" } });
    const { url } = await serve(() => ({ status, body, headers: { "retry-after": "7" } }));
    await expect(restAuth(url).login("ann", "key", signal)).rejects.toMatchObject({
      name: "ConnectionError",
      code,
      retryable,
      phase: "auth",
      message: "the server's words",
      details: { httpStatus: status },
      ...(retryable && { retryAfterMs: 7_000 }),
    });
  });

  it("[B7.1] something else than a login, or than JSON, is ERR_PROTOCOL; nobody there is ERR_WEBSOCKET_ERROR", async () => {
    const bodies = ["", "<html>", "null", "7", "{}", '{"user":{"uid":"ann"}}'];
    const { url } = await serve(() => ({ body: bodies.shift() ?? "" }));
    for (const _ of [...bodies])
      await expect(restAuth(url).login("ann", "key", signal)).rejects.toMatchObject({ code: "ERR_PROTOCOL" });
    await expect(restAuth("http://127.0.0.1:9").login("ann", "key", signal)).rejects.toMatchObject({
      code: "ERR_WEBSOCKET_ERROR",
      retryable: true,
      phase: "auth",
    });
  });

  it("[B2.5] an abort ends the request with the signal's reason", async () => {
    const { asked, url } = await serve(() => undefined);
    const abort = new AbortController();
    const pending = restAuth(url).revoke("secret", abort.signal);
    await expect.poll(() => asked.length).toBe(1);
    abort.abort(new Error("enough"));
    await expect(pending).rejects.toEqual(new Error("enough"));
  });
});
