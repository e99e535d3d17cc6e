import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { createAliases } from "../src/server/aliases.js";
import { createDedup } from "../src/server/dedup.js";
import { createQueue, peek, shift, sizeOf } from "../src/server/queue.js";
import { createRing, type RingEntry } from "../src/server/ring.js";
import { entryOf } from "./support/entry.js";
import { share } from "./support/share.js";
import { createWorld, framesIn } from "./support/world.js";

const entry = (n: number, bytes = 10, appliedAt = 0): RingEntry => entryOf(n, { bytes, appliedAt });

describe("the ring", () => {
  it("is bounded by count, bytes and age, and its floor says exactly what is gone", () => {
    const ring = createRing({ entries: 3, bytes: 100, ageMs: 1000 });
    for (const n of [2, 4, 6, 8]) ring.push(entry(n), ["a"]);
    expect([ring.floor, ring.last, ring.size]).toEqual([2, 8, 3]);
    ring.push(entry(10, 85, 500), ["a"]);
    expect([ring.floor, ring.size, ring.bytes]).toEqual([6, 2, 95]);
    ring.trim(1001);
    expect([ring.floor, ring.size]).toEqual([8, 1]);
    ring.trim(1500);
    expect(ring.size).toBe(1);
    ring.trim(1501);
    expect([ring.floor, ring.last, ring.size, ring.bytes]).toEqual([10, 10, 0, 0]);
  });

  it("finds what concerns an audience, merged in order, without looking at the rest", () => {
    const ring = createRing({ entries: 1000, bytes: 1e6, ageMs: 1e6 });
    for (let n = 1; n <= 300; n++) ring.push(entry(n), [`c${n % 3}`]);
    expect(ring.after(["c0", "c1"], 100, 5).map(({ n }) => n)).toEqual([102, 103, 105, 106, 108]);
    expect(ring.after(["c2"], 298, 5).map(({ n }) => n)).toEqual([299]);
    expect(ring.after(["nobody"], 0, 5)).toEqual([]);
  });

  it("[R34] holds nothing of a channel whose entries are gone", () => {
    const ring = createRing({ entries: 10, bytes: 1e6, ageMs: 1e6 });
    for (let n = 1; n <= 10_000; n++) ring.push(entry(n), [`channel-${n}`]);
    expect(ring.size).toBe(10);
    expect(ring.after(["channel-1"], 0, 5)).toEqual([]);
    expect(ring.after(["channel-10000"], 0, 5)).toHaveLength(1);
  });
});

describe("what a gateway remembers", () => {
  it("[R34] a queue gives back what was spent", () => {
    const queue = createQueue<number>();
    for (let i = 0; i < 10_000; i++) {
      queue.items.push(i);
      if (i >= 10) shift(queue);
    }
    expect(sizeOf(queue)).toBe(10);
    expect(peek(queue)).toBe(9990);
    expect(queue.items.length).toBeLessThan(100);
    while (sizeOf(queue) > 0) shift(queue);
    expect(shift(queue)).toBeUndefined();
  });

  it("[B10.6] answers are remembered up to a count and an age", () => {
    const dedup = createDedup<string>(1000, 2, () => true);
    let now = 0;
    let runs = 0;
    const ask = (key: string): void =>
      dedup.once(
        key,
        () => {},
        (done) => {
          runs++;
          done("answer");
        },
        () => now,
      );
    for (const key of ["a", "b", "b", "c", "b"]) ask(key);
    expect([runs, dedup.size]).toEqual([3, 2]);
    ask("a");
    expect(runs).toBe(4);
    now = 1001;
    dedup.trim(now);
    expect(dedup.size).toBe(0);
  });

  it("an alias is never given twice, even when all are forgotten", () => {
    const alias = createAliases(2);
    expect(["a", "b", "a", "c", "a"].map(alias)).toEqual([1, 2, 1, 3, 4]);
  });

  it("a channel whose alias was forgotten is announced again under its new one", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.publish("user:ann", 1);
    world.turn();
    for (let i = 0; i < 66_000; i++)
      world.hub.cast({ channel: `user:nobody-${i}`, kind: "typing", from: "x", data: 0 });
    world.publish("user:ann", 2);
    world.turn();
    expect(ann.data()).toEqual([1, 2]);
    const announced = framesIn(pipe.fromServer).filter((frame) => "t" in frame && frame.t === "channel");
    expect(new Set(announced.map((frame) => (frame as { alias?: unknown }).alias)).size).toBe(2);
  });

  it("[R34] a thousand links leave nothing behind", () => {
    const world = createWorld();
    void world.hub.member("group:g", "ann", "joined");
    for (let i = 0; i < 1000 * share; i++) {
      const ann = world.client("ann", { nonce: `nonce-${i}` });
      ann.connect();
      if (i % 2) ann.cut();
      else ann.link?.bye();
      world.turn();
    }
    expect(world.hub.stats()).toMatchObject({ connections: 0, linked: 0, subscriptions: 0 });
    world.publish("user:ann", 1);
    world.turn();
    expect(world.hub.stats().ringEntries).toBe(2);
    world.advance(1_000_000);
    expect(world.hub.stats().ringEntries).toBe(0);
  });

  it("[R34] a link that ends in a tick, for it never said hello, is held by nothing", async () => {
    const world = createWorld();
    const held = Array.from({ length: 100 }, () => new WeakRef(world.hub.connect({ send() {}, close() {} })));
    world.advance(60_000);
    expect(world.hub.stats().connections).toBe(0);
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    // What a reference was asked for is kept for the rest of the task.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    // The engine may keep the last one or two in a register.
    expect(held.filter((link) => link.deref() !== undefined).length).toBeLessThan(5);
  });
});
