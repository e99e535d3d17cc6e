/** What one address, one user and one slow peer may take of a gateway. */
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { clientAddress, limitKeyOf } from "../src/address.js";
import { createPlaces } from "../src/socket/places.js";
import { openLink, type TestLink } from "./support/link.js";
import { manualClock } from "./support/manualClock.js";
import { authKey, call, dial, linked, start } from "./support/start.js";

const error = (code: string) => ({ error: expect.objectContaining({ code, message: expect.any(String) }) });

/** The status of a refused upgrade; 101 if it was none. */
const upgradeStatus = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, "cc.1", { headers: { ...headers } });
    socket.on("error", () => {});
    socket.on("open", () => {
      socket.terminate();
      resolve(101);
    });
    socket.on("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });

/** A socket that is open and says nothing. */
const mute = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<TestLink> =>
  new Promise((resolve) => {
    const link = openLink(url, { headers });
    link.socket.on("open", () => resolve(link));
  });

describe("admission", () => {
  it("[B5.2] a herd above the rate is told moments of its own, and everybody who keeps them is in", async () => {
    const gateway = await start({ admissionPerSecond: 20, admissionBurst: 5 });
    const floors: number[] = [];
    const comeIn = async (): Promise<void> => {
      for (;;) {
        const link = await dial(gateway, "alice");
        const [first] = await Promise.race([
          link.named("welcome").then(() => [undefined]),
          link.named("reject").then((reject) => [reject]),
        ]);
        if (first === undefined) return;
        expect(first).toMatchObject({ code: "ERR_SERVER_OVERLOADED", retry: "later" });
        expect((await link.closed).code).toBe(4503);
        floors.push(Number(first["minDelayMs"]));
        await new Promise((resolve) => setTimeout(resolve, floors.at(-1)));
      }
    };
    await Promise.all(Array.from({ length: 15 }, comeIn));
    expect(new Set(floors).size).toBeGreaterThan(1);
    expect(gateway.stats().linked).toBe(15);
  });
});

describe("one address that never has a good token", () => {
  it("[B5.2] cannot use up the admission of all others; it may come again when its failures are a while ago", async () => {
    const clock = manualClock();
    const gateway = await start({
      clock,
      admissionPerSecond: 1,
      admissionBurst: 10,
      trustedProxies: ["127.0.0.1"],
      limits: { handshakesPerAddress: 5 },
    });
    const headers = { "x-forwarded-for": "203.0.113.1" };
    const ends: unknown[] = [];
    for (let n = 0; n < 20; n += 1) {
      const link = openLink(gateway.wsUrl, { headers, token: "no token" });
      link.socket.on("unexpected-response", (_request, response) => {
        ends.push(response.statusCode);
        link.socket.terminate();
      });
      const { code } = await link.closed;
      if (code !== 1006) ends.push(code);
    }
    expect(ends).toEqual([...Array.from({ length: 5 }, () => 4401), ...Array.from({ length: 15 }, () => 429)]);
    await linked(gateway, "alice", { headers: { "x-forwarded-for": "203.0.113.2" } });
    clock.advance(10_000);
    await linked(gateway, "alice", { headers });
  });

  it("is not blamed for what the gateway could not do for it", async () => {
    const gateway = await start({ admissionPerSecond: 1, admissionBurst: 1, limits: { handshakesPerAddress: 3 } });
    await linked(gateway, "alice");
    for (let n = 0; n < 6; n += 1) expect((await (await dial(gateway, "bob")).closed).code).toBe(4503);
  });
});

describe("one address", () => {
  it("has no more sockets than its share: 429, and again as soon as one of them ends", async () => {
    const gateway = await start({ limits: { connectionsPerAddress: 2 } });
    const first = await linked(gateway, "alice");
    await linked(gateway, "bob");
    expect(await upgradeStatus(gateway.wsUrl)).toBe(429);
    first.socket.terminate();
    await expect.poll(() => gateway.stats().connections).toBe(1);
    await linked(gateway, "alice");
  });

  it("has fewer that have not said hello, and those that are welcomed do not count there", async () => {
    const gateway = await start({ limits: { handshakesPerAddress: 2 } });
    await linked(gateway, "alice");
    await linked(gateway, "bob");
    await mute(gateway.wsUrl);
    await mute(gateway.wsUrl);
    expect(await upgradeStatus(gateway.wsUrl)).toBe(429);
    expect(gateway.stats().linked).toBe(2);
  });

  it("has no more connections than that, those that say nothing included; a listed proxy may", async () => {
    const limits = { connectionsPerAddress: 2, handshakesPerAddress: 1 };
    const direct = await start({ limits });
    const behind = await start({ limits, trustedProxies: ["127.0.0.1"] });
    const [bound, free] = [direct, behind].map(({ address: { port, host } }) =>
      Array.from({ length: 8 }, () => connect(port, host).on("error", () => {})),
    );
    const open = (sockets: typeof bound = []): number => sockets.filter(({ destroyed }) => !destroyed).length;
    await expect.poll(() => open(bound)).toBe(3);
    for (const socket of bound ?? []) socket.destroy();
    await expect
      .poll(() =>
        call(direct, "/healthz", { method: "GET" }).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    expect((await call(behind, "/healthz", { method: "GET" })).status).toBe(200);
    expect(open(free)).toBe(8);
    for (const socket of free ?? []) socket.destroy();
  });

  it("an upgrade that is refused for another reason, or whose peer goes, holds no place", async () => {
    const gateway = await start({ limits: { connectionsPerAddress: 1 } });
    for (let n = 0; n < 3; n += 1) {
      expect(await upgradeStatus(gateway.wsUrl.replace("/v1/connect", "/elsewhere"))).toBe(404);
      const socket = connect(gateway.address.port, gateway.address.host);
      await new Promise<void>((resolve) => {
        socket.on("close", () => resolve());
        socket.on("data", () => socket.destroy());
        // A garbled key: `ws` refuses it after the place was taken.
        socket.end(
          "GET /v1/connect HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: short\r\nsec-websocket-protocol: cc.1\r\n\r\n",
        );
      });
    }
    await expect.poll(() => upgradeStatus(gateway.wsUrl)).toBe(101);
  });

  it("is the one that a listed proxy saw, for sockets as for requests; a forged header of somebody else changes nothing", async () => {
    const behind = await start({ trustedProxies: ["127.0.0.1"], limits: { connectionsPerAddress: 1 } });
    await mute(behind.wsUrl, { "x-forwarded-for": "203.0.113.1" });
    expect(await upgradeStatus(behind.wsUrl, { "x-forwarded-for": "203.0.113.1" })).toBe(429);
    expect(await upgradeStatus(behind.wsUrl, { "x-forwarded-for": "198.51.100.7, 203.0.113.1" })).toBe(429);
    expect(await upgradeStatus(behind.wsUrl, { "x-forwarded-for": "203.0.113.2" })).toBe(101);
    const direct = await start({ limits: { connectionsPerAddress: 1 } });
    await mute(direct.wsUrl, { "x-forwarded-for": "203.0.113.1" });
    expect(await upgradeStatus(direct.wsUrl, { "x-forwarded-for": "203.0.113.2" })).toBe(429);
  });

  it.each([
    ["a chain of proxies, IPv6 among them", "2001:db8:1::1", "203.0.113.9, 2001:db8:1::2, 10.0.0.7", "203.0.113.9"],
    ["a client by IPv6 behind a proxy by IPv4 in IPv6", "::ffff:10.0.0.7", "2001:db8:2::5", "2001:db8:2::5"],
    ["a hop with a port", "10.0.0.7", "203.0.113.9, 10.0.0.8:443", "10.0.0.7"],
    ["a hop that is a name", "10.0.0.7", "unknown", "10.0.0.7"],
    ["empty hops", "10.0.0.7", ", ,", "10.0.0.7"],
    ["nothing but proxies", "10.0.0.7", "10.0.0.1, 10.0.0.2", "10.0.0.1"],
    ["an octal that some read as another address", "10.0.0.7", "0177.0.0.1", "127.0.0.1"],
    ["ten thousand hops", "10.0.0.7", `${"1.2.3.4, ".repeat(10_000)}203.0.113.9`, "203.0.113.9"],
    ["a peer that is no proxy", "203.0.113.9", "1.2.3.4", "203.0.113.9"],
  ])("X-Forwarded-For with %s", (_what, peer, header, client) => {
    expect(clientAddress(["10.0.0.0/8", "2001:db8:1::/48"])(peer, header)).toBe(client);
  });

  it("a listed range of IPv4 may be written as IPv6 has it", () => {
    for (const range of ["::ffff:10.0.0.0/104", "::ffff:10.0.0.7"])
      for (const [peer, client] of [
        ["10.0.0.7", "203.0.113.9"],
        ["192.0.2.1", "192.0.2.1"],
      ] as const)
        expect(clientAddress([range])(peer, "203.0.113.9")).toBe(client);
  });

  it("is a /64 by IPv6, for nobody has only one of those", () => {
    expect(limitKeyOf("2001:db8:1:2:3:4:5:6")).toBe(limitKeyOf("2001:db8:1:2::9"));
    expect(limitKeyOf("2001:db8:1:2::1")).not.toBe(limitKeyOf("2001:db8:1:3::1"));
    expect([limitKeyOf("203.0.113.9"), limitKeyOf("unknown")]).toEqual(["203.0.113.9", "unknown"]);
  });

  it("places are given back once, however often a socket says that it is gone", () => {
    const places = createPlaces({ open: 2, shaking: 1 });
    const one = places.take("a");
    expect(places.take("a")).toBeUndefined();
    one?.welcomed();
    one?.welcomed();
    const two = places.take("a");
    expect([two === undefined, places.take("a")]).toEqual([false, undefined]);
    one?.free();
    one?.free();
    expect(places.take("a")).toBeUndefined();
    two?.free();
    expect(places.size).toBe(0);
  });

  it("failed handshakes count for a while, and are forgotten then, with the address", () => {
    const at = { now: 0 };
    const places = createPlaces({ open: 9, shaking: 2, failedMs: 100, now: () => at.now });
    const failed = places.take("a");
    const refused = places.take("a");
    refused?.excuse();
    for (const place of [failed, failed, refused]) place?.free();
    const third = places.take("a");
    expect([third === undefined, places.take("a")]).toEqual([false, undefined]);
    third?.welcomed();
    third?.free();
    places.sweep();
    expect(places.size).toBe(1);
    at.now = 100;
    places.sweep();
    expect(places.size).toBe(0);
  });
});

describe("one user", () => {
  it("has no more links than his share: told, later, 4503; a newer link of one of his instances is let in", async () => {
    const gateway = await start({ limits: { connectionsPerUser: 2 } });
    await linked(gateway, "alice", { hello: { instance: "one" } });
    await linked(gateway, "alice", { hello: { instance: "two" } });
    const third = await dial(gateway, "alice");
    expect(await third.named("reject")).toMatchObject({ code: "ERR_SERVER_OVERLOADED", retry: "later" });
    expect((await third.closed).code).toBe(4503);
    await linked(gateway, "alice", { hello: { instance: "two", linkNo: 2 } });
    await linked(gateway, "bob");
  });

  it("joins no more groups than his share; who is added by the app's server is not counted", async () => {
    const gateway = await start({
      groups: ["one", "two", "three"].map((gid) => ({ gid })),
      limits: { channelsPerUser: 2 },
    });
    const link = await linked(gateway, "alice");
    for (const gid of ["one", "two", "three"]) link.send({ t: "join", channel: `group:${gid}`, id: gid });
    expect(await link.named("nack")).toMatchObject({ id: "three", code: "ERR_SEND_REJECTED" });
    expect(gateway.membersOf("three")).toEqual([]);
    await gateway.addMember("three", "alice");
    expect(gateway.membersOf("three")).toEqual(["alice"]);
  });
});

describe("requests", () => {
  it("brute force: a key is judged where none is asked for too, and not by who is spared the rate", async () => {
    const gateway = await start({ limits: { keyFailuresPerMinute: 3, addressRequestRate: 1 } });
    const ask = async (key: string | boolean): Promise<number> =>
      (await call(gateway, "/v1/openapi.json", { method: "GET", key })).status;
    expect([await ask("a"), await ask("b"), await ask("c"), await ask("d")]).toEqual([401, 401, 401, 429]);
    expect(await ask(true)).toBe(429);
  });

  it("above the rate of an address: 429 with a floor that a page can read; the app's own server is not counted", async () => {
    const gateway = await start({ limits: { addressRequestRate: 1 }, origins: ["https://app.example"] });
    const headers = { origin: "https://app.example" };
    const answers = await Promise.all(
      Array.from({ length: 14 }, () => call(gateway, "/v1/me", { method: "GET", headers })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(4);
    expect(refused[0]?.body).toEqual(error("ERR_RATE_LIMITED"));
    expect(refused[0]?.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(Number(refused[0]?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await call(gateway, "/v1/admin/stats", { method: "GET", key: true })).status).toBe(200);
    expect((await call(gateway, "/healthz", { method: "GET" })).status).toBe(200);
  });

  it("above the rate of a user: 429, whichever of his tokens he shows; others are not concerned", async () => {
    const gateway = await start({ limits: { userRequestRate: 1 } });
    const tokens = await Promise.all([gateway.mintToken("alice"), gateway.mintToken("alice")]);
    const statuses: number[] = [];
    for (let n = 0; n < 11; n += 1)
      statuses.push((await call(gateway, "/v1/me", { method: "GET", token: tokens[n % 2]?.token ?? "" })).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.at(-1)).toBe(429);
    const { token } = await gateway.mintToken("bob");
    expect((await call(gateway, "/v1/me", { method: "GET", token })).status).toBe(200);
  });

  it("brute force: after ten wrong keys the right one waits too, for the authKey and the API key together", async () => {
    const gateway = await start({ limits: { keyFailuresPerMinute: 3 } });
    for (let n = 0; n < 2; n += 1)
      expect((await call(gateway, "/v1/login", { body: { uid: "alice", authKey: `no-${n}` } })).status).toBe(401);
    expect((await call(gateway, "/v1/admin/stats", { method: "GET", key: "no" })).status).toBe(401);
    expect((await call(gateway, "/v1/login", { body: { uid: "alice", authKey: "no" } })).status).toBe(429);
    const right = await call(gateway, "/v1/login", { body: { uid: "alice", authKey } });
    expect(right).toMatchObject({ status: 429, body: error("ERR_RATE_LIMITED") });
  });
});

describe("slow and greedy peers", () => {
  /** What comes back on a raw socket until it is closed. */
  const raw = (port: number, drip: (write: (text: string) => void) => void): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += String(chunk);
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
      socket.on("connect", () => drip((part) => void socket.write(part)));
    });

  it("headers that come drop by drop are cut off with 408, and so is a connection that says nothing at all", async () => {
    const gateway = await start({ limits: { handshakeMs: 300 } });
    const { port } = gateway.address;
    const dripping = raw(port, (write) => {
      write("GET /healthz HTTP/1.1\r\nhost: x\r\n");
      const timer = setInterval(() => write("x-more: 1\r\n"), 50);
      timer.unref();
      setTimeout(() => clearInterval(timer), 5_000).unref();
    });
    expect(await dripping).toMatch(/^HTTP\/1\.1 408 /);
    expect(await raw(port, () => {})).toMatch(/^HTTP\/1\.1 408 |^$/);
  });

  it("headers above 16 kB are refused with 431, before anything is looked at", async () => {
    const gateway = await start();
    const answer = raw(gateway.address.port, (write) =>
      write(`GET /v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${"x".repeat(20_000)}\r\n\r\n`),
    );
    expect(await answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("a socket without hello is told and closed with 4408 when its time is over", async () => {
    const gateway = await start({ limits: { handshakeMs: 200 } });
    const link = await mute(gateway.wsUrl);
    expect(await link.named("reject")).toMatchObject({ code: "ERR_CONNECT_TIMEOUT", retry: "later" });
    expect((await link.closed).code).toBe(4408);
  });

  it("[B10.8] a reader who reads nothing costs bounded memory: credit for messages, drops for the rest; others are served", async () => {
    const gateway = await start({ limits: { outboundBytes: 100_000, window: 8 }, heartbeatMs: 60_000 });
    const slow = await linked(gateway, "bob", { alive: false });
    const quick = await linked(gateway, "bob", { hello: { instance: "quick" } });
    // Nothing is read from here on: the kernel's buffers fill, then the gateway's would.
    (slow.socket as unknown as { readonly _socket: { pause(): void } })._socket.pause();
    const blob = "x".repeat(50_000);
    for (let n = 0; n < 400; n += 1)
      await gateway.publish({ channel: "user:bob", kind: "status", data: blob, ephemeral: true });
    for (let n = 0; n < 40; n += 1) await gateway.publish({ channel: "user:bob", kind: "text", data: n });
    await expect.poll(() => quick.data.at(-1)).toBe(39);
    // 20 MB were written for it; what waits here is a drop of that, and the messages wait in the log.
    await expect.poll(() => gateway.stats().load.outboundBytes).toBeGreaterThan(0);
    expect(gateway.stats().load.outboundBytes).toBeLessThanOrEqual(100_000 + 2 * 65_536 + 327_680);
    expect(gateway.stats().linked).toBe(2);
  });
});
