/**
 * The way of each seat through the page's own port: `/seats/<id>/…` goes, byte for byte, to that seat's fault proxy. So one port
 * forwarded over SSH is the whole playground.
 *
 * Law: what the network behind does, the browser feels. A reset comes through as a reset, silence as silence, an end as an end.
 * The page's origin has been judged before; the gateway, which knows the page under one name only, is told that name.
 */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

export interface SeatRoute {
  readonly id: string;
  /** Where its bytes go now. */
  target(): { readonly host: string; readonly port: number };
}

export interface SeatRoutes {
  /** Takes the request if its path is a seat's. */
  request(request: IncomingMessage, response: ServerResponse): boolean;
  /** Takes the upgrade if its path is a seat's. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Half-open: the gateway's ends of the standing sockets are closed, and the browser is told nothing, ever. Returns how many. */
  halfOpen(id: string): number;
  /** Resets what stands, on both sides. */
  cut(id: string): void;
  close(): void;
}

interface Pair {
  readonly id: string;
  readonly client: Socket;
  readonly target: Socket;
  /** The browser's side is left alone. */
  forgotten: boolean;
}

/** Headers that a gateway must see otherwise than the browser wrote them. */
const own = new Set(["host", "origin"]);

export function createSeatRoutes(seats: readonly SeatRoute[], origin: string): SeatRoutes {
  const pairs = new Set<Pair>();

  const routeOf = (url: string | undefined): { readonly seat: SeatRoute; readonly path: string } | undefined => {
    const [, id, path] = /^\/seats\/([^/]+)(\/.*)$/.exec(url ?? "") ?? [];
    const seat = seats.find((one) => one.id === id);
    return seat && path !== undefined ? { seat, path } : undefined;
  };

  const headersOf = ({ rawHeaders }: IncomingMessage, host: string): [string, string][] => {
    const headers: [string, string][] = [["Host", host]];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      const [name = "", value = ""] = [rawHeaders[i], rawHeaders[i + 1]];
      if (!own.has(name.toLowerCase())) headers.push([name, value]);
      else if (name.toLowerCase() === "origin") headers.push([name, origin]);
    }
    return headers;
  };

  const reset = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.target.resetAndDestroy();
  };

  return {
    request(request, response) {
      const route = routeOf(request.url);
      if (route === undefined) return false;
      const { host, port } = route.seat.target();
      const headers: Record<string, string> = Object.fromEntries(headersOf(request, `${host}:${port}`));
      const onward = httpRequest(
        // A connection each, as the faults are done to connections.
        {
          host,
          port,
          path: route.path,
          method: request.method,
          headers: { ...headers, connection: "close" },
          agent: false,
        },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, { ...answer.headers, connection: "close" });
          answer.pipe(response);
          answer.on("error", () => request.socket.resetAndDestroy());
        },
      );
      onward.on("error", () => request.socket.resetAndDestroy());
      response.on("close", () => onward.destroy());
      request.pipe(onward);
      return true;
    },
    upgrade(request, duplex, head) {
      const route = routeOf(request.url);
      if (route === undefined) return false;
      const client = duplex as Socket;
      const { host, port } = route.seat.target();
      const target = connect({ host, port, noDelay: true, allowHalfOpen: true });
      client.allowHalfOpen = true;
      client.setNoDelay(true);
      const pair: Pair = { id: route.seat.id, client, target, forgotten: false };
      pairs.add(pair);
      const lines = headersOf(request, `${host}:${port}`).map(([name, value]) => `${name}: ${value}\r\n`);
      target.write(`${request.method} ${route.path} HTTP/1.1\r\n${lines.join("")}\r\n`);
      target.write(head);
      client.pipe(target);
      target.pipe(client);
      client.on("error", () => reset(pair));
      target.on("error", () => pair.forgotten || reset(pair));
      client.on("close", () => reset(pair));
      // A reset that Node tells without an error, or the end of both directions.
      target.on("close", () => {
        if (pair.forgotten) return;
        if (target.readableEnded) client.end();
        else reset(pair);
      });
      return true;
    },
    halfOpen(id) {
      const standing = [...pairs].filter((pair) => pair.id === id && !pair.forgotten);
      for (const pair of standing) {
        pair.forgotten = true;
        pair.target.unpipe(pair.client);
        pair.client.unpipe(pair.target);
        // What the browser goes on to send is taken and lost, as on a way that leads nowhere.
        pair.client.resume();
        pair.target.resetAndDestroy();
      }
      return standing.length;
    },
    cut(id) {
      for (const pair of [...pairs]) if (pair.id === id) reset(pair);
    },
    close() {
      for (const pair of [...pairs]) reset(pair);
    },
  };
}
