import { memoryStorage } from "@cc/core";
import { type AppEvent, type Client, cc1, createClient } from "@cc/sdk/portable";
import {
  createMemoryGateway,
  createMemoryLog,
  createRandom,
  createScriptedLifecycle,
  createVirtualClock,
  type MemoryGateway,
  memoryAuthKey,
  type VirtualClock,
} from "@cc/testkit";
import { describe, expect, test } from "vitest";

interface World {
  readonly clock: VirtualClock;
  readonly gateway: MemoryGateway;
  /** A client that is logged in, and the texts that it was told. */
  client(uid: string): Promise<{ readonly client: Client; readonly told: unknown[] }>;
}

function createWorld(seed = 1): World {
  const clock = createVirtualClock();
  const random = createRandom(seed);
  const gateway = createMemoryGateway({ clock });
  return {
    clock,
    gateway,
    async client(uid) {
      const client = createClient({
        clock,
        random: random.fork(),
        openLink: gateway.open,
        lifecycle: createScriptedLifecycle(),
        storage: memoryStorage(),
        tabStorage: memoryStorage(),
        auth: gateway.auth,
        url: "ws://memory",
        protocol: cc1(),
      });
      const told: unknown[] = [];
      client.on("event", ({ data }: AppEvent) => void told.push(data));
      await client.init("app");
      await client.login(uid, memoryAuthKey);
      return { client, told };
    },
  };
}

describe("in-memory gateway", () => {
  test("a real client logs in, links, receives, loses the link and misses nothing, in no real time", async () => {
    const { clock, gateway, client } = createWorld();
    const ann = await client("ann");
    const bob = await client("bob");
    await clock.advanceAsync(300);
    expect([ann.client.getConnectionStatus(), bob.client.getConnectionStatus(), gateway.connections]).toEqual([
      "connected",
      "connected",
      2,
    ]);
    const ack = ann.client.send("user:bob", "message", "1");
    await clock.advanceAsync(10);
    expect(await ack).toMatchObject({ n: 1 });
    gateway.cut();
    expect(gateway.connections, "the server knows at once").toBe(0);
    await clock.advanceAsync(0);
    expect([ann.client.getConnectionStatus(), bob.client.getConnectionStatus()]).toEqual([
      "disconnected",
      "disconnected",
    ]);
    for (const data of ["2", "3", "4"])
      await gateway.hub.publish({ channel: "user:bob", kind: "message", from: "eve", data });
    await clock.advanceAsync(3_000);
    expect([bob.client.snapshot().recovery, bob.told]).toEqual(["resumed", ["1", "2", "3", "4"]]);
    await clock.advanceAsync(3_600_000);
    expect([bob.client.getConnectionStatus(), gateway.accepted]).toEqual(["connected", 4]);
    await ann.client.dispose();
    await bob.client.dispose();
    await clock.advanceAsync(1_000);
    expect([clock.pending, gateway.connections], "and comes to rest").toEqual([0, 0]);
  });

  test("a black hole is noticed by both sides, and healed", async () => {
    const { clock, gateway, client } = createWorld();
    const { client: ann, told } = await client("ann");
    await clock.advanceAsync(300);
    gateway.blackhole(true);
    await clock.advanceAsync(13_000);
    expect(ann.getConnectionStatus()).not.toBe("connected");
    await clock.advanceAsync(60_000);
    expect(gateway.connections, "the server has cut the silent client").toBe(0);
    await gateway.hub.publish({ channel: "user:ann", kind: "message", from: "eve", data: "meanwhile" });
    gateway.blackhole(false);
    await clock.advanceAsync(31_000);
    expect([ann.getConnectionStatus(), ann.snapshot().recovery, told, gateway.connections]).toEqual([
      "connected",
      "resumed",
      ["meanwhile"],
      1,
    ]);
  });

  test("one black direction is enough, either way", async () => {
    for (const direction of ["toClient", "toServer"] as const) {
      const { clock, gateway, client } = createWorld();
      const { client: ann } = await client("ann");
      await clock.advanceAsync(300);
      gateway.blackhole(true, direction);
      await clock.advanceAsync(60_000);
      expect(ann.getConnectionStatus(), direction).not.toBe("connected");
      gateway.blackhole(false);
      await clock.advanceAsync(31_000);
      expect(ann.getConnectionStatus(), direction).toBe("connected");
    }
  });

  test("delay makes the round trip, exactly", async () => {
    const { clock, gateway, client } = createWorld();
    const { client: ann } = await client("ann");
    gateway.delay(350);
    await clock.advanceAsync(3 * 700 + 50);
    expect(ann.getConnectionStatus()).toBe("connected");
    const check = ann.checkNow();
    await clock.advanceAsync(702);
    expect((await check).rttMs).toBe(700);
  });

  test("refuses as told, and takes links again", async () => {
    const { clock, gateway, client } = createWorld();
    gateway.refuse({ httpStatus: 503, retryAfterMs: 20_000 });
    const { client: ann } = await client("ann");
    await clock.advanceAsync(19_000);
    expect([ann.snapshot().error?.code, gateway.accepted]).toEqual(["ERR_SERVER_OVERLOADED", 0]);
    gateway.refuse(false);
    await clock.advanceAsync(3_000);
    expect(ann.getConnectionStatus()).toBe("connected");
  });

  test("a crash loses the ring but not the log; a log that begins anew is a gap", async () => {
    const { clock, gateway, client } = createWorld();
    const { client: ann, told } = await client("ann");
    const seen: string[] = [];
    ann.on("gap", () => void seen.push("gap"));
    await clock.advanceAsync(300);
    await gateway.hub.publish({ channel: "user:ann", kind: "message", from: "eve", data: "1" });
    await clock.advanceAsync(10);
    const before = gateway.hub;
    gateway.crash();
    expect(gateway.hub).not.toBe(before);
    await gateway.hub.publish({ channel: "user:ann", kind: "message", from: "eve", data: "2" });
    await clock.advanceAsync(3_000);
    expect([ann.snapshot().recovery, told, seen]).toEqual(["resumed", ["1", "2"], []]);
    gateway.log.beginAnew();
    await clock.advanceAsync(10_000);
    expect([ann.snapshot().recovery, seen]).toEqual(["gap", ["gap"]]);
  });

  test("[B10.6] a send that was written when the process died is known again to the next one: applied once", async () => {
    const { clock, gateway, client } = createWorld();
    gateway.delay(40);
    const { client: ann } = await client("ann");
    await clock.advanceAsync(1_000);
    const send = ann.send("user:bob", "message", "once");
    await clock.advanceAsync(60);
    expect(gateway.log.entries).toHaveLength(1);
    gateway.crash();
    await clock.advanceAsync(5_000);
    expect(await send).toMatchObject({ n: 1 });
    expect(gateway.log.entries).toHaveLength(1);
  });

  test("tokens end, are revoked, and a client that cannot have another is told so", async () => {
    const { clock, gateway, client } = createWorld();
    const { client: ann } = await client("ann");
    await clock.advanceAsync(300);
    const fixed = gateway.token("bob", 60_000);
    expect(gateway.verify(fixed, { app: "app", instance: "i" })).toMatchObject({
      ok: true,
      user: "bob",
      expiresInMs: 60_000,
    });
    clock.advance(60_000);
    expect(gateway.verify(fixed, { app: "app", instance: "i" })).toMatchObject({ ok: false, retry: "reauth" });
    await expect(gateway.auth.login("bob", "wrong", AbortSignal.timeout(1_000))).rejects.toMatchObject({
      code: "ERR_AUTH_REJECTED",
    });
    expect(ann.getConnectionStatus()).toBe("connected");
  });

  test("the same seed is the same run", async () => {
    const run = async (): Promise<string> => {
      const { clock, gateway, client } = createWorld(9);
      const { client: ann } = await client("ann");
      const changes: string[] = [];
      ann.on("status", ({ current, reason }) => void changes.push(`${clock.now()} ${current} ${reason}`));
      const random = createRandom(4);
      for (let n = 0; n < 40; n += 1) {
        await clock.advanceAsync(random.between(10, 9_000));
        gateway.cut();
      }
      await ann.dispose();
      return changes.join("\n");
    };
    const first = await run();
    expect(await run()).toBe(first);
    expect(first.split("\n").length).toBeGreaterThan(60);
  });
});

