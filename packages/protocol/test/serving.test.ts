/** What a link is served, from ring and log, at the edges of each; and what time brings it. */
import { describe, expect, it } from "vitest";
import { createLog } from "../src/server/log.js";
import { settingsOf } from "../src/server/settings.js";
import type { Verdict } from "../src/server.js";
import { hello, turns } from "./support/hello.js";
import { createMemoryLog } from "./support/memoryLog.js";
import { createWorld, framesIn, ofType, type Pipe, type Seen, type World } from "./support/world.js";

const from = (...positions: number[]): object => hello({ resume: { epoch: "e1", positions } });
const numbers = (pipe: Pipe): unknown[] =>
  framesIn(pipe.fromServer).flatMap((frame) => (Array.isArray(frame) && frame[0] === 1 ? [frame[1]] : []));
const upTo = (n: number, first = 1): number[] => Array.from({ length: n - first + 1 }, (_, i) => first + i);
/** A tick at that time. */
const at = (world: World, now: number): void => {
  world.now = now;
  world.hub.tick(now);
};
const pings = (frames: readonly Seen[]): Seen[] => frames.filter((frame) => Array.isArray(frame) && frame[0] === 0);

describe("a replay", () => {
  it.each([0, 1, 127, 128, 129, 255, 256, 257])(
    "[B10.4] of %i events is whole, from the ring and from behind it",
    async (many) => {
      for (const options of [{}, { ringEntries: 1 }]) {
        const world = createWorld({ ...options, limits: { window: 1000 } });
        for (let n = 1; n <= many; n++) world.publish("user:ann", n);
        world.publish("user:bob", "not hers");
        world.log.answers = "byPromise";
        const raw = world.raw();
        raw.say(from(0));
        await turns(world);
        expect(numbers(raw)).toEqual(upTo(many));
        expect(raw.frames().at(-1)).toEqual({ t: "caughtUp", positions: [many + 1] });
        world.log.answers = "now";
        world.publish("user:ann", "live");
        world.turn();
        expect(numbers(raw)).toEqual([...upTo(many), many + 2]);
      }
    },
  );

  it("[B10.4] from the very floor of the ring asks the log for nothing, from one below it does", () => {
    for (const [position, reads] of [
      [2, 0],
      [1, 1],
    ] as const) {
      const world = createWorld({ ringEntries: 3 });
      for (let n = 1; n <= 5; n++) world.publish("user:ann", n);
      const raw = world.raw();
      raw.say(from(position));
      expect(world.log.reads > 0).toBe(reads > 0);
      expect(numbers(raw)).toEqual(upTo(5, position + 1));
    }
  });

  it("[B10.8] asks the log for nothing while there is no credit", () => {
    const world = createWorld({ ringEntries: 2, limits: { window: 4 } });
    const raw = world.raw();
    raw.say(hello());
    for (let n = 1; n <= 10; n++) world.publish("user:ann", n);
    world.turn();
    world.advance(2_000);
    expect([numbers(raw), world.log.reads]).toEqual([upTo(4), 0]);
    raw.say([5, 1]);
    expect([numbers(raw), world.log.reads]).toEqual([upTo(5), 1]);
  });

  it("[B10.4] in several partitions tells the gap of one where the others stand", () => {
    const world = createWorld({ log: createMemoryLog({ partitions: 2 }), ringEntries: 2 });
    const channels = ["group:a", "group:b"].sort((a, b) => world.log.partitionOf(a) - world.log.partitionOf(b));
    for (const channel of channels) void world.hub.member(channel, "ann", "joined");
    for (let n = 0; n < 6; n++) for (const channel of channels) world.publish(channel, n);
    world.log.trim(1, 3);
    const raw = world.raw();
    raw.say(from(6, 1));
    expect(ofType(raw, "welcome")).toMatchObject([{ recovery: "gap", positions: [6, 5] }]);
    expect(ofType(raw, "gap")).toEqual([{ t: "gap", from: [6, 1], to: [6, 5] }]);
    expect(numbers(raw).sort()).toEqual([6, 7, 7]);
    expect(ofType(raw, "caughtUp")).toEqual([{ t: "caughtUp", positions: [7, 7] }]);
  });

  it("[B10.4] whose log forgets while it is read tells the gap from where it stands to where the ring begins", () => {
    const world = createWorld({ log: createMemoryLog({ partitions: 2 }), ringEntries: 2, limits: { window: 4 } });
    const channel = world.log.partitionOf("user:ann") === 0 ? "user:ann" : "user:bnn";
    const user = channel.slice(5);
    for (let n = 1; n <= 10; n++) world.publish(channel, n);
    const raw = world.raw();
    raw.say({ ...hello({ token: `token:${user}` }), resume: { epoch: "e1", positions: [0, 0] } });
    expect(numbers(raw)).toEqual(upTo(4));
    world.log.trim(0, 7);
    raw.say([5, 4, 0]);
    expect(ofType(raw, "gap")).toEqual([{ t: "gap", from: [4, 0], to: [8, 0] }]);
    expect(numbers(raw)).toEqual([...upTo(4), 9, 10]);
  });

  it("[R20] that is answered after the link has closed is nothing, and its failure is none", async () => {
    for (const answers of ["byPromise", "fails"] as const) {
      const world = createWorld({ ringEntries: 1 });
      for (let n = 1; n <= 5; n++) world.publish("user:ann", n);
      const raw = world.raw();
      // The position is judged at once; what is behind the ring is read with time.
      const { read } = world.log;
      let reads = 0;
      world.log.read = (...args) => {
        reads += 1;
        if (reads === 2) world.log.answers = answers;
        return read(...args);
      };
      raw.say(from(0));
      const written = raw.fromServer.length;
      raw.server.closed();
      await turns(world);
      expect([reads, raw.fromServer.length]).toEqual([2, written]);
      expect(world.notes.map(({ note }) => note)).toEqual(["welcomed", "closed"]);
    }
  });

  it("[B10.4] whose log fails ends the link: later, with the log's failure noted", async () => {
    const world = createWorld({ ringEntries: 1 });
    for (let n = 1; n <= 5; n++) world.publish("user:ann", n);
    const { read } = world.log;
    let reads = 0;
    world.log.read = (...args) => (++reads === 1 ? read(...args) : Promise.reject(new Error("away")));
    const raw = world.raw();
    raw.say(from(0));
    await turns(world);
    expect(raw.frames().at(-1)).toMatchObject({ code: "ERR_SERVER_OVERLOADED", message: "the log is out of reach" });
    expect(raw.closed?.code).toBe(1013);
    expect(world.notes).toContainEqual({ note: "brokerFailed", error: new Error("away") });
  });

  it("[B10.4] reads so many at once, so many wait their turn, and each gets it", async () => {
    const world = createWorld({ ringEntries: 1, readsAtOnce: 2, readsWaiting: 1 });
    const users = ["a", "b", "c", "d"];
    for (let n = 0; n < 3; n++) for (const user of users) world.publish(`user:${user}`, n);
    const held: (() => void)[] = [];
    const { read } = world.log;
    world.log.read = (...args) => new Promise((resolve) => held.push(() => resolve(read(...args) as never)));
    const links = users.map((user) => {
      const raw = world.raw();
      raw.say({ ...hello({ token: `token:${user}` }), resume: { epoch: "e1", positions: [0] } });
      return raw;
    });
    expect(held).toHaveLength(2);
    expect(ofType(links[3] as Pipe, "welcome")).toMatchObject([{ recovery: "gap" }]);
    for (let i = 0; i < 40; i++) {
      expect(held.length).toBeLessThanOrEqual(2);
      held.shift()?.();
      await turns(world);
    }
    expect(
      links.map((raw) => ofType(raw, "welcome").map((frame) => (frame as { recovery?: unknown }).recovery)),
    ).toEqual([["resumed"], ["resumed"], ["resumed"], ["gap"]]);
    expect(links.slice(0, 3).map((raw) => numbers(raw).length)).toEqual([3, 3, 3]);
  });

  it("[B10.8] announces channels of any letters without a message that is too long", () => {
    const world = createWorld({ limits: { batchBytes: 2000 } });
    const channels = upTo(12).map((n) => `group:${"ж".repeat(150)}${n}`);
    for (const channel of channels) void world.hub.member(channel, "ann", "joined");
    for (const channel of channels) world.publish(channel, 1);
    const raw = world.raw();
    raw.say(from(12));
    for (const text of raw.fromServer)
      if (framesIn([text]).length > 1) expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(2000);
    expect(ofType(raw, "channel").map((frame) => (frame as { channel?: unknown }).channel)).toEqual(channels);
  });
});

