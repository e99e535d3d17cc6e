/**
 * A TCP proxy on loopback that does to real sockets what real networks do.
 *
 * Law: it knows bytes and sockets, no protocol; and a fault is exactly what it says. `cut` is a reset on both
 * sides; a black hole ends nothing; `halfClose` ends one direction and leaves the other; a refusal touches no
 * connection that stands.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createLane, type Lane } from "./lane.js";

/** Which way bytes travel. */
export type Direction = "toClient" | "toTarget";

/**
 * How new connections are refused. `"reset"`: accepted and reset at once, the port stays ours. `"unbound"`: nothing
 * listens (ECONNREFUSED), so another process could take the port meanwhile.
 */
export type Refusal = "reset" | "unbound";

export interface FaultProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** Port to listen on. Default 0: a free one. */
  readonly port?: number;
}

export interface FaultProxy {
  readonly port: number;
  /** `ws://127.0.0.1:PORT` for `"ws"`, with `path` behind it. */
  url(scheme?: string, path?: string): string;
  /** Connections that stand at this moment. */
  readonly connections: number;
  /** Connections taken since the start, refused ones not counted. */
  readonly accepted: number;
  /** Bytes delivered since the start. */
  readonly delivered: Readonly<Record<Direction, number>>;
  /** Resets every connection on both sides (RST, not FIN). New ones are welcome. */
  cut(): void;
  /** Lets nothing through, on standing and on new connections, until `blackhole(false)`; then what was held back arrives. Default: both directions. */
  blackhole(on: boolean, direction?: Direction): void;
  /** Each chunk waits `ms` ms on its way, on standing and on new connections. Default: both directions. */
  delay(ms: number, direction?: Direction): void;
  /** Sends a FIN in one direction (default `"toClient"`) of every standing connection; the other goes on. */
  halfClose(direction?: Direction): void;
  /** Refuses new connections until `refuse(false)`; `true` is `"reset"`. Raises the error of `listen` when a port given up by `"unbound"` is taken. */
  refuse(how: boolean | Refusal): Promise<void>;
  /** Resets every connection and stops. */
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
  readonly lanes: Readonly<Record<Direction, Lane>>;
}

const directions: readonly Direction[] = ["toClient", "toTarget"];

/** RST in the place of FIN. After an end of our own Node refuses it (EINVAL) and never tells that the socket is gone: such a one is just destroyed. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Starts a proxy; resolves when it listens. */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { target, host = "127.0.0.1" } = options;
  const pairs = new Set<Pair>();
  const delivered: Record<Direction, number> = { toClient: 0, toTarget: 0 };
  const black: Record<Direction, boolean> = { toClient: false, toTarget: false };
  const delays: Record<Direction, number> = { toClient: 0, toTarget: 0 };
  let refusal: Refusal | undefined;
  let accepted = 0;

  const drop = (pair: Pair): void => {
    if (!pairs.delete(pair)) return;
    for (const direction of directions) pair.lanes[direction].discard();
    reset(pair.client);
    reset(pair.target);
  };

  const take = (client: Socket): void => {
    if (refusal !== undefined) {
      client.on("error", () => {});
      client.resetAndDestroy();
      return;
    }
    accepted += 1;
    client.setNoDelay(true);
    const upstream = connect({ ...target, noDelay: true, allowHalfOpen: true });
    const lane = (from: Socket, to: Socket, direction: Direction): Lane => {
      const made = createLane(from, to, (bytes) => {
        delivered[direction] += bytes;
      });
      made.delay(delays[direction]);
      made.black(black[direction]);
      return made;
    };
    const pair: Pair = {
      client,
      target: upstream,
      lanes: { toTarget: lane(client, upstream, "toTarget"), toClient: lane(upstream, client, "toClient") },
    };
    pairs.add(pair);
    for (const socket of [client, upstream]) {
      // A side that failed takes the other with it; a side that only ended waits for the other to end too.
      socket.on("error", () => drop(pair));
      socket.on("close", () => {
        if (client.destroyed && upstream.destroyed) drop(pair);
      });
    }
  };

  const server: Server = createServer({ allowHalfOpen: true }, take);
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
  /** Stops listening; standing connections stay. Node calls back only when those are gone too, so nothing waits for that. */
  const unlisten = (): void => {
    if (server.listening) server.close();
  };

  await listen(options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: (scheme = "ws", path = "") => `${scheme}://${host}:${port}${path}`,
    delivered,
    get connections() {
      return pairs.size;
    },
    get accepted() {
      return accepted;
    },
    cut() {
      for (const pair of [...pairs]) drop(pair);
    },
    blackhole(on, only) {
      for (const direction of only === undefined ? directions : [only]) {
        black[direction] = on;
        for (const { lanes } of pairs) lanes[direction].black(on);
      }
    },
    delay(ms, only) {
      for (const direction of only === undefined ? directions : [only]) {
        delays[direction] = ms;
        for (const { lanes } of pairs) lanes[direction].delay(ms);
      }
    },
    halfClose(direction = "toClient") {
      for (const { lanes } of pairs) lanes[direction].finish();
    },
    async refuse(how) {
      refusal = how === true ? "reset" : how === false ? undefined : how;
      if (refusal === "unbound") unlisten();
      else if (!server.listening) await listen(port);
    },
    async close() {
      unlisten();
      const gone: Promise<unknown>[] = [];
      for (const pair of [...pairs]) {
        for (const socket of [pair.client, pair.target]) {
          if (!socket.closed) gone.push(new Promise((resolve) => socket.once("close", resolve)));
        }
        drop(pair);
      }
      await Promise.all(gone);
    },
  };
}
