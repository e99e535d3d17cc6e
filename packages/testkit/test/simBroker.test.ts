/** What a simulated gateway is told of the log: late, and never in another order. */
import { expect, it } from "vitest";
import { createMemoryLog } from "../src/gateway/memory-log.js";
import { type BrokerView, createBrokerView } from "../src/sim/world/broker.js";
import { createTimeline, type Timeline } from "../src/sim/world/timeline.js";

function followed(): {
  readonly time: Timeline;
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
  return { time, view, append, told };
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
