/** What a second implementer had to guess: each answer of docs/protocol.md to it, seen on a bare link. */
import { describe, expect, it } from "vitest";
import { createWorld, type Seen } from "./support/world.js";

const hello = { t: "hello", token: "token:ann", app: "app", instance: "i", linkNo: 1 };
const of = (code: number, frames: readonly Seen[]): Seen[] =>
  frames.filter((frame) => Array.isArray(frame) && frame[0] === code);

describe("where docs/protocol.md was silent", () => {
  it("reserved bits of the flags are ignored: bit 0 alone says whether a send is durable", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello);
    raw.say([6, "a", "user:bob", "message", 1, 2], [6, "b", "user:bob", "typing", 1, 7]);
    world.turn();
    expect(of(3, raw.frames())).toEqual([
      [3, "a", 1],
      [3, "b", 0],
    ]);
    expect(world.log.entries.map(({ id }) => id)).toEqual(["a"]);
  });

  it.each(["room:1", "user:", "group:", "bob"])(
    "a channel that is neither of a user nor of a group is refused: %s",
    (channel) => {
      const world = createWorld();
      const raw = world.raw();
      raw.say(hello);
      raw.say([6, "a", channel, "message", 1, 0], [6, "b", channel, "typing", 1, 1], { t: "join", channel, id: "c" });
      world.turn();
      const refused = { t: "nack", code: "ERR_SEND_REJECTED" };
      expect(raw.frames()).toMatchObject(
        expect.arrayContaining(["a", "b", "c"].map((id) => expect.objectContaining({ ...refused, id }))),
      );
      expect(world.log.entries).toEqual([]);
      expect(raw.closed).toBeUndefined();
    },
  );

  it("[B10.9] of two links of one process with the same number the later hello stands", () => {
    const world = createWorld();
    const first = world.raw();
    first.say({ ...hello, nonce: "n" });
    const second = world.raw();
    second.say({ ...hello, nonce: "n" });
    expect(first.closed?.code).toBe(4410);
    expect(second.closed).toBeUndefined();
  });

  it("[B10.1] the sender's other instances are sent an ephemeral event, the sending one is not", () => {
    const world = createWorld();
    const one = world.raw();
    one.say(hello);
    const other = world.raw();
    other.say({ ...hello, instance: "j" });
    one.say([6, "", "user:bob", "typing", { on: true }, 1]);
    world.turn();
    expect(of(2, other.frames())).toHaveLength(1);
    expect(of(2, one.frames())).toHaveLength(0);
  });

  it("[B5.4] a draining server judges no token: the hello is sent away with the drain's floor and 1012", () => {
    const asked: string[] = [];
    const world = createWorld({
      verify: (token) => {
        asked.push(token);
        return { ok: true, user: "ann" };
      },
    });
    world.hub.drain({ minDelayMs: 700, spreadMs: 900 });
    const raw = world.raw();
    raw.say({ ...hello, token: "nonsense" });
    expect(raw.frames()).toMatchObject([
      { t: "reject", code: "ERR_SERVER_OVERLOADED", retry: "later", minDelayMs: 700, spreadMs: 900 },
    ]);
    expect(raw.closed?.code).toBe(1012);
    expect(asked).toEqual([]);
  });

  it("[B10.4] with a new epoch membership is what the new log has: with none, the group refuses", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    ann.session.join("group:g", () => {}, world.now);
    world.turn();
    expect(world.hub.isMember("group:g", "ann")).toBe(true);
    world.log.records = [];
    world.log.resetFollowers("e2", 0, 0);
    world.turn();
    ann.connect();
    ann.send("group:g", 1);
    world.turn();
    expect(ann.results.at(-1)).toMatchObject({ ok: false, code: "ERR_SEND_REJECTED" });
  });

  it("[B6.3] a shorter heartbeat begins with its asking; a longer one with the ping that was due", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello);
    const pings = (): number => of(0, raw.frames()).length;
    world.advance(2_000);
    raw.say({ t: "heartbeat", ms: 5_000 });
    world.advance(4_750);
    expect(pings()).toBe(0);
    world.advance(250);
    expect(pings()).toBe(1);
    raw.say({ t: "heartbeat", ms: 30_000 });
    world.advance(5_000);
    expect(pings()).toBe(2);
    world.advance(29_750);
    expect(pings()).toBe(2);
    world.advance(250);
    expect(pings()).toBe(3);
  });
});
