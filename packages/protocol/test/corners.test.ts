/** Corners that no other test looked into, each found by a mutant that nobody noticed. */
import { describe, expect, it } from "vitest";
import { createMembers } from "../src/server/members.js";
import { createHub, type HubNote, type Verdict } from "../src/server.js";
import { createBare, welcomeOf } from "./support/bare.js";
import { hello, turns } from "./support/hello.js";
import { createMemoryLog } from "./support/memoryLog.js";
import { createWorld, framesIn, ofType, type World, type WorldOptions } from "./support/world.js";

/** A link whose socket stays open whatever the server does: what is written to it is seen. */
function listener(world: World) {
  const sent: string[] = [];
  const reasons: string[] = [];
  const session = world.hub.connect({ send: (text) => sent.push(text), close: (_, reason) => reasons.push(reason) });
  return {
    sent,
    reasons,
    session,
    frames: () => framesIn(sent),
    say(...frames: readonly unknown[]) {
      for (const frame of frames) session.receive(JSON.stringify(frame));
      world.turn();
    },
  };
}

describe("the client half", () => {
  it("[B10.8] a first frame that is longer than a message is all that is written", () => {
    const one = createBare().attach();
    one.link.opened("x".repeat(20_000));
    expect(one.sent).toHaveLength(1);
    expect(JSON.parse(one.sent[0] ?? "")).toMatchObject({ t: "hello" });
  });

  it("[B10.8] what is sent after a task of credit is written in the next turn", () => {
    const bare = createBare();
    const one = bare.linked(welcomeOf({}, { window: 4 }));
    one.says({ t: "channel", alias: 1, channel: "user:ann", partition: 0 }, [1, 1, 1, "message", "bob", 0, 1]);
    bare.turn();
    expect(one.news()).toEqual([[5, 1]]);
    bare.send("x");
    expect(bare.waiting).toBe(1);
    bare.turn();
    expect(one.sent).toHaveLength(1);
  });

  it("a wire that is closed by others is told nothing, and the reason is", () => {
    const bare = createBare();
    const told: string[] = [];
    const link = bare.session.attach(1, { send: (text) => told.push(text) });
    link.message("{");
    expect(bare.told).toEqual([
      { what: "protocolError", value: { message: "broken protocol", cause: expect.any(SyntaxError) } },
    ]);
    expect(told).toEqual([]);
    const other = createBare();
    other.attach().says([1]);
    expect(other.told[0]?.value).toHaveProperty("cause.message", "malformed frame");
  });

  it("[B10.4] the positions of a welcome stay as they were told, whatever moves after it", () => {
    const bare = createBare({ resume: { epoch: "e1", positions: [3] } });
    const one = bare.attach();
    one.says(welcomeOf({ positions: [5] }), { t: "channel", alias: 1, channel: "user:ann", partition: 0 }, [
      1,
      9,
      1,
      "message",
      "bob",
      0,
      1,
    ]);
    expect(bare.told[0]?.value).toMatchObject({ t: "welcome", positions: [5] });
    expect(bare.session.position?.positions).toEqual([9]);
  });
});

