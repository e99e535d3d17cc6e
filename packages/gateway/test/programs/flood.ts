/**
 * Many links that type into one group, in a process of their own: what they do to themselves must not be taken for what they do to
 * the gateway. `argv`: the gateway's URL, its authKey, the group, the uids. A line of standard input is a rate, typings per second
 * over all links; standard output tells `open` once, and each set of throttled features as a line of JSON.
 *
 * Cheap on this side: one link looks for `throttle` in what arrives, and nothing else is read.
 */
import { createInterface } from "node:readline";
import { SUBPROTOCOL } from "@cc/protocol";
import { WebSocket } from "ws";

const [url = "", authKey = "", group = "", names = ""] = process.argv.slice(2);

/** Typings in one message; each counts as a frame of its own. */
const batch = 20;
const text = JSON.stringify(Array.from({ length: batch }, () => [6, "", `group:${group}`, "typing", {}, 1]));

const open = async (uid: string): Promise<WebSocket> => {
  const login = await fetch(`${url}/v1/login`, { method: "POST", body: JSON.stringify({ uid, authKey }) });
  const { token } = (await login.json()) as { readonly token: string };
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/connect`, SUBPROTOCOL, { perMessageDeflate: false });
  const hello = { t: "hello", token, app: "app", instance: `i-${uid}`, linkNo: 1 };
  socket.on("open", () => socket.send(JSON.stringify(hello)));
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.once("message", () => resolve()));
  return socket;
};

const links: WebSocket[] = [];
// One after another: how fast a gateway takes links in is no part of this.
for (const uid of names.split(",")) links.push(await open(uid));

links[0]?.on("message", (data: Buffer) => {
  if (!data.includes('"throttle"')) return;
  const frames = [JSON.parse(String(data))].flat() as { readonly t?: string; readonly features?: unknown }[];
  for (const { t, features } of frames) if (t === "throttle") process.stdout.write(`${JSON.stringify(features)}\n`);
});

let rate = 0;
let owed = 0;
let next = 0;
setInterval(() => {
  // What could not be sent is owed, for a while: a slow flooder is not let off.
  owed = Math.min(owed + rate / 50, rate / 2);
  for (; owed >= batch; owed -= batch) {
    const link = links[next % links.length];
    next += 1;
    if (link?.readyState === WebSocket.OPEN && link.bufferedAmount < 262_144) link.send(text);
  }
}, 20);

createInterface(process.stdin)
  .on("line", (line) => {
    rate = Number(line);
    owed = 0;
  })
  .on("close", () => process.exit(0));
process.stdout.write("open\n");
