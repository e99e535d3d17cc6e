/** Counts events of one feed: with our client, or with bare `ws` and `JSON.parse`. */
import { createClient } from "@cc/sdk";
import { WebSocket } from "ws";
import { answer, task } from "../lib/child.js";
import { appId, type Received, type ReceiveTask } from "../lib/tasks.js";

const { client, port, feed, warmup, events } = task<ReceiveTask>();

let seen = 0;
let began = 0;
let cpu = process.cpuUsage();

/** The application, the same for both: it looks at what it was sent. */
const take = (data: { readonly seq: number }): void => {
  if (data.seq !== seen) throw new Error(`event ${data.seq} came as number ${seen}`);
  seen++;
  if (seen === warmup) {
    cpu = process.cpuUsage();
    began = performance.now();
  } else if (seen === warmup + events) {
    const ms = performance.now() - began;
    const { user, system } = process.cpuUsage(cpu);
    void answer({ perSecond: (events / ms) * 1000, cpuPerEvent: (user + system) / events } satisfies Received);
  }
};

if (client === "ours") {
  const ours = createClient<{ message: { readonly seq: number } }>({ url: `http://127.0.0.1:${port}/${feed}` });
  ours.on("message", ({ data }) => take(data));
  await ours.init(appId);
  await ours.login({ uid: "bob", getToken: () => "-" });
} else {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${feed}/bare`, { perMessageDeflate: false });
  socket.on("open", () => socket.send("go"));
  // By hand what a bare application does: parse, and find its payload. Frames that are no event are passed over.
  if (feed === "payload") socket.on("message", (data) => take(JSON.parse(data.toString())));
  else {
    socket.on("message", (data) => {
      const message = JSON.parse(data.toString());
      if (message[0] === 1) take(message[6]);
      else for (const frame of message) if (frame[0] === 1) take(frame[6]);
    });
  }
}
