/** A process whose end says what holds it. argv: what to do, where the gateway is. Prints one line when it is done with that. */
import { createClient } from "@cc/sdk";

const [what = "", at = ""] = process.argv.slice(2);
const client = createClient({ url: at });
const say = (line: string): void => console.log(line);

client.on("status", () => {});
client.addConnectionListener("x", {});
if (what !== "constructed") {
  await client.init("demo", { autoEstablishSocketConnection: what !== "manual" });
  if (what !== "idle") await client.login("ann", "auth-key-1");
}
if (what === "linked" || what === "dispose" || what === "logout") await client.until("linked");
if (what === "disconnected") {
  await client.until("linked");
  await client.disconnect();
}
if (what === "dispose") await client.dispose();
if (what === "logout") await client.logout();
if (what === "retrying") {
  await client.until("linked");
  client.on("status", ({ current }) => {
    if (current === "disconnected") say("retrying");
  });
}
say(what === "retrying" ? "linked" : what);
