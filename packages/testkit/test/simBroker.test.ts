/** What a simulated gateway is told of the log: late, never in another order, and of a new life of the log by itself. */
import { expect, it } from "vitest";
import { createMemoryLog, type MemoryLog } from "../src/gateway/memory-log.js";
import { type BrokerView, createBrokerView } from "../src/sim/world/broker.js";
import { createTimeline, type Timeline } from "../src/sim/world/timeline.js";

function followed(): {
  readonly time: Timeline;
  readonly log: MemoryLog;
  readonly view: BrokerView;
  readonly append: () => void;
  readonly told: readonly number[];
} {
  const time = createTimeline();
  const log = createMemoryLog({ clock: time });
  const view = createBrokerView(time, log);
  const told: number[] = [];
  view.follow(0, 0, { entry: ({ n }) => void told.push(n), reset: () => {} });
  const append = (): void => void log.append("user:ann", { kind: "message", from: "bob", data: {} }, undefined);
  return { time, log, view, append, told };
}

it("an entry that comes at once waits for those that are due in the same millisecond", async () => {
  const { time, view, append, told } = followed();
  view.lagMs = 100;
  // Before the words that it overtook: it is asked for first.
  time.after(100, () => {
    expect(told).toEqual([]);
    append();
  });
  append();
  append();
  view.lagMs = 0;
  await time.runUntil(99);
  expect(told).toEqual([]);
  await time.runUntil(100);
  expect(told).toEqual([1, 2, 3]);
});

it("an entry on its way when the log falls out of reach is told before those that waited for its return", async () => {
  const { time, view, append, told } = followed();
  view.lagMs = 100;
  append();
  view.away = { applies: false };
  append();
  await time.runUntil(150);
  view.lagMs = 50;
  view.back();
  append();
  await time.runUntil(199);
  expect(told).toEqual([]);
  await time.runUntil(200);
  expect(told).toEqual([1, 2, 3]);
});

it("[B10.2] a gateway that follows nothing yet hears of a new life of the log, and is told nothing of it as if of the old", async () => {
  const time = createTimeline();
  const log = createMemoryLog({ clock: time });
  const view = createBrokerView(time, log);
  view.lagMs = 100;
  const asked = Promise.resolve(view.bounds(0)).then(
    () => "answered",
    (error: unknown) => String(error),
  );
  log.beginAnew();
  expect(view.epoch).toBe("epoch-1");
  await time.runUntil(99);
  // Followed between the new life and the word of it.
  const told: unknown[] = [];
  view.follow(0, 0, { entry: ({ n }) => told.push(n), reset: (epoch) => told.push(epoch) });
  void log.append("user:ann", { kind: "message", from: "bob", data: {} }, undefined);
  await time.runUntil(300);
  expect(view.epoch).toBe("epoch-2");
  expect(told).toEqual(["epoch-2", 1]);
  expect(await asked).toBe("Error: the log began anew");
});

it("who stopped following is told of no new life of the log, and a gateway that is gone of nothing", async () => {
  const { time, log, view, append, told } = followed();
  const resets: string[] = [];
  const stop = view.follow(0, 0, { entry: () => {}, reset: (epoch) => resets.push(epoch) });
  log.beginAnew();
  stop();
  log.beginAnew();
  expect([resets, view.epoch]).toEqual([["epoch-2"], "epoch-3"]);
  view.end();
  log.beginAnew();
  append();
  await time.runUntil(10);
  expect([told, view.epoch]).toEqual([[], "epoch-3"]);
});

it("who follows is told what the log holds already", () => {
  const { view, append, told } = followed();
  append();
  const again: number[] = [];
  view.follow(0, 0, { entry: ({ n }) => again.push(n), reset: () => {} });
  append();
  expect([told, again]).toEqual([
    [1, 2],
    [1, 2],
  ]);
});