describe("the log of a gateway", () => {
  const log = (options: { readonly partitions?: number } = {}) => {
    const broker = createMemoryLog(options);
    const settings = settingsOf({
      broker,
      verify: () => ({ ok: false, message: "no" }),
      now: () => 7,
      later: () => {},
      newId: () => "s",
    });
    return { broker, log: createLog(settings, broker) };
  };
  const entry = (n: number, more: object = {}) => ({
    partition: 0,
    n,
    channel: "user:ann",
    kind: "message",
    from: "bob",
    data: n,
    sentAt: 1,
    ...more,
  });

  it("applies each entry once, in order, and shows it as it will be written", () => {
    const { log: applied } = log();
    const shown: unknown[] = [];
    for (const n of [1, 2, 2, 1, 5])
      applied.apply(entry(n), ({ n: at, text, bytes, alias }) => shown.push([at, text, bytes, alias]));
    applied.apply(entry(6, { id: "é", origin: "i" }), ({ text, bytes }) => shown.push([text, bytes]));
    expect(shown).toEqual([
      [1, '[1,1,1,"message","bob",1,1]', 27, 1],
      [2, '[1,2,1,"message","bob",1,2]', 27, 1],
      [5, '[1,5,1,"message","bob",1,5]', 27, 1],
      ['[1,6,1,"message","bob",1,6,"é"]', 32],
    ]);
    expect(applied.rings.map(({ last, size }) => [last, size])).toEqual([[6, 4]]);
  });

  it("[B10.5] a marker is in force when it is shown; who asked for its number is told then, and not before", () => {
    const { log: applied } = log();
    const told: string[] = [];
    const wait = (n: number): void => applied.whenApplied(0, n, () => told.push(`${n}`));
    wait(0);
    wait(2);
    wait(1);
    wait(3);
    const join = { channel: "group:g", kind: "member", data: { user: "ann", change: "joined" } };
    applied.apply(entry(1), () => {});
    expect(told).toEqual(["0", "1"]);
    applied.apply(entry(2, join), (_, marker) =>
      told.push(`${marker?.user} ${applied.members.isMember("group:g", "ann")}`),
    );
    expect(told).toEqual(["0", "1", "ann true", "2"]);
    applied.reset(0, 9);
    expect(told.slice(4)).toEqual(["3"]);
    wait(9);
    wait(10);
    expect(told.slice(5)).toEqual(["9"]);
  });

  it("[B10.5] who sees what: one's own channel, what one sent, and a group while one is in it", () => {
    const { log: applied } = log();
    const join = { channel: "group:g", kind: "member", from: "ann", data: { user: "ann", change: "joined" } };
    applied.apply(entry(1, join), () => {});
    expect(
      [
        entry(2),
        entry(2, { channel: "user:bob", from: "ann" }),
        entry(2, { channel: "user:bob", from: "eve" }),
        entry(2, { channel: "group:g" }),
        entry(2, { channel: "group:h", from: "ann" }),
        entry(1, { channel: "group:g" }),
      ].map((one) => applied.sees("ann", one)),
    ).toEqual([true, true, false, true, false, true]);
    expect(applied.audiences("user:ann", "bob")).toEqual(["user:ann", "user:bob"]);
    expect(applied.audiences("user:ann", "ann")).toEqual(["user:ann"]);
    expect(applied.audiences("group:g", "bob")).toEqual(["group:g"]);
  });

  it("knows no partition that there is not", () => {
    const { log: applied } = log({ partitions: 2 });
    expect(applied.rings).toHaveLength(2);
    for (const partition of [2, -1])
      expect(() => applied.apply(entry(1, { partition }), () => {})).toThrow(
        new RangeError(`no partition ${partition}`),
      );
  });

  it("[R34] forgets a membership when neither log nor ring reaches it, in its own partition alone", () => {
    const { broker, log: applied } = log({ partitions: 2 });
    const [here, there] = ["group:a", "group:b"].sort((a, b) => broker.partitionOf(a) - broker.partitionOf(b)) as [
      string,
      string,
    ];
    for (const [partition, channel] of [here, there].entries())
      for (const [n, change] of [
        [1, "joined"],
        [3, "left"],
      ] as const)
        applied.apply(entry(n, { partition, channel, kind: "member", data: { user: "ann", change } }), () => {});
    const known = (): string[] => [...applied.members.channelsOf("ann")];
    broker.trim(0, 9);
    applied.forget();
    expect(known()).toEqual([here, there]);
    applied.reset(0, 9);
    applied.reset(1, 9);
    applied.forget();
    expect(known()).toEqual([there]);
    broker.bounds = () => Promise.reject(new Error("away"));
    applied.forget();
    expect(known()).toEqual([there]);
  });
});