describe("delivery", () => {
  it("[B10.4] a ring that begins at a number which no event has is reached from behind", () => {
    const log = createMemoryLog({ stride: 7 });
    const before = createWorld({ log });
    for (let n = 0; n < 10; n++) before.publish("user:ann", n);
    const world = createWorld({ log, ringEntries: 4 });
    const raw = world.raw();
    raw.say(hello({ resume: { epoch: "e1", positions: [0] } }));
    expect(raw.frames().filter((frame) => Array.isArray(frame) && frame[0] === 1)).toHaveLength(10);
    expect(raw.frames().at(-1)).toEqual({ t: "caughtUp", positions: [70] });
  });

  it("[B10.4] credit that comes while the log is read makes no second reading", async () => {
    const world = createWorld({ ringEntries: 1, limits: { window: 8 } });
    for (let n = 1; n <= 30; n++) world.publish("user:ann", n);
    const raw = world.raw();
    const { read } = world.log;
    let under = 0;
    world.log.read = (...args) => {
      expect(++under).toBe(1);
      const found = read(...args) as never;
      return Promise.resolve().then(() => {
        under -= 1;
        return found;
      });
    };
    raw.say(hello({ resume: { epoch: "e1", positions: [0] } }));
    await turns(world);
    for (let n = 3; n <= 30; n += 3) {
      // The first one has the log read, and that takes its time.
      raw.say([5, n - 1], [5, n]);
      world.hub.tick(world.now);
      await turns(world);
    }
    const got = raw.frames().flatMap((frame) => (Array.isArray(frame) && frame[0] === 1 ? [frame[1]] : []));
    expect(got).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  });

  it("[B10.4] the end of a replay that waits for credit is not told before it", () => {
    const world = createWorld({ ringEntries: 2, limits: { window: 4 } });
    for (let n = 1; n <= 10; n++) world.publish("user:ann", n);
    const raw = world.raw();
    raw.say(hello({ resume: { epoch: "e1", positions: [0] } }));
    world.advance(1_000);
    expect(ofType(raw, "caughtUp")).toEqual([]);
    for (const n of [4, 8, 10]) raw.say([5, n]);
    expect(ofType(raw, "caughtUp")).toEqual([{ t: "caughtUp", positions: [10] }]);
  });

  it("[B10.2] a ping tells no heads while one partition of several is behind", () => {
    const log = createMemoryLog({ partitions: 2 });
    const world = createWorld({ log, limits: { window: 4 } });
    const raw = world.raw();
    raw.say(hello());
    for (let n = 1; n <= 10; n++) world.publish("user:ann", n);
    world.advance(10_000);
    expect(raw.frames().at(-1)).toEqual([0]);
  });

  it("[B10.4] positions of more partitions than there are, and a later partition that is lost, are a gap", () => {
    const world = createWorld();
    world.publish("user:ann", 1);
    const raw = world.raw();
    raw.say(hello({ resume: { epoch: "e1", positions: [1, 1] } }));
    expect(ofType(raw, "welcome")).toMatchObject([{ recovery: "gap", positions: [0] }]);

    const two = createWorld({ log: createMemoryLog({ partitions: 2 }), ringEntries: 1 });
    for (let n = 1; n <= 5; n++) for (const user of ["a", "b"]) two.publish(`user:${user}`, n);
    two.log.trim(1, 3);
    const lost = two.raw();
    lost.say(hello({ resume: { epoch: "e1", positions: [0, 0] } }));
    expect(ofType(lost, "welcome")).toMatchObject([{ recovery: "gap", positions: [0, 4] }]);
    two.log.trim(0, 3);
    two.log.trim(1, 0);
    const other = two.raw();
    other.say(hello({ instance: "j", resume: { epoch: "e1", positions: [0, 0] } }));
    expect(ofType(other, "welcome")).toMatchObject([{ recovery: "gap", positions: [4, 0] }]);
  });
});

describe("membership", () => {
  it("[B10.5] is made by markers alone, whatever the data of a message says", () => {
    const world = createWorld();
    void world.hub.member("group:g", "ann", "joined");
    const ann = world.client("ann");
    ann.connect();
    ann.send("group:g", { user: "eve", change: "joined" });
    ann.send("group:g", { user: "ann", change: "left" });
    world.turn();
    expect(world.hub.membersOf("group:g")).toEqual(["ann"]);
  });

  it("[B10.5] that began before the link is served live on it", () => {
    const world = createWorld();
    void world.hub.member("group:g", "ann", "joined");
    const raw = world.raw();
    raw.say(hello());
    world.publish("group:g", "live");
    world.turn();
    expect(raw.frames().at(-1)).toMatchObject([1, 2, 1, "message", "system", expect.any(Number), "live"]);
  });

  it("[B10.5] that a client ends is written as left", () => {
    const world = createWorld();
    void world.hub.member("group:g", "ann", "joined");
    const raw = world.raw();
    raw.say(hello(), { t: "leave", channel: "group:g", id: "a" });
    expect(world.log.entries.at(-1)?.data).toEqual({ user: "ann", change: "left" });
  });

  it("[R34] of records that hold both ended and lasting intervals is to be forgotten in time", () => {
    const members = createMembers();
    const intervals = [
      { after: 0, until: 3 },
      { after: 5, until: Number.POSITIVE_INFINITY },
    ];
    members.load([{ channel: "group:g", user: "ann", intervals }]);
    expect([...members.channelsWithPast]).toEqual(["group:g"]);
  });
});

