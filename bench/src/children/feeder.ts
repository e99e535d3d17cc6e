/**
 * Sends pre-encoded bytes as fast as a socket takes them: `/single/…` and `/batched/…` what the real server half writes for one
 * link, `/payload/…` the same payloads alone, one message each.
 *
 * Law: whoever comes gets the same bytes, and nothing is encoded while somebody is measured. The hub below is the gateway's own,
 * played to once at the start; its link acknowledges as a client would, so no window ever closes. What a client sends is read
 * and dropped: its cost on the client's side is part of the figure.
 */
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { memoryBroker } from "@cc/gateway";
import { createHub } from "@cc/protocol/server";
import { task, tell } from "../lib/child.js";
import { appId, type Feed, type Listening, payload, type ServerTask } from "../lib/tasks.js";

const { events, perBatch } = task<ServerTask>();
const chunkBytes = 65_536;

/** One unmasked text message of RFC 6455. */
const frame = (text: string): Buffer => {
  const body = Buffer.from(text);
  if (body.length < 126) return Buffer.concat([Buffer.of(0x81, body.length), body]);
  const head = Buffer.of(0x81, 126, 0, 0);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
};

const chunked = (texts: Iterable<string>): Buffer[] => {
  const chunks: Buffer[] = [];
  let frames: Buffer[] = [];
  let bytes = 0;
  for (const text of texts) {
    const next = frame(text);
    frames.push(next);
    bytes += next.length;
    if (bytes < chunkBytes) continue;
    chunks.push(Buffer.concat(frames));
    frames = [];
    bytes = 0;
  }
  chunks.push(Buffer.concat(frames));
  return chunks;
};

/** What a hub writes to the one link of `bob` from its hello on, `each` events becoming ready in one turn. */
function* recorded(each: number): Generator<string> {
  const turn: (() => void)[] = [];
  const written: string[] = [];
  const hub = createHub({
    broker: memoryBroker({ maxCount: 4096 }),
    verify: () => ({ ok: true, user: "bob" }),
    now: () => performance.now(),
    later: (fn) => turn.push(fn),
    newId: randomUUID,
    ringEntries: 4096,
  });
  const endTurn = (): void => {
    for (const fn of turn.splice(0)) fn();
  };
  void hub.start();
  const link = hub.connect({
    send: (text) => written.push(text),
    close: (code, reason) => {
      throw new Error(`the hub closed the recorded link: ${code} ${reason}`);
    },
  });
  link.receive(JSON.stringify({ t: "hello", token: "-", app: appId, instance: "recorder", linkNo: 1, nonce: "n" }));
  endTurn();
  let position = 0;
  for (let seq = 0; seq < events; seq++) {
    const id = `k3v9x2m7q1w8zt-${seq.toString(36)}`;
    const answer = hub.publish({ channel: "user:bob", kind: "message", from: "alice", data: payload(seq), id });
    if (!("ok" in answer && answer.ok)) throw new Error("the hub did not take an event");
    position = answer.n;
    if ((seq + 1) % each === 0) endTurn();
    if ((seq + 1) % 64 === 0) {
      endTurn();
      link.receive(`[5,${position}]`, 8);
      yield* written.splice(0);
    }
  }
  endTurn();
  yield* written;
}

function* payloads(): Generator<string> {
  for (let seq = 0; seq < events; seq++) yield JSON.stringify(payload(seq));
}

const feeds: Readonly<Record<Feed, readonly Buffer[]>> = {
  single: chunked(recorded(1)),
  batched: chunked(recorded(perBatch)),
  payload: chunked(payloads()),
};

const feedOf = (url = ""): readonly Buffer[] | undefined => feeds[url.split("/")[1] as Feed];

/** Who waits for a socket to take more, or to end. */
const wake = new Map<Duplex, () => void>();

const pour = async (socket: Duplex, chunks: readonly Buffer[]): Promise<void> => {
  for (const chunk of chunks) {
    if (socket.destroyed) return;
    if (!socket.write(chunk)) await new Promise<void>((resolve) => wake.set(socket, resolve));
  }
};

const server = createServer((_, response) => response.writeHead(404).end());
server.on("upgrade", (request, socket) => {
  const chunks = feedOf(request.url);
  socket.on("error", () => socket.destroy());
  socket.on("drain", () => wake.get(socket)?.());
  socket.on("close", () => {
    wake.get(socket)?.();
    wake.delete(socket);
  });
  if (chunks === undefined) {
    socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    return;
  }
  const { "sec-websocket-key": key = "", "sec-websocket-protocol": protocol } = request.headers;
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  head.push(
    `Sec-WebSocket-Accept: ${accept}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  );
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  // The hello, or whatever a bare client says first: what follows is dropped.
  socket.once("data", () => {
    socket.on("data", () => {});
    void pour(socket, chunks);
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  void tell({ port } satisfies Listening);
});
