import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** A server that echoes, remembers its sockets, and what it read. */
let server: Server;
let served: Socket[];
let heard: string[];
let proxy: FaultProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  served = [];
  heard = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      heard.push(data.toString());
      socket.write(data);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await createFaultProxy({ target: { host: "127.0.0.1", port: (server.address() as AddressInfo).port } });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  for (const socket of served) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

interface Peer {
  readonly socket: Socket;
  readonly text: () => string;
  readonly errors: readonly string[];
  /** The socket is gone, with or without an error. */
  readonly closed: Promise<void>;
}

function dial(): Peer {
  const socket = connect({ host: "127.0.0.1", port: proxy.port, allowHalfOpen: true, noDelay: true });
  clients.push(socket);
  let text = "";
  const errors: string[] = [];
  socket.on("data", (data) => {
    text += data.toString();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message));
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return { socket, text: () => text, errors, closed };
}

/** A peer whose bytes have come back once. */
async function linked(): Promise<Peer> {
  const peer = dial();
  peer.socket.write("hi");
  await expect.poll(peer.text).toBe("hi");
  return peer;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("fault proxy", () => {
  test("carries bytes both ways, in order, and counts them", async () => {
    const peer = await linked();
    const big = "x".repeat(3_000_000);
    peer.socket.write(big);
    await expect.poll(() => peer.text().length).toBe(big.length + 2);
    expect(peer.text()).toBe(`hi${big}`);
    expect(proxy.delivered).toEqual({ toClient: big.length + 2, toTarget: big.length + 2 });
    expect([proxy.connections, proxy.accepted]).toEqual([1, 1]);
    expect(proxy.url()).toBe(`ws://127.0.0.1:${proxy.port}`);
    expect(proxy.url("http", "/healthz")).toBe(`http://127.0.0.1:${proxy.port}/healthz`);
  });

  test("an orderly end goes through to the other side, either way, and the pair is forgotten", async () => {
    const peer = await linked();
    peer.socket.end();
    const [target] = served;
    await once(target as Socket, "end");
    (target as Socket).end("bye");
    await once(peer.socket, "end");
    expect(peer.text()).toBe("hibye");
    await expect.poll(() => proxy.connections).toBe(0);
    expect(peer.errors).toEqual([]);
  });

  test("cut resets both sides of every connection; new ones are welcome", async () => {
    const [one, two] = [await linked(), await linked()];
    const targets = served.map((socket) => new Promise((resolve) => socket.on("close", resolve)));
    proxy.cut();
    await Promise.all([...targets, one.closed, two.closed]);
    expect(one.errors).toEqual(["ECONNRESET"]);
    expect(two.errors).toEqual(["ECONNRESET"]);
    expect(proxy.connections).toBe(0);
    await linked();
  });

  test("a black hole swallows both ways on standing and new connections while sockets stay open, and what was held arrives after", async () => {
    const old = await linked();
    proxy.blackhole(true);
    const fresh = dial();
    await once(fresh.socket, "connect");
    old.socket.write("1");
    fresh.socket.write("2");
    (served[0] as Socket).write("3");
    await wait(120);
    expect([old.text(), fresh.text(), heard]).toEqual(["hi", "", ["hi"]]);
    expect([old.socket.readyState, fresh.socket.readyState, proxy.connections]).toEqual(["open", "open", 2]);
    proxy.blackhole(false);
    await expect.poll(old.text).toBe("hi31");
    await expect.poll(fresh.text).toBe("2");
  });

  test("an end does not get through a black hole", async () => {
    const peer = await linked();
    proxy.blackhole(true);
    (served[0] as Socket).end();
    let ended = false;
    peer.socket.on("end", () => {
      ended = true;
    });
    await wait(100);
    expect(ended).toBe(false);
    proxy.blackhole(false);
    await expect.poll(() => ended).toBe(true);
  });

  test("into a black hole a sender's buffers fill, as with packets that nobody acknowledges; healed, every byte arrives", async () => {
    const peer = await linked();
    proxy.blackhole(true);
    const total = 24_000_000;
    peer.socket.write("x".repeat(total));
    await wait(300);
    expect(peer.socket.writableLength).toBeGreaterThan(0);
    proxy.blackhole(false);
    await expect.poll(() => heard.reduce((sum, { length }) => sum + length, 0), { timeout: 15_000 }).toBe(total + 2);
    expect(peer.socket.writableLength).toBe(0);
  });

  test("one direction alone can be black: the target still hears the client", async () => {
    const peer = await linked();
    proxy.blackhole(true, "toClient");
    peer.socket.write("up");
    await expect.poll(() => heard.at(-1)).toBe("up");
    await wait(60);
    expect(peer.text()).toBe("hi");
  });

  test("delay holds each direction, in order, also when it shrinks; zero ends it", async () => {
    const peer = await linked();
    proxy.delay(80);
    const start = performance.now();
    peer.socket.write("a");
    await wait(10);
    proxy.delay(0);
    peer.socket.write("b");
    await expect.poll(peer.text, { interval: 2 }).toBe("hiab");
    expect(performance.now() - start).toBeGreaterThanOrEqual(79);
    proxy.delay(60);
    const again = performance.now();
    peer.socket.write("c");
    await expect.poll(peer.text, { interval: 2 }).toBe("hiabc");
    expect(performance.now() - again, "60 ms each way").toBeGreaterThanOrEqual(119);
  });

  test("closes although an end is just on its way to both sides", async () => {
    const peer = await linked();
    proxy.halfClose("toClient");
    proxy.halfClose("toTarget");
    await proxy.close();
    expect(proxy.connections).toBe(0);
    peer.socket.end();
    await peer.closed;
  });

  test("half-close ends one direction only", async () => {
    const peer = await linked();
    const ended = once(peer.socket, "end");
    proxy.halfClose();
    await ended;
    peer.socket.write("still");
    await expect.poll(() => heard.at(-1)).toBe("still");
    await wait(40);
    expect(peer.text(), "what the target says after the FIN has nowhere to go").toBe("hi");
    expect(proxy.connections).toBe(1);

    const other = await linked();
    const target = served.at(-1) as Socket;
    const done = once(target, "end");
    proxy.halfClose("toTarget");
    await done;
    target.write("down");
    await expect.poll(other.text).toBe("hidown");
  });

  test("refuse resets new connections and leaves the standing one alone", async () => {
    const peer = await linked();
    await proxy.refuse(true);
    const late = dial();
    await late.closed;
    expect(late.errors).toEqual(["ECONNRESET"]);
    expect(proxy.accepted).toBe(1);
    peer.socket.write("!");
    await expect.poll(peer.text).toBe("hi!");
    await proxy.refuse(false);
    await linked();
  });

  test("refuse unbound: nothing listens, the same port comes back", async () => {
    const peer = await linked();
    await proxy.refuse("unbound");
    const late = dial();
    await late.closed;
    expect(late.errors).toEqual(["ECONNREFUSED"]);
    peer.socket.write("!");
    await expect.poll(peer.text).toBe("hi!");
    const { port } = proxy;
    await proxy.refuse(false);
    expect(proxy.port).toBe(port);
    await linked();
  });

  test("a target that is down resets the client", async () => {
    const dead = await createFaultProxy({ target: { host: "127.0.0.1", port: 1 } });
    const socket = connect(dead.port, "127.0.0.1");
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
    await dead.close();
  });

  test("close ends everything, in a black hole too, and leaves no handle", async () => {
    const peer = await linked();
    proxy.blackhole(true);
    await proxy.close();
    expect(proxy.connections).toBe(0);
    peer.socket.end();
    await peer.closed;
    const late = dial();
    await late.closed;
    expect(late.errors).toEqual(["ECONNREFUSED"]);
  });
});
