import { describe, expect, it } from "vitest";
import { createWorld, framesIn, ofType } from "./support/world.js";

const hello = (user = "ann", more: object = {}): object => ({
  t: "hello",
  token: `token:${user}`,
  app: "app",
  instance: `${user}-1`,
  linkNo: 1,
  ...more,
});

describe("handshake", () => {
  it("[B10.4] a first link is new and begins at the head", () => {
    const world = createWorld();
    world.publish("user:ann", "before");
    const ann = world.client("ann");
    ann.connect();
    world.publish("user:ann", "after");
    world.turn();
    expect(ann.welcomes[0]).toMatchObject({ user: "ann", recovery: "new", epoch: "e1", positions: [1] });
    expect(ann.data()).toEqual(["after"]);
    expect(ann.told.map(({ what }) => what)).toEqual(["welcome", "caughtUp", "event"]);
  });

  it("[B5.2] the welcome tells over how long a fleet should return: connections by 500 a second, 0.1 s to 10 s", () => {
    const world = createWorld({ admitPerSecond: 2, admitBurst: 100 });
    for (let i = 0; i < 30; i++) world.client(`u${i}`).connect();
    const spreads = framesIn([...world.client("zoe").connect().fromServer])
      .filter((frame) => "t" in frame && frame.t === "welcome")
      .map((frame) => (frame as { reconnectSpreadMs?: unknown }).reconnectSpreadMs);
    expect(spreads).toEqual([10_000]);
    expect(createWorld().hub.reconnectSpreadMs()).toBe(100);
    expect(world.hub.reconnectSpreadMs()).toBe(10_000);
  });

  it("the token travels in the first frame, and nothing is taken before it", () => {
    for (const frame of [
      [0],
      [4, 1],
      [6, "n-1", "user:bob", "message", 1, 0],
      { t: "token", token: "x" },
      { t: "whatever" },
    ]) {
      const world = createWorld();
      const pipe = world.raw();
      pipe.say(frame);
      expect(pipe.closed).toEqual({ code: 4400, by: "server" });
      expect(pipe.frames()).toMatchObject([{ t: "reject", code: "ERR_PROTOCOL", retry: "later" }]);
      expect(world.log.entries).toEqual([]);
    }
  });

  it("a frame between hello and welcome, and a second hello, close 4400", () => {
    const world = createWorld({ verify: () => new Promise(() => {}) });
    const early = world.raw();
    early.say(hello(), [0]);
    expect(early.closed?.code).toBe(4400);
    const twice = createWorld().raw();
    twice.say(hello());
    twice.say(hello());
    expect(twice.closed?.code).toBe(4400);
  });

  it("no hello in time closes 4408, and so does a verdict that never comes", () => {
    for (const frames of [[], [hello()]]) {
      const world = createWorld({ verify: () => new Promise(() => {}), handshakeMs: 3000 });
      const pipe = world.raw();
      pipe.say(...frames);
      world.advance(2999);
      expect(pipe.closed).toBeUndefined();
      world.advance(1);
      expect(pipe.closed?.code).toBe(4408);
    }
  });

  it("[B5.4] a wrong token is told before the close: reauth and 4401; another app: never and 4403", () => {
    const world = createWorld();
    const wrong = world.client("ann");
    wrong.token = "forged";
    const pipe = wrong.connect();
    expect(wrong.told[0]).toMatchObject({
      what: "reject",
      value: { code: "ERR_AUTH_REJECTED", retry: "reauth", minDelayMs: 0 },
    });
    expect(pipe.closed?.code).toBe(4401);
    const other = world.raw();
    other.say(hello("ann", { app: "another" }));
    expect(other.frames()).toMatchObject([{ t: "reject", retry: "never" }]);
    expect(other.closed?.code).toBe(4403);
  });

  it("[B5.4] a verifier that fails is no rejection of the token: later, with a floor", async () => {
    for (const verify of [
      () => Promise.reject(new Error("down")),
      () => {
        throw new Error("down");
      },
    ]) {
      const world = createWorld({ verify });
      const pipe = world.raw();
      pipe.say(hello());
      await Promise.resolve();
      await Promise.resolve();
      world.turn();
      expect(pipe.frames()).toMatchObject([
        { t: "reject", code: "ERR_SERVER_OVERLOADED", retry: "later", minDelayMs: 1000, spreadMs: 100 },
      ]);
      expect(pipe.closed?.code).toBe(4503);
    }
  });

  it("[R20] [B2.4] a verdict that comes after the close changes nothing", async () => {
    let decide: (verdict: { ok: true; user: string }) => void = () => {};
    const world = createWorld({
      verify: () =>
        new Promise((resolve) => {
          decide = resolve;
        }),
    });
    const ann = world.client("ann");
    const pipe = ann.connect();
    ann.cut();
    decide({ ok: true, user: "ann" });
    for (let i = 0; i < 5; i++) await Promise.resolve();
    world.turn();
    expect(world.notes.map(({ note }) => note)).toEqual(["closed"]);
    expect(pipe.fromServer).toEqual([]);
    expect(world.hub.stats()).toMatchObject({ connections: 0, linked: 0 });
  });

  it("[B2.4] a welcome for another user is told as a refused identity, and nothing of it is taken", () => {
    const world = createWorld({ verify: () => ({ ok: true, user: "mallory" }) });
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.publish("user:mallory", "not for ann");
    world.turn();
    expect(ann.told.map(({ what }) => what)).toEqual(["reject", "closed"]);
    expect(ann.told[0]?.value).toMatchObject({ code: "ERR_AUTH_REJECTED", retry: "never" });
    expect(pipe.closed).toEqual({ code: 4401, by: "client" });
    expect(ann.session.position).toBeUndefined();
    expect(ann.link?.live).toBe(false);
  });

  it("a newer link of the same instance takes over; the old one ends silently, with 4410", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const first = ann.connect();
    const second = ann.connect();
    expect(first.closed).toEqual({ code: 4410, by: "server" });
    expect(ofType(first, "reject")).toEqual([]);
    expect(second.closed).toBeUndefined();
    world.publish("user:ann", 1);
    world.turn();
    expect(ann.data()).toEqual([1]);
  });

  it("[R20] a hello that was overtaken by the next link of its process is sent away", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const late = ann.dial();
    late.held = true;
    const current = ann.dial();
    world.turn();
    late.held = false;
    world.turn();
    expect(late.closed?.code).toBe(4410);
    expect(current.closed).toBeUndefined();
    expect(ann.link?.live).toBe(true);
  });

  it("a reloaded tab counts its links from 1 again and still takes over from its half-open past", () => {
    const world = createWorld();
    const before = world.client("ann", { nonce: "before-reload" });
    before.connect();
    const old = before.connect();
    const after = world.client("ann", { nonce: "after-reload" });
    const pipe = after.connect();
    expect(old.closed?.code).toBe(4410);
    expect(pipe.closed).toBeUndefined();
  });

  it("[R36] a newer instance on the same device replaces the older one for good; without a device nothing is replaced", () => {
    const world = createWorld();
    const old = world.client("ann", { instance: "tab-1", device: "phone" });
    const oldPipe = old.connect();
    const bystander = world.client("ann", { instance: "tab-2" });
    const bystanderPipe = bystander.connect();
    world.client("ann", { instance: "tab-3", device: "phone" }).connect();
    expect(old.told.at(-2)).toMatchObject({ what: "reject", value: { code: "ERR_REPLACED", retry: "never" } });
    expect(oldPipe.closed?.code).toBe(4409);
    expect(bystanderPipe.closed).toBeUndefined();
  });

  it("[R36] an instance is the session's own and outlives reconnects: the same in each hello, after a replacement too", () => {
    const world = createWorld();
    const ann = world.client("ann", { instance: "tab-1", device: "phone" });
    const other = world.client("ann", { instance: "tab-2", device: "phone" });
    const pipes = [ann.connect()];
    for (let n = 0; n < 3; n++) {
      ann.cut();
      pipes.push(ann.connect());
    }
    expect(ann.told.filter(({ what }) => what === "reject")).toEqual([]);
    const taker = other.connect();
    expect(pipes.at(-1)?.closed?.code).toBe(4409);
    pipes.push(ann.connect());
    const hellos = pipes.map(({ fromClient }) => framesIn(fromClient)[0] as { instance?: unknown; linkNo?: unknown });
    expect(hellos.map(({ instance }) => instance)).toEqual(["tab-1", "tab-1", "tab-1", "tab-1", "tab-1"]);
    expect(hellos.map(({ linkNo }) => linkNo)).toEqual([1, 2, 3, 4, 5]);
    expect(framesIn(taker.fromClient)[0]).toMatchObject({ instance: "tab-2" });
  });

  it("a hello waits until the log is followed", async () => {
    const world = createWorld();
    world.log.answers = "byPromise";
    const cold = createWorld({ log: world.log });
    const ann = cold.client("ann");
    ann.connect();
    expect(ann.welcomes).toEqual([]);
    for (let i = 0; i < 10; i++) await Promise.resolve();
    cold.turn();
    expect(ann.welcomes).toHaveLength(1);
  });

  it("a limit that cannot work is refused when the hub is made, by name", () => {
    expect(() => createWorld({ limits: { windowBytes: 1000 } })).toThrow("limits.windowBytes");
    expect(() => createWorld({ limits: { window: 0 } })).toThrow("limits.window");
    expect(() => createWorld({ heartbeatMs: -1 })).toThrow("heartbeatMs");
  });
});
