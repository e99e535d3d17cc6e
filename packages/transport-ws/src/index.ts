/**
 * The link port over `ws`, for Node.
 *
 * Law: after `Link.close` nothing is told any more; before it, `closed` exactly once. Errors are taken for as long as the
 * socket lives: aborting an attempt makes `ws` emit an error in a later tick, and an error that nobody listens to ends
 * the process (larksuite/node-sdk#203).
 */
import { isAscii, isUtf8 } from "node:buffer";
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
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

/** Hears of a link's socket, for a process that is not to be held by it. */
export interface SocketHolder {
  /** The socket exists. */
  add(socket: { ref(): unknown; unref(): unknown }): void;
  /** The link has ended. */
  drop(socket: { ref(): unknown; unref(): unknown }): void;
}

/** The link port, with somebody who hears of its sockets. */
export type OpenWsLink = (...args: [...Parameters<OpenLink>, holder?: SocketHolder]) => Link;

/**
 * A transport over `ws`. Making it does nothing; each call of what it returns opens one connection.
 *
 * What `closed` tells: the code of the peer's close frame, 1005 for a frame without one, 1006 for an end without a
 * frame; `httpStatus` and `retryAfterMs` when the server answered the upgrade with something else; `cause` with what
 * `ws` reported. Compression is never offered: it costs memory per link and leaks lengths beside secrets.
 */
export function createWsTransport(options: WsTransportOptions = {}): OpenWsLink {
  const { headers, agent, ca, maxPayloadBytes = 16 * 1024 * 1024, closeTimeoutMs = 2000 } = options;
  // `closeTimeout` exists since ws 8.19; its types do not know it yet.
  const wsOptions: ClientOptions & { readonly closeTimeout: number } = {
    perMessageDeflate: false,
    // Checked here, and for ASCII, as most messages are, at the price of half a check.
    skipUTF8Validation: true,
    maxPayload: maxPayloadBytes,
    closeTimeout: closeTimeoutMs,
    // The socket comes in a later tick, when the link has long been tied.
    finishRequest(request: ClientRequest, websocket: WebSocket) {
      request.once("socket", (socket) => (websocket as TiedSocket).link.has(socket));
      request.end();
    },
    ...(headers && { headers: { ...headers } }),
    ...(agent && { agent }),
    ...(ca && { ca: ca as NonNullable<ClientOptions["ca"]> }),
  };
  return (url, link, handlers, holder) => new WsLink(url, link, handlers, wsOptions, holder);
}

/** One connection. A class, for its methods are shared: a process may hold thousands, and each would pay for its own closures. */
class WsLink implements Link {
  /** `undefined` once the link has told its end, or was told to be silent. */
  told: LinkHandlers | undefined;
  cause: unknown;
  refusal: Pick<LinkClose, "httpStatus" | "retryAfterMs"> | undefined;
  readonly #socket: TiedSocket | undefined;
  readonly #holder: SocketHolder | undefined;
  #held: Socket | undefined;

  constructor(
    url: string,
    { subprotocols }: LinkOptions,
    handlers: LinkHandlers,
    options: ClientOptions,
    holder: SocketHolder | undefined,
  ) {
    this.told = handlers;
    this.#holder = holder;
    try {
      const socket = new TiedSocket(url, [...subprotocols], options);
      this.#socket = socket;
      socket.link = this;
    } catch (thrown) {
      this.cause = thrown;
      queueMicrotask(() => this.ended(1006, ""));
    }
  }

  has(socket: Socket): void {
    this.#held = socket;
    this.#holder?.add(socket);
  }

  ended(code: number, reason: string): void {
    if (this.#held) this.#holder?.drop(this.#held);
    const { told, cause, refusal } = this;
    this.told = undefined;
    told?.closed({ code, reason, ...refusal, ...(cause !== undefined && { cause }) });
  }

  send(data: string | Uint8Array): void {
    const socket = this.#socket;
    if (socket?.readyState === WebSocket.OPEN) socket.send(data);
  }

  close(code?: number, reason?: string): void {
    this.told = undefined;
    try {
      this.#socket?.close(code, reason);
    } catch {
      // A code or a reason that no close frame can carry.
      this.#socket?.close();
    }
  }

  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }
}

/** What `toString("latin1")` comes to; the types of Node leave it out. */
interface Latin1 extends Buffer {
  latin1Slice(start: number, end: number): string;
}

/**
 * `ws` tells everything by `emit`. Here that is a call: no list of listeners for each link, none to look through for each
 * message, and no way for an `error` to find nobody.
 */
class TiedSocket extends WebSocket {
  declare link: WsLink;

  // The overloads of `emit` are those of every event; each branch knows the arguments of its own.
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    const { link } = this;
    switch (event) {
      case "message": {
        // `ws` hands over a Buffer, also while it waits for the answer to our close. Binary goes on as a plain view of the
        // same bytes: `slice` of a Buffer does not copy, and a caller who was promised a Uint8Array expects that it does.
        const bytes = first as Buffer;
        if (link.cause !== undefined) return true;
        if (second === true) link.told?.message(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
        else if (isAscii(bytes)) link.told?.message((bytes as Latin1).latin1Slice(0, bytes.length));
        else if (isUtf8(bytes)) link.told?.message(bytes.toString());
        else {
          // RFC 6455, 8.1. What comes behind it is not heard.
          link.cause ??= new Error("The peer sent text that is not UTF-8");
          this.close(1007);
        }
        return true;
      }
      case "open":
        link.told?.opened(this.protocol);
        return true;
      case "unexpected-response": {
        const { statusCode, headers } = second as IncomingMessage;
        const retry = retryAfterMs(headers["retry-after"], Date.now());
        link.refusal = {
          ...(statusCode !== undefined && { httpStatus: statusCode }),
          ...(retry !== undefined && { retryAfterMs: retry }),
        };
        link.cause = new Error(`The server answered the WebSocket upgrade with HTTP ${statusCode}`);
        // Whoever takes this event ends the attempt; `ws` then tells an error of its own and `close`.
        this.terminate();
        return true;
      }
      case "error":
        // The first error is the reason, later ones are its consequences; `close` follows in any case.
        link.cause ??= first;
        return true;
      case "close":
        link.ended((first as number) || 1006, String(second));
        return true;
      default:
        return false;
    }
  }
}