describe("a link", () => {
  it("[B2.6] is asked for by the same app and instance when its token is renewed", () => {
    const asked: unknown[] = [];
    const world = createWorld({
      verify: (token, context) => {
        asked.push([token, context]);
        return { ok: true, user: "ann" };
      },
    });
    world.raw().say(hello(), { t: "token", token: "next" });
    const context = { app: "app", instance: "i" };
    expect(asked).toEqual([
      ["token:ann", context],
      ["next", context],
    ]);
  });

  it("listens to nothing where the server has no topics", () => {
    const world = createWorld();
    const raw = world.raw();
    raw.say(hello({ listen: ["presence"] }));
    expect(raw.closed).toBeUndefined();
    expect(world.hub.stats().subscriptions).toBe(1);
  });

  it("[R20] that is not welcomed is told nothing of what concerns those that are, and harms nobody", () => {
    const world = createWorld({ verify: () => new Promise(() => {}) });
    const [silent, judged] = [listener(world), listener(world)];
    judged.say(hello());
    world.hub.throttle([{ feature: "typing", reason: "load", forMs: 1000 }]);
    world.hub.drain();
    world.log.resetFollowers("e1", 0, 0);
    world.advance(500);
    expect([silent.sent, judged.sent]).toEqual([[], []]);
  });

  it("[R20] that has closed is written nothing: no answer, no verdict on its token, no refusal", async () => {
    let fail: (error: Error) => void = () => {};
    const world = createWorld({
      verify: (token): Verdict | Promise<Verdict> =>
        token === "slow"
          ? new Promise<Verdict>((_, reject) => {
              fail = reject;
            })
          : { ok: true, user: "ann" },
    });
    const [one, waiting] = [listener(world), listener(world)];
    one.say(hello());
    waiting.say(hello({ token: "slow", instance: "j" }));
    world.log.answers = "byPromise";
    one.say([6, "a", "user:bob", "message", 1, 0]);
    const written = one.sent.length;
    one.session.closed();
    waiting.session.closed();
    fail(new Error("down"));
    await turns(world);
    expect([one.sent.length, waiting.sent, world.log.entries.length]).toEqual([written, [], 1]);
    expect(world.notes.map(({ note }) => note)).toEqual(["welcomed", "closed", "closed"]);
  });

  it("[B2.6] whose position is still judged is found by its user, and by no instance", () => {
    const world = createWorld({ ringEntries: 1 });
    for (let n = 0; n < 5; n++) world.publish("user:ann", n);
    world.log.answers = "never";
    const one = listener(world);
    one.say(hello({ resume: { epoch: "e1", positions: [0] } }));
    expect(world.hub.revoke({ instance: "i" })).toBe(0);
    expect(world.hub.revoke({ user: "ann" })).toBe(1);
    expect(one.reasons).toEqual(["revoked"]);
  });
});

describe("positions", () => {
  it.each([
    [hello(), [5, 0, -1]],
    [hello(), [5, "0", 0]],
    [hello({ resume: { epoch: "e1", positions: [0, -1] } })],
    [hello({ listen: ["presence", 7] })],
  ])("of which one is none end the link with 4400: %j", (...frames: readonly unknown[]) => {
    const raw = createWorld().raw();
    raw.say(...frames);
    expect(raw.closed?.code).toBe(4400);
  });
});

