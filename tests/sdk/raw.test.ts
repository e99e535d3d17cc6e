/** `rawProtocol()`: the connection machine over any WebSocket server. Real sockets, a server that knows nothing of us. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type AppEvent, createClient, rawProtocol } from "@cc/sdk";
import { createFaultProxy } from "@cc/testkit/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { createRig } from "./rig.js";

interface Echo {
  readonly port: number;
  readonly sockets: ReadonlySet<WebSocket>;
  readonly paths: readonly string[];
  readonly protocols: readonly string[];
}

async function echoServer(): Promise<Echo> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  const paths: string[] = [];
  const protocols: string[] = [];
  server.on("connection", (socket, request) => {
    paths.push(request.url ?? "");
    protocols.push(socket.protocol);
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets: server.clients, paths, protocols };
}

const policy = { spreadMs: 50, minSpreadMs: 10 };

describe("rawProtocol()", () => {
  it("[B9.2][B1.1] is linked when the socket is open; text and binary go and come untouched, in order", async () => {
    const { port, paths, protocols } = await echoServer();
    const protocol = rawProtocol({ subprotocols: ["chat.v2"], path: "/room?id=7" });
    const client = createClient({ url: `ws://127.0.0.1:${port}/base/`, protocol, policy });
    onTestFinished(() => client.dispose());
    const heard: AppEvent[] = [];
    client.on("*", (event) => void heard.push(event));
    await client.init("demo");
    await client.connect();
    expect(client.getConnectionStatus()).toBe("connected");
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    const said = ["", "héllo \u0000 🎈", '{"t":"welcome"}', bytes, new Uint8Array(0), "x".repeat(300_000)];
    for (const data of said) await client.send(data);
    await expect.poll(() => heard.length).toBe(said.length);
    expect(heard.map(({ data }) => (typeof data === "string" ? data : [...(data as Uint8Array)]))).toEqual(
      said.map((data) => (typeof data === "string" ? data : [...data])),
    );
    expect(heard.every(({ kind, class: c }) => kind === "message" && c === "ephemeral")).toBe(true);
    expect([paths, protocols]).toEqual([["/base/room?id=7"], ["chat.v2"]]);
  });

  it("[B9.2] the URL is dialled to the letter, a slash at its end included", async () => {
    const { port, paths } = await echoServer();
    const client = createClient({ url: `ws://127.0.0.1:${port}/ws/chat/`, protocol: rawProtocol(), policy });
    onTestFinished(() => client.dispose());
    await client.init("demo");
    await client.until("linked");
    expect(paths).toEqual(["/ws/chat/"]);
  });

  it("[B5.1][B10.7] a lost link comes back by itself, also after a 1000 of the server; in between send() rejects notSent", async () => {
    const { port, sockets } = await echoServer();
    const client = createClient({ url: `ws://127.0.0.1:${port}`, protocol: rawProtocol(), policy });
    onTestFinished(() => client.dispose());
    await client.init("demo");
    await client.until("linked");
    for (const end of [(s: WebSocket) => s.close(1000), (s: WebSocket) => s.terminate()]) {
      const lost = client.until("disconnected");
      for (const socket of sockets) end(socket);
      await lost;
      await expect(client.send("x")).rejects.toMatchObject({
        code: "ERR_WEBSOCKET_ERROR",
        details: { outcome: "notSent" },
      });
      await client.until("linked");
    }
  });

  it("[B6.1] silence is not diagnosed where nothing can be asked: a quiet link is left alone", async () => {
    const rig = createRig({ protocol: rawProtocol() as never, answers: true });
    await rig.client.init("demo");
    await rig.clock.advanceAsync(3_600_000);
    rig.lifecycle.emit("online");
    await rig.clock.advanceAsync(3_600_000);
    expect([rig.client.getConnectionStatus(), rig.links.all.length, rig.links.last.sent.length]).toEqual([
      "connected",
      1,
      0,
    ]);
  });

  it("[B4.1] in manual mode nothing dials until connect(), and disconnect() ends it", async () => {
    const { port, sockets } = await echoServer();
    const proxy = await createFaultProxy({ target: { host: "127.0.0.1", port } });
    onTestFinished(() => proxy.close());
    const client = createClient({ url: proxy.url(), protocol: rawProtocol() });
    onTestFinished(() => client.dispose());
    await client.init("demo", { autoEstablishSocketConnection: false });
    expect(proxy.accepted).toBe(0);
    await expect(client.connect()).resolves.toEqual({ alreadyConnected: false });
    await client.disconnect();
    await expect.poll(() => sockets.size).toBe(0);
    expect([client.getConnectionStatus(), proxy.accepted]).toEqual(["disconnected", 1]);
  });
});
