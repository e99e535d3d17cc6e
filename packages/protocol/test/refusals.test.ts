/** What the one who asks is told when the answer is no, or when nobody knows. */
import { describe, expect, it } from "vitest";
import { nestingLimit } from "../src/server/nesting.js";
import { hello, turns } from "./support/hello.js";
import { createWorld, type Seen, type TestClient, type World, type WorldOptions } from "./support/world.js";

const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

function linked(options: WorldOptions = {}): { readonly world: World; readonly ann: TestClient } {
  const world = createWorld(options);
  const ann = world.client("ann");
  ann.connect();
  return { world, ann };
}

/** Joins, and keeps what came of it. */
const join = (client: TestClient, channel: string): string =>
  client.session.join(channel, (result) => client.results.push(result), 0);
const leave = (client: TestClient, channel: string): string =>
  client.session.leave(channel, (result) => client.results.push(result), 0);

describe("a send that is refused says why", () => {
  it("[B10.6] no such channel, the server's own kind, throttled, not a member, not allowed, an objection", () => {
    const { world, ann } = linked({
      maySend: (_, channel) => channel !== "user:cat",
      judge: (user, { data }) => (data === "rude" ? `${user} is rude` : undefined),
    });
    world.hub.throttle([{ feature: "receipts", reason: "load", forMs: 900 }]);
    ann.send("elsewhere", 1);
    ann.send("user:bob", 1, { kind: "member" });
    ann.send("user:bob", 1, { kind: "receipt" });
    ann.send("group:g", 1);
    ann.send("user:cat", 1);
    ann.send("user:bob", "rude");
    world.turn();
    expect(ann.results.map((result) => (result.ok ? "ok" : [result.code, result.message]))).toEqual([
      ["ERR_SEND_REJECTED", "no such channel"],
      ["ERR_SEND_REJECTED", "the kind member is the server's own"],
      ["ERR_FEATURE_THROTTLED", "receipt is throttled"],
      ["ERR_SEND_REJECTED", "not a member"],
      ["ERR_SEND_REJECTED", "not allowed"],
      ["ERR_SEND_REJECTED", "ann is rude"],
    ]);
  });

  it("[B10.8] data that is nested too deep is refused, by client and operator, and the deepest that is not goes", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello());
    for (const [id, levels] of [
      ["a", nestingLimit],
      ["b", nestingLimit + 1],
    ] as const)
      raw.say(`[6,"${id}","user:bob","message",${nested(levels)},0]`);
    const deep = "the data is nested deeper than 256 levels";
    expect(raw.frames().slice(-2)).toEqual([
      [3, "a", 1],
      { t: "nack", id: "b", code: "ERR_SEND_REJECTED", message: deep },
    ]);
    const publish = (levels: number): unknown =>
      world.hub.publish({ channel: "user:bob", kind: "message", from: "x", data: JSON.parse(nested(levels)) });
    expect(publish(nestingLimit)).toEqual({ ok: true, n: 2 });
    expect(publish(nestingLimit + 1)).toMatchObject({ ok: false, code: "ERR_SEND_REJECTED", message: deep });
  });

  it("[B10.8] an operator's event without data is as long as nothing", () => {
    const world = createWorld({ limits: { eventBytes: 4 } });
    const publish = (data: unknown): unknown =>
      world.hub.publish({ channel: "user:bob", kind: "message", from: "x", data });
    expect(publish(undefined)).toEqual({ ok: true, n: 1 });
    expect(publish("abc")).toMatchObject({ code: "ERR_MESSAGE_TOO_LARGE", message: "the data is above 4 bytes" });
  });

  it("an operator's key is one event in each channel", () => {
    const world = createWorld();
    const one = { kind: "message", from: "system", data: 1, dedupKey: "k" };
    expect(world.hub.publish({ ...one, channel: "user:ann" })).toEqual({ ok: true, n: 1 });
    expect(world.hub.publish({ ...one, channel: "user:bob" })).toEqual({ ok: true, n: 2 });
    expect(world.hub.publish({ ...one, channel: "user:ann" })).toEqual({ ok: true, n: 1 });
  });
});

