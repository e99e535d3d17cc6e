/** The options of Node's `createClient` (9.2): one way to the gateway for the WebSocket and for REST, over real TLS and a real proxy. */
import { createServer } from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Gateway } from "@cc/gateway";
import { createClient } from "@cc/sdk";
import { HttpsProxyAgent } from "https-proxy-agent";
import { describe, expect, it, onTestFinished } from "vitest";
import { certificate, key } from "../support/secure-server.js";
import { keys, startGateway } from "./world.js";

/** Starts it on loopback for the test that runs; the answer is its port. */
async function listen(server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const join = (one: Socket, other: Socket): void => {
  one.on("error", () => other.destroy()).pipe(other);
  other.on("error", () => one.destroy()).pipe(one);
};

interface Far {
  readonly gateway: Gateway;
  /** Where TLS ends, with a certificate that Node does not know. */
  readonly port: number;
  /** Each HTTP request as it came: the request line and its headers. */
  readonly requests: string[];
}

async function secureGateway(): Promise<Far> {
  const gateway = await startGateway();
  onTestFinished(() => gateway.close());
  const requests: string[] = [];
  const port = await listen(
    createTlsServer({ key, cert: certificate }, (socket) => {
      socket.on("data", (data: Buffer) => {
        const text = data.toString("latin1");
        if (/^[A-Z]+ \/\S* HTTP\/1\.1\r\n/.test(text)) requests.push(text.slice(0, text.indexOf("\r\n\r\n")));
      });
      const { host, port: to } = gateway.address;
      join(socket, connect(to, host));
    }),
  );
  return { gateway, port, requests };
}

/** A CONNECT proxy, and what it was asked for. */
async function connectProxy(): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer().on("connect", ({ url = "" }, socket: Socket) => {
    asked.push(url);
    const [host, port] = url.split(":");
    const to = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      join(socket, to);
    });
    to.on("error", () => socket.destroy());
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, asked };
}

describe("Node options", () => {
  it("[B9.2] a CA of your own, a proxy agent and headers: login, link and logout all go that way", async () => {
    const far = await secureGateway();
    const proxy = await connectProxy();
    const client = createClient({
      url: `https://127.0.0.1:${far.port}`,
      ca: certificate,
      agent: new HttpsProxyAgent(proxy.url),
      headers: { "x-tenant": "blue", authorization: "Basic edge" },
    });
    onTestFinished(() => client.dispose());
    await client.init(keys.appId);
    await client.login("ann", keys.authKey);
    await client.until("linked", { timeoutMs: 10_000 });
    await expect(client.send("user:bob", "message", 1)).resolves.toMatchObject({ n: expect.any(Number) });
    await expect(client.logout()).resolves.toEqual({ revoked: true });
    expect(far.requests.map((request) => request.split(" ", 2).join(" "))).toEqual([
      "POST /v1/login",
      "GET /v1/connect",
      "POST /v1/logout",
    ]);
    for (const request of far.requests) expect(request).toMatch(/\r\nx-tenant: blue(\r\n|$)/i);
    // The request's own header wins.
    expect(far.requests.map((request) => /authorization: (\w+)/i.exec(request)?.[1])).toEqual([
      "Basic",
      "Basic",
      "Bearer",
    ]);
    expect(proxy.asked).toEqual(Array(3).fill(`127.0.0.1:${far.port}`));
  });

  it("[B9.2][B7.1] without that CA neither REST nor the link trusts the server, and the error says why", async () => {
    const far = await secureGateway();
    const url = `https://127.0.0.1:${far.port}`;
    const client = createClient({
      url,
      auth: { ...never, login: async () => ({ user: { uid: "ann" }, token: "t", expiresInMs: null }) },
    });
    onTestFinished(() => client.dispose());
    await client.init(keys.appId);
    await client.login("ann", keys.authKey);
    const failed = await client.until(({ error }) => error !== null, { timeoutMs: 10_000 });
    const untrusted = { code: "DEPTH_ZERO_SELF_SIGNED_CERT" };
    expect(failed.error).toMatchObject({ code: "ERR_WEBSOCKET_ERROR", phase: "transport", cause: untrusted });
    const plain = createClient({ url });
    onTestFinished(() => plain.dispose());
    await plain.init(keys.appId);
    await expect(plain.login("ann", keys.authKey)).rejects.toMatchObject({
      code: "ERR_WEBSOCKET_ERROR",
      phase: "auth",
      cause: untrusted,
    });
    expect(far.requests).toEqual([]);
  });

  it("[B9.2] a region is a URL: the client goes where its region lies, and an unknown one is refused", async () => {
    const [eu, us] = await Promise.all([startGateway(), startGateway()]);
    onTestFinished(async () => void (await Promise.all([eu.close(), us.close()])));
    const regions = { eu: eu.url, us: us.url };
    const client = createClient({ regions });
    onTestFinished(() => client.dispose());
    await expect(client.init(keys.appId, { region: "mars" })).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" });
    await client.init(keys.appId, { region: "us" });
    await client.login("ann", keys.authKey);
    await client.until("linked", { timeoutMs: 10_000 });
    expect([eu.stats().linked, us.stats().linked]).toEqual([0, 1]);
  });
});

const none = (): Promise<never> => Promise.reject(new Error("not asked for"));
const never = { login: none, me: none, refresh: none, revoke: none };
