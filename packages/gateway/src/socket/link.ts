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
import type { Place } from "./places.js";
import type { Writer } from "./writer.js";

/** Close codes that `ws` chooses by itself when its receiver fails, right before it emits `error`. */
const receiverCodes: readonly (number | undefined)[] = [1002, 1007, 1008, 1009];

/**
 * `ws` offers no hook between a receiver's error and its own close frame, which would be the last word: here that first close is
 * left out, and the `error` listener below gives cc.1's answer, a `reject` that names the limit and then the close code for it.
 * The answer to a peer who closes with one of these codes is a close too, and brings his reason, be it empty: that one is not left out.
 */
export class LinkSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (reason !== undefined || !receiverCodes.includes(code)) super.close(code, reason);
  }
}

/** A message is above `maxPayload`, or announces more bytes than Node can count. */
const tooLarge: readonly (string | undefined)[] = [
  "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
  "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
];

/** Closes before the welcome for which the peer is not to blame: it came when there was no room, no log or no more gateway. */
const ownDoing: readonly number[] = [closeCodes.overloaded, closeCodes.restart, closeCodes.tryAgainLater];

export interface LinkOptions {
  readonly socket: WebSocket;
  readonly hub: Hub;
  readonly write: Writer;
  readonly place: Place;
  /** Bytes waiting in the socket at which it is cut. */
  readonly cutAtBytes: number;
  readonly logger: Logger;
  readonly meters: Meters;
}

/** Joins a socket to the hub until either ends. */
export const attachLink = ({ socket, hub, write, place, cutAtBytes, logger, meters }: LinkOptions): void => {
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
      if (ownDoing.includes(code)) place.excuse();
      socket.close(code, reason);
    },
    buffered: () => socket.bufferedAmount,
    welcomed: place.welcomed,
  });

  socket.on("message", (data, isBinary) => {
    if (!open) return;
    // cc.1 is text; an empty one is what the session calls malformed, and that is what a binary message is here.
    if (isBinary) session.receive("", 0);
    else session.receive(textOf(data), sizeOf(data));
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    logger.debug({ code: error.code }, "socket error");
    // Resets and the like are followed by `close`; there is nobody left to tell.
    if (!open || !error.code?.startsWith("WS_ERR_")) return;
    if (tooLarge.includes(error.code)) session.receive("", Number.MAX_SAFE_INTEGER);
    else session.receive("", 0);
    // The session has closed it by now; nothing may depend on that, for `ws` reads no more from this socket.
    if (open) socket.terminate();
  });
  socket.on("close", () => {
    open = false;
    place.free();
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
