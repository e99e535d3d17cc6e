/**
 * Bare `ws`: `/echo` sends back what comes; `/connect` takes a hello, checks its JWT as the gateway does, and says welcome.
 */
import { webcrypto } from "node:crypto";
import type { AddressInfo } from "node:net";
import { jwtVerify } from "jose";
import { WebSocketServer } from "ws";
import { task, tell } from "../lib/child.js";
import type { Listening, ServerTask } from "../lib/tasks.js";

const { jwtSecret } = task<ServerTask>();
const key = await webcrypto.subtle.importKey(
  "raw",
  new TextEncoder().encode(jwtSecret),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["verify"],
);

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket, request) => {
  socket.on("error", () => {});
  if (request.url === "/echo") socket.on("message", (data) => socket.send(data, { binary: false }));
  else {
    socket.on("message", async (data) => {
      const { token } = JSON.parse(data.toString());
      const { payload } = await jwtVerify(token, key, { algorithms: ["HS256"] });
      socket.send(JSON.stringify({ t: "welcome", user: payload.sub }));
    });
  }
});
server.on("listening", () => void tell({ port: (server.address() as AddressInfo).port } satisfies Listening));