describe("in-memory log", () => {
  test("[B10.5] a gateway that starts on it later shows a joiner his marker, and nothing after he has left", async () => {
    const clock = createVirtualClock();
    const log = createMemoryLog({ clock });
    const first = createMemoryGateway({ clock, log });
    await clock.advanceAsync(0);
    await first.hub.member("group:tea", "ann", "joined");
    expect(await log.members()).toEqual([
      { channel: "group:tea", user: "ann", intervals: [{ after: 0, until: Number.POSITIVE_INFINITY }] },
    ]);
    const second = createMemoryGateway({ clock, log });
    await clock.advanceAsync(0);
    const told: unknown[] = [];
    const client = createClient({
      clock,
      random: createRandom(1),
      openLink: second.open,
      lifecycle: createScriptedLifecycle(),
      storage: memoryStorage(),
      tabStorage: memoryStorage(),
      auth: second.auth,
      url: "ws://memory",
      resumeFrom: { epoch: log.epoch, positions: [0] },
      protocol: cc1(),
    });
    client.on("event", ({ data }: AppEvent) => void told.push(data));
    await client.init("app");
    await client.login("ann", memoryAuthKey);
    await clock.advanceAsync(300);
    await first.hub.member("group:tea", "ann", "left");
    await first.hub.publish({ channel: "group:tea", kind: "message", from: "system", data: "after" });
    await clock.advanceAsync(300);
    expect(told).toEqual([
      { user: "ann", change: "joined" },
      { user: "ann", change: "left" },
    ]);
    await client.dispose();
  });
});
