/** Events through the client and the real server half: positions, resume, gaps, reloads (10.1–10.5). */
import { memoryAuthKey } from "@cc/testkit";
import { describe, expect, it } from "vitest";
import { createWorld, type World } from "./gateway-rig.js";

const datas = (seat: { readonly events: readonly { readonly data: unknown }[] }): unknown[] =>
  seat.events.map(({ data }) => data);

/** Publishes `from` to `to` to ann. */
async function numbers(world: World, from: number, to: number): Promise<number[]> {
  const all = Array.from({ length: to - from + 1 }, (_, n) => from + n);
  for (const n of all) await world.publish("user:ann", n);
  return all;
}

describe("delivery", () => {
  it("[B10.1] a durable event has a position, an ephemeral one has none and is never replayed", async () => {
    const world = createWorld();
    const ann = await world.seat();
    await world.publish("user:ann", "durable");
    world.gateway.hub.cast({ channel: "user:ann", kind: "typing", from: "bob", data: "ephemeral" });
    await world.clock.advanceAsync(10);
    expect(ann.events).toMatchObject([
      { class: "durable", position: { epoch: expect.any(String), positions: [1] }, sentAt: expect.any(Number) },
      { class: "ephemeral", from: "bob" },
    ]);
    expect(ann.events[1]).not.toHaveProperty("position");
    world.gateway.cut();
    world.gateway.hub.cast({ channel: "user:ann", kind: "typing", from: "bob", data: "missed" });
    await world.clock.advanceAsync(10_000);
    expect(datas(ann)).toEqual(["durable", "ephemeral"]);
  });

  it("[B10.3][B10.4][R23] whatever the links do, each event once and in order, and every return is resumed", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const said: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      said.push(...(await numbers(world, round * 10, round * 10 + 4)));
      world.gateway.cut();
      said.push(...(await numbers(world, round * 10 + 5, round * 10 + 9)));
      await world.clock.advanceAsync(10_000);
    }
    expect(datas(ann)).toEqual(said);
    expect(ann.log.filter((line) => line.startsWith("session")).slice(1)).toEqual(Array(20).fill("session resumed"));
  });

  it("[B10.4][R23] a session that has received nothing resumes too", async () => {
    const world = createWorld();
    const ann = await world.seat();
    world.gateway.cut();
    await world.publish("user:ann", "while away");
    await world.clock.advanceAsync(10_000);
    expect(ann.log).toEqual(["session new", "caughtUp", "session resumed", "while away", "caughtUp"]);
  });

  it("[B10.2] numbers need not be dense: a stride in the log is no gap", async () => {
    const world = createWorld({ stride: 7 });
    const ann = await world.seat();
    const said = await numbers(world, 1, 5);
    world.gateway.cut();
    said.push(...(await numbers(world, 6, 9)));
    await world.clock.advanceAsync(10_000);
    expect([datas(ann), ann.gaps]).toEqual([said, []]);
  });

  it("[B10.4] what the log no longer holds is a gap, told before the first event that follows", async () => {
    const world = createWorld({ hub: { ringEntries: 4 } });
    const ann = await world.seat();
    await numbers(world, 1, 2);
    world.gateway.cut();
    world.gateway.refuse(true);
    await numbers(world, 3, 12);
    world.gateway.log.forget(9);
    world.gateway.refuse(false);
    await world.clock.advanceAsync(30_000);
    const back = ann.log.slice(ann.log.indexOf("session gap"));
    expect(back[0]).toBe("session gap");
    expect(back[1]).toBe("gap");
    expect(ann.gaps).toMatchObject([{ from: { positions: [2] } }]);
    const [gap] = ann.gaps;
    const after = datas(ann).slice(2) as number[];
    expect(after).toEqual(
      Array.from({ length: 12 - (gap?.to.positions[0] ?? 0) }, (_, n) => 12 - (after.length - 1) + n),
    );
    expect(ann.client.snapshot().recovery).toBe("gap");
  });

  it("[B10.4] a log that began anew is a gap, never `new` and never silence", async () => {
    const world = createWorld();
    const ann = await world.seat();
    await numbers(world, 1, 5);
    world.gateway.log.beginAnew();
    world.gateway.crash();
    await world.clock.advanceAsync(10_000);
    await world.publish("user:ann", "after");
    expect(ann.log.filter((line) => /gap|after/.test(line))).toEqual(["session gap", "gap", "after"]);
    const [gap] = ann.gaps;
    expect(gap?.from.epoch).not.toBe(gap?.to.epoch);
  });

  it("[B10.4] [B7.3] who listens to the connection alone hears of a gap as an error, with its positions, before the event that follows", async () => {
    const world = createWorld();
    const ann = await world.seat();
    const heard: unknown[] = [];
    ann.client.addConnectionListener("app", {
      onConnectionError: ({ code, details }) => void (code === "ERR_RECOVERY_GAP" && heard.push(details)),
    });
    ann.client.on("message", ({ data }) => void heard.push(data));
    await numbers(world, 1, 5);
    world.gateway.log.beginAnew();
    world.gateway.crash();
    await world.clock.advanceAsync(10_000);
    await world.publish("user:ann", "after");
    expect(heard.slice(5)).toEqual([ann.gaps[0], "after"]);
  });

  it("[B10.4] `new` only to a client that brought no position", async () => {
    const world = createWorld();
    await numbers(world, 1, 3);
    const ann = await world.seat();
    expect(ann.log).toEqual(["session new", "caughtUp"]);
  });

  it("[B10.5] replay respects membership, and the sender's own durable events are not echoed to it", async () => {
    const world = createWorld();
    const { hub } = world.gateway;
    await hub.member("group:team", "bob", "joined");
    const ann = await world.seat();
    const bob = await world.seat({ uid: "bob" });
    await world.publish("group:team", "before");
    await hub.member("group:team", "ann", "joined");
    await world.publish("group:team", "during 1");
    world.gateway.cut();
    await world.publish("group:team", "during 2");
    await hub.member("group:team", "ann", "left");
    await world.publish("group:team", "after");
    await world.clock.advanceAsync(10_000);
    expect(datas(ann).filter((data) => typeof data === "string")).toEqual(["during 1", "during 2"]);
    const sent = bob.client.send("group:team", "message", "mine");
    await world.clock.advanceAsync(10);
    await sent;
    expect(datas(bob)).not.toContain("mine");
  });
});

