/** A client over a file storage, told what to do by lines and telling what it is told. Ends when its input ends. */
import { createInterface } from "node:readline";
import { createClient, fileStorage } from "@cc/sdk";

const [url, file = ""] = process.argv.slice(2);
const tell = (what: string, value: unknown): void => {
  process.stdout.write(`${JSON.stringify([what, value])}\n`);
};
const client = createClient({ url, storage: fileStorage(file) });
client.on("status", ({ current }) => tell("status", current));
client.on("session", ({ recovery }) => tell("session", recovery));
client.on("event", ({ data }) => tell("event", data));
client.on("user", (user) => tell("user", user?.uid ?? null));
client.on("error", ({ code }) => tell("error", code));
await client.init("demo");
tell("restored", client.getLoggedInUser()?.uid ?? null);

for await (const line of createInterface({ input: process.stdin })) {
  const [act, uid = "", authKey = ""] = line.split(" ");
  if (act === "login") await client.login(uid, authKey);
  if (act === "logout") await client.logout();
  tell("done", line.split(" ")[0]);
}
await client.dispose();
