/**
 * Texts to sockets. When an event goes to many links, the hub hands each of them an equal message in one turn; it is turned into
 * bytes once and the same bytes are given to every socket.
 */
import type { WebSocket } from "ws";

/** Writes one text message. */
export type Writer = (socket: WebSocket, text: string) => void;

const asText = { binary: false } as const;

/** One writer serves all links of a gateway: the memory of the last message is what makes it worth having. */
export const createWriter = (): Writer => {
  let lastText = "";
  let lastBytes: Buffer = Buffer.alloc(0);
  return (socket, text) => {
    if (text !== lastText) {
      lastText = text;
      lastBytes = Buffer.from(text);
    }
    socket.send(lastBytes, asText);
  };
};
