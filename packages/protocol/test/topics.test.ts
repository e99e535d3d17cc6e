/** What the gateway adds to the hub: topics, and the last word on what is sent. */
import { describe, expect, it } from "vitest";
import { createWorld, framesIn } from "./support/world.js";

const hello = (user: string, listen: unknown) => ({
  t: "hello",
  token: `token:${user}`,
  app: "app",
  instance: `${user}-1`,
  linkNo: 1,
  listen,
});

/** The ephemeral events that a link has got: channel alias aside. */
const heard = (messages: readonly string[]): unknown[] =>
  framesIn(messages).flatMap((frame) => (Array.isArray(frame) && frame[0] === 2 ? [frame.slice(2)] : []));

describe("topics", () => {
  it("[B9.5] an event on a topic goes to the links that listen to it, and to no others, until they close", () => {
    const world = createWorld({ topics: ["presence"] });
    const [listener, other] = [world.raw(), world.raw()];
    listener.say(hello("ann", ["presence", "unknown"]));
    other.say(hello("bob", undefined));
    world.turn();
    world.log.cast({ channel: "presence", kind: "presence", from: "eve", data: 1 });
    world.turn();
    expect(heard(listener.fromServer)).toEqual([["presence", "eve", 1]]);
    expect(heard(other.fromServer)).toEqual([]);
    const { subscriptions } = world.hub.stats();
    listener.server.closed();
    expect(world.hub.stats().subscriptions).toBe(subscriptions - 2);
  });

  it("a topic is no way around membership: channels are none, whatever they are called", () => {
    const world = createWorld({ topics: ["presence"] });
    const spy = world.raw();
    spy.say(hello("eve", ["group:g", "user:ann"]));
    world.turn();
    void world.hub.member("group:g", "ann", "joined");
    world.publish("group:g", "secret");
    world.publish("user:ann", "secret");
    world.hub.cast({ channel: "group:g", kind: "typing", from: "ann", data: "secret" });
    world.turn();
    expect(spy.fromServer.join()).not.toContain("secret");
  });

  it("nobody sends to a topic, and a list that is none is malformed", () => {
    const world = createWorld({ topics: ["presence"] });
    const ann = world.client("ann");
    ann.connect();
    ann.send("presence", 1, { ephemeral: true });
    world.turn();
    expect(ann.results).toMatchObject([{ ok: false, code: "ERR_SEND_REJECTED" }]);
    for (const listen of ["presence", [1], [""], Array.from({ length: 17 }, () => "t")]) {
      const link = world.raw();
      link.say(hello("bob", listen));
      world.turn();
      expect(link.closed, JSON.stringify(listen)).toMatchObject({ code: 4400 });
    }
  });
});

describe("judge", () => {
  it("has the last word: what it objects to is refused in its words and not applied, durable and ephemeral alike", () => {
    const asked: unknown[] = [];
    const world = createWorld({
      judge: (user, { channel, kind, data, ephemeral }) => {
        asked.push([user, channel, kind, data, ephemeral]);
        return data === "bad" ? "I object" : undefined;
      },
    });
    const ann = world.client("ann");
    const bob = world.client("bob");
    ann.connect();
    bob.connect();
    ann.send("user:bob", "bad");
    ann.send("user:bob", "bad", { ephemeral: true });
    ann.send("user:bob", "good");
    ann.send("group:g", "not a member");
    world.turn();
    expect(ann.results.map((result) => (result.ok ? "ok" : [result.code, result.message]))).toEqual([
      ["ERR_SEND_REJECTED", "I object"],
      ["ERR_SEND_REJECTED", "I object"],
      "ok",
      ["ERR_SEND_REJECTED", "not a member"],
    ]);
    expect([bob.data(), bob.ephemeral]).toEqual([["good"], []]);
    expect(asked).toEqual([
      ["ann", "user:bob", "message", "bad", false],
      ["ann", "user:bob", "message", "bad", true],
      ["ann", "user:bob", "message", "good", false],
    ]);
  });
});
