/** The edge of the HTTP side: sizes, origins, health, metrics, and what is not there. */
import { describe, expect, it } from "vitest";
import { authKey, call, linked, start } from "./support/start.js";

const error = (code: string) => ({ error: expect.objectContaining({ code, message: expect.any(String) }) });

describe("the edge of HTTP", () => {
  it("a body of unannounced length is counted as it comes, and one that fits is read", async () => {
    const gateway = await start({ limits: { bodyBytes: 2_000 } });
    const chunked = (chunks: readonly string[]): Promise<Response> => {
      // The types of the DOM, which the browser tests bring, do not know `duplex`.
      const init: RequestInit & { readonly duplex: "half" } = {
        method: "POST",
        body: new ReadableStream({
          start: (controller) => {
            for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
            controller.close();
          },
        }),
        duplex: "half",
      };
      return fetch(`${gateway.url}/v1/login`, init);
    };
    expect((await chunked(['{"uid":"alice",', `"authKey":"${authKey}"}`])).status).toBe(200);
    expect((await chunked(Array.from({ length: 30 }, () => "x".repeat(100)))).status).toBe(413);
  });

  it("a body above the limit is refused before it is read whole", async () => {
    const gateway = await start({ limits: { bodyBytes: 2_000 } });
    const answer = await call(gateway, "/v1/login", { body: { uid: "alice", authKey: "x".repeat(3_000) } });
    expect(answer).toMatchObject({ status: 413, body: error("ERR_MESSAGE_TOO_LARGE") });
  });

  it("a body nested too deep is not what a request takes, and is no fault of the gateway", async () => {
    const gateway = await start();
    const body = `{"kind":"app","data":${"[".repeat(30_000)}${"]".repeat(30_000)}}`;
    for (const path of ["/v1/users/bob/events", "/v1/login"])
      expect(await call(gateway, path, { key: true, body })).toMatchObject({
        status: 400,
        body: error("ERR_INVALID_ARGUMENT"),
      });
  });

  it("a listed origin may call and reads the answers, errors too; a page of another origin may not", async () => {
    const gateway = await start({ origins: ["https://app.example"] });
    const headers = { origin: "https://app.example" };
    const good = await call(gateway, "/v1/login", { body: { uid: "alice", authKey }, headers });
    expect([good.status, good.headers.get("access-control-allow-origin")]).toEqual([200, "https://app.example"]);
    const wrong = await call(gateway, "/v1/login", { body: { uid: "alice", authKey: "wrong" }, headers });
    expect([wrong.status, wrong.headers.get("access-control-allow-origin")]).toEqual([401, "https://app.example"]);
    const stranger = await call(gateway, "/v1/login", {
      body: { uid: "alice", authKey },
      headers: { origin: "https://evil.example" },
    });
    expect(stranger).toMatchObject({ status: 403, body: error("ERR_ORIGIN") });
    expect(stranger.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("a preflight allows bearer tokens and never the API key", async () => {
    const gateway = await start({ origins: ["https://app.example"] });
    const preflight = (origin: string) =>
      call(gateway, "/v1/me", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "GET", "access-control-request-headers": "authorization" },
      });
    const allowed = await preflight("https://app.example");
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(allowed.headers.get("access-control-allow-headers")).toContain("authorization");
    expect(allowed.headers.get("access-control-allow-headers")).not.toContain("x-api-key");
    expect((await preflight("https://evil.example")).status).toBe(403);
  });

  it("health, readiness and metrics answer without a key; an unknown path is 404 in the same shape", async () => {
    const gateway = await start();
    await linked(gateway, "alice");
    expect(await call(gateway, "/healthz", { method: "GET" })).toMatchObject({ status: 200, body: { status: "ok" } });
    expect(await call(gateway, "/readyz", { method: "GET" })).toMatchObject({
      status: 200,
      body: { ready: true, draining: false, linked: 1 },
    });
    const metrics = await call(gateway, "/metrics", { method: "GET" });
    expect(metrics.body["text"]).toMatch(/^cc_links 1$/m);
    expect(metrics.body["text"]).toMatch(/^cc_welcomed_total\{recovery="new"\} 1$/m);
    expect(await call(gateway, "/v1/nothing", { method: "GET" })).toMatchObject({
      status: 404,
      body: error("ERR_NOT_FOUND"),
    });
    expect(await call(gateway, "/nothing", { method: "GET" })).toMatchObject({
      status: 404,
      body: error("ERR_NOT_FOUND"),
    });
  });

  it("two gateways in one process count apart", async () => {
    const [one, other] = [await start(), await start()];
    await linked(one, "alice");
    expect((await call(one, "/metrics", { method: "GET" })).body["text"]).toMatch(/^cc_links 1$/m);
    expect((await call(other, "/metrics", { method: "GET" })).body["text"]).toMatch(/^cc_links 0$/m);
  });
});