describe("what time brings", () => {
  const expiring = (...lives: readonly (number | undefined)[]) => {
    let asked = 0;
    return createWorld({
      verify: (token): Verdict => ({ ok: true, user: "ann", tokenId: token, expiresInMs: lives[asked++] }),
    });
  };
  const told = (raw: { frames(): Seen[] }, t: string): Seen[] =>
    raw.frames().filter((frame) => "t" in frame && frame.t === t);

  it("[B2.6] the end of a token is told a minute before, once, and again for the next token", () => {
    const world = expiring(61_000, 90_000);
    const raw = world.raw();
    raw.say(hello());
    at(world, 999);
    world.turn();
    expect(told(raw, "expiring")).toEqual([]);
    at(world, 1000);
    at(world, 1250);
    world.turn();
    expect(told(raw, "expiring")).toEqual([{ t: "expiring", inMs: 60_000 }]);
    raw.say({ t: "token", token: "next" });
    expect(raw.frames().at(-1)).toEqual({ t: "tokenOk", expiresInMs: 90_000 });
    for (let i = 0; i < 31; i++) {
      world.advance(1000);
      raw.say([0]);
    }
    expect(told(raw, "expiring")).toEqual([
      { t: "expiring", inMs: 60_000 },
      { t: "expiring", inMs: 60_000 },
    ]);
    expect(world.hub.revoke({ tokenId: "token:ann" })).toBe(0);
    expect(world.hub.revoke({ tokenId: "next" })).toBe(1);
  });

  it("[B2.6] a token ends at its time: reauth, 4401; one without an end has none", () => {
    for (const [life, ends] of [
      [5000, true],
      [undefined, false],
    ] as const) {
      const world = expiring(life);
      const raw = world.raw();
      raw.say(hello());
      at(world, 1999);
      at(world, 3500);
      at(world, 4999);
      world.turn();
      expect(raw.closed).toBeUndefined();
      at(world, 5000);
      world.turn();
      expect(raw.closed?.code).toBe(ends ? 4401 : undefined);
      if (ends)
        expect(raw.frames().at(-1)).toEqual({
          t: "reject",
          code: "ERR_AUTH_REJECTED",
          message: "the token has ended",
          retry: "reauth",
          minDelayMs: 0,
          spreadMs: 0,
        });
    }
  });

  it("[B2.4] a token of another user, one that will not do, and a verifier that is down: each ends the link in its words", async () => {
    for (const [verdict, message, code] of [
      [{ ok: true, user: "bob" }, "the token of another user", 4401],
      [{ ok: false, message: "revoked" }, "revoked", 4401],
      [undefined, "tokens cannot be verified now", 4503],
    ] as const) {
      let asked = 0;
      const world = createWorld({
        verify: () => {
          asked += 1;
          if (asked === 1) return { ok: true, user: "ann" };
          return verdict ?? Promise.reject(new Error("down"));
        },
      });
      const raw = world.raw();
      raw.say(hello(), { t: "token", token: "next" });
      await turns(world);
      expect(raw.frames().at(-1)).toMatchObject({ t: "reject", message });
      expect(raw.closed?.code).toBe(code);
    }
  });

  it("[R20] a verdict on a renewal that comes after the end is nothing", async () => {
    let asked = 0;
    const world = createWorld({
      verify: () => (++asked === 1 ? { ok: true, user: "ann" } : Promise.resolve({ ok: true, user: "ann" })),
    });
    const raw = world.raw();
    raw.say(hello(), { t: "token", token: "next" }, { t: "bye" });
    const written = raw.fromServer.length;
    await turns(world);
    expect(raw.fromServer).toHaveLength(written);
  });

  it("[B6.3] pings go out by the heartbeat, from the welcome on", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello({ heartbeatMs: 6_000 }));
    const pinged: number[] = [];
    for (let now = 250; now <= 19_000; now += 250) {
      const before = pings(raw.frames()).length;
      world.advance(250);
      if (pings(raw.frames()).length > before) pinged.push(now);
      raw.say([0]);
    }
    expect(pinged).toEqual([6_000, 12_000, 18_000]);
  });

  it("[B6.3] three heartbeats of silence are borne, and the moment after them is not", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello({ heartbeatMs: 5_000 }));
    for (let now = 1_000; now <= 15_000; now += 1_000) at(world, now);
    expect(raw.closed).toBeUndefined();
    at(world, 15_001);
    world.turn();
    expect(raw.closed?.code).toBe(4411);
  });
});

