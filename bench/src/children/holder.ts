/** Holds many idle clients in one process and weighs them. Needs `--expose-gc`. */
import { createClient } from "@cc/sdk";
import { WebSocket } from "ws";
import { answer, task } from "../lib/child.js";
import { mint } from "../lib/jwt.js";
import { restored } from "../lib/restored.js";
import { appId, type Held, type HoldTask } from "../lib/tasks.js";

const { client, port, jwtSecret, warmup, clients } = task<HoldTask>();
const listener = (): void => {};
const url = `http://127.0.0.1:${port}`;

/** What is held; nothing else keeps a client alive. */
const held: unknown[] = [];

const ours = async (uid: string, token: string): Promise<void> => {
  const storage = await restored(uid, token);
  const connection = createClient({ url, storage });
  connection.on("event", listener);
  await connection.init(appId);
  await connection.until("linked");
  held.push(connection);
};

const bare = async (_uid: string, token: string): Promise<void> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connect`, { perMessageDeflate: false });
  socket.on("error", listener);
  await new Promise((resolve) => socket.once("open", resolve));
  socket.send(JSON.stringify({ t: "hello", token, app: appId, instance: "bench" }));
  await new Promise((resolve) => socket.once("message", resolve));
  socket.on("message", listener);
  held.push(socket);
};

const connect = client === "ours" ? ours : bare;
const tokens: readonly string[] = await Promise.all(
  Array.from({ length: warmup + clients }, (_, i) => mint(`user-${i}`, jwtSecret)),
);

/** Eight at a time: a burst of connects would be held up by the listen queue. */
const open = async (from: number, to: number): Promise<void> => {
  let next = from;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < to; i = next++) await connect(`user-${i}`, tokens[i] ?? "");
  };
  await Promise.all(Array.from({ length: 8 }, lane));
};

const weigh = async (): Promise<NodeJS.MemoryUsage> => {
  // Idle is idle: positions are saved a second after they moved, and until then each client has a timer for it.
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  // Timers and sockets of the handshake let go late; each collection frees what finalizers of the last one held.
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  return process.memoryUsage();
};

if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
await open(0, warmup);
const before = await weigh();
await open(warmup, warmup + clients);
const after = await weigh();
if (held.length !== warmup + clients) throw new Error("some clients did not connect");
await answer({
  heapPerClient: (after.heapUsed - before.heapUsed) / clients,
  externalPerClient: (after.external - before.external) / clients,
} satisfies Held);
