import { describe, expect, it } from "vitest";
import { createWorld, framesIn } from "./support/world.js";

const size = (text: string): number => new TextEncoder().encode(text).length;
const events = (messages: readonly string[]): unknown[] =>
  framesIn(messages).filter((frame) => Array.isArray(frame) && frame[0] === 1);

describe("credit", () => {
  it("[B10.8] at most limits.window events are unacknowledged on a link", () => {
    const world = createWorld({ limits: { window: 8 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    for (let i = 0; i < 30; i++) world.publish("user:ann", i);
    world.turn();
    expect(events(pipe.fromServer)).toHaveLength(8);
    world.advance(5000);
    expect(events(pipe.fromServer)).toHaveLength(8);
    pipe.held = false;
    world.turn();
    expect(ann.data()).toEqual(Array.from({ length: 30 }, (_, i) => i));
  });

  it("[B10.8] at most limits.windowBytes of them, counted in UTF-8", () => {
    const world = createWorld({ limits: { eventBytes: 1000, windowBytes: 20_384 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    for (let i = 0; i < 60; i++) world.publish("user:ann", "ж".repeat(450));
    world.turn();
    const sent = events(pipe.fromServer).reduce<number>((sum, frame) => sum + size(JSON.stringify(frame)), 0);
    expect(sent).toBeLessThanOrEqual(20_384);
    expect(sent).toBeGreaterThan(19_000);
    pipe.held = false;
    world.turn();
    expect(ann.events).toHaveLength(60);
  });

  it("[B10.8] the client acknowledges after a quarter of the window, and the rest with its next pong", () => {
    const world = createWorld({ limits: { window: 8 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    for (let i = 0; i < 5; i++) {
      world.publish("user:ann", i);
      world.turn();
    }
    expect(pipe.fromClient.slice(1)).toEqual(["[5,2]", "[5,4]"]);
    world.advance(10_000);
    expect(pipe.fromClient.slice(3)).toEqual(["[[0],[5,5]]"]);
    world.advance(10_000);
    expect(pipe.fromClient.slice(4)).toEqual(["[0]"]);
  });

  it("[B10.8] and after a quarter of the bytes, so that large events do not stop until a ping", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    for (let i = 0; i < 12; i++) world.publish("user:ann", "ж".repeat(32_000));
    world.turn();
    expect(ann.events).toHaveLength(12);
  });

  it("[B10.8] a message of several events stays below limits.batchBytes; a larger single event goes alone", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    ann.cut();
    for (let i = 0; i < 100; i++) world.publish("user:ann", i === 50 ? "ж".repeat(20_000) : "ж".repeat(400));
    const pipe = ann.connect();
    expect(ann.events).toHaveLength(100);
    for (const text of pipe.fromServer) {
      const frames = framesIn([text]);
      if (frames.length > 1) expect(size(text)).toBeLessThanOrEqual(16_384);
    }
    expect(pipe.fromServer.length).toBeLessThan(20);
  });

  it("[B10.8] a replay does not starve liveness: pings go out between its windows", () => {
    const world = createWorld({ limits: { window: 8 } });
    const ann = world.client("ann");
    ann.connect();
    ann.cut();
    for (let i = 0; i < 100; i++) world.publish("user:ann", i);
    const pipe = ann.dial();
    pipe.held = true;
    for (const text of pipe.toServer.splice(0)) pipe.server.receive(text);
    world.advance(10_000);
    expect(framesIn(pipe.fromServer).at(-1)).toEqual([0]);
  });

  it("credit for what was never sent, or below what was, changes nothing", () => {
    const world = createWorld({ limits: { window: 4 } });
    const raw = world.raw();
    raw.say({ t: "hello", token: "token:ann", app: "app", instance: "i", linkNo: 1 });
    for (let i = 0; i < 10; i++) world.publish("user:ann", i);
    raw.say([5, 0], [5, 0]);
    expect(events(raw.fromServer)).toHaveLength(4);
    raw.say([5, 2]);
    expect(events(raw.fromServer)).toHaveLength(6);
    raw.say([5, 1000]);
    expect(events(raw.fromServer)).toHaveLength(10);
    expect(raw.closed).toBeUndefined();
  });
});
