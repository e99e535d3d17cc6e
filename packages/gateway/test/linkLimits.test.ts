/** What a link must do, and may not do, to stay: answer, and keep within frame size, shape and rate. */
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { manualClock } from "./support/manualClock.js";
import { linked, start } from "./support/start.js";

describe("liveness [B6.3]", () => {
  it("a silent client is cut after three heartbeats with 4411, one that answers stays", async () => {
    const gateway = await start({ heartbeatMs: 200 });
    const alive = await linked(gateway, "alice");
    const began = performance.now();
    const silent = await linked(gateway, "bob", { alive: false });
    expect((await silent.closed).code).toBe(4411);
    expect(performance.now() - began).toBeGreaterThan(3 * 200 - 20);
    expect(silent.frames.filter((frame) => Array.isArray(frame) && frame[0] === 0).length).toBeGreaterThanOrEqual(2);
    expect(alive.socket.readyState).toBe(alive.socket.OPEN);
  });

  it("with the default heartbeat of 10 s that is after 30 s, and a client that is heard in between stays [B6.3]", async () => {
    const clock = manualClock();
    const gateway = await start({ clock });
    const silent = await linked(gateway, "bob", { alive: false });
    const heard = await linked(gateway, "alice", { alive: false });
    clock.advance(29_000);
    expect(gateway.stats().linked).toBe(2);
    heard.send([4, 1]);
    await heard.frame((frame) => Array.isArray(frame) && frame[0] === 4);
    clock.advance(2_000);
    expect((await silent.closed).code).toBe(4411);
    expect(gateway.stats().linked).toBe(1);
    expect(heard.socket.readyState).toBe(heard.socket.OPEN);
  });

  it("a client may ask for a longer heartbeat in hello and in band [B6.3]", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice", { hello: { heartbeatMs: 45_000 } });
    expect(await link.named("welcome")).toMatchObject({ heartbeatMs: 45_000 });
    link.send({ t: "heartbeat", ms: 60_000 }, [4, 9]);
    await link.frame((frame) => Array.isArray(frame) && frame[0] === 4 && frame[1] === 9);
  });
});

describe("what a link may not do", () => {
  it("a message above the frame limit: told, then 4413, and the gateway never holds it", async () => {
    const gateway = await start({ limits: { frameBytes: 20_000, eventBytes: 10_000 } });
    const link = await linked(gateway, "alice");
    link.socket.send("x".repeat(20_001));
    expect(await link.named("reject")).toMatchObject({
      code: "ERR_MESSAGE_TOO_LARGE",
      message: expect.stringContaining("20000"),
    });
    expect((await link.closed).code).toBe(4413);
    const again = await linked(gateway, "alice");
    again.socket.send("y".repeat(5_000_000));
    expect((await again.closed).code).toBe(4413);
    await expect.poll(() => gateway.stats().connections).toBe(0);
  });

  it.each([
    ["durable", 0],
    ["ephemeral", 1],
  ])("[B10.6] data of 30,000 arrays in each other, %s: refused, and nobody else notices", async (_name, flags) => {
    const gateway = await start();
    const bob = await linked(gateway, "bob");
    const alice = await linked(gateway, "alice");
    const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    alice.socket.send(`[6,"deep","user:bob","app",${deep(30_000)},${flags}]`);
    expect(await alice.named("nack")).toMatchObject({ id: "deep", code: "ERR_SEND_REJECTED" });
    alice.socket.send(`[6,"flat","user:bob","app",${deep(256)},0]`);
    const arrived = await bob.frame((frame) => Array.isArray(frame) && frame[0] === 1);
    expect([JSON.stringify((arrived as unknown[])[6]), gateway.stats().positions.at(-1)]).toEqual([deep(256), 3]);
  });

  it("a message above the frame limit is refused while it still arrives: its end is not waited for", async () => {
    const gateway = await start({ limits: { frameBytes: 20_000, eventBytes: 10_000 } });
    const link = await linked(gateway, "alice");
    link.socket.send("x".repeat(15_000), { fin: false });
    link.socket.send("x".repeat(15_000), { fin: false });
    expect((await link.closed).code).toBe(4413);
  });

  it.each([
    ["binary", Buffer.from("[4,1]"), true],
    ["text that is no UTF-8", Buffer.from([0xff, 0xfe]), false],
    ["text that is no JSON", Buffer.from("{"), false],
    ["JSON that is no frame", Buffer.from("42"), false],
  ])("%s is malformed: told, then 4400", async (_what, bytes, binary) => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    link.socket.send(bytes, { binary });
    expect(await link.named("reject")).toMatchObject({ code: "ERR_PROTOCOL" });
    expect((await link.closed).code).toBe(4400);
  });

  it.each([1000, 1002, 1003, 1007, 1008, 1009, 4400])(
    "a close frame with %i is answered with the same code, at once",
    async (code) => {
      const gateway = await start();
      const link = await linked(gateway, "alice");
      // Past the check of `ws` itself, which keeps an honest client from some of these.
      const head = Buffer.from([0x88, 0x82, 0, 0, 0, 0, code >> 8, code & 255]);
      (link.socket as unknown as { readonly _socket: Socket })._socket.write(head);
      expect((await link.closed).code).toBe(code);
      await expect.poll(() => gateway.stats().connections).toBe(0);
    },
  );

  it("more bytes announced than anybody can count are too many: told, then 4413", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    const head = Buffer.from([0x81, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]);
    (link.socket as unknown as { readonly _socket: Socket })._socket.write(head);
    expect(await link.named("reject")).toMatchObject({ code: "ERR_MESSAGE_TOO_LARGE" });
    expect((await link.closed).code).toBe(4413);
  });

  it("more frames than the rate: refused first, cut with 4429 when it goes on", async () => {
    const gateway = await start({ limits: { frameRate: 20 } });
    const link = await linked(gateway, "alice");
    for (let n = 0; n < 200; n += 1) link.send([6, `f-${n}`, "user:bob", "text", n, 0]);
    expect(await link.named("nack")).toMatchObject({ code: "ERR_SERVER_OVERLOADED", retryAfterMs: expect.any(Number) });
    expect((await link.closed).code).toBe(4429);
  });
});
