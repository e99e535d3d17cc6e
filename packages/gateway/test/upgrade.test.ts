/** Upgrades that become no link, and why. */
import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { Gateway } from "../src/index.js";
import { call, dial, start } from "./support/start.js";

interface Refusal {
  readonly status: number;
  readonly error: { readonly code: string; readonly message: string };
}

/** What a client in Node can read of a refused upgrade. */
const refusalOf = (
  url: string,
  protocols: string[],
  headers: Readonly<Record<string, string>> = {},
): Promise<Refusal> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocols, { headers: { ...headers } });
    socket.on("open", () => {
      socket.terminate();
      reject(new Error("the upgrade was accepted"));
    });
    socket.on("error", () => {});
    socket.on("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, ...(JSON.parse(text) as Omit<Refusal, "status">) }),
      );
    });
  });

describe("the upgrade", () => {
  it("needs the subprotocol cc.1, offered alone or among others", async () => {
    const gateway = await start();
    expect(await refusalOf(gateway.wsUrl, [])).toMatchObject({ status: 400, error: { code: "ERR_SUBPROTOCOL" } });
    expect(await refusalOf(gateway.wsUrl, ["cc.2", "graphql-ws"])).toMatchObject({
      status: 400,
      error: { code: "ERR_SUBPROTOCOL" },
    });
    const link = await dial(gateway, "alice", { protocols: ["cc.2", "cc.1"] });
    await link.named("welcome");
    expect([link.socket.protocol, link.socket.extensions]).toEqual(["cc.1", ""]);
  });

  it("a plain request to the endpoint is told what it is: 426", async () => {
    const gateway = await start();
    const answer = await call(gateway, "/v1/connect", { method: "GET" });
    expect(answer).toMatchObject({ status: 426, body: { error: { code: "ERR_UPGRADE_REQUIRED" } } });
  });

  it("another path is 404, with the right one in the message", async () => {
    const gateway = await start();
    const answer = await refusalOf(gateway.wsUrl.replace("/v1/connect", "/ws"), ["cc.1"]);
    expect(answer).toMatchObject({
      status: 404,
      error: { code: "ERR_NOT_FOUND", message: expect.stringContaining("/v1/connect") },
    });
  });

  it("a page of an origin that is not listed is refused, a listed one and a program are not", async () => {
    const gateway = await start({ origins: ["https://app.example"] });
    expect(await refusalOf(gateway.wsUrl, ["cc.1"], { origin: "https://evil.example" })).toMatchObject({
      status: 403,
      error: { code: "ERR_ORIGIN" },
    });
    await (await dial(gateway, "alice", { headers: { origin: "https://app.example" } })).named("welcome");
    await (await dial(gateway, "alice")).named("welcome");
  });

  it("no origin is listed by default", async () => {
    const gateway = await start();
    expect(await refusalOf(gateway.wsUrl, ["cc.1"], { origin: "http://localhost:5173" })).toMatchObject({
      status: 403,
    });
  });

  it("a garbled handshake is answered in the same shape", async () => {
    const gateway = await start();
    expect(await garbled(gateway)).toMatchObject({ status: 400, error: { code: "ERR_INVALID_ARGUMENT" } });
  });
});

const garbled = ({ address }: Gateway): Promise<Refusal> =>
  new Promise((resolve, reject) => {
    const sent = request({
      ...address,
      path: "/v1/connect",
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-key": "short",
        "sec-websocket-version": "13",
        "sec-websocket-protocol": "cc.1",
      },
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, ...(JSON.parse(text) as Omit<Refusal, "status">) }),
      );
    });
    sent.end();
  });
