/**
 * Clients of Node in a process of their own. argv: one JSON object. Each line of input is an act, each line of output is told.
 * `delayMs`: they go through the fault proxy, which holds each byte that long, each way. `bytesPerSecond`: through a narrow one.
 */
import { createInterface } from "node:readline";
import { nodeLifecycle } from "@cc/platform-node";
import { createClient } from "@cc/sdk";
import { createFaultProxy } from "@cc/testkit/node";
import { openNarrowProxy } from "./narrow.js";
import { openSeats } from "./seats.js";

interface Wanted {
  readonly host: string;
  readonly port: number;
  readonly names: readonly string[];
  readonly crew: string;
  readonly authKey: string;
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
}

const { host, port, names, crew, authKey, delayMs, bytesPerSecond } = JSON.parse(process.argv[2] ?? "") as Wanted;

async function way(): Promise<string> {
  if (bytesPerSecond !== undefined) return `http://127.0.0.1:${await openNarrowProxy({ host, port, bytesPerSecond })}`;
  if (delayMs === undefined) return `http://${host}:${port}`;
  const proxy = await createFaultProxy({ target: { host, port } });
  proxy.delay(delayMs);
  return proxy.url("http");
}

const act = await openSeats({
  at: await way(),
  names,
  crew,
  authKey,
  createClient,
  lifecycle: () => nodeLifecycle(),
  say: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
});
for await (const line of createInterface({ input: process.stdin })) act(JSON.parse(line));
process.exit(0);
