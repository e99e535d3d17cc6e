/**
 * The client as Node's users have it, `@cc/sdk` over `ws`, against a server that breaks cc.1, WebSocket and HTTP, on real sockets; then a good gateway.
 *
 * Law: whatever the server does is the client's to survive: nothing is thrown or rejected unheard, at most one link at a time, and it comes back by itself.
 */

import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { createClient } from "@cc/sdk";
import { createRandom, createScriptedLifecycle, type Random } from "@cc/testkit";
import { createFaultProxy } from "@cc/testkit/node";
import { startGatewayProcess } from "./gatewayProcess.js";
import { gatewayKeys } from "./gatewayTalk.js";
import { anything, garble, membersOf, mutate, write } from "./json.js";
import { frame } from "./wire.js";

export interface SocketStormOptions {
  readonly seed: number;
  readonly links: number;
  readonly say: (line: string) => void;
  readonly until?: number | undefined;
}

export interface SocketStormResult {
  readonly links: number;
  readonly seconds: number;
  readonly recovered: boolean;
  readonly faults: readonly string[];
}

const patienceMs = 60_000;

const welcome = (user: string): object => ({
  t: "welcome",
  session: "s",
  user,
  recovery: "new",
  epoch: "hostile",
  positions: [1],
  heartbeatMs: 10_000,
  reconnectSpreadMs: 1,
  limits: {
    window: 16,
    windowBytes: 327_680,
    batchBytes: 16_384,
    eventBytes: 65_536,
    frameBytes: 131_072,
    frameRate: 500,
    dedupMs: 120_000,
  },
  throttled: [],
});

const server = (opcode: number, payload: Buffer | string, more: Parameters<typeof frame>[2] = {}): Buffer =>
  frame(opcode, payload, { masked: false, ...more });

/** What comes after the answer to the upgrade. */
function speech(random: Random, user: string): Buffer {
  const hello = write(membersOf(welcome(user)));
  const greeting = random.chance(0.7)
    ? [server(1, hello)]
    : random.chance(0.5)
      ? [server(1, write(mutate(random, membersOf(welcome(user)))))]
      : [];
  const rest = Array.from({ length: 1 + random.int(5) }, () => {
    switch (random.int(14)) {
      case 0:
        return server(2, "binary");
      case 1:
        return server(1, hello, { masked: true });
      case 2:
        return server(random.pick([3, 7, 11, 15]), "x");
      case 3:
        return server(1, "[0]", { rsv: random.pick([1, 2, 4]) });
      case 4:
        return server(random.pick([8, 9, 10]), "x".repeat(126));
      case 5:
        return server(1, Buffer.from("eda080", "hex"));
      case 6:
        return server(1, "[0]", { length: 2n ** 63n, lengthBytes: 8 });
      case 7:
        return server(0, "[0]");
      case 8:
        return server(9, "ping");
      case 9:
        return server(1, `"${"x".repeat(200_000)}"`);
      case 10:
        return server(1, garble(random, '[[0,2],{"t":"caughtUp","positions":[2]}]'));
      case 11:
        return server(8, Buffer.from(random.pick(["03e8", "03ea", "03f1", "0000", "ffff", "03", "1130"]), "hex"));
      default:
        return server(1, write(anything(random)));
    }
  });
  return Buffer.concat([...greeting, ...rest]);
}

