/**
 * Upgrades that never become a link. They are refused by HTTP with the same body as any request, so that a person with curl, and
 * a client in Node, can read why; a page in a browser sees only that the socket did not open.
 */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type Problem, problemBody, problemHeaders } from "../http/problem.js";

/** Where a client dials. */
export const connectPath = "/v1/connect";

/** Writes the refusal and ends the socket. Never throws: the peer may be gone already. */
export const refuseUpgrade = (socket: Duplex, problem: Problem): void => {
  const body = problemBody(problem);
  const headers = {
    ...problemHeaders(problem),
    connection: "close",
    "content-length": String(Buffer.byteLength(body)),
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}\r\n${head.join("\r\n")}\r\n\r\n${body}`);
};