describe("a join or leave that is refused says why", () => {
  it("[B10.5] only groups have members, whoever asks", () => {
    const { world, ann } = linked();
    join(ann, "user:bob");
    world.turn();
    const refusal = { ok: false, code: "ERR_SEND_REJECTED", message: "no such channel" };
    expect(ann.results).toMatchObject([refusal]);
    expect(world.hub.member("user:bob", "ann", "joined")).toMatchObject(refusal);
    expect(world.hub.membersOf("user:bob")).toEqual([]);
  });

  it("[B10.5] who may not join is told so, once, and may leave all the same", () => {
    const world = createWorld({ mayJoin: () => false, channelsPerUser: 1 });
    void world.hub.member("group:g", "ann", "joined");
    const raw = world.raw();
    raw.say(hello());
    const before = raw.frames().length;
    raw.say({ t: "leave", channel: "group:g", id: "a" });
    expect(
      raw
        .frames()
        .slice(before)
        .filter((frame: Seen) => !Array.isArray(frame) || frame[0] !== 1),
    ).toEqual([[3, "a", 2]]);
    expect(world.hub.membersOf("group:g")).toEqual([]);
    raw.say({ t: "join", channel: "group:g", id: "b" });
    raw.say({ t: "leave", channel: "group:g", id: "c" });
    expect(raw.frames().slice(-2)).toMatchObject([{ t: "nack", id: "b", code: "ERR_SEND_REJECTED" }, [3, "c", 0]]);
  });

  it("[B10.5] the words of a refused join", () => {
    const { world, ann } = linked({ mayJoin: (_, channel) => channel !== "group:closed", channelsPerUser: 1 });
    join(ann, "group:closed");
    join(ann, "group:one");
    join(ann, "group:two");
    world.turn();
    expect(ann.results.map((result) => (result.ok ? "ok" : [result.code, result.message]))).toEqual([
      ["ERR_SEND_REJECTED", "not allowed"],
      "ok",
      ["ERR_SEND_REJECTED", "this user is in 1 channels already"],
    ]);
  });

  it("[B10.5] a marker that the log refuses is told as refused, and changes nothing", () => {
    const { world, ann } = linked();
    world.log.refuseNext = { ok: false, code: "ERR_SERVER_OVERLOADED", message: "full", retryAfterMs: 700 };
    const id = join(ann, "group:g");
    world.turn();
    expect(ann.results).toEqual([{ ok: false, id, code: "ERR_SERVER_OVERLOADED", message: "full", retryAfterMs: 700 }]);
    expect(world.hub.membersOf("group:g")).toEqual([]);
  });

  it("[B10.6] a log that cannot say whether it has the marker ends the link, and the next one asks again", async () => {
    const { world, ann } = linked();
    world.log.answers = "fails";
    join(ann, "group:g");
    world.turn();
    await turns(world);
    expect(ann.pipe?.closed?.code).toBe(1013);
    expect(ann.results).toEqual([]);
    world.log.answers = "now";
    ann.connect();
    expect(ann.results).toMatchObject([{ ok: true, n: 1 }]);
    expect(world.hub.membersOf("group:g")).toEqual(["ann"]);
  });

  it.each(["throws", "rejects"])(
    "[B10.6] a mayJoin that %s is no verdict: the link ends, and the next one asks again",
    async (how) => {
      let away = true;
      const error = new Error("away");
      const { world, ann } = linked({
        mayJoin: () => {
          if (!away) return true;
          if (how === "throws") throw error;
          return Promise.reject(error);
        },
      });
      join(ann, "group:g");
      world.turn();
      await turns(world);
      expect(ann.pipe?.closed?.code).toBe(1013);
      expect(world.notes).toContainEqual({ note: "brokerFailed", error });
      away = false;
      ann.connect();
      expect(ann.results).toMatchObject([{ ok: true }]);
      expect(world.hub.membersOf("group:g")).toEqual(["ann"]);
    },
  );
});

describe("[B10.5] channelsPerUser counts joins that are under way", () => {
  /** Joins are decided when the test says. */
  const slow = (channelsPerUser: number) => {
    const asked: { readonly channel: string; readonly decide: (may: boolean) => void }[] = [];
    const world = createWorld({
      channelsPerUser,
      mayJoin: (_, channel) => new Promise((decide) => asked.push({ channel, decide })),
    });
    return {
      world,
      asked,
      decide: async (channel: string, may: boolean): Promise<void> => {
        const at = asked.findIndex((each) => each.channel === channel);
        asked.splice(at, 1)[0]?.decide(may);
        await turns(world);
      },
    };
  };
  const codes = (client: TestClient): unknown[] => client.results.map((result) => [result.id, result.ok]);

  it("a channel that the user was in is counted once while it is joined again", async () => {
    const { world, decide } = slow(2);
    void world.hub.member("group:a", "ann", "joined");
    void world.hub.member("group:a", "ann", "left");
    const ann = world.client("ann");
    ann.connect();
    join(ann, "group:a");
    join(ann, "group:b");
    world.turn();
    await decide("group:a", true);
    await decide("group:b", true);
    expect(ann.results.map(({ ok }) => ok)).toEqual([true, true]);
    leave(ann, "group:a");
    join(ann, "group:c");
    world.turn();
    await turns(world);
    expect(codes(ann).slice(2)).toEqual([
      ["nonce-ann-3", true],
      ["nonce-ann-4", false],
    ]);
  });

  it("one that was refused makes room for one other, not for more", async () => {
    const { world, asked, decide } = slow(2);
    const ann = world.client("ann");
    ann.connect();
    for (const channel of ["group:a", "group:b", "group:c"]) join(ann, channel);
    world.turn();
    expect(codes(ann)).toEqual([["nonce-ann-3", false]]);
    await decide("group:a", false);
    for (const channel of ["group:d", "group:e"]) join(ann, channel);
    world.turn();
    expect(asked.map(({ channel }) => channel)).toEqual(["group:b", "group:d"]);
    await decide("group:b", true);
    await decide("group:d", true);
    expect(codes(ann)).toEqual([
      ["nonce-ann-3", false],
      ["nonce-ann-1", false],
      ["nonce-ann-5", false],
      ["nonce-ann-2", true],
      ["nonce-ann-4", true],
    ]);
  });

  it("two instances that join the same channel do not make room by it", async () => {
    const { world, asked, decide } = slow(2);
    const phone = world.client("ann", { instance: "phone", nonce: "p" });
    const laptop = world.client("ann", { instance: "laptop", nonce: "l" });
    phone.connect();
    laptop.connect();
    join(phone, "group:a");
    join(laptop, "group:a");
    world.turn();
    await decide("group:a", true);
    join(phone, "group:b");
    world.turn();
    await decide("group:a", true);
    join(phone, "group:c");
    world.turn();
    expect(asked.map(({ channel }) => channel)).toEqual(["group:b"]);
    await turns(world);
    expect(codes(phone)).toEqual([
      ["p-1", true],
      ["p-3", false],
    ]);
    expect(codes(laptop)).toEqual([["l-1", true]]);
  });
});
