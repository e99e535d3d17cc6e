/** Manual and auto mode on the real gateway, with a scripted lifecycle: Node has no background. */
import { createFaultProxy } from "@cc/testkit/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { brisk, holds, keys, openWorld, takeSeat, took } from "./world.js";

describe("manual mode", () => {
  const manual = { settings: { autoEstablishSocketConnection: false } };

  it("[B4.4][B4.5] in the background a lease; ping() renews it; at its end the link is closed and stays so until connect()", async () => {
    const world = await openWorld();
    const policy = { ...brisk, leaseMs: 800, leaseSlackMs: 200 };
    const ann = await world.seat("ann", { ...manual, policy });
    ann.lifecycle.emit("background");
    const { leaseUntil } = ann.client.snapshot();
    expect(leaseUntil).toBeGreaterThan(Date.now());
    await holds(() => Date.now() > (leaseUntil ?? 0) - 200);
    const pong = await ann.client.ping();
    expect(pong).toMatchObject({ rttMs: expect.any(Number) });
    expect(pong.leaseUntil).toBeGreaterThan(leaseUntil ?? 0);
    const lived = await took(() => ann.client.until("disconnected", { timeoutMs: 5_000 }));
    expect(lived).toBeGreaterThan(700);
    expect(lived).toBeLessThan(2 * 1_000);
    await holds(() => world.gateway.stats().linked, 0);
    const { accepted } = world.proxy;
    ann.lifecycle.emit("foreground");
    ann.lifecycle.emit("online");
    await world.publish("ann", 1);
    expect(ann.client.snapshot().reason).toBe("leaseExpired");
    await ann.client.connect();
    await holds(() => ann.data, [1]);
    expect([world.proxy.accepted, ann.sessions.at(-1)]).toEqual([accepted + 1, "resumed"]);
  });

  it("[B4.1][R19] after disconnect() nothing dials: no signal, no timer", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", manual);
    world.proxy.cut();
    await ann.client.disconnect();
    const { accepted } = world.proxy;
    for (const signal of ["background", "foreground", "offline", "online", "networkChange", "thawed"] as const)
      ann.lifecycle.emit(signal);
    await expect(ann.client.reconnect()).rejects.toMatchObject({ code: "ERR_ABORTED" });
    // A second client's whole life passes meanwhile: time enough for a stray dial of the first.
    const direct = await takeSeat("bob", { at: world.gateway.url });
    await direct.client.logout();
    expect([world.proxy.accepted, ann.client.getConnectionStatus()]).toEqual([accepted, "disconnected"]);
  });

  it("[B4.3][B4.5] a loss in the foreground comes back by itself, one in the background does not", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", manual);
    world.proxy.cut();
    await holds(() => ann.sessions, ["new", "resumed"]);
    ann.lifecycle.emit("background");
    world.proxy.cut();
    await ann.client.until("disconnected", { timeoutMs: 5_000 });
    ann.lifecycle.emit("foreground");
    expect(ann.client.snapshot()).toMatchObject({ phase: "idle", reason: "lostInBackground" });
    await expect(ann.client.connect()).resolves.toEqual({ alreadyConnected: false });
  });
});

describe("auto mode", () => {
  it("[B3.2][B3.3] background closes at once, foreground dials within 250 ms and resumes", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { policy: {} });
    ann.lifecycle.emit("background");
    expect(ann.client.getConnectionStatus()).toBe("disconnected");
    await holds(() => world.gateway.stats().linked, 0);
    await world.publish("ann", 1);
    const back = await took(() => {
      ann.lifecycle.emit("foreground");
      return ann.client.until("connecting", { timeoutMs: 5_000 });
    });
    expect(back).toBeLessThan(2 * 250);
    await holds(() => ann.data, [1]);
    expect(ann.sessions).toEqual(["new", "resumed"]);
  });

  it("[B4.2] the proxy's own word: connect, disconnect, connect in one tick opens one socket", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann", { login: false, settings: { autoEstablishSocketConnection: false } });
    await ann.client.login("ann", keys.authKey);
    const { accepted } = world.proxy;
    const first = ann.client.connect().catch((error: { code: string }) => error.code);
    void ann.client.disconnect();
    await ann.client.connect();
    expect([await first, world.proxy.accepted]).toEqual(["ERR_ABORTED", accepted + 1]);
  });

  it("[B5.2] a proxy of its own for each of many: all come back after one cut, none twice", async () => {
    const world = await openWorld({ admissionPerSecond: 100 });
    const extra = await createFaultProxy({ target: world.gateway.address });
    onTestFinished(() => extra.close());
    const seats = await Promise.all(
      Array.from({ length: 20 }, () => takeSeat("ann", { at: extra.url("http"), policy: {} })),
    );
    const accepted = extra.accepted;
    extra.cut();
    await holds(() => seats.every((seat) => seat.sessions.length === 2), true, 15_000);
    expect(world.gateway.stats().linked).toBe(20);
    // S was announced as 20 ÷ 100 per second: spread over at least a tenth of a second, one dial each.
    expect(extra.accepted - accepted).toBe(20);
  });
});