describe("a hub", () => {
  it.each([{}, { verify: (): Verdict => ({ ok: false, message: "no" }) }])(
    "needs nobody who takes its notes",
    async (options: WorldOptions) => {
      const world = createWorld({ ...options, onNote: undefined });
      const raw = world.raw();
      raw.say(hello());
      world.log.answers = "fails";
      await expect(world.hub.publish({ channel: "user:ann", kind: "message", from: "x", data: 1 })).rejects.toThrow();
      raw.say({ t: "bye" });
      expect(raw.closed?.code).toBe("verify" in options ? 4401 : 1000);
    },
  );

  it("may be stopped before it was started", () => {
    const hub = createHub({
      broker: createMemoryLog(),
      verify: () => ({ ok: false, message: "no" }),
      now: () => 0,
      later: () => {},
      newId: () => "s",
    });
    expect(() => hub.stop()).not.toThrow();
  });

  it("[B10.4] whose log begins anew says so, and lets newcomers wait until it is followed again", async () => {
    const world = createWorld();
    const one = listener(world);
    one.say(hello());
    world.log.answers = "byPromise";
    world.log.resetFollowers("e2", 0, 0);
    expect(one.reasons).toEqual(["the log began anew"]);
    const early = listener(world);
    early.say(hello());
    expect(early.sent).toEqual([]);
    await turns(world);
    expect(early.frames()[0]).toMatchObject({ t: "welcome", epoch: "e2" });
    const failed = (note: HubNote): boolean => note.note === "brokerFailed";
    expect(world.notes.filter(failed)).toEqual([]);
    world.log.answers = "now";
    world.log.resetFollowers("e3", 0, 0);
    expect(world.notes.filter(failed)).toEqual([]);
  });

  describe("whose log begins anew while it starts", () => {
    const member = (user: string, after: number) => ({
      channel: "group:g",
      user,
      intervals: [{ after, until: Number.POSITIVE_INFINITY }],
    });
    /** A log of six entries of e1 whose named answer is held; then it begins anew with two entries of e2. */
    function between(question: "members" | "bounds") {
      const log = createMemoryLog();
      const old = createWorld({ log });
      for (let n = 1; n <= 6; n++) old.publish("user:ann", `old ${n}`);
      old.hub.stop();
      log.records = [member("ann", 0)];
      let answer = (): void => {};
      const own = log[question] as () => unknown;
      log[question] = (() => {
        const value = own();
        log[question] = own as never;
        return new Promise((resolve) => {
          answer = () => resolve(value);
        });
      }) as never;
      const world = createWorld({ log });
      return {
        world,
        async anew() {
          await turns(world);
          log.resetFollowers("e2", 0, 0);
          log.records = [member("bob", 0)];
          await log.append("group:g", { kind: "message", from: "bob", data: "new 1" }, undefined);
          await log.append("user:ann", { kind: "message", from: "bob", data: "new 2" }, undefined);
          answer();
          await turns(world);
        },
      };
    }

    it.each(["members", "bounds"] as const)(
      "[B10.4] [B10.5] %s of the old life say nothing of the new one",
      async (what) => {
        const { world, anew } = between(what);
        await anew();
        expect([world.hub.membersOf("group:g"), world.hub.stats().positions]).toEqual([["bob"], [2]]);
        const ann = listener(world);
        ann.say(hello({ resume: { epoch: "e2", positions: [0] } }));
        await turns(world);
        expect(ann.frames()[0]).toMatchObject({ t: "welcome", epoch: "e2", recovery: "resumed" });
        // What was said in the group is not hers, whose membership went with the old life; what was said to her is.
        world.turn();
        const told = (): unknown[] =>
          ann.frames().flatMap((frame) => (Array.isArray(frame) && frame[0] === 1 ? [frame[6]] : []));
        expect(told()).toEqual(["new 2"]);
        // It is followed once, and hears of the next life.
        world.publish("user:ann", "new 3");
        world.turn();
        expect(told()).toEqual(["new 2", "new 3"]);
        world.log.resetFollowers("e3", 0, 0);
        expect(ann.reasons).toEqual(["the log began anew"]);
      },
    );
  });

  it("[B10.4] whose log begins anew and cannot be reached tries again until it is followed, and not after its end", async () => {
    const world = createWorld();
    const { members } = world.log;
    let asked = 0;
    world.log.members = () => {
      asked += 1;
      return members();
    };
    const later = async (ms: number): Promise<void> => {
      world.now += ms;
      world.hub.tick(world.now);
      await turns(world);
    };
    world.log.answers = "fails";
    world.log.resetFollowers("e2", 0, 0);
    await turns(world);
    const failures = (): number => world.notes.filter(({ note }) => note === "brokerFailed").length;
    expect([asked, failures()]).toEqual([1, 1]);
    const early = listener(world);
    early.say(hello());
    await later(4_999);
    expect(asked).toBe(1);
    // The log is another one by then, of which nobody could tell it.
    world.log.resetFollowers("e3", 0, 0);
    await later(1);
    expect([asked, failures(), early.sent]).toEqual([2, 2, []]);
    world.log.answers = "now";
    await later(5_000);
    expect([asked, early.frames()[0]]).toEqual([3, expect.objectContaining({ t: "welcome", epoch: "e3" })]);
    await later(5_000);
    expect(asked).toBe(3);
    world.log.answers = "fails";
    world.log.resetFollowers("e4", 0, 0);
    await turns(world);
    world.hub.stop();
    const before = asked;
    await later(5_000);
    expect(asked).toBe(before);
  });

  it("[B10.4] whose log is slow waits for its answer, at the start and when it tries again", async () => {
    const log = createMemoryLog();
    const { members } = log;
    let asked = 0;
    let answer = (): void => {};
    log.members = () => {
      asked += 1;
      return new Promise((resolve) => {
        answer = () => resolve(members());
      });
    };
    const world = createWorld({ log });
    const wait = async (): Promise<void> => {
      for (let n = 0; n < 3; n += 1) {
        world.now += 5_000;
        world.hub.tick(world.now);
        await turns(world);
      }
    };
    await wait();
    expect(asked).toBe(1);
    answer();
    await turns(world);
    // Begins anew, is out of reach once, and then slow.
    const slow = log.members;
    log.members = () => Promise.reject(new Error("the log is away"));
    log.resetFollowers("e2", 0, 0);
    await turns(world);
    log.members = slow;
    await wait();
    expect(asked).toBe(2);
    answer();
    const one = listener(world);
    one.say(hello());
    await turns(world);
    expect(one.frames()[0]).toMatchObject({ t: "welcome", epoch: "e2" });
  });

  it.each(["members", "bounds"] as const)("that is stopped while it asks for %s follows nothing", async (question) => {
    const log = createMemoryLog();
    const { follow } = log;
    let follows = 0;
    log.follow = (...args) => {
      follows += 1;
      return follow(...args);
    };
    const own = log[question] as () => unknown;
    let answer = (): void => {};
    log[question] = (() => new Promise((resolve) => (answer = () => resolve(own())))) as never;
    const world = createWorld({ log });
    await turns(world);
    world.hub.stop();
    answer();
    await turns(world);
    expect(follows).toBe(0);
  });

  it("[B10.4] that is told of a new life before it was level with the old one has started when it is level with the new one", async () => {
    const log = createMemoryLog();
    createWorld({ log }).publish("user:ann", 1);
    const { follow } = log;
    // Of the old life nothing comes any more.
    log.follow = (partition, _after, follower) => follow(partition, 1, follower);
    const world = createWorld({ log });
    let started = false;
    const start = Promise.resolve(world.hub.start()).then(() => {
      started = true;
    });
    await turns(world);
    expect(started).toBe(false);
    log.follow = follow;
    log.resetFollowers("e2", 0, 0);
    await start;
    const one = listener(world);
    one.say(hello());
    await turns(world);
    expect(one.frames()[0]).toMatchObject({ t: "welcome", epoch: "e2", positions: [0] });
  });

  it("[B10.4] that follows late lets in whoever waited as soon as it is level", async () => {
    const log = createMemoryLog();
    createWorld({ log }).publish("user:ann", 1);
    const { follow } = log;
    let begin: () => void = () => {};
    log.follow = (partition, after, follower) => {
      begin = () => follow(partition, after, follower);
      return () => {};
    };
    const world = createWorld({ log });
    const one = listener(world);
    one.say(hello());
    await turns(world);
    expect(one.sent).toEqual([]);
    begin();
    await turns(world);
    expect(one.frames()[0]).toMatchObject({ t: "welcome", positions: [1] });
  });
});
