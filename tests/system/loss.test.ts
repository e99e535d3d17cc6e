/** Links that are lost and come back, on the real gateway over real sockets: nothing missed, nothing twice, in order. */
import { memoryBroker } from "@cc/gateway";
import { createRandom } from "@cc/testkit";
import { describe, expect, it } from "vitest";
import { brisk, holds, openWorld, takeSeat, upTo } from "./world.js";

const seed = Number(process.env["CC_SEED"] ?? 1);

describe("a lost link", () => {
  it("[B1.1][B2.2] login, connecting, connected; events arrive", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    expect(ann.statuses).toEqual(["connecting", "connected"]);
    expect(ann.client.getLoggedInUser()).toMatchObject({ uid: "ann", name: "Ann" });
    expect(world.gateway.stats().linked).toBe(1);
    for (const n of upTo(1, 5)) await world.publish("ann", n);
    await holds(() => ann.data, upTo(1, 5));
    expect(ann.events[4]?.position).toEqual({
      epoch: world.gateway.stats().epoch,
      positions: world.gateway.stats().positions,
    });
  });

  it("[B1.4][B10.3][B10.4] cut while it publishes: disconnected at once, resumed, nothing missed or twice, over many cuts", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    const random = createRandom(seed);
    let said = 0;
    const publish = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1) await world.publish("ann", ++said);
    };
    for (let round = 0; round < 25; round += 1) {
      await publish(random.int(5));
      world.proxy.cut();
      await publish(random.int(5));
      await holds(() => [ann.data.length, ann.sessions.length], [said, round + 2]);
    }
    expect(ann.data, `seed ${seed}`).toEqual(upTo(1, said));
    expect(new Set(ann.sessions.slice(1))).toEqual(new Set(["resumed"]));
    expect(ann.gaps).toEqual([]);
    expect(
      ann.changes.filter(({ current }) => current === "disconnected").every(({ reason }) => reason === "linkLost"),
    ).toBe(true);
  });

  it("[B10.3][B10.8] 200 events a second through cuts at random moments: each once, in order", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    const random = createRandom(seed + 1);
    const total = 600;
    let said = 0;
    const started = performance.now();
    while (said < total) {
      // As many as are due by now: a busy machine publishes in bursts, which is no easier.
      const due = Math.min(total, Math.ceil((performance.now() - started) / 5));
      while (said < due) void world.publish("ann", ++said);
      if (random.chance(0.02)) world.proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await holds(() => ann.data.length, total);
    expect(ann.data, `seed ${seed}`).toEqual(upTo(1, total));
    expect([ann.gaps, ann.sessions.slice(1).every((recovery) => recovery === "resumed")]).toEqual([[], true]);
  });

  it("[B10.4] what the log no longer holds is told as a gap, before the first event that follows", async () => {
    const bounds = { maxCount: 10 };
    const world = await openWorld({ broker: memoryBroker(bounds), replay: bounds });
    const ann = await world.seat("ann");
    await world.publish("ann", 0);
    await holds(() => ann.data.length, 1);
    await world.proxy.refuse(true);
    world.proxy.cut();
    const first = await world.publish("ann", 1);
    for (const n of upTo(2, 50)) await world.publish("ann", n);
    await world.proxy.refuse(false);
    await holds(() => ann.data.at(-1), 50);
    const back = ann.log.slice(ann.log.indexOf("session gap"));
    expect(back.slice(0, 2)).toEqual(["session gap", "gap"]);
    const [gap] = ann.gaps;
    const kept = (gap?.to.positions[0] ?? 0) - first + 2;
    expect(ann.data).toEqual([0, ...upTo(kept, 50)]);
    expect(kept).toBeGreaterThan(30);
    expect(ann.client.snapshot().recovery).toBe("gap");
  });

  it("[B5.1][B5.3] refused for a while: it goes on trying, tells each attempt, and returns", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    for (const how of ["reset", "unbound"] as const) {
      await world.proxy.refuse(how);
      const from = ann.changes.length;
      world.proxy.cut();
      await world.publish("ann", how);
      await holds(() => ann.changes.length >= from + 5);
      expect(ann.client.snapshot().outage).not.toBeNull();
      await world.proxy.refuse(false);
      await holds(() => ann.data.at(-1), how);
      const during = ann.statuses.slice(from);
      expect(during.every((status, n) => status !== during[n - 1])).toBe(true);
      expect(during.at(-1)).toBe("connected");
    }
  });

  it("[B1.4] half-closed in either direction it is lost and replaced", async () => {
    const world = await openWorld();
    const ann = await world.seat("ann");
    for (const direction of ["toClient", "toTarget"] as const) {
      const { link } = ann.client.snapshot();
      world.proxy.halfClose(direction);
      await world.publish("ann", direction);
      await holds(() => ann.data.at(-1), direction);
      await holds(() => ann.client.snapshot().linked);
      expect(ann.client.snapshot().link).not.toBe(link);
    }
    expect(ann.data).toEqual(["toClient", "toTarget"]);
    await holds(() => world.gateway.stats().linked, 1);
  });

  it("[B10.3] two instances of one user both hear all, and each resumes for itself", async () => {
    const world = await openWorld();
    const [one, two] = [await world.seat("ann"), await takeSeat("ann", { at: world.gateway.url, policy: brisk })];
    await world.publish("ann", 1);
    world.proxy.cut();
    await world.publish("ann", 2);
    await holds(
      () => [one.data, two.data],
      [
        [1, 2],
        [1, 2],
      ],
    );
    expect(two.sessions).toEqual(["new"]);
  });

  it("[B10.5] a sender's own durable events are not echoed to it, but reach its user's other instance", async () => {
    const world = await openWorld();
    const [one, two, bob] = [await world.seat("ann"), await world.seat("ann"), await world.seat("bob")];
    await one.client.send("group:team", "message", "hello");
    world.proxy.cut();
    await holds(() => [two.data, bob.data], [["hello"], ["hello"]]);
    await world.publish("ann", "fence");
    await holds(() => one.data, ["fence"]);
  });
});
