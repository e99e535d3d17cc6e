/** Opens links that never come to anything, gives each of them up, and has nothing left to do: it must end by itself, silently. */
import { createWsTransport } from "@cc/transport-ws";

const [url = "", refusedUrl = ""] = process.argv.slice(2);
const open = createWsTransport({ closeTimeoutMs: 300 });
const handlers = {
  opened: (): void => console.log("opened"),
  message: (): void => console.log("message"),
  closed: (): void => console.log("closed"),
};
const dial = (to: string): ReturnType<typeof open> => open(to, { subprotocols: [] }, handlers);

for (const to of [`${url}/hang`, refusedUrl, "ws://[", `${url}/refuse?status=503`, `${url}/echo`]) dial(to).close();

// Given up on the way, at some moment between the SYN and the answer.
const late = ["/hang", "/reset", "/refuse?status=401"].map((path) =>
  open(`${url}${path}`, { subprotocols: [] }, { ...handlers, closed() {} }),
);
setTimeout(() => {
  for (const link of late) link.close();
}, 50);

// Half-open: the peer will never answer the close frame.
const mute = open(`${url}/mute`, { subprotocols: [] }, { ...handlers, opened: () => mute.close(4000, "half-open") });
