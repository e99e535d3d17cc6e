/** After `disconnect()` no listener of events is called (9.5), and nothing is lost by it. */
import { describe, expect, it } from "vitest";
import { createWorld, type Seat, type World } from "./gateway-rig.js";

/** What is told from now on, in order; at `at` its first listener disconnects. */
function disconnectsAt(seat: Seat, at: unknown): string[] {
  const told: string[] = [];
  seat.client.on("*", ({ data }) => {
    told.push(`first ${data}`);
    if (data === at) void seat.client.disconnect();
  });
  seat.client.on("*", ({ data }) => void told.push(`second ${data}`));
  return told;
}

/** Events as one WebSocket message: what is ready in one turn is one batch. */
async function batch(world: World, datas: readonly unknown[]): Promise<void> {
  for (const data of datas)
    await world.gateway.hub.publish({ channel: "user:ann", kind: "message", from: "system", data });
  await world.clock.advanceAsync(1);
}

const ephemerals = (world: World, datas: readonly unknown[]): void => {
  for (const data of datas) world.gateway.hub.cast({ channel: "user:ann", kind: "typing", from: "bob", data });
};

describe("disconnect() within a listener", () => {
  it("[B9.5][B1.5] the event under way is told to all, the rest of its batch to nobody before the next connect, then once", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const told = disconnectsAt(ann, 2);
    await batch(world, [1, 2, 3, 4]);
    await world.clock.advanceAsync(60_000);
    expect(told).toEqual(["first 1", "second 1", "first 2", "second 2"]);
    expect(ann.client.getConnectionStatus()).toBe("disconnected");
    await batch(world, [5]);
    void ann.client.connect();
    await world.clock.advanceAsync(1_000);
    expect(told.slice(4)).toEqual(["first 3", "second 3", "first 4", "second 4", "first 5", "second 5"]);
  });

  it("[B9.5][B10.3] what was not told is not counted as delivered either: a reload begins with it", async () => {
    const world = createWorld();
    const ann = await world.seat();
    disconnectsAt(ann, 2);
    await batch(world, [1, 2, 3, 4]);
    await world.clock.advanceAsync(5_000);
    await ann.client.dispose();
    const again = await world.seat({ before: ann });
    expect(again.events.map(({ data }) => data)).toEqual([3, 4]);
  });

  it("[B9.5][B10.4] a replay stops there, and goes on there", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const told = disconnectsAt(ann, 3);
    world.gateway.cut();
    const all = Array.from({ length: 40 }, (_, n) => n + 1);
    await batch(world, all);
    await world.clock.advanceAsync(10_000);
    expect(told.at(-1)).toBe("second 3");
    void ann.client.connect();
    await world.clock.advanceAsync(1_000);
    expect(told).toEqual(all.flatMap((n) => [`first ${n}`, `second ${n}`]));
    expect(ann.gaps).toEqual([]);
  });

  it("[B9.5] an ephemeral event behind it is told to nobody, then or later", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const told = disconnectsAt(ann, "b");
    ephemerals(world, ["a", "b", "c"]);
    await world.clock.advanceAsync(10);
    void ann.client.connect();
    await world.clock.advanceAsync(1_000);
    expect(told).toEqual(["first a", "second a", "first b", "second b"]);
  });

  it("[B9.5] within the listener of a gap, of the end of a replay, of the welcome and of the status: no event follows", async () => {
    for (const name of ["gap", "session", "status", "caughtUp"] as const) {
      const world = createWorld({ hub: { ringEntries: 4 } });
      const ann = await world.seat();
      await batch(world, [1]);
      world.gateway.cut();
      world.gateway.refuse(true);
      await batch(world, [2, 3, 4, 5, 6, 7, 8, 9]);
      world.gateway.log.forget(6);
      const told: unknown[] = [];
      ann.client.on("*", ({ data }) => void told.push(data));
      ann.client.on(name, () => {
        if (name !== "status" || ann.client.getConnectionStatus() === "connected") void ann.client.disconnect();
      });
      world.gateway.refuse(false);
      await world.clock.advanceAsync(30_000);
      ephemerals(world, ["x"]);
      await world.clock.advanceAsync(10);
      expect([name, told]).toEqual([name, name === "caughtUp" ? [6, 7, 8, 9] : []]);
      expect(ann.client.getConnectionStatus()).toBe("disconnected");
    }
  });

  it("[B9.5][B10.3] an iterator keeps what it was handed before: that was told", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const iterator = ann.client.events("message");
    disconnectsAt(ann, 2);
    await batch(world, [1, 2, 3]);
    expect([(await iterator.next()).value.data, (await iterator.next()).value.data]).toEqual([1, 2]);
    const third = world.watch(iterator.next());
    await world.clock.advanceAsync(10_000);
    expect(third.state).toBe("pending");
    void ann.client.connect();
    await world.clock.advanceAsync(1_000);
    expect(third.value?.value.data).toBe(3);
    await iterator.return?.();
  });
});
