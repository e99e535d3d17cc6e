/** A network that lets HTTPS through and strips the upgrade of WebSockets (7.5), on real sockets. */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Gateway } from "@cc/gateway";
import { createClient } from "@cc/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { brisk, keys, startGateway } from "./world.js";

/** How the proxy answers an upgrade: as one that does not know it, or as one that hands on what is left of the request. */
type Answer = "400" | "stripped" | "through";

interface Stripping {
  readonly url: string;
  answer: Answer;
  /** Paths asked for by plain HTTP. */
  readonly plain: string[];
}

async function strippingProxy(gateway: Gateway): Promise<Stripping> {
  const { host, port } = gateway.address;
  const plain: string[] = [];
  const proxy: { answer: Answer } = { answer: "400" };
  const forward = (
    { method, url, headers }: IncomingMessage,
    body: IncomingMessage,
    to: (from: IncomingMessage) => void,
  ): void => {
    body.pipe(request({ host, port, method, path: url, headers }, to));
  };
  const server = createServer((from: IncomingMessage, response: ServerResponse) => {
    plain.push(from.url ?? "");
    forward(from, from, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
  }).on("upgrade", (from: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on("error", () => {});
    if (proxy.answer === "400") socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    else if (proxy.answer === "stripped") socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    else {
      const to = connect(port, host, () => {
        const lines = from.rawHeaders.flatMap((name, n) => (n % 2 === 0 ? [`${name}: ${from.rawHeaders[n + 1]}`] : []));
        to.write(`GET ${from.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
        to.write(head);
        socket.pipe(to).pipe(socket);
      });
      to.on("error", () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(proxy, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, plain });
}

describe("a proxy that strips upgrades", () => {
  it.each(["400", "stripped"] as const)(
    "[B7.5][R37] is hinted at after three attempts, once; retries go on, and a way through ends it: %s",
    async (answer) => {
      const gateway = await startGateway();
      onTestFinished(() => gateway.close());
      const proxy = await strippingProxy(gateway);
      proxy.answer = answer;
      const client = createClient({ url: proxy.url, policy: brisk });
      onTestFinished(() => client.dispose());
      const hints: number[] = [];
      client.on("error", ({ code }) => {
        if (code === "ERR_TRANSPORT_BLOCKED") hints.push(client.snapshot().attempt);
      });
      await client.init(keys.appId);
      await client.login("ann", keys.authKey);
      const told = await client.until(({ error }) => error?.code === "ERR_TRANSPORT_BLOCKED", { timeoutMs: 10_000 });
      expect(told.error).toMatchObject({ phase: "transport", retryable: true });
      expect(hints[0]).toBeGreaterThanOrEqual(3);
      // Retries go on, and it stays the reason that is shown.
      const later = await client.until(({ attempt, phase }) => attempt > (hints[0] ?? 0) + 1 && phase === "waiting", {
        timeoutMs: 20_000,
      });
      expect([later.error?.code, hints.length]).toEqual(["ERR_TRANSPORT_BLOCKED", 1]);
      expect(proxy.plain).toEqual(["/v1/login", "/healthz"]);
      proxy.answer = "through";
      client.checkNow().catch(() => {});
      await client.until("linked", { timeoutMs: 20_000 });
      await client.until(({ error }) => error === null, { timeoutMs: 10_000 });
    },
  );

  it("[B7.5] nothing is hinted at when the server is down altogether", async () => {
    const gateway = await startGateway();
    const client = createClient({ url: gateway.url, policy: brisk });
    onTestFinished(() => client.dispose());
    const codes: string[] = [];
    client.on("error", ({ code }) => void codes.push(code));
    await client.init(keys.appId, { autoEstablishSocketConnection: false });
    await client.login("ann", keys.authKey);
    await gateway.close();
    client.connect().catch(() => {});
    await client.until(({ attempt }) => attempt > 5, { timeoutMs: 20_000 });
    expect(new Set(codes)).toEqual(new Set(["ERR_WEBSOCKET_ERROR"]));
  });
});
