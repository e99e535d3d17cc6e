/** @cc/transport-ws where it lives: the whole link suite over real sockets, and what only Node can show. */
import { Agent, createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { LinkClose, OpenLink } from "@cc/core";
import { linkConformance } from "@cc/testkit/conformance";
import { type LinkServer, startLinkServer } from "@cc/testkit/node";
import { createWsTransport, type WsTransportOptions } from "@cc/transport-ws";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer } from "ws";
import { builtProgram, startProgram } from "../support/program.js";
import { certificate, secureServer } from "../support/secure-server.js";

let server: LinkServer;
beforeAll(async () => {
  server = await startLinkServer();
});
afterAll(() => server.close());

linkConformance("transport-ws", () => ({ open: createWsTransport(), server, showsRefusals: true }));

const endOf = (open: OpenLink, url: string): Promise<LinkClose> =>
  new Promise((resolve) => {
    open(url, { subprotocols: [] }, { opened() {}, message() {}, closed: resolve });
  });

describe("transport-ws", () => {
  it("[R9][R34] attempts that were given up leave no uncaught error, no call and nothing that keeps the process", async () => {
    const program = startProgram(await builtProgram(new URL("programs/abandon.ts", import.meta.url)), {
      args: [server.url, server.refusedUrl],
    });
    expect(await program.ended()).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
  });

  it("[R12] a `Retry-After` that is past is no wait, one that is nonsense is none at all", async () => {
    const open = createWsTransport();
    const answers = ["Thu, 01 Jan 1970 00:00:00 GMT", "soon", "-5", "1.5", " 3 "].map((value) =>
      endOf(open, `${server.url}/refuse?status=503&retryAfter=${encodeURIComponent(value)}`),
    );
    const waits = (await Promise.all(answers)).map(({ retryAfterMs }) => retryAfterMs);
    expect(waits).toEqual([0, undefined, undefined, undefined, 3000]);
  });

  it("a refused port tells the system's reason", async () => {
    expect(await endOf(createWsTransport(), server.refusedUrl)).toMatchObject({ cause: { code: "ECONNREFUSED" } });
  });

  it("a message above `maxPayloadBytes` ends the link, and the reason is told", async () => {
    const open = createWsTransport({ maxPayloadBytes: 100 });
    const close = await new Promise<LinkClose>((resolve) => {
      const link = open(
        `${server.url}/echo`,
        { subprotocols: [] },
        { opened: () => link.send("x".repeat(101)), message() {}, closed: resolve },
      );
    });
    expect(close).toMatchObject({ code: 1006, cause: { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" } });
  });

  it("text that is not UTF-8 is heard by nobody and ends the link; text of every length in it is", async () => {
    const peer = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    onTestFinished(() => peer.close());
    await new Promise((resolve) => peer.once("listening", resolve));
    const said = ["a", "é".repeat(100), "€🎈", "x".repeat(70_000)];
    const told = new Promise<number>((resolve) => {
      peer.on("connection", (socket, { socket: raw }) => {
        socket.on("close", resolve);
        for (const text of said) socket.send(text);
        // An unmasked text frame of two bytes that begin a character and do not end it, and a good one behind it.
        raw.write(Buffer.from([0x81, 2, 0xe2, 0x82, 0x81, 1, 0x7a]));
      });
    });
    const heard: unknown[] = [];
    const url = `ws://127.0.0.1:${(peer.address() as AddressInfo).port}`;
    const close = await new Promise<LinkClose>((resolve) => {
      const message = (data: unknown): void => void heard.push(data);
      createWsTransport()(url, { subprotocols: [] }, { opened() {}, message, closed: resolve });
    });
    expect(heard).toEqual(said);
    expect(close.cause).toBeInstanceOf(Error);
    expect(await told).toBe(1007);
  });

  it("[B9.2] headers and agent are used; compression is not offered", async () => {
    const { headers, connections } = await upgradeOf({ "x-tenant": "a" });
    expect(headers["x-tenant"]).toBe("a");
    expect(headers["sec-websocket-extensions"]).toBe(undefined);
    expect(connections).toBe(1);
  });

  it("[B9.2] `ca` makes a server of that authority trusted, and no other", async () => {
    const url = await secureServer();
    expect(await endOf(createWsTransport(), url)).toMatchObject({
      code: 1006,
      cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
    });
    // It is an HTTPS server that knows nothing of WebSocket: being refused by it means that TLS stood.
    expect(await endOf(createWsTransport({ ca: certificate }), url)).toMatchObject({ httpStatus: 426 });
  });
});

/** What a server sees of the upgrade, and how many connections the agent made. */
async function upgradeOf(
  headers: NonNullable<WsTransportOptions["headers"]>,
): Promise<{ headers: IncomingHttpHeaders; connections: number }> {
  let seen: IncomingHttpHeaders = {};
  const http = createServer().on("upgrade", (request, socket) => {
    seen = request.headers;
    socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void http.close());
  let connections = 0;
  const agent = new Agent();
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    connections += 1;
    return connect(...args);
  };
  const { port } = http.address() as AddressInfo;
  await endOf(createWsTransport({ headers, agent }), `ws://127.0.0.1:${port}/`);
  return { headers: seen, connections };
}
