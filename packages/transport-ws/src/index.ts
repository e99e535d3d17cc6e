/**
 * The link port over `ws`, for Node.
 *
 * Law: after `Link.close` nothing is told any more; before it, `closed` exactly once. An `error` listener stays on the
 * socket for as long as the socket lives: aborting an attempt makes `ws` emit an error in a later tick, and an error
 * that nobody listens to ends the process (larksuite/node-sdk#203).
 */
import type { Agent } from "node:http";
import type { Link, LinkClose, LinkHandlers, LinkOptions, OpenLink } from "@cc/core";
import { type ClientOptions, WebSocket } from "ws";
import { retryAfterMs } from "./retry-after.js";

export interface WsTransportOptions {
  /** Headers of the upgrade request. Default: none. Never put a token here that a proxy's log may not show. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where connections come from, a proxy agent for example. Default: a fresh connection for each link. */
  readonly agent?: Agent;
  /** Certificate authorities in PEM, in place of Node's own list. Default: Node's. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** A larger message ends the link: the peer gets 1009, `closed` tells 1006 and the `cause`. In bytes; default 16 MiB. */
  readonly maxPayloadBytes?: number;
  /**
   * How long an orderly close waits for the peer's answer before the socket is destroyed, in ms; default 2,000. The
   * socket keeps the process alive for that time at most, which is what a half-open link costs at the end of a program.
   */
  readonly closeTimeoutMs?: number;
}

/**
 * A transport over `ws`. Making it does nothing; each call of what it returns opens one connection.
 *
 * What `closed` tells: the code of the peer's close frame, 1005 for a frame without one, 1006 for an end without a
 * frame; `httpStatus` and `retryAfterMs` when the server answered the upgrade with something else; `cause` with what
 * `ws` reported. Compression is never offered: it costs memory per link and leaks lengths beside secrets.
 */
export function createWsTransport(options: WsTransportOptions = {}): OpenLink {
  const { headers, agent, ca, maxPayloadBytes = 16 * 1024 * 1024, closeTimeoutMs = 2000 } = options;
  // `closeTimeout` exists since ws 8.19; its types do not know it yet.
  const wsOptions: ClientOptions & { readonly closeTimeout: number } = {
    perMessageDeflate: false,
    maxPayload: maxPayloadBytes,
    closeTimeout: closeTimeoutMs,
    ...(headers && { headers: { ...headers } }),
    ...(agent && { agent }),
    ...(ca && { ca: ca as NonNullable<ClientOptions["ca"]> }),
  };
  return (url, link, handlers) => openWs(url, link, handlers, wsOptions);
}

function openWs(url: string, { subprotocols }: LinkOptions, handlers: LinkHandlers, options: ClientOptions): Link {
  /** `null` once the link has told its end, or was told to be silent. */
  let told: LinkHandlers | null = handlers;
  let refusal: Pick<LinkClose, "httpStatus" | "retryAfterMs"> | undefined;
  let cause: unknown;
  const ended = (code: number, reason: string): void => {
    const last = told;
    told = null;
    last?.closed({ code, reason, ...refusal, ...(cause !== undefined && { cause }) });
  };

  let socket: WebSocket;
  try {
    socket = new WebSocket(url, [...subprotocols], options);
  } catch (thrown) {
    cause = thrown;
    queueMicrotask(() => ended(1006, ""));
    return {
      send() {},
      close() {
        told = null;
      },
      bufferedAmount: 0,
    };
  }

  socket.on("open", () => told?.opened(socket.protocol));
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    // `ws` hands over a Buffer, also while it waits for the answer to our close. Binary goes on as a plain view of the
    // same bytes: `slice` of a Buffer does not copy, and a caller who was promised a Uint8Array expects that it does.
    told?.message(isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.toString());
  });
  socket.on("unexpected-response", (_request, response) => {
    const { statusCode, headers } = response;
    const retry = retryAfterMs(headers["retry-after"], Date.now());
    refusal = {
      ...(statusCode !== undefined && { httpStatus: statusCode }),
      ...(retry !== undefined && { retryAfterMs: retry }),
    };
    cause = new Error(`The server answered the WebSocket upgrade with HTTP ${statusCode}`);
    // With a listener here `ws` leaves the attempt to us; this ends it, with an error of its own and then `close`.
    socket.terminate();
  });
  // The first error is the reason, later ones are its consequences; `close` follows in any case.
  socket.on("error", (error) => {
    cause ??= error;
  });
  socket.on("close", (code, reason) => ended(code || 1006, reason.toString()));

  return {
    send(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    close(code, reason) {
      told = null;
      try {
        socket.close(code, reason);
      } catch {
        // A code or a reason that no close frame can carry.
        socket.close();
      }
    },
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
  };
}
