/**
 * A gateway with the contract's own numbers, in a process of its own. argv: one JSON object with `host`, `port`, `users`, `authKey`.
 * Input: a line `{ uid, data }` publishes to that user. Output: `listening`, each end of a link as `cut` with user and code, lateness.
 */
import { createInterface } from "node:readline";
import { createGateway, createLogger } from "@cc/gateway";
import { tellLateness } from "./late.js";
import type { Line } from "./line.js";

const { host, port, users, authKey } = JSON.parse(process.argv[2] ?? "") as {
  readonly host: string;
  readonly port: number;
  readonly users: readonly string[];
  readonly authKey: string;
};
const put = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const say = (seat: string, what: string, value: unknown = null): void => put({ at: Date.now(), seat, what, value });

const gateway = await createGateway({
  appId: "demo",
  apiKey: "api-key-123",
  jwtSecret: "0123456789abcdef0123456789abcdef",
  authKey,
  host,
  port,
  users: users.map((uid) => ({ uid })),
  origins: "*",
  // Its own law, shown elsewhere; here a busy machine must not shed what is measured.
  throttling: false,
  logger: createLogger({
    level: "debug",
    destination: {
      write(text) {
        const { note, user, code } = JSON.parse(text) as Record<string, unknown>;
        if (note === "closed") say(String(user), "cut", code);
      },
    },
  }),
});
say("", "listening");
tellLateness(put);
for await (const line of createInterface({ input: process.stdin })) {
  const { uid, data } = JSON.parse(line) as { readonly uid: string; readonly data: unknown };
  await gateway.publish({ channel: `user:${uid}`, kind: "message", data });
  say(uid, "published", typeof data === "string" ? data.slice(0, 12) : data);
}
process.exit(0);
