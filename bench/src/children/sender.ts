/** Acknowledged sends: with our client to the gateway, durable; with bare `ws` to an echo, found again by a number. */
import { createClient } from "@cc/sdk";
import { WebSocket } from "ws";
import { answer, task } from "../lib/child.js";
import { quantile } from "../lib/stats.js";
import { appId, payload, type SendTask, type Sent } from "../lib/tasks.js";

const { client, port, token, uid, warmup, singly, piped, inFlight } = task<SendTask>();

type Send = (seq: number) => Promise<unknown>;

async function ours(): Promise<Send> {
  const connection = createClient({ url: `http://127.0.0.1:${port}` });
  await connection.init(appId);
  await connection.login({ uid, getToken: () => token });
  await connection.until("linked");
  return (seq) => connection.send("user:bob", "message", payload(seq));
}

async function bare(): Promise<Send> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const pending = new Map<number, () => void>();
  socket.on("message", (data) => {
    const [id] = JSON.parse(data.toString());
    pending.get(id)?.();
    pending.delete(id);
  });
  return (seq) =>
    new Promise<void>((resolve) => {
      pending.set(seq, resolve);
      socket.send(JSON.stringify([seq, payload(seq)]));
    });
}

const send = await (client === "ours" ? ours() : bare());
let seq = 0;

/** Keeps `inFlight` sends under way until `count` are acknowledged. */
const pipe = (count: number): Promise<unknown> => {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await send(seq++);
  };
  return Promise.all(Array.from({ length: inFlight }, lane));
};

for (let i = 0; i < warmup; i++) await send(seq++);
const times: number[] = [];
for (let i = 0; i < singly; i++) {
  const began = performance.now();
  await send(seq++);
  times.push(performance.now() - began);
}

await pipe(piped / 4);
const began = performance.now();
await pipe(piped);
const perSecond = (piped / (performance.now() - began)) * 1000;
await answer({ p50: quantile(times, 0.5), perSecond } satisfies Sent);
