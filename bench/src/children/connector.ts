/** From nothing to linked: our client with a restored token and bare `ws` with the same hello and welcome, in turn. */
import { createClient, memoryStorage } from "@cc/sdk";
import { WebSocket } from "ws";
import { answer, task } from "../lib/child.js";
import { restored } from "../lib/restored.js";
import { quantile } from "../lib/stats.js";
import { appId, type Connected, type ConnectTask } from "../lib/tasks.js";

const { ports, token, uid, warmup, connects } = task<ConnectTask>();

/** Resolves the time it took, and what closes it again. */
type Connect = () => Promise<{ readonly ms: number; readonly close: () => Promise<unknown> }>;

const ours: Connect = async () => {
  const storage = await restored(memoryStorage(), uid, token);
  const began = performance.now();
  const connection = createClient({ url: `http://127.0.0.1:${ports.ours}`, storage });
  await connection.init(appId);
  await connection.until("linked");
  return { ms: performance.now() - began, close: () => connection.dispose() };
};

const bare: Connect = async () => {
  const began = performance.now();
  const socket = new WebSocket(`ws://127.0.0.1:${ports.bare}/connect`, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => socket.send(JSON.stringify({ t: "hello", token, app: appId, instance: "bench" })));
    socket.on("message", (data) => {
      const { t, user } = JSON.parse(data.toString());
      if (t === "welcome" && user === uid) resolve();
      else reject(new Error("no welcome"));
    });
  });
  const ms = performance.now() - began;
  return { ms, close: () => new Promise((resolve) => socket.once("close", resolve).close()) };
};

const measure = async (connect: Connect, times: number[]): Promise<void> => {
  const { ms, close } = await connect();
  times.push(ms);
  await close();
  // The closing of the one must not be counted to the next.
  await new Promise((resolve) => setTimeout(resolve, 2));
};

const times = { ours: [] as number[], bare: [] as number[] };
for (let i = 0; i < warmup + connects; i++) {
  await measure(ours, times.ours);
  await measure(bare, times.bare);
}
const p50 = (all: readonly number[]): number => quantile(all.slice(warmup), 0.5);
await answer({ ours: p50(times.ours), bare: p50(times.bare) } satisfies Connected);
