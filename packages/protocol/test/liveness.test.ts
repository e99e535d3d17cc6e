import { describe, expect, it } from "vitest";
import { createWorld, framesIn } from "./support/world.js";

const hello = { t: "hello", token: "token:ann", app: "app", instance: "i", linkNo: 1 };

describe("liveness", () => {
  it("[B6.1] the server pings each heartbeat, and the client answers from the message handler", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.advance(35_000);
    expect(framesIn(pipe.fromServer).filter((frame) => Array.isArray(frame) && frame[0] === 0)).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(pipe.fromClient.slice(1)).toEqual(["[0]", "[0]", "[0]"]);
    // In the handler itself: nothing scheduled stands between ping and pong.
    pipe.held = true;
    ann.link?.receive("[0]", world.now);
    expect(pipe.toServer).toEqual(["[0]"]);
  });

  it("[B6.3] a client silent for three heartbeats is cut, with 4411", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello);
    world.advance(30_000);
    expect(raw.closed).toBeUndefined();
    world.advance(250);
    expect(raw.closed?.code).toBe(4411);
    expect(world.hub.stats().connections).toBe(0);
  });

  it("[B6.1] [R2] any inbound frame is a sign of life, what is sent to the client is none", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello);
    for (let i = 0; i < 10; i++) {
      world.advance(20_000);
      raw.say([4, i]);
    }
    expect(raw.closed).toBeUndefined();
    for (let i = 0; i < 6; i++) {
      world.advance(5000);
      world.publish("user:ann", i);
      world.turn();
    }
    // Noticed with the tick after.
    world.advance(250);
    expect(raw.closed?.code).toBe(4411);
  });

  it("[B6.1] a server that stood still grants its clients a fresh deadline", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello);
    const waiting = world.raw();
    world.now += 3_600_000;
    world.hub.tick(world.now);
    world.turn();
    expect(raw.closed).toBeUndefined();
    expect(waiting.closed).toBeUndefined();
    world.advance(30_250);
    expect(raw.closed?.code).toBe(4411);
    expect(waiting.closed?.code).toBe(4408);
  });

  it("[B6.3] a client asks for a longer heartbeat in hello or in band, and is granted what the server allows", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.dial({ heartbeatMs: 45_000 });
    world.turn();
    expect(ann.welcomes[0]?.heartbeatMs).toBe(45_000);
    world.advance(44_750);
    const pings = (): number =>
      framesIn(pipe.fromServer).filter((frame) => Array.isArray(frame) && frame[0] === 0).length;
    expect(pings()).toBe(0);
    world.advance(250);
    expect(pings()).toBe(1);
    ann.link?.heartbeat(1);
    world.turn();
    world.advance(5000);
    expect(pings()).toBe(2);
    ann.link?.heartbeat(3_600_000);
    world.turn();
    world.advance(65_000);
    expect(pings()).toBe(4);
  });

  it("[B6.1] a probe is answered at once, and the round trip is told; only the last one counts", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    ann.link?.probe(world.now);
    world.now = 300;
    ann.link?.probe(world.now);
    world.now = 350;
    pipe.held = false;
    world.turn();
    expect(framesIn(pipe.fromServer).slice(-2)).toEqual([
      [4, 1],
      [4, 2],
    ]);
    expect(ann.told.filter(({ what }) => what === "probeAck")).toEqual([{ what: "probeAck", value: 50 }]);
  });

  it("[B6.5] [R34] a quiet link holds nothing per message: ten thousand pings leave the session as it was", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    for (let i = 1; i <= 10_000; i++) ann.link?.receive(`[0,${i}]`, i);
    expect(ann.session.pending).toBe(0);
    expect(ann.session.position?.positions).toEqual([10_000]);
    expect(new Set(pipe.toServer)).toEqual(new Set(["[0]"]));
  });

  it("bye ends the link at once", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    ann.link?.bye();
    world.turn();
    expect(pipe.closed?.code).toBe(1000);
    expect(world.hub.stats().linked).toBe(0);
  });
});