/** One hostile answer to one connection. */
function treat(socket: Socket, random: Random, user: string): void {
  socket.on("error", () => {});
  socket.once("data", (request: Buffer) => {
    const key = /sec-websocket-key: (\S+)/i.exec(request.toString())?.[1] ?? "";
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    const upgraded = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: cc.1\r\n\r\n`;
    switch (random.int(8)) {
      case 0:
        socket.end(
          random.pick([
            "",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 503 No\r\nRetry-After: x\r\n\r\n",
            "HTTP/1.1 101 Yes\r\n\r\n",
            "garbage\r\n\r\n",
            garble(random, upgraded),
          ]),
        );
        return;
      case 1:
        socket.resetAndDestroy();
        return;
      default:
        socket.write(Buffer.concat([Buffer.from(upgraded), speech(random, user)]));
    }
    // The client's answer, whatever it is, ends it; and so does its silence, for nothing here is owed.
    const end = (): void => void (random.chance(0.5) ? socket.end() : socket.resetAndDestroy());
    socket.once("data", () => setImmediate(end));
    setTimeout(end, 200).unref();
  });
}

export async function runSocketStorm({
  seed,
  links: most,
  say,
  until = Number.POSITIVE_INFINITY,
}: SocketStormOptions): Promise<SocketStormResult> {
  const began = performance.now();
  const faults: string[] = [];
  const behind = (what: string) => (error: unknown) =>
    void faults.push(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
  const [rejected, thrown] = [behind("an unhandled rejection"), behind("an uncaught exception")];
  process.on("unhandledRejection", rejected).on("uncaughtException", thrown);
  const gateway = await startGatewayProcess(1);
  const token = new Map(gateway.ready.tokens).get("evil-0") ?? "";
  const open = new Set<Socket>();
  let links = 0;
  let enough: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    enough = resolve;
  });
  // The last connections go to the gateway, by the same port.
  const hostile = createServer((socket) => {
    const random = createRandom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(links + 1, 0x165667b1)) | 0);
    links += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    treat(socket, random, "evil-0");
    if (links >= most || faults.length > 0 || performance.now() > until) enough();
  });
  await new Promise<void>((resolve) => hostile.listen(0, "127.0.0.1", resolve));
  const address = hostile.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const client = createClient({
    url: `http://127.0.0.1:${port}`,
    lifecycle: createScriptedLifecycle(),
    // Soon after one another, and no terminal word of this server is believed: it is the storm that is wanted.
    policy: {
      minSpreadMs: 1,
      maxSpreadMs: 5,
      spreadMs: 2,
      wakeJitterMs: 1,
      caps: [[Number.POSITIVE_INFINITY, 5]],
      shouldRetry: () => ({ action: "retry", delayMs: 1 }),
    },
    onListenerError: (error) => void faults.push(`thrown into a listener's place: ${String(error)}`),
  });
  client.on("event", ({ data }) => {
    if (JSON.stringify(data) === '"good"') return;
  });
  let recovered = false;
  let late: NodeJS.Timeout | undefined;
  try {
    await client.init(gatewayKeys.appId);
    await client.login({ uid: "evil-0", getToken: () => token });
    late = setTimeout(
      () => {
        faults.push(`${links} of ${most} links within ${patienceMs / 1_000} s: ${JSON.stringify(client.snapshot())}`);
        enough();
      },
      Math.max(patienceMs, most * 400),
    );
    await done;
    clearTimeout(late);
    hostile.close();
    for (const socket of open) socket.destroy();
    const proxy = await createFaultProxy({ target: { host: gateway.ready.host, port: gateway.ready.port }, port });
    try {
      await client.until("linked", { timeoutMs: patienceMs });
      const ack = await client.send("user:friend", "message", "good");
      recovered = ack !== null && ack.n > 0;
      if (proxy.connections > 1) faults.push(`${proxy.connections} links at a time`);
    } finally {
      await client.dispose();
      await proxy.close();
    }
  } catch (error) {
    faults.push(`afterwards: ${String(error)}`);
  } finally {
    clearTimeout(late);
    await client.dispose();
    hostile.close();
    for (const socket of open) socket.destroy();
    await gateway.close();
    process.off("unhandledRejection", rejected).off("uncaughtException", thrown);
  }
  if (!recovered && faults.length === 0) faults.push("a good server did not help");
  say(`  ${links} hostile connections`);
  return { links, seconds: (performance.now() - began) / 1000, recovered, faults };
}
