/** The embedded broker: the suite of the port, and the bounds that are its own. */
import { describe, expect, it } from "vitest";
import { memoryBroker } from "../src/index.js";
import { appended, brokerSuite, recorder } from "./support/brokerSuite.js";
import { manualClock } from "./support/manualClock.js";

brokerSuite("memory", () => memoryBroker());

describe("the memory broker's bounds", () => {
  it("by count: the oldest events go, and reading behind them says so [B10.2]", async () => {
    const broker = memoryBroker({ maxCount: 3 });
    for (let data = 1; data <= 5; data += 1) await appended(broker, "user:a", data);
    expect(await broker.bounds(0)).toEqual({ floor: 2, last: 5 });
    expect(await broker.read(0, 1, 5, 10)).toBeUndefined();
    expect((await broker.read(0, 2, 5, 10))?.map(({ data }) => data)).toEqual([3, 4, 5]);
  });

  it("by bytes: one large event pushes the small ones out", async () => {
    const broker = memoryBroker({ maxBytes: 1_000 });
    for (let n = 0; n < 5; n += 1) await appended(broker, "user:a", "x".repeat(100));
    await appended(broker, "user:a", "y".repeat(900));
    const { floor, last } = await broker.bounds(0);
    expect([floor, last]).toEqual([5, 6]);
  });

  it("by age: an old event is gone although nothing was written since", async () => {
    const clock = manualClock();
    const broker = memoryBroker({ maxAgeMs: 1_000, clock });
    await appended(broker, "user:a", "old");
    clock.advance(600);
    await appended(broker, "user:a", "young");
    clock.advance(400);
    expect(await broker.bounds(0)).toEqual({ floor: 1, last: 2 });
  });

  it("numbers stay right over many more events than are kept", async () => {
    const broker = memoryBroker({ maxCount: 50 });
    const follower = recorder();
    broker.follow(0, 0, follower);
    for (let n = 1; n <= 20_000; n += 1) await appended(broker, "user:a", n);
    expect(follower.entries.every(({ n, data }, index) => n === index + 1 && data === n)).toBe(true);
    expect((await broker.read(0, 19_950, 20_000, 100))?.map(({ data }) => data)[0]).toBe(19_951);
  });

  it("a dedup id is known for its time and forgotten after twice that [B10.6]", async () => {
    const clock = manualClock();
    const broker = memoryBroker({ dedupMs: 1_000, clock });
    const first = await appended(broker, "user:a", 1, "id");
    clock.advance(1_000);
    expect(await appended(broker, "user:a", 1, "id")).toBe(first);
    clock.advance(2_000);
    expect(await appended(broker, "user:a", 1, "id")).not.toBe(first);
  });

  it("refuses rather than forget an id early, and takes events without ids meanwhile", async () => {
    const clock = manualClock();
    const broker = memoryBroker({ dedupMs: 1_000, maxDedup: 2, clock });
    await appended(broker, "user:a", 1, "1");
    await appended(broker, "user:a", 2, "2");
    const event = { kind: "message", from: "a", data: 3 };
    expect(await broker.append("user:a", event, "3")).toMatchObject({
      ok: false,
      code: "ERR_SERVER_OVERLOADED",
      retryAfterMs: 1_000,
    });
    expect(await appended(broker, "user:a", 1, "1")).toBe(1);
    expect(await appended(broker, "user:a", 4)).toBe(3);
  });

  it("a follower that starts behind the log is told where it begins", async () => {
    const broker = memoryBroker({ maxCount: 2 });
    for (let data = 1; data <= 4; data += 1) await appended(broker, "user:a", data);
    const follower = recorder();
    broker.follow(0, 0, follower);
    expect(follower.resets).toEqual([[broker.epoch, 2]]);
    expect(follower.entries.map(({ data }) => data)).toEqual([3, 4]);
  });

  it("forgets memberships that ended before the log begins", async () => {
    const broker = memoryBroker({ maxCount: 2 });
    const marker = (user: string, change: string) =>
      broker.append("group:g", { kind: "member", from: "system", data: { user, change } }, undefined);
    await marker("bob", "joined");
    await marker("bob", "left");
    await marker("eve", "joined");
    await appended(broker, "group:g", 1);
    await appended(broker, "group:g", 2);
    expect((await broker.members()).map(({ user }) => user)).toEqual(["eve"]);
  });
});
