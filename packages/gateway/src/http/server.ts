/**
 * The listening server, plain or TLS, with the times and sizes that keep a slow or greedy peer from holding it.
 *
 * A socket that sends its headers drop by drop is answered 408 and closed after `handshakeMs`, a body after half a minute; an idle
 * kept-alive one after five seconds. These are Node's own guards, here with our numbers.
 */
import { createServer as createPlain, type RequestListener, type Server } from "node:http";
import { createServer as createSecure, Server as SecureServer } from "node:https";
import { peerKey } from "../address.js";
import { GatewayError } from "../errors.js";
import type { Settings, TlsOptions } from "../options.js";
import { createPlaces } from "../socket/places.js";

const requestTimeoutMs = 30_000;
const keepAliveMs = 5_000;
/** Requests on one kept-alive connection, then it is closed after the answer. */
const requestsPerSocket = 1_000;
/** Bytes of all headers of a request; a token is at most half of it. */
const headerBytes = 16_384;

/** How often Node looks for connections that are over their time, in milliseconds; oftener where `handshakeMs` is short. */
const checkMs = 5_000;

const secured = ({ key, cert, ca, minVersion = "TLSv1.2" }: TlsOptions) => ({
  key,
  cert,
  minVersion,
  ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }),
});

const wrongTls = (cause: unknown): GatewayError =>
  // OpenSSL's sentence names what is wrong and never holds a part of the key.
  new GatewayError("ERR_OPTION", `tls: ${cause instanceof Error ? cause.message : "not usable"}`, { cause });

/** A server that does not listen yet. Throws `ERR_OPTION` for a key and certificate that do not work. */
export const openServer = ({ limits, tls }: Settings, listener: RequestListener): Server => {
  const guards = {
    headersTimeout: limits.handshakeMs,
    requestTimeout: Math.max(requestTimeoutMs, limits.handshakeMs),
    connectionsCheckingInterval: Math.max(50, Math.min(checkMs, limits.handshakeMs / 2)),
    keepAliveTimeout: keepAliveMs,
    maxHeaderSize: headerBytes,
  };
  let server: Server;
  try {
    server =
      tls === undefined
        ? createPlain(guards, listener)
        : createSecure({ ...guards, ...secured(tls), handshakeTimeout: limits.handshakeMs }, listener);
  } catch (cause) {
    throw wrongTls(cause);
  }
  server.maxRequestsPerSocket = requestsPerSocket;
  return server;
};

/**
 * Bounds the connections of one peer, whatever they are used for, before a byte of them is read: each costs a descriptor, and there are
 * more ways to hold one than by a WebSocket. The bound leaves requests room beside as many sockets as an address may have.
 */
export const boundConnections = (server: Server, { limits, trustedProxies }: Settings): void => {
  const keyOf = peerKey(trustedProxies);
  const most = limits.connectionsPerAddress + limits.handshakesPerAddress;
  const places = createPlaces({ open: most, shaking: most });
  server.on("connection", (socket) => {
    const key = keyOf(socket.remoteAddress);
    if (key === undefined) return;
    const place = places.take(key);
    if (place === undefined) socket.destroy();
    else socket.once("close", place.free);
  });
};

/**
 * Serves new connections with another certificate; those that are open stay. Throws `ERR_OPTION`, and then nothing has changed.
 * Whether clients show certificates is settled at the start: Node asks for them by the server's first options, whatever comes later.
 */
export const renewTls = (server: Server, tls: TlsOptions, first: TlsOptions | undefined): void => {
  if (!(server instanceof SecureServer) || first === undefined)
    throw new GatewayError("ERR_OPTION", "tls: this gateway was started without it");
  if ((tls.ca === undefined) !== (first.ca === undefined))
    throw new GatewayError("ERR_OPTION", "tls: `ca` can be replaced, but neither added nor left out without a restart");
  try {
    server.setSecureContext(secured(tls));
  } catch (cause) {
    throw wrongTls(cause);
  }
};
