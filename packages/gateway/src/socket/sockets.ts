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
import { Problem } from "../http/problem.js";
import type { Meters } from "../meters.js";
import type { Settings } from "../options.js";
import type { OriginPolicy } from "../origin.js";
import { attachLink, LinkSocket } from "./link.js";
import { connectPath, refuseUpgrade } from "./refusal.js";
import { createWriter } from "./writer.js";

export interface SocketsOptions {
  readonly settings: Settings;
  readonly hub: Hub;
  readonly logger: Logger;
  readonly meters: Meters;
  readonly allowsOrigin: OriginPolicy;
}

/** The sockets of one gateway. */
export interface Sockets {
  /** For the HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Refuses further upgrades with 503. Links that exist are the hub's to close. */
  stop(): void;
  /** Ends what is still open, without a closing handshake. */
  terminate(): void;
  /** Sockets open now, closing ones included. */
  readonly size: number;
}

/** How long a peer may take to answer a close frame, in milliseconds. */
const closeTimeoutMs = 5_000;

export const createSockets = ({ settings, hub, logger, meters, allowsOrigin }: SocketsOptions): Sockets => {
  const { limits } = settings;
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
      server.handleUpgrade(request, socket, head, (link) => {
        socket.removeListener("error", ignore);
        attachLink({ socket: link, hub, write, cutAtBytes: 4 * limits.outboundBytes, logger, meters });
      });
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