describe("more frames than limits.frameRate", () => {
  it("[B10.6] are refused in words that say when to try again, joins and ephemeral ones as well, and then cut", () => {
    const world = createWorld({ limits: { frameRate: 2 } });
    const raw = world.raw();
    raw.say(hello(), [0], [0], [0], [0]);
    const nack = (id: string): object => ({
      t: "nack",
      id,
      code: "ERR_SERVER_OVERLOADED",
      message: "more frames than limits.frameRate",
      retryAfterMs: 2000,
    });
    raw.say({ t: "join", channel: "group:g", id: "a" });
    expect(raw.frames().at(-1)).toEqual(nack("a"));
    raw.say([6, "b", "user:bob", "typing", 1, 1]);
    expect(raw.frames().at(-1)).toEqual(nack("b"));
    expect(world.hub.membersOf("group:g")).toEqual([]);
    for (let i = 0; i < 4 && !raw.closed; i++) raw.say([0]);
    expect(raw.frames().at(-1)).toMatchObject({
      t: "reject",
      code: "ERR_SERVER_OVERLOADED",
      message: "far more frames than limits.frameRate",
      retry: "later",
    });
    expect(raw.closed?.code).toBe(4429);
  });
});

describe("an answer", () => {
  it("[B10.6] is written with the id as it came, whatever letters it has; none is written to a link that has gone", async () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello(), [6, 'é"\\', "user:bob", "message", 1, 0]);
    expect(raw.frames().at(-1)).toEqual([3, 'é"\\', 1]);
    world.log.answers = "byPromise";
    raw.say([6, "late", "user:bob", "message", 2, 0], { t: "bye" });
    const written = raw.fromServer.length;
    await turns(world);
    expect(raw.fromServer).toHaveLength(written);
  });

  it("[B10.6] that the log does not give ends the link in these words", async () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello());
    world.log.answers = "fails";
    raw.say([6, "a", "user:bob", "message", 1, 0]);
    await turns(world);
    expect(raw.frames().at(-1)).toMatchObject({
      t: "reject",
      code: "ERR_SERVER_OVERLOADED",
      message: "the log did not answer",
    });
    expect(raw.closed?.code).toBe(1013);
  });

  it("[B10.6] to an operator is there at once where the log's is, later where it is later, and an error where nobody knows", async () => {
    const world = createWorld();
    const one = { channel: "user:ann", kind: "message", from: "x", data: 1 };
    expect(world.hub.publish(one)).toEqual({ ok: true, n: 1 });
    world.log.answers = "byPromise";
    const later = world.hub.publish(one);
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toEqual({ ok: true, n: 2 });
    const unknown = new Error("the log did not answer: perhaps applied, perhaps not");
    world.log.answers = "fails";
    await expect(world.hub.publish(one)).rejects.toThrow(unknown);
    world.log.append = () => {
      throw new Error("away");
    };
    expect(() => world.hub.publish(one)).toThrow(unknown);
  });
});

