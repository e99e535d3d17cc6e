/** A linked process that says each status and how the wake took it, with the time of day. argv: where the gateway is. */
import { createClient } from "@cc/sdk";

const client = createClient({ url: process.argv[2] ?? "" });
const say = (what: string): void => console.log(`${what} ${Date.now()}`);
client.on("error", ({ code }) => say(code));
client.on("event", ({ data }) => say(`event-${data}`));
await client.init("demo");
await client.login("ann", "auth-key-1");
await client.until("linked");
say("ready");
client.on("status", ({ current }) => say(current));
client.on("session", ({ recovery }) => say(recovery));
