/** Servers of loopback with one fault each, for the examination to find. Law: each lives as long as the test that started it. */
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer } from "node:tls";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import type { Made } from "../support/certificates.js";

interface Listener {
  listen(port: number, host: string, then: () => void): unknown;
  address(): AddressInfo | string | null;
  close(): unknown;
  on(event: "connection", listener: (socket: Socket) => void): unknown;
}

/** Starts it on a free port; every connection ends with the test. */
async function started(server: Listener): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A TCP server that does this with each connection. */
export const tcpServer = (take: (socket: Socket) => void): Promise<number> => started(createTcpServer(take));

/** TLS with this certificate before a plain port. */
export function tlsBefore({ cert, key }: Made, port: number): Promise<number> {
  return started(
    createTlsServer({ cert, key }, (socket) => {
      const upstream = connect(port, "127.0.0.1");
      for (const one of [socket, upstream]) one.on("error", () => {});
      socket.pipe(upstream).pipe(socket);
    }),
  );
}

export interface Site {
  readonly page?: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** What a healthy gateway says. */
export const wellPage: NonNullable<Site["page"]> = ({ url }, response) => {
  response.setHeader("content-type", "application/json");
  response.end(url === "/healthz" ? '{"status":"ok"}' : '{"ready":true,"draining":false,"linked":0}');
};

/** An HTTP server. Without `upgrade` it takes an upgrade for a page, as Node does. */
export function site({ page = wellPage, upgrade }: Site): Promise<number> {
  const server: Server = createServer(page);
  if (upgrade) server.on("upgrade", upgrade);
  return started(server);
}

type Chooses = (offered: Set<string>) => string | false;

/** Takes every upgrade, chooses a subprotocol (default: `cc.1`), and does this with the open socket. */
export function linkUpgrade(
  take: (socket: WebSocket) => void,
  handleProtocols: Chooses = () => "cc.1",
): NonNullable<Site["upgrade"]> {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols });
  return (request, socket, head) => sockets.handleUpgrade(request, socket, head, take);
}

/** A gateway that is well until the socket is open. */
export const linkSite = (take: (socket: WebSocket) => void, chooses?: Chooses): Promise<number> =>
  site({ upgrade: linkUpgrade(take, chooses) });

/** A reverse proxy that knows requests and answers only: hop-by-hop headers, `Upgrade` among them, end at it. */
export function plainProxy(target: number): Promise<number> {
  const forward = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { upgrade: _upgrade, connection: _connection, ...headers } = incoming.headers;
    const onward = request({ port: target, host: "127.0.0.1", method: incoming.method, path: incoming.url, headers });
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  };
  return site({ page: forward });
}

/** A proxy that closes a connection on which nothing went for so long. */
export const impatientProxy = (target: number, idleMs: number): Promise<number> =>
  tcpServer((socket) => {
    const upstream = connect(target, "127.0.0.1");
    upstream.on("error", () => {});
    socket.setTimeout(idleMs, () => {
      socket.destroy();
      upstream.destroy();
    });
    socket.pipe(upstream).pipe(socket);
  });

/** A port where nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A port that swallows connection requests: its process is stopped and its queue full, so that the kernel drops what comes. */
export async function swallowingPort(): Promise<number> {
  const program =
    'require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () { console.log(this.address().port); });';
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const port = await new Promise<number>((resolve) => child.stdout.once("data", (data) => resolve(Number(data))));
  child.kill("SIGSTOP");
  const fillers = Array.from({ length: 8 }, () => connect(port, "127.0.0.1"));
  onTestFinished(() => {
    for (const filler of fillers) filler.destroy();
  });
  await new Promise<void>((resolve) => {
    let standing = 0;
    for (const filler of fillers) {
      filler.on("error", () => {});
      filler.on("connect", () => {
        standing += 1;
        if (standing === 2) resolve();
      });
    }
  });
  return port;
}