describe("the log that a hub follows", () => {
  it("[B10.4] is warmed by as much as the ring holds, from its floor where that is nearer", () => {
    for (const [floor, entries] of [
      [0, 4],
      [8, 2],
    ] as const) {
      const log = createMemoryLog();
      const before = createWorld({ log });
      for (let n = 1; n <= 10; n++) before.publish("user:ann", n);
      log.trim(0, floor);
      const world = createWorld({ log, ringEntries: 4 });
      expect(world.hub.stats()).toMatchObject({ ringEntries: entries, positions: [10] });
    }
  });

  it("[B10.4] is ready when every partition is level with what the log held; until then a hello waits", () => {
    const log = createMemoryLog({ partitions: 2 });
    const before = createWorld({ log });
    for (const channel of ["user:a", "user:b"]) before.publish(channel, 1);
    const { follow } = log;
    const late: (() => void)[] = [];
    log.follow = (partition, after, follower) => {
      late.push(() => follow(partition, after, follower));
      return () => {};
    };
    const world = createWorld({ log });
    const raw = world.raw();
    raw.say(hello());
    expect([late.length, raw.frames()]).toEqual([1, []]);
  });

  it("[B10.4] that begins anew is followed anew, and the old one no longer", () => {
    const world = createWorld();
    let stopped = 0;
    const { follow } = world.log;
    world.log.follow = (...args) => {
      const stop = follow(...args);
      return () => {
        stopped += 1;
        stop();
      };
    };
    world.log.resetFollowers("e2", 0, 0);
    world.log.resetFollowers("e3", 0, 0);
    expect(stopped).toBe(1);
    world.publish("user:ann", 1);
    expect(world.hub.stats().ringEntries).toBe(1);
    world.hub.stop();
    expect(stopped).toBe(2);
    world.publish("user:ann", 2);
    expect(world.hub.stats().positions).toEqual([1]);
  });

  it("[B10.5] shows a marker to those whom it makes members, and to those whom it ends", () => {
    const world = createWorld();
    const links = ["ann", "bob"].map((user) => {
      const raw = world.raw();
      raw.say(hello({ token: `token:${user}` }));
      return raw;
    });
    void world.hub.member("group:g", "ann", "joined");
    void world.hub.member("group:g", "bob", "joined");
    world.publish("group:g", "both");
    void world.hub.member("group:g", "bob", "kicked", "ann");
    world.publish("group:g", "ann alone");
    world.turn();
    expect(links.map(numbers)).toEqual([
      [1, 2, 3, 4, 5],
      [2, 3, 4],
    ]);
    expect(world.hub.stats().subscriptions).toBe(3);
  });

  it("[B10.5] who was a member and is none listens no more, and hears of it only what he may", () => {
    const world = createWorld();
    void world.hub.member("group:g", "ann", "joined");
    void world.hub.member("group:g", "ann", "left");
    const raw = world.raw();
    raw.say(hello());
    expect(world.hub.stats().subscriptions).toBe(1);
    world.hub.cast({ channel: "group:g", kind: "typing", from: "bob", data: 1 });
    world.publish("group:g", "not hers");
    world.turn();
    expect(raw.frames().filter((frame) => Array.isArray(frame))).toEqual([]);
    raw.server.closed();
    expect(world.hub.stats().subscriptions).toBe(0);
  });
});
