/** From nothing to linked, one after another: our client with a restored token, or bare `ws` with the same hello and welcome. */
import { createClient } from "@cc/sdk";
import { WebSocket } from "ws";
import { answer, task } from "../lib/child.js";
import { restored } from "../lib/restored.js";
import { quantile } from "../lib/stats.js";
import { appId, type Connected, type ConnectTask } from "../lib/tasks.js";

const { client, port, token, uid, warmup, connects } = task<ConnectTask>();

/** Resolves what closes it again. */
type Connect = () => Promise<() => Promise<unknown>>;

const ours: Connect = async () => {
  const storage = await restored(uid, token);
  const began = performance.now();
  const connection = createClient({ url: `http://127.0.0.1:${port}`, storage });
  await connection.init(appId);
  await connection.until("linked");
  times.push(performance.now() - began);
  return () => connection.dispose();
};

const bare: Connect = async () => {
  const began = performance.now();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connect`, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("open", () => socket.send(JSON.stringify({ t: "hello", token, app: appId, instance: "bench" })));
    socket.on("message", (data) => {
      const { t, user } = JSON.parse(data.toString());
      if (t === "welcome" && user === uid) resolve();
      else reject(new Error("no welcome"));
    });
  });
  times.push(performance.now() - began);
  return () => new Promise((resolve) => socket.once("close", resolve).close());
};

const times: number[] = [];
const connect = client === "ours" ? ours : bare;
for (let i = 0; i < warmup + connects; i++) {
  const close = await connect();
  await close();
  // The closing of the one must not be counted to the next.
  await new Promise((resolve) => setTimeout(resolve, 2));
}
await answer({ p50: quantile(times.slice(warmup), 0.5) } satisfies Connected);