describe("a reload", () => {
  it("[B10.3] nothing is skipped, and what repeats is at most what was not yet saved", async () => {
    const world = createWorld();
    const first = await world.seat();
    await numbers(world, 1, 10);
    await world.clock.advanceAsync(1_500);
    await numbers(world, 11, 14);
    // A crash: nothing is closed, nothing more is saved.
    const saved = new Map(first.tab.records);
    world.gateway.refuse(true);
    await first.client.dispose();
    first.tab.records.clear();
    for (const [key, text] of saved) first.tab.records.set(key, text);
    await numbers(world, 15, 18);
    world.gateway.refuse(false);
    const second = await world.seat({ before: first });
    expect(second.client.snapshot().recovery).toBe("resumed");
    const got = datas(second) as number[];
    expect(got.slice(-4)).toEqual([15, 16, 17, 18]);
    expect(got).toEqual([11, 12, 13, 14, 15, 16, 17, 18]);
  });

  it("[B10.3] an orderly end repeats nothing", async () => {
    const world = createWorld();
    const first = await world.seat();
    await numbers(world, 1, 10);
    await first.client.dispose();
    await numbers(world, 11, 13);
    const second = await world.seat({ before: first });
    expect(datas(second)).toEqual([11, 12, 13]);
  });

  it("[B10.3] a handler that has not returned has not been delivered to: its event comes again", async () => {
    const world = createWorld();
    const first = await world.seat();
    let atHandler: string | undefined;
    first.client.on("message", ({ data }) => {
      if (data !== 2) return;
      first.lifecycle.emit("pageHidden");
      atHandler = first.tab.records.get("cc:demo:position");
    });
    await numbers(world, 1, 2);
    expect(JSON.parse(atHandler ?? "{}")).toMatchObject({ positions: [1] });
  });

  it("[B10.3] exactly once with event.position and resumeFrom: from there on, nothing else", async () => {
    const world = createWorld();
    const first = await world.seat();
    await numbers(world, 1, 5);
    const resumeFrom = first.events[2]?.position;
    await first.client.dispose();
    const second = await world.seat({ before: first, ...(resumeFrom && { resumeFrom }) });
    expect(datas(second)).toEqual([4, 5]);
    world.gateway.cut();
    await numbers(world, 6, 6);
    await world.clock.advanceAsync(10_000);
    expect(datas(second)).toEqual([4, 5, 6]);
  });

  it("[B2.4][B10.3] after logout and login of the same user nothing old is replayed", async () => {
    const world = createWorld();
    const ann = await world.seat();
    await numbers(world, 1, 3);
    await ann.client.logout();
    await numbers(world, 4, 6);
    await ann.client.login("ann", memoryAuthKey);
    await world.clock.advanceAsync(1_000);
    await numbers(world, 7, 7);
    expect(datas(ann)).toEqual([1, 2, 3, 7]);
  });
});
