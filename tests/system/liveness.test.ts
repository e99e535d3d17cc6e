/** Links that die without a word, on real sockets: noticed in the contract's time (twofold slack), and no false death. */
import { describe, expect, it } from "vitest";
import { brisk, holds, openWorld, took } from "./world.js";

/**
 * A heartbeat of 800 ms in place of 10 s, and the rest of 6.3 in proportion: 800 + 200 + 800 ms. Shorter, the twofold slack would be
 * less than a busy machine stands still for.
 */
const heartbeatMs = 800;
const quick = { ...brisk, quietSlackMs: 200, probeMs: 800, probeSlackMs: 200, lateMs: 200 };
const deathMs = heartbeatMs + quick.quietSlackMs + quick.probeMs;

describe("a silent link", () => {
  it("[B6.1][B6.3] a black hole in either direction is noticed and the link replaced, with nothing missed", async () => {
    for (const direction of [undefined, "toClient", "toTarget"] as const) {
      const world = await openWorld({ heartbeatMs });
      const ann = await world.seat("ann", { policy: quick });
      await world.publish("ann", 1);
      await holds(() => ann.data, [1]);
      const { link } = ann.client.snapshot();
      world.proxy.blackhole(true, direction);
      await world.publish("ann", 2);
      const noticed = await took(() => ann.client.until((s) => s.link !== link, { timeoutMs: 10_000 }));
      // What goes to the server is not missed by a client that still hears pings: the server cuts it after three of them.
      expect(noticed).toBeLessThan(2 * (direction === "toTarget" ? 4 * heartbeatMs : deathMs));
      world.proxy.blackhole(false);
      await holds(() => ann.data, [1, 2]);
      await holds(() => ann.client.getConnectionStatus(), "connected");
      expect(ann.sessions.at(-1)).toBe("resumed");
    }
  });

  it("[B5.5][B6.3][R4] after a wake signal within 2.5 s, by the contract's own numbers", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { policy: {} });
    world.proxy.blackhole(true);
    const noticed = await took(async () => {
      ann.lifecycle.emit("online");
      await ann.client.until("disconnected", { timeoutMs: 10_000 });
    });
    expect(noticed).toBeLessThan(2 * 2_500);
    expect(ann.errors).toEqual(["ERR_HEARTBEAT_TIMEOUT"]);
  });

  it("[B6.3] with an acknowledgement pending within 5 s, by the contract's own numbers; the send is applied once", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { policy: {} });
    const bob = await world.seat("bob");
    world.proxy.blackhole(true);
    const sent = ann.client.send("user:bob", "message", "once");
    const noticed = await took(() => ann.client.until("disconnected", { timeoutMs: 20_000 }));
    expect(noticed).toBeLessThan(2 * 5_000);
    world.proxy.blackhole(false);
    await expect(sent).resolves.toMatchObject({ n: expect.any(Number) });
    await world.publish("bob", "fence");
    await holds(() => bob.data, ["once", "fence"]);
  });

  it("[B5.7] checkNow() on a living link answers with its round trip and keeps it; reconnect() replaces it", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    const { link } = ann.client.snapshot();
    await expect(ann.client.checkNow()).resolves.toMatchObject({ linked: true, rttMs: expect.any(Number) });
    expect(ann.client.snapshot().link).toBe(link);
    await expect(ann.client.reconnect()).resolves.toMatchObject({ linked: true });
    expect(ann.client.snapshot().link).not.toBe(link);
    expect(ann.sessions).toEqual(["new", "resumed"]);
  });

  it("[B6.2] at a round trip of 2 s nothing dies: not by the heartbeat, not by a probe, not by a late acknowledgement", async () => {
    const world = await openWorld({ heartbeatMs: 1_000 });
    const ann = await world.seat("ann", { policy: { quietSlackMs: 100 } });
    const { link } = ann.client.snapshot();
    world.proxy.delay(1_000);
    const sent = ann.client.send("user:bob", "message", "slow");
    for (let n = 0; n < 3; n += 1) await ann.client.checkNow();
    await sent;
    expect([ann.client.snapshot().link, ann.statuses]).toEqual([link, ["connecting", "connected"]]);
  });

  it("[B6.2][B10.8] a large replay over a slow path is no death", async () => {
    const world = await openWorld({ heartbeatMs });
    const ann = await world.seat("ann", { policy: quick });
    await world.proxy.refuse(true);
    world.proxy.cut();
    const text = "x".repeat(4_000);
    for (let n = 0; n < 500; n += 1) await world.publish("ann", `${n} ${text}`);
    world.proxy.delay(100);
    await world.proxy.refuse(false);
    await holds(() => ann.data.length, 500, 15_000);
    expect(ann.sessions).toEqual(["new", "resumed"]);
    expect(ann.errors).not.toContain("ERR_HEARTBEAT_TIMEOUT");
  });

  it("[B6.3] the server is rid of a client that fell silent after three heartbeats", async () => {
    const world = await openWorld({ heartbeatMs });
    await world.seat("ann", { policy: {} });
    world.proxy.blackhole(true);
    const gone = await took(() => holds(() => world.gateway.stats().linked, 0));
    expect(gone).toBeLessThan(2 * 4 * heartbeatMs);
  });

  it("[B5.8][R9] a server that takes the socket and says nothing: given up in time, retried, told as a timeout", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { policy: { ...brisk, connectBudgetsMs: [300] } });
    world.proxy.blackhole(true);
    const reconnecting = ann.client.reconnect();
    await holds(() => ann.errors.filter((code) => code === "ERR_CONNECT_TIMEOUT").length >= 2);
    world.proxy.blackhole(false);
    await reconnecting;
    await holds(() => ann.client.getConnectionStatus(), "connected");
  });
});
