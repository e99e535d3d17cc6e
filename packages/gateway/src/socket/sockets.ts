/**
 * The WebSocket side: which upgrades become links, and the end of all of them.
 *
 * permessage-deflate is off: it costs about 300 kB and a thread hop per link, and small JSON frames that share a batch gain little.
 */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { SUBPROTOCOL } from "@cc/protocol";
import type { Hub } from "@cc/protocol/server";
import type { Logger } from "pino";
import { type ServerOptions, WebSocketServer } from "ws";
import { type ClientAddress, limitKeyOf } from "../address.js";
import type { Clock } from "../clock.js";
import { Problem } from "../http/problem.js";
import type { Meters } from "../meters.js";
import type { Settings } from "../options.js";
import type { OriginPolicy } from "../origin.js";
import { attachLink, LinkSocket } from "./link.js";
import { createPlaces } from "./places.js";
import { connectPath, refuseUpgrade } from "./refusal.js";
import { createWriter } from "./writer.js";

export interface SocketsOptions {
  readonly settings: Settings;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: Meters;
  readonly allowsOrigin: OriginPolicy;
  readonly addressOf: ClientAddress;
}

/** The sockets of one gateway. */
export interface Sockets {
  /** For the HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Called from the gateway's one tick. */
  tick(): void;
  /** Refuses further upgrades with 503. Links that exist are the hub's to close. */
  stop(): void;
  /** Ends what is still open, without a closing handshake. */
  terminate(): void;
  /** Sockets open now, closing ones included. */
  readonly size: number;
}

/** How long a failed handshake counts against its address, in milliseconds: with the default of 500 places a tenth of the default admission. */
const failedMs = 10_000;

/** The floor told to an address with too many sockets. */
const crowded = { minDelayMs: 5_000, spreadMs: 5_000 };

/** Proxies may write more than one such header; Node joins them in their order. */
const forwardedFor = ({ headers }: IncomingMessage): string | undefined =>
  headers["x-forwarded-for"] as string | undefined;

/** How long a peer may take to answer a close frame, in milliseconds. */
const closeTimeoutMs = 5_000;

export const createSockets = (options: SocketsOptions): Sockets => {
  const { settings, hub, clock, logger, meters, allowsOrigin, addressOf } = options;
  const { limits } = settings;
  const places = createPlaces({
    open: limits.connectionsPerAddress,
    shaking: limits.handshakesPerAddress,
    failedMs,
    now: clock.now,
  });
  let sweptAt = clock.now();
  const write = createWriter();
  let stopped = false;

  // `closeTimeout` is newer than the published types of `ws`.
  const serverOptions: ServerOptions<typeof LinkSocket> & { readonly closeTimeout: number } = {
    noServer: true,
    WebSocket: LinkSocket,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
    clientTracking: true,
    closeTimeout: closeTimeoutMs,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  };
  const server = new WebSocketServer<typeof LinkSocket>(serverOptions);

  server.on("wsClientError", (error, socket) =>
    refuse(socket, new Problem(400, "ERR_INVALID_ARGUMENT", error.message)),
  );

  const refuse = (socket: Duplex, problem: Problem): void => {
    meters.refusedUpgrades.inc({ code: problem.code });
    refuseUpgrade(socket, problem);
  };

  const refusalOf = ({ url = "", headers }: IncomingMessage): Problem | undefined => {
    if (url.split("?", 1)[0] !== connectPath)
      return new Problem(404, "ERR_NOT_FOUND", `the WebSocket endpoint is ${connectPath}`);
    if (!allowsOrigin(headers.origin))
      return new Problem(403, "ERR_ORIGIN", "this origin is not among the gateway's origins");
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!offered.includes(SUBPROTOCOL))
      return new Problem(400, "ERR_SUBPROTOCOL", `the subprotocol ${SUBPROTOCOL} must be offered`);
    // A draining gateway still takes sockets: a browser can read a `reject` frame with its floor, and no HTTP status.
    return stopped
      ? new Problem(503, "ERR_SERVER_OVERLOADED", "the gateway is closing", { minDelayMs: 0, spreadMs: 1_000 })
      : undefined;
  };

  return {
    upgrade: (request, socket, head) => {
      // Until `ws` takes over, a reset would otherwise be an uncaught error.
      const ignore = (): void => {};
      socket.on("error", ignore);
      const problem = refusalOf(request);
      if (problem !== undefined) return refuse(socket, problem);
      const address = addressOf(request.socket.remoteAddress, forwardedFor(request));
      const place = places.take(limitKeyOf(address));
      if (place === undefined) {
        // A proxy that is not listed looks just like this; only the operator can tell, so he is told the address.
        logger.warn(
          { address },
          "upgrade refused: this address has its share of sockets; is it a proxy that `trustedProxies` lacks?",
        );
        return refuse(socket, new Problem(429, "ERR_RATE_LIMITED", "too many sockets from this address", crowded));
      }
      // A handshake that `ws` refuses, or a peer that goes during it, calls nobody back: the raw socket's end always comes.
      socket.once("close", place.free);
      server.handleUpgrade(request, socket, head, (link) => {
        socket.removeListener("error", ignore);
        attachLink({ socket: link, hub, write, place, cutAtBytes: 4 * limits.outboundBytes, logger, meters });
      });
    },
    tick: () => {
      if (clock.now() - sweptAt < failedMs) return;
      sweptAt = clock.now();
      places.sweep();
    },
    stop: () => {
      stopped = true;
    },
    terminate: () => {
      for (const link of server.clients) link.terminate();
    },
    get size() {
      return server.clients.size;
    },
  };
};
