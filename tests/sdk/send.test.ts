/** `send()` through the client and the real server half: acknowledgements, refusals, outcomes (10.6–10.8, 8.2). */
import type { ConnectionError } from "@cc/core";
import { describe, expect, it } from "vitest";
import { createWorld, type World } from "./gateway-rig.js";

const written = (world: World): unknown[] => world.gateway.log.entries.map(({ data }) => data);

describe("send", () => {
  it("[B10.6] resolves with the server's acknowledgement, and does not move the position", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const sent = world.watch(ann.client.send("user:bob", "message", { text: "hi" }));
    expect(sent.state).toBe("pending");
    await world.clock.advanceAsync(10);
    expect(sent.value).toEqual({ id: expect.any(String), n: 1 });
    const before = ann.tab.records.get("cc:demo:position");
    await world.clock.advanceAsync(3_000);
    expect(ann.tab.records.get("cc:demo:position")).toBe(before);
  });

  it("[B10.7][R24] not connected: rejects at once, ERR_WEBSOCKET_ERROR, notSent; and it does not go out later", async () => {
    const world = createWorld();
    const ann = await world.seat();
    world.gateway.refuse(true);
    world.gateway.cut();
    await world.clock.advanceAsync(10);
    const sent = world.watch(ann.client.send("user:bob", "message", "lost"));
    await world.clock.advanceAsync(0);
    expect(sent.error).toMatchObject({
      name: "ConnectionError",
      code: "ERR_WEBSOCKET_ERROR",
      phase: "send",
      retryable: true,
      details: { outcome: "notSent" },
    });
    world.gateway.refuse(false);
    await world.clock.advanceAsync(30_000);
    expect([ann.client.getConnectionStatus(), written(world)]).toEqual(["connected", []]);
  });

  it("[B10.7] volatile: null at once, sent when it can go, dropped when it cannot", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const bob = await world.seat({ uid: "bob" });
    const typing = (data: string): Promise<unknown> => ann.client.send("user:bob", "typing", data, { volatile: true });
    await expect(typing("one")).resolves.toBeNull();
    await world.clock.advanceAsync(10);
    world.gateway.cut();
    await expect(typing("dropped")).resolves.toBeNull();
    await world.clock.advanceAsync(10_000);
    await expect(typing("two")).resolves.toBeNull();
    await world.clock.advanceAsync(10);
    expect(bob.events.map(({ data, class: c }) => [data, c])).toEqual([
      ["one", "ephemeral"],
      ["two", "ephemeral"],
    ]);
  });

  it("[B10.6] over lost links it is retried under one id and applied once, and the promise waits", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const bob = await world.seat({ uid: "bob" });
    world.gateway.blackhole(true, "toClient");
    const sent = world.watch(ann.client.send("user:bob", "message", "once"));
    await world.clock.advanceAsync(100);
    expect([sent.state, written(world)]).toEqual(["pending", ["once"]]);
    world.gateway.blackhole(false, "toClient");
    world.gateway.cut();
    await world.clock.advanceAsync(10_000);
    expect([sent.state, written(world)]).toEqual(["resolved", ["once"]]);
    expect(bob.events.map(({ data }) => data)).toEqual(["once"]);
    expect(world.gateway.heard.filter((text) => text.includes('"once"')).length).toBe(2);
  });

  it("[B10.6] no answer: ERR_SEND_TIMEOUT after timeoutMs, with outcome unknown once it was on a wire", async () => {
    const world = createWorld();
    const ann = await world.seat({ policy: { probeMs: 1e6, ackProbeMs: 1e6, quietSlackMs: 1e6 } });
    world.gateway.blackhole(true, "toServer");
    const sent = world.watch(ann.client.send("user:bob", "message", "?", { timeoutMs: 5_000 }));
    const usual = world.watch(ann.client.send("user:bob", "message", "??"));
    await world.clock.advanceAsync(4_999);
    expect(sent.state).toBe("pending");
    await world.clock.advanceAsync(1);
    expect(sent.error).toMatchObject({ code: "ERR_SEND_TIMEOUT", details: { outcome: "unknown" } });
    await world.clock.advanceAsync(15_000);
    expect([usual.code, usual.at]).toEqual(["ERR_SEND_TIMEOUT", (sent.at ?? 0) + 15_000]);
  });

  it("[B10.6] the timeout counts on while there is no link", async () => {
    const world = createWorld();
    const ann = await world.seat();
    world.gateway.blackhole(true, "toServer");
    const started = world.clock.now();
    const sent = world.watch(ann.client.send("user:bob", "message", "?", { timeoutMs: 5_000 }));
    await world.clock.advanceAsync(10);
    world.gateway.refuse(true);
    world.gateway.cut();
    await world.clock.advanceAsync(20_000);
    expect([sent.code, sent.at]).toEqual(["ERR_SEND_TIMEOUT", started + 5_000]);
  });

  it("[B10.6] a suspended machine: what was on a wire and slept too long is unknown, and is not sent again", async () => {
    const world = createWorld();
    const ann = await world.seat();
    world.gateway.blackhole(true);
    const sent = world.watch(ann.client.send("user:bob", "message", "old", { timeoutMs: Number.POSITIVE_INFINITY }));
    await world.clock.advanceAsync(10);
    await world.clock.sleepAsync(3_600_000, "stopped");
    world.gateway.blackhole(false);
    world.gateway.cut();
    const heard = world.gateway.heard.length;
    await world.clock.advanceAsync(60_000);
    expect(sent.error).toMatchObject({ code: "ERR_SEND_TIMEOUT", details: { outcome: "unknown" } });
    expect(world.gateway.heard.slice(heard).filter((text) => text.includes('"old"'))).toEqual([]);
  });

  for (const [what, before, after] of [
    ["slept, and its wall clock is set back", "sleep", -3_600_000],
    ["had its wall clock set on, and back again", "set", -7_200_000],
  ] as const)
    it(`[B10.6] on a machine that ${what} a send settles in its time all the same`, async () => {
      const world = createWorld();
      const ann = await world.seat();
      if (before === "sleep") await world.clock.sleepAsync(15_000, "stopped");
      else world.clock.setWall(world.clock.wall() + 7_200_000);
      await world.clock.advanceAsync(5_000);
      world.gateway.blackhole(true);
      const started = world.clock.now();
      const sent = world.watch(ann.client.send("user:bob", "message", 1, { timeoutMs: 2_000 }));
      await world.clock.advanceAsync(500);
      world.clock.setWall(world.clock.wall() + after);
      await world.clock.advanceAsync(30_000);
      expect([sent.code, sent.at]).toEqual(["ERR_SEND_TIMEOUT", started + 2_000]);
    });

  it("[B10.6] a wall clock that was set back hides no later sleep", async () => {
    const world = createWorld();
    const ann = await world.seat();
    world.clock.setWall(world.clock.wall() - 7_200_000);
    await world.clock.advanceAsync(1_000);
    world.gateway.blackhole(true);
    const sent = world.watch(ann.client.send("user:bob", "message", 1, { timeoutMs: 60_000 }));
    await world.clock.advanceAsync(500);
    await world.clock.sleepAsync(3_600_000, "stopped");
    await world.clock.advanceAsync(5_000);
    expect(sent.code).toBe("ERR_SEND_TIMEOUT");
  });

  it("[B10.6] abort and logout carry the outcome", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const early = AbortSignal.abort(new Error("changed my mind"));
    await expect(ann.client.send("user:bob", "message", 1, { signal: early })).rejects.toMatchObject({
      code: "ERR_ABORTED",
      details: { outcome: "notSent" },
    });
    world.gateway.blackhole(true, "toServer");
    const abort = new AbortController();
    const sent = world.watch(ann.client.send("user:bob", "message", 2, { signal: abort.signal }));
    const other = world.watch(ann.client.send("user:bob", "message", 3));
    await world.clock.advanceAsync(10);
    abort.abort();
    await world.clock.advanceAsync(10);
    expect(sent.error).toMatchObject({ code: "ERR_ABORTED", details: { outcome: "unknown" } });
    await ann.client.logout();
    await world.clock.advanceAsync(10);
    expect(other.error).toMatchObject({ code: "ERR_LOGGED_OUT", details: { outcome: "unknown" } });
    world.gateway.blackhole(false);
    await world.clock.advanceAsync(1_000);
    expect(written(world).length).toBeLessThanOrEqual(2);
  });

  it("[B10.6] a refusal by the server means not applied, with its code and no outcome to guess", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const sent = world.watch(ann.client.send("group:strangers", "message", "let me in"));
    await world.clock.advanceAsync(10);
    expect(sent.error).toMatchObject({ name: "ConnectionError", phase: "send" });
    expect(sent.error).not.toMatchObject({ details: { outcome: "unknown" } });
    expect(written(world)).toEqual([]);
  });

  it("[B10.8] an event above limits.eventBytes is refused with ERR_MESSAGE_TOO_LARGE, and the link lives on", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const { link } = ann.client.snapshot();
    for (const size of [66_000, 1_000_000]) {
      const sent = world.watch(ann.client.send("user:bob", "message", "x".repeat(size)));
      await world.clock.advanceAsync(100);
      expect([sent.state, sent.code]).toEqual(["rejected", "ERR_MESSAGE_TOO_LARGE"]);
    }
    await world.clock.advanceAsync(30_000);
    expect([ann.client.snapshot().link, written(world)]).toEqual([link, []]);
  });

  it("[B10.6] in order per channel; a failure stops those behind it only where that was asked for", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const big = "x".repeat(66_000);
    const sends = [
      world.watch(ann.client.send("user:bob", "message", 1)),
      world.watch(ann.client.send("user:bob", "message", big)),
      world.watch(ann.client.send("user:bob", "message", 2, { chained: true })),
      world.watch(ann.client.send("user:bob", "message", 3)),
      world.watch(ann.client.send("user:carl", "message", 4)),
    ];
    await world.clock.advanceAsync(1_000);
    expect(sends.map(({ state }) => state)).toEqual(["resolved", "rejected", "rejected", "resolved", "resolved"]);
    expect(sends[2]?.error).toMatchObject({ details: { outcome: "notSent" } });
    expect(world.gateway.log.entries.filter(({ channel }) => channel === "user:bob").map(({ data }) => data)).toEqual([
      1, 3,
    ]);
  });

  it("[B8.2] a throttled feature is shed: ERR_FEATURE_THROTTLED with retryAfterMs, volatile dropped, messages go on", async () => {
    const world = createWorld();
    const ann = await world.seat();
    world.gateway.hub.throttle([
      { feature: "typing", reason: "load", forMs: 10_000 },
      { feature: "receipts", reason: "load", forMs: 10_000 },
    ]);
    await world.clock.advanceAsync(10);
    expect(ann.client.getConnectionStatus()).toBe("featureThrottled");
    const heard = world.gateway.heard.length;
    for (const kind of ["typing", "receipt"]) {
      const error = await ann.client.send("user:bob", kind, {}, { ephemeral: true }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "ERR_FEATURE_THROTTLED", retryable: true });
      const { retryAfterMs } = error as { retryAfterMs: number };
      expect(retryAfterMs).toBeGreaterThan(9_000);
      expect(retryAfterMs).toBeLessThanOrEqual(11_000);
      await expect(ann.client.send("user:bob", kind, {}, { volatile: true })).resolves.toBeNull();
    }
    await world.clock.advanceAsync(10);
    expect(world.gateway.heard.slice(heard).filter((text) => /typing|receipt/.test(text))).toEqual([]);
    const message = world.watch(ann.client.send("user:bob", "message", "hi"));
    await world.clock.advanceAsync(11_500);
    expect([message.state, ann.client.getConnectionStatus()]).toEqual(["resolved", "connected"]);
  });

  it("[B7.1] data that is no JSON is one typed refusal, and nothing is pending after it", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const round: { self?: unknown } = {};
    round.self = round;
    for (const data of [round, 1n]) {
      for (const volatile of [false, true]) {
        await expect(ann.client.send("user:bob", "message", data, { volatile })).rejects.toMatchObject({
          name: "ConnectionError",
          code: "ERR_INVALID_ARGUMENT",
          details: { outcome: "notSent" },
        });
      }
    }
    const sent = world.watch(ann.client.send("user:bob", "message", "after"));
    await world.clock.advanceAsync(10);
    expect(sent.state).toBe("resolved");
  });

  it("[B3.2][R32] a background close waits for an unacknowledged send, for 2 s at most", async () => {
    const world = createWorld();
    const ann = await world.seat();
    world.gateway.delay(300);
    const sent = world.watch(ann.client.send("user:bob", "message", "last words"));
    await world.clock.advanceAsync(1);
    ann.lifecycle.emit("background");
    await world.clock.advanceAsync(700);
    expect([sent.state, ann.client.getConnectionStatus()]).toEqual(["resolved", "disconnected"]);
    ann.lifecycle.emit("foreground");
    await world.clock.advanceAsync(5_000);
    world.gateway.blackhole(true);
    void ann.client.send("user:bob", "message", "into the void").catch(() => {});
    await world.clock.advanceAsync(1);
    ann.lifecycle.emit("background");
    await world.clock.advanceAsync(1_990);
    expect(ann.client.getConnectionStatus()).toBe("connected");
    await world.clock.advanceAsync(20);
    expect(ann.client.getConnectionStatus()).toBe("disconnected");
  });

  it("[B9.2] pending after a disconnect() it holds the process, whether or not it times out, and lets go when it is settled", async () => {
    for (const timeoutMs of [20_000, Number.POSITIVE_INFINITY]) {
      const world = createWorld();
      const ann = await world.seat();
      const abort = new AbortController();
      const sent = world.watch(ann.client.send("user:bob", "message", 1, { signal: abort.signal, timeoutMs }));
      void ann.client.disconnect();
      // Past every timer that was set before the disconnect().
      await world.clock.advanceAsync(15_000);
      expect([sent.state, world.clock.held]).toEqual(["pending", 1]);
      abort.abort();
      await world.clock.advanceAsync(0);
      expect([sent.error, world.clock.held]).toMatchObject([{ details: { outcome: "unknown" } }, 0]);
    }
  });

  it("[B7.1][R34] what is no JSON leaves nothing on its signal, and an abort later throws nothing", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const abort = new AbortController();
    const heard: [string, EventListener][] = [];
    abort.signal.addEventListener = (type: string, fn: EventListener) => void heard.push([type, fn]);
    abort.signal.removeEventListener = (_: string, fn: EventListener) =>
      void heard.splice(heard.findIndex(([, one]) => one === fn) >>> 0, 1);
    const sent = world.watch(ann.client.send("user:bob", "message", 1n, { signal: abort.signal }));
    await world.clock.advanceAsync(0);
    expect([sent.code, heard]).toEqual(["ERR_INVALID_ARGUMENT", []]);
  });

  it("[B7.1] retryable is what the same call may do better: not what is too large, was given up, or came after the end", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const abort = new AbortController();
    world.gateway.blackhole(true, "toServer");
    const send = (data: string, options?: object): ReturnType<typeof world.watch> =>
      world.watch(ann.client.send("user:bob", "message", data, options));
    const sent = [
      send("x".repeat(2_000_000)),
      send("first"),
      send("second", { chained: true, signal: abort.signal }),
      send("third", { chained: true }),
      send("fourth", { chained: true, timeoutMs: 10 }),
    ];
    abort.abort();
    await world.clock.advanceAsync(11);
    void ann.client.logout();
    await world.clock.advanceAsync(0);
    expect(sent.map(({ code, error }) => [code, (error as ConnectionError).retryable])).toEqual([
      ["ERR_MESSAGE_TOO_LARGE", false],
      ["ERR_LOGGED_OUT", false],
      ["ERR_ABORTED", false],
      ["ERR_SEND_REJECTED", false],
      ["ERR_SEND_REJECTED", false],
    ]);
  });
});
