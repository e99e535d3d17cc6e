/**
 * One accepted socket and the hub's session of it.
 *
 * Law: this file moves bytes and decides nothing of cc.1. Bounded here is only what the session cannot see: a message above the
 * frame limit is never assembled, and a socket that takes nothing any more is cut before it fills the process.
 */
import { closeCodes } from "@cc/protocol";
import type { Hub } from "@cc/protocol/server";
import type { Logger } from "pino";
import { type RawData, WebSocket } from "ws";
import type { Meters } from "../meters.js";
import type { Writer } from "./writer.js";

/**
 * `ws` closes with RFC 6455's own code when a message is above `maxPayload`, and leaves no other place to say otherwise; cc.1 has
 * a code for it that names the limit.
 */
export class LinkSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (code === 1009) super.close(closeCodes.frameTooLarge, "message longer than limits.frameBytes");
    // RFC 6455 codes that `ws` chooses for broken framing or text mean in cc.1: malformed.
    else if (code === 1002 || code === 1007) super.close(closeCodes.malformed, "malformed WebSocket frame");
    else super.close(code, reason);
  }
}

export interface LinkOptions {
  readonly socket: WebSocket;
  readonly hub: Hub;
  readonly write: Writer;
  /** Bytes waiting in the socket at which it is cut. */
  readonly cutAtBytes: number;
  readonly logger: Logger;
  readonly meters: Meters;
}

/** Joins a socket to the hub until either ends. */
export const attachLink = ({ socket, hub, write, cutAtBytes, logger, meters }: LinkOptions): void => {
  let open = true;
  const session = hub.connect({
    send: (text) => {
      if (!open) return;
      write(socket, text);
      if (socket.bufferedAmount <= cutAtBytes) return;
      // Credit bounds events; this is for a peer that asks and asks and reads no answer. A closing handshake would wait in the same queue.
      open = false;
      meters.slow.inc();
      logger.warn({ buffered: socket.bufferedAmount }, "link cut: it takes nothing any more");
      socket.terminate();
    },
    close: (code, reason) => {
      open = false;
      socket.close(code, reason);
    },
    buffered: () => socket.bufferedAmount,
  });

  socket.on("message", (data, isBinary) => {
    if (!open) return;
    // cc.1 is text; an empty one is what the session calls malformed, and that is what a binary message is here.
    if (isBinary) session.receive("", 0);
    else session.receive(textOf(data), sizeOf(data));
  });
  // `ws` follows every error with `close`; what it says (broken framing, a reset) is the peer's doing and no news for an operator.
  socket.on("error", (error) => logger.debug({ err: error }, "socket error"));
  socket.on("close", () => {
    open = false;
    session.closed();
  });
};

// With the default `binaryType` a message is one Buffer; the other shapes of `RawData` never occur, and are still bytes.
const textOf = (data: RawData): string =>
  Buffer.isBuffer(data)
    ? data.toString()
    : Array.isArray(data)
      ? Buffer.concat(data).toString()
      : Buffer.from(data).toString();

const sizeOf = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.length, 0) : data.byteLength;
