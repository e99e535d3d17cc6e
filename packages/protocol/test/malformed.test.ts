import { describe, expect, it } from "vitest";
import { decode, framesOf } from "../src/codec.js";
import { defaultLimits } from "../src/limits.js";
import { welcomeOf } from "./support/bare.js";
import { createWorld } from "./support/world.js";

const hello = { t: "hello", token: "token:ann", app: "app", instance: "i", linkNo: 1 };

describe("malformed messages", () => {
  const never = [
    "",
    "x",
    "{",
    "1",
    "null",
    "true",
    '"text"',
    "[]",
    "[[]]",
    "[null]",
    '["x"]',
    "[[0],5]",
    "[[0],[[0]]]",
    "[{},null]",
    "[[0],null]",
  ];

  it.each(never)("%j is no message for either half: close 4400", (text) => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello);
    raw.say(text);
    expect(raw.closed).toEqual({ code: 4400, by: "server" });
    const ann = world.client("ann");
    const pipe = ann.connect();
    ann.link?.receive(text, 0);
    expect(pipe.closed).toEqual({ code: 4400, by: "client" });
    expect(ann.told.at(-1)?.what).toBe("protocolError");
  });

  it.each([
    [4],
    [4, "x"],
    [5],
    [5, -1],
    [5, "1"],
    [6],
    [6, 1, "user:bob", "message", 1, 0],
    [6, "", "user:bob", "message", 1, 0],
    [6, "a", "", "message", 1, 0],
    [6, "a", "user:bob", "", 1, 0],
    [6, "a", "user:bob", "message", 1],
    [6, "a", "user:bob", "message", 1, -1],
    [6, "a".repeat(129), "user:bob", "message", 1, 0],
    [6, "a", `user:${"b".repeat(300)}`, "message", 1, 0],
    { t: "join", channel: "group:g" },
    { t: "leave", id: "a" },
    { t: "token" },
    { t: "heartbeat", ms: "long" },
    { t: 7 },
    {},
  ])("a client's %j closes 4400, and the reason is told first", (frame) => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello, frame);
    expect(raw.frames().at(-1)).toMatchObject({ t: "reject", code: "ERR_PROTOCOL", retry: "later" });
    expect(raw.closed?.code).toBe(4400);
    expect(world.log.entries).toEqual([]);
  });

  it.each([
    { ...hello, token: 5 },
    { ...hello, token: "" },
    { ...hello, instance: undefined },
    { ...hello, linkNo: -1 },
    { ...hello, linkNo: "1" },
    { ...hello, resume: { epoch: "e1" } },
    { ...hello, resume: { epoch: "e1", positions: ["1"] } },
    { ...hello, resume: { epoch: 1, positions: [1] } },
    { ...hello, heartbeatMs: -5 },
    { ...hello, device: 7 },
  ])("a hello that is %j closes 4400", (frame) => {
    const raw = createWorld().raw();
    raw.say(frame);
    expect(raw.closed?.code).toBe(4400);
  });

  it.each([
    [1],
    [1, "1", 1, "message", "ann", 0, 1],
    [1, 1, 99, "message", "ann", 0, 1],
    [1, 1, 1, 7, "ann", 0, 1],
    [2, 99, "typing", "ann", 1],
    { t: "gap" },
    { t: "gap", from: [0], to: ["1"] },
    { t: "caughtUp" },
    { t: "welcome" },
    { t: "welcome", user: "ann", epoch: "e1", positions: [0], recovery: "new" },
  ])("a server's %j ends the link with 4400, and nothing is handed on", (frame) => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    ann.told.length = 0;
    ann.link?.receive(JSON.stringify({ t: "channel", alias: 1, channel: "user:ann", partition: 0 }), 0);
    ann.link?.receive(JSON.stringify(frame), 0);
    expect(pipe.closed).toEqual({ code: 4400, by: "client" });
    expect(ann.told.map(({ what }) => what)).toEqual(["protocolError"]);
  });

  const welcome = welcomeOf();
  const beyond = 2 ** 53;

  it.each([
    { ...welcome, user: 7 },
    { ...welcome, user: undefined },
    { ...welcome, epoch: "" },
    { ...welcome, epoch: "e".repeat(129) },
    { ...welcome, positions: [] },
    { ...welcome, positions: [-1] },
    { ...welcome, positions: [0.5] },
    { ...welcome, positions: [beyond] },
    { ...welcome, positions: Array(1_025).fill(0) },
    { ...welcome, recovery: "again" },
    { ...welcome, heartbeatMs: 0 },
    { ...welcome, heartbeatMs: -1 },
    { ...welcome, heartbeatMs: "10000" },
    { ...welcome, reconnectSpreadMs: "x" },
    { ...welcome, reconnectSpreadMs: -1 },
    { ...welcome, reconnectSpreadMs: 1e308 },
    { ...welcome, limits: {} },
    { ...welcome, limits: { ...defaultLimits, dedupMs: undefined } },
    { ...welcome, limits: { ...defaultLimits, window: 0 } },
    { ...welcome, throttled: [{ feature: "typing", reason: "load" }] },
    { ...welcome, expiresInMs: "never" },
  ])("a welcome that is %j ends the link with 4400, and nothing of it is taken", (frame) => {
    const ann = createWorld().client("ann");
    const pipe = ann.dial();
    ann.link?.receive(JSON.stringify(frame), 0);
    expect(pipe.closed).toEqual({ code: 4400, by: "client" });
    expect([ann.welcomes, ann.session.received]).toEqual([[], undefined]);
  });

  it.each([
    { t: "channel", alias: 1, channel: "user:ann", partition: 0 },
    { t: "gap", from: [0], to: [5] },
    { t: "caughtUp", positions: [5] },
    { t: "throttle", features: [] },
    { t: "goaway", minDelayMs: 0, spreadMs: 0, overlap: false },
    [0, 5],
    [3, "nonce-ann-1", 1],
    [4, 1],
  ])("a server's %j before its welcome ends the link with 4400: until then nobody is linked", (frame) => {
    const ann = createWorld().client("ann", { resume: { epoch: "e1", positions: [1] } });
    const pipe = ann.dial();
    ann.link?.receive(JSON.stringify(frame), 0);
    expect(pipe.closed).toEqual({ code: 4400, by: "client" });
    expect(ann.session.received).toEqual({ epoch: "e1", positions: [1] });
    expect(ann.told.map(({ what }) => what)).toEqual(["protocolError"]);
  });

  it.each([
    { t: "gap", from: [0], to: [] },
    { t: "gap", from: [0], to: [-1] },
    { t: "gap", from: [0], to: [0.5] },
    { t: "gap", from: [0], to: [1, 2] },
    { t: "caughtUp", positions: [beyond] },
    { t: "caughtUp", positions: {} },
    { t: "channel", alias: 2, channel: "user:ann", partition: "length" },
    { t: "channel", alias: 2, channel: "user:ann", partition: "0" },
    { t: "channel", alias: 2, channel: "user:ann", partition: 1 },
    { t: "reject", retry: "later" },
    { t: "reject", code: "x", message: "x", retry: "soon", minDelayMs: 0, spreadMs: 0 },
    { t: "reject", code: "x", message: "x", retry: "later", minDelayMs: "x", spreadMs: 0 },
    { t: "goaway", minDelayMs: 0, overlap: true },
    { t: "throttle", features: [{ feature: "typing", reason: "x", forMs: "long" }] },
    { t: "throttle", features: [null] },
    { t: "tokenOk", expiresInMs: "long" },
    { t: "expiring" },
    { t: "nack", id: "a" },
    [0, "x"],
    [0, 1, 2],
    [0, beyond],
    [1, beyond, 1, "message", "bob", 0, 1],
    [1, 0.5, 1, "message", "bob", 0, 1],
    [1, 1, 1, "message", 7, 0, 1],
    [1, 1, 1, "message", "bob", "today", 1],
    [1, 1, 1, "message", "bob", 0],
    [1, 1, 1, "message", "bob", 0, 1, 7],
    [2, 1, "typing", 7, 1],
    [3, 1, 1],
    [3, "a", -1],
    [4, "x"],
  ])("a server's %j on a living link ends it with 4400; the positions stay, and a good link resumes", (frame) => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    const stood = ann.session.received;
    ann.told.length = 0;
    ann.link?.receive('{"t":"channel","alias":1,"channel":"user:ann","partition":0}', 0);
    ann.link?.receive(JSON.stringify(frame), 0);
    expect(pipe.closed).toEqual({ code: 4400, by: "client" });
    expect(ann.told.map(({ what }) => what)).toEqual(["protocolError"]);
    expect(ann.session.received).toEqual(stood);
    ann.connect();
    world.publish("user:ann", "good");
    world.turn();
    expect(ann.data()).toEqual(["good"]);
  });

  it("[B10.4] behind a welcome that says gap, nothing moves before the gap is told", () => {
    for (const frame of [[0, 9], { t: "caughtUp", positions: [9] }, [1, 9, 1, "message", "bob", 0, 1]]) {
      const ann = createWorld().client("ann", { resume: { epoch: "e1", positions: [3] } });
      const pipe = ann.dial();
      ann.link?.receive(JSON.stringify({ ...welcome, recovery: "gap", positions: [5] }), 0);
      ann.link?.receive('{"t":"channel","alias":1,"channel":"user:ann","partition":0}', 0);
      ann.link?.receive(JSON.stringify(frame), 0);
      expect(pipe.closed).toEqual({ code: 4400, by: "client" });
      expect([ann.session.received, ann.data()]).toEqual([{ epoch: "e1", positions: [3] }, []]);
    }
  });

  it("a probe by a number that nothing can hold is malformed, and is not answered by what is no JSON", () => {
    const raw = createWorld().raw();
    raw.say(hello, "[4,1e309]");
    expect(raw.fromServer.every((text) => JSON.parse(text))).toBe(true);
    expect(raw.closed?.code).toBe(4400);
  });

  it.each([0, 1])("data that is short as text and too large as what is written on is refused (flags %j)", (flags) => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello, `[6,"a","user:bob","message",[${"1e20,".repeat(4_000)}0],${flags}]`);
    expect(raw.frames().at(-1)).toMatchObject({ t: "nack", id: "a", code: "ERR_MESSAGE_TOO_LARGE" });
    expect(world.log.entries).toEqual([]);
  });

  it("an event of a partition that does not exist is not dropped in silence", () => {
    const ann = createWorld().client("ann");
    const pipe = ann.connect();
    ann.link?.receive(
      JSON.stringify([{ t: "channel", alias: 1, channel: "user:ann", partition: 3 }, [1, 1, 1, "m", "x", 0, 0]]),
      0,
    );
    expect(pipe.closed?.code).toBe(4400);
  });

  it("unknown fields, frames and codes are ignored by both halves", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(
      { ...hello, colour: "red" },
      [99, 1, 2],
      { t: "future", x: 1 },
      [0, "more"],
      [6, "a", "user:bob", "message", 1, 0, "more"],
    );
    expect(raw.closed).toBeUndefined();
    expect(raw.frames().at(-1)).toEqual([3, "a", 1]);
    const ann = world.client("ann");
    const pipe = ann.connect();
    for (const frame of [
      [99],
      { t: "future" },
      [0],
      [4, 77, "more"],
      [3, "never-sent", 1, "more"],
      { t: "nack", id: "never-sent", code: "ERR_SEND_REJECTED", message: "no", more: 1 },
      { t: "future", 0: [0] },
    ]) {
      ann.link?.receive(JSON.stringify(frame), 0);
    }
    expect(pipe.closed).toBeUndefined();
  });

  it("a message above limits.frameBytes closes 4413", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello, [6, "a", "user:bob", "message", "é".repeat(66_000), 0]);
    expect(raw.frames().at(-1)).toMatchObject({ t: "reject", code: "ERR_MESSAGE_TOO_LARGE", retry: "later" });
    expect(raw.closed?.code).toBe(4413);
  });

  it("above limits.frameRate sends are refused, and a link that goes on is cut with 4429 and a floor", () => {
    const world = createWorld({ limits: { frameRate: 10 } });
    const raw = world.raw();
    raw.say(hello);
    const send = (i: number): unknown => [6, `a${i}`, "user:bob", "message", i, 0];
    for (let i = 0; i < 25; i++) raw.say(send(i));
    expect(world.log.entries).toHaveLength(20);
    expect(raw.frames().at(-1)).toMatchObject({ t: "nack", code: "ERR_SERVER_OVERLOADED", retryAfterMs: 2000 });
    world.advance(2000);
    raw.say(send(100));
    expect(raw.frames().at(-1)).toEqual([3, "a100", 21]);
    for (let i = 0; i < 60; i++) raw.say(send(i));
    expect(raw.closed?.code).toBe(4429);
    expect(raw.frames().at(-1)).toMatchObject({ t: "reject", retry: "later", minDelayMs: 1000 });
  });

  it("[B10.6] a repeat of what was applied is answered as the first time above limits.frameRate too, for a refusal says not applied", () => {
    const world = createWorld({ limits: { frameRate: 10 } });
    const send = (i: number): unknown => [6, `a${i}`, "user:bob", "message", i, 0];
    const join = { t: "join", channel: "group:g", id: "j" };
    const first = world.raw();
    first.say(hello, send(1), join);
    expect(first.frames().slice(-2)).toEqual([
      [3, "a1", 1],
      [3, "j", 2],
    ]);
    const raw = world.raw();
    raw.say({ ...hello, linkNo: 2 });
    for (let i = 10; i < 32; i++) raw.say(send(i));
    expect(raw.frames().at(-1)).toMatchObject({ t: "nack", id: "a31" });
    raw.say(send(1));
    expect(raw.frames().at(-1)).toEqual([3, "a1", 1]);
    raw.say(join);
    expect(raw.frames().at(-1)).toEqual([3, "j", 2]);
  });

  it("credit that credits something costs nothing of the frame rate", () => {
    const world = createWorld({ limits: { frameRate: 1 } });
    const raw = world.raw();
    raw.say(hello);
    for (let n = 1; n <= 200; n++) {
      world.publish("user:ann", n);
      raw.say([5, n]);
    }
    expect(raw.closed).toBeUndefined();
  });
});

describe("codec", () => {
  it("a message is a frame or a batch of frames, told apart by the first element", () => {
    expect(framesOf([0])).toEqual([[0]]);
    expect(framesOf([[0]])).toEqual([[0]]);
    expect(framesOf([{ t: "bye" }, [0]])).toEqual([{ t: "bye" }, [0]]);
    expect(framesOf({ t: "bye" })).toEqual([{ t: "bye" }]);
    for (const text of never(decode)) expect(decode(text)).toBeUndefined();
  });
});

function never(_: unknown): string[] {
  return ["", "{", "1", "null", "[]", '["x"]', "[null]", "[[]]", "[[0],1]", "[[0],[[0]]]"];
}
