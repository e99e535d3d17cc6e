/**
 * A WebSocket server for the link conformance suite: what it does to a link stands in the link's own URL, so that the
 * suite drives it from wherever the adapter lives, a browser included.
 *
 * Law: it does nothing that the path does not say, and remembers what it saw of each link by the `id` in its query.
 * `GET /seen?id=…&until=begun|ended` answers with that as JSON, as soon as it is so.
 *
 * | path | what happens |
 * |---|---|
 * | `/echo` | each message comes back as it was |
 * | `/greet?n=3` | n texts "0", "1", … in one burst, sent together with the answer to the upgrade |
 * | `/close?code=4001&reason=x` | closes as soon as it is open; without `code` by an empty close frame |
 * | `/drop` | ends the TCP connection as soon as it is open, without a close frame |
 * | `/mute` | accepts, and reads nothing: half-open, until `GET /listen?id=…` |
 * | `/refuse?status=503&retryAfter=7` | answers the upgrade with that |
 * | `/hang` | takes the upgrade request and never answers |
 * | `/reset` | ends the TCP connection instead of an answer |
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

export interface LinkServer {
  /** `ws://127.0.0.1:port`, without a path. */
  readonly url: string;
  /** `ws://127.0.0.1:port` where nobody listens. */
  readonly refusedUrl: string;
  /** Ends every connection, then the server. */
  close(): Promise<void>;
}

/** What the server saw of one link. */
interface Seen {
  begun: boolean;
  /** The TCP connection is over. */
  ended: boolean;
  /** Of the client's close frame; `null`: it sent none. 1005: one without a code. */
  code: number | null;
  reason: string;
  messages: number;
}

/** Starts one on a free port of loopback. */
export async function startLinkServer(): Promise<LinkServer> {
  const links = new Map<string, Seen>();
  const muted = new Map<string, Duplex>();
  const sockets = new Set<Duplex>();
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const look of [...waiting]) look();
  };
  const seenOf = (id: string): Seen => {
    const seen = links.get(id) ?? { begun: false, ended: false, code: null, reason: "", messages: 0 };
    links.set(id, seen);
    return seen;
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = urlOf(request);
    const id = searchParams.get("id") ?? "";
    response.setHeader("access-control-allow-origin", "*");
    if (pathname === "/listen") {
      muted.get(id)?.resume();
      response.end("{}");
      return;
    }
    const seen = seenOf(id);
    const until = searchParams.get("until") === "begun" ? "begun" : "ended";
    const look = (): void => {
      if (!seen[until]) return;
      waiting.delete(look);
      response.end(JSON.stringify(seen));
    };
    waiting.add(look);
    response.on("close", () => waiting.delete(look));
    look();
  };

  const server = createServer(answer);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1 << 30 });

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { pathname, searchParams } = urlOf(request);
    const id = searchParams.get("id") ?? "";
    const seen = seenOf(id);
    // Without a listener a reset by the client would end the process.
    socket.on("error", () => {});
    let upgraded = false;
    const ended = (): void => {
      seen.ended = true;
      changed();
    };
    socket.on("close", () => {
      // An open link ends when its close code is known, which is later.
      if (!upgraded) ended();
    });
    seen.begun = true;
    changed();
    if (pathname === "/hang") {
      // Reading on is what notices that the client has gone; its end alone would leave our half open.
      socket.on("end", () => socket.destroy()).resume();
      return;
    }
    if (pathname === "/reset") return void socket.destroy();
    if (pathname === "/refuse") {
      const retryAfter = searchParams.get("retryAfter");
      const header = retryAfter === null ? "" : `retry-after: ${retryAfter}\r\n`;
      // Over when the answer is out: a client may keep its half for a while (WebKitGTK does on a busy machine).
      socket.end(`HTTP/1.1 ${searchParams.get("status")} No\r\n${header}content-length: 2\r\n\r\nno`, () =>
        socket.destroy(),
      );
      return;
    }
    // One packet for the answer and what follows it at once: nothing of it may be lost.
    socket.cork();
    upgrades.handleUpgrade(request, socket, head, (client) => {
      upgraded = true;
      client.on("error", () => {});
      client.on("close", (code, reason) => {
        if (code !== 1006) seen.code = code;
        seen.reason = reason.toString();
        ended();
      });
      client.on("message", () => {
        seen.messages += 1;
      });
      treat(client, socket, pathname, searchParams);
      if (pathname === "/mute") muted.set(id, socket);
    });
    process.nextTick(() => socket.uncork());
  });

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    refusedUrl: `ws://127.0.0.1:${await freePort()}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function treat(client: WebSocket, socket: Duplex, pathname: string, query: URLSearchParams): void {
  switch (pathname) {
    case "/echo":
      client.on("message", (data, isBinary) => client.send(data, { binary: isBinary }));
      return;
    case "/greet":
      for (let n = 0; n < Number(query.get("n")); n++) client.send(String(n));
      return;
    case "/close": {
      const code = query.get("code");
      client.close(code === null ? undefined : Number(code), query.get("reason") ?? undefined);
      return;
    }
    case "/drop":
      // After the answer to the upgrade is out; a reset would take it back.
      process.nextTick(() => socket.end());
      return;
    case "/mute":
      socket.pause();
  }
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? "/", "http://link.server");
}

/** A port that was free a moment ago. Another process may take it, one time in tens of thousands. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
