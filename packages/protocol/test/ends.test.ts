/** How a server ends a link: what it says to the client, what to the host, and what it notes; and what comes after the end. */
import { describe, expect, it } from "vitest";
import type { HubNote, Verdict } from "../src/server.js";
import { hello } from "./support/hello.js";
import { createWorld, framesIn, ofType, type World, type WorldOptions } from "./support/world.js";

const reject = (
  code: string,
  message: string,
  retry: string,
  [minDelayMs, spreadMs]: readonly [number, number],
): object => ({
  t: "reject",
  code,
  message,
  retry,
  minDelayMs,
  spreadMs,
});
const refusals = (world: World): HubNote[] => world.notes.filter(({ note }) => note === "refused");

/** A link whose socket the test holds: what was written to it, and how it was closed. */
function socket(world: World, { buffered }: { readonly buffered?: () => number } = {}) {
  const sent: string[] = [];
  const closed: unknown[] = [];
  let welcomes = 0;
  const session = world.hub.connect({
    send: (text) => sent.push(text),
    close: (code, reason) => closed.push([code, reason]),
    buffered,
    welcomed: () => welcomes++,
  });
  return {
    sent,
    closed,
    session,
    get welcomes() {
      return welcomes;
    },
    frames: () => framesIn(sent),
    say(...frames: readonly unknown[]) {
      for (const frame of frames) session.receive(JSON.stringify(frame));
      world.turn();
    },
  };
}

describe("before the welcome", () => {
  const judged = (verdict: Verdict): WorldOptions => ({ verify: () => verdict });

  it.each([
    [{ ok: false, message: "m" }, reject("ERR_AUTH_REJECTED", "m", "reauth", [0, 0]), 4401],
    [{ ok: false, message: "m", retry: "reauth" }, reject("ERR_AUTH_REJECTED", "m", "reauth", [0, 0]), 4401],
    [{ ok: false, message: "m", retry: "never" }, reject("ERR_AUTH_REJECTED", "m", "never", [0, 0]), 4403],
    [{ ok: false, message: "m", retry: "later" }, reject("ERR_SERVER_OVERLOADED", "m", "later", [1000, 100]), 4503],
    [{ ok: false, message: "m", retry: "later", code: "ERR_X" }, reject("ERR_X", "m", "later", [1000, 100]), 4503],
  ] as const)("[B5.4] a verdict of %j is told, with its close", (verdict, frame, code) => {
    const world = createWorld(judged(verdict));
    const one = socket(world);
    one.say(hello());
    expect(one.frames()).toEqual([frame]);
    expect(one.closed).toEqual([[code, "m"]]);
    expect([one.welcomes, world.notes]).toEqual([
      0,
      [
        { note: "refused", code: (frame as { readonly code: string }).code, message: "m" },
        { note: "closed", session: "s1", user: undefined, code, reason: "m" },
      ],
    ]);
  });

  it("[B5.4] a verifier that fails, a drain, too many at once, too many links: each says so", () => {
    const down = createWorld({
      verify: () => {
        throw new Error("down");
      },
    });
    const failing = socket(down);
    failing.say(hello());
    expect(failing.frames()).toEqual([
      reject("ERR_SERVER_OVERLOADED", "tokens cannot be verified now", "later", [1000, 100]),
    ]);

    const world = createWorld({ admitPerSecond: 2, admitBurst: 2, connectionsPerUser: 1 });
    const [first, full, many] = [socket(world), socket(world), socket(world)];
    first.say(hello());
    full.say(hello({ instance: "j" }));
    many.say(hello({ instance: "k" }));
    expect(full.frames()).toEqual([
      reject("ERR_SERVER_OVERLOADED", "this user has 1 links already", "later", [5000, 5000]),
    ]);
    expect(many.frames()).toEqual([
      reject(
        "ERR_SERVER_OVERLOADED",
        "more clients than this gateway admits at once; come when told",
        "later",
        [500, 100],
      ),
    ]);
    world.hub.drain({ minDelayMs: 7, spreadMs: 9 });
    const drained = socket(world);
    drained.say(hello());
    expect(drained.frames()).toEqual([reject("ERR_SERVER_OVERLOADED", "this gateway is draining", "later", [7, 9])]);
    expect([first.closed, full.closed, many.closed, drained.closed].map((list) => list[0])).toEqual([
      undefined,
      [4503, "this user has 1 links already"],
      [4503, "more clients than this gateway admits at once; come when told"],
      [1012, "this gateway is draining"],
    ]);
    expect(refusals(world)).toHaveLength(3);
  });

  it("[B5.4] a drain that begins while the log is awaited sends away whoever waited", async () => {
    const world = createWorld();
    world.log.answers = "byPromise";
    const cold = createWorld({ log: world.log });
    const one = socket(cold);
    const gone = socket(cold);
    one.say(hello());
    gone.say(hello({ instance: "j" }));
    gone.session.closed();
    cold.hub.drain({ minDelayMs: 7, spreadMs: 9 });
    for (let i = 0; i < 10; i++) await Promise.resolve();
    cold.turn();
    expect(one.frames()).toEqual([reject("ERR_SERVER_OVERLOADED", "this gateway is draining", "later", [7, 9])]);
    expect(gone.sent).toEqual([]);
  });

  it("no welcome in time says so, at the very time", () => {
    const world = createWorld({ handshakeMs: 3000, verify: () => new Promise(() => {}) });
    const one = socket(world);
    for (const at of [1500, 2999]) world.hub.tick(at);
    expect(one.closed).toEqual([]);
    world.hub.tick(3000);
    const message = "no welcome within the handshake time";
    expect(one.frames()).toEqual([reject("ERR_CONNECT_TIMEOUT", message, "later", [1000, 100])]);
    expect(one.closed).toEqual([[4408, message]]);
    expect(world.notes.map(({ note }) => note)).toEqual(["refused", "closed"]);
  });

  it("[R20] a position that the log judges after the link has closed is nothing", async () => {
    const world = createWorld({ ringEntries: 1 });
    for (let n = 0; n < 5; n++) world.publish("user:ann", n);
    world.log.answers = "byPromise";
    const one = socket(world);
    one.say(hello({ resume: { epoch: "e1", positions: [0] } }));
    one.session.closed();
    for (let i = 0; i < 10; i++) await Promise.resolve();
    world.turn();
    expect([one.sent, one.welcomes, world.hub.stats().linked]).toEqual([[], 0, 0]);
  });

  it("[B10.4] a log that fails while the position is judged: later, and the log's failure is noted", async () => {
    const world = createWorld({ ringEntries: 1 });
    for (let n = 0; n < 5; n++) world.publish("user:ann", n);
    world.log.answers = "fails";
    const one = socket(world);
    one.say(hello({ resume: { epoch: "e1", positions: [0] } }));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    world.turn();
    expect(one.frames()).toEqual([reject("ERR_SERVER_OVERLOADED", "the log is out of reach", "later", [1000, 100])]);
    expect(one.closed).toEqual([[1013, "the log is out of reach"]]);
    expect(world.notes[0]).toEqual({ note: "brokerFailed", error: new Error("the log is away") });
  });

  it("[B2.6] a revocation finds a link whose token was found good, and not one that is still judged", async () => {
    let decide: (verdict: Verdict) => void = () => {};
    const world = createWorld({
      ringEntries: 1,
      verify: () =>
        new Promise((resolve) => {
          decide = resolve;
        }),
    });
    for (let n = 0; n < 5; n++) world.publish("user:ann", n);
    const one = socket(world);
    one.say(hello({ resume: { epoch: "e1", positions: [0] } }));
    expect(world.hub.revoke({ user: "ann" })).toBe(0);
    world.log.answers = "never";
    decide({ ok: true, user: "ann", tokenId: "t1" });
    for (let i = 0; i < 5; i++) await Promise.resolve();
    expect(world.hub.revoke({ tokenId: "t2" })).toBe(0);
    expect(world.hub.revoke({ user: "ann", tokenId: "t1" }, "stolen")).toBe(1);
    expect(one.frames()).toEqual([reject("ERR_AUTH_REJECTED", "stolen", "reauth", [0, 0])]);
    expect(one.closed).toEqual([[4401, "stolen"]]);
  });
});

describe("one link for another", () => {
  it("[B10.9] an older link of the process that comes late is sent away with 4410; of equal numbers the later stands", () => {
    const world = createWorld();
    const links = [3, 2, 3].map((linkNo) => {
      const one = socket(world);
      one.say(hello({ nonce: "n", linkNo }));
      return one;
    });
    expect(links.map(({ closed }) => closed)).toEqual([
      [[4410, "a newer link of this instance"]],
      [[4410, "a newer link of this instance stands"]],
      [],
    ]);
    expect(links[0]?.frames().filter((frame) => "t" in frame && frame.t === "reject")).toEqual([]);
    expect(links[1]?.frames()).toEqual([
      reject("ERR_ABORTED", "a newer link of this instance stands", "later", [1000, 100]),
    ]);
  });

  it("[B10.9] a lower number of another process stands; another user's instance of the same name is nothing to it", () => {
    const world = createWorld();
    const [old, other, young] = [socket(world), socket(world), socket(world)];
    old.say(hello({ nonce: "before", linkNo: 9 }));
    other.say(hello({ token: "token:bob", nonce: "n", linkNo: 9 }));
    young.say(hello({ nonce: "n", linkNo: 1 }));
    expect([old.closed.length, other.closed.length, young.closed.length]).toEqual([1, 0, 0]);
  });

  it("[B10.9] [R36] a device that is named again replaces the older instance, never its own, nor one without a device", () => {
    const world = createWorld();
    const of = (instance: string, device?: string) => {
      const one = socket(world);
      one.say(hello({ instance, device }));
      return one;
    };
    const links = [of("a", "phone"), of("b"), of("c", "tablet"), of("d", "phone"), of("d", "phone"), of("e")];
    expect(links.map(({ closed }) => closed[0])).toEqual([
      [4409, "a newer instance on this device"],
      undefined,
      undefined,
      [4410, "a newer link of this instance"],
      undefined,
      undefined,
    ]);
    expect(links[0]?.frames().at(-1)).toEqual(
      reject("ERR_REPLACED", "a newer instance on this device", "never", [0, 0]),
    );
  });
});

describe("a link that stands", () => {
  it("is told to the host before its welcome, and is noted; its end is noted once, with its user", () => {
    const world = createWorld();
    const one = socket(world);
    one.say(hello());
    expect(one.welcomes).toBe(1);
    one.session.closed();
    one.session.closed();
    expect(world.notes).toEqual([
      { note: "welcomed", session: "s1", user: "ann", instance: "i", recovery: "new" },
      { note: "closed", session: "s1", user: "ann", code: 1000, reason: "the socket closed" },
    ]);
    expect(one.closed).toEqual([]);
  });

  it("that says goodbye is closed with 1000, and noted as such", () => {
    const world = createWorld();
    const one = socket(world);
    one.say(hello(), { t: "bye" });
    expect(one.closed).toEqual([[1000, "bye"]]);
    expect(world.notes.at(-1)).toEqual({ note: "closed", session: "s1", user: "ann", code: 1000, reason: "bye" });
  });

  it("and is refused then is no refused newcomer", () => {
    const world = createWorld();
    const one = socket(world);
    one.say(hello(), [4]);
    expect(one.closed).toEqual([[4400, "malformed: probe"]]);
    expect(refusals(world)).toEqual([]);
  });

  it("[R20] does nothing more once it has ended: no frame is taken, none is written", () => {
    const world = createWorld();
    const one = socket(world);
    one.say(hello(), { t: "bye" });
    const written = one.sent.length;
    one.say([6, "a", "user:bob", "message", 1, 0], "x".repeat(200_000));
    one.session.receive("{");
    world.hub.throttle([]);
    world.publish("user:ann", 1);
    world.advance(60_000);
    expect([one.sent.length, one.closed.length, world.log.entries.length]).toEqual([written, 1, 1]);
    const batch = socket(world);
    batch.say(hello(), [{ t: "bye" }, [6, "a", "user:bob", "message", 1, 0]]);
    expect(world.log.entries).toHaveLength(1);
  });

  it("[B10.8] takes a message of limits.frameBytes and no more, in bytes where they are told", () => {
    for (const [length, bytes, ends] of [
      [131_072, undefined, false],
      [131_073, undefined, true],
      [100, 131_072, false],
      [100, 131_073, true],
    ] as const) {
      const world = createWorld();
      const one = socket(world);
      one.say(hello());
      const text = `{"t":"later","x":"`;
      one.session.receive(`${text}${"x".repeat(length - text.length - 2)}"}`, bytes);
      world.turn();
      const message = "a message above 131072 bytes";
      expect(one.closed).toEqual(ends ? [[4413, message]] : []);
      if (ends) expect(one.frames().at(-1)).toEqual(reject("ERR_MESSAGE_TOO_LARGE", message, "later", [1000, 100]));
    }
  });

  it("a reader that is slow is spared ephemeral events above outboundBytes, with what waits for the turn", () => {
    const world = createWorld({ outboundBytes: 1000 });
    let inSocket = 0;
    const one = socket(world, { buffered: () => inSocket });
    const bare = socket(world);
    one.say(hello());
    bare.say(hello({ token: "token:bob", instance: "j" }));
    const heard = (): number => one.frames().filter((frame) => Array.isArray(frame) && frame[0] === 2).length;
    const cast = (channel = "user:ann"): void =>
      void world.hub.cast({ channel, kind: "typing", from: "x", data: "x".repeat(100) });
    inSocket = 1000;
    cast();
    world.turn();
    expect(heard()).toBe(1);
    inSocket = 1001;
    cast();
    world.turn();
    expect(heard()).toBe(1);
    inSocket = 0;
    for (let i = 0; i < 50; i++) cast();
    world.turn();
    expect(heard()).toBeLessThan(12);
    expect(heard()).toBeGreaterThan(5);
    cast("user:bob");
    world.turn();
    expect(bare.frames().some((frame) => Array.isArray(frame) && frame[0] === 2)).toBe(true);
  });

  it("[B6.3] asks for nothing of a clock that stood still: its client is given the time again", () => {
    const world = createWorld({ handshakeMs: 10_000 });
    const [one, waiting] = [socket(world), socket(world)];
    one.say(hello());
    world.hub.tick(2000);
    world.hub.tick(4001);
    // 2,001 ms are a stand-still, 2,000 are none.
    world.now = 4001;
    for (let at = 4251; at <= 32_001; at += 250) {
      world.now = at;
      world.hub.tick(at);
    }
    expect(one.closed).toEqual([]);
    expect(waiting.closed).toEqual([[4408, "no welcome within the handshake time"]]);
    world.now = 32_251;
    world.hub.tick(32_251);
    expect(one.closed).toEqual([[4411, "silent for three heartbeats"]]);
  });
});

describe("the hub", () => {
  it("[B5.4] a drain without options is told with the spread of a return, and from then on to newcomers", () => {
    const world = createWorld();
    const one = socket(world);
    one.say(hello());
    world.hub.drain();
    world.turn();
    expect(one.frames().at(-1)).toEqual({ t: "goaway", minDelayMs: 0, spreadMs: 100, overlap: true });
    expect(world.hub.stats().draining).toBe(true);
    world.hub.undrain();
    expect(world.hub.stats().draining).toBe(false);
    world.hub.drain({ overlap: false });
    world.turn();
    expect(one.frames().at(-1)).toEqual({ t: "goaway", minDelayMs: 0, spreadMs: 100, overlap: false });
  });

  it("[B5.4] a stop closes with the code and the reason that it is given, and whoever comes after is closed", () => {
    const stops: readonly (readonly [args: [code?: number, reason?: string], code: number, reason: string])[] = [
      [[], 1012, "stopping"],
      [[1001, "going"], 1001, "going"],
    ];
    for (const [args, code, reason] of stops) {
      const world = createWorld();
      const one = socket(world);
      one.say(hello());
      world.hub.stop(...args);
      expect(one.closed).toEqual([[code, reason]]);
      expect(one.frames().at(-1)).toEqual({ t: "goaway", minDelayMs: 0, spreadMs: 100, overlap: false });
      world.publish("user:ann", 1);
      world.log.cast({ channel: "user:ann", kind: "typing", from: "x", data: 1 });
      const late = socket(world);
      expect(late.closed).toEqual([]);
      world.turn();
      expect(late.closed).toEqual([[1012, "stopped"]]);
      expect(world.hub.stats()).toMatchObject({ connections: 0, ringEntries: 0 });
    }
  });

  it("[B2.6] a revocation says why, and fits by every field that is given", () => {
    const world = createWorld({ verify: (token) => ({ ok: true, user: "ann", tokenId: token }) });
    const links = ["a", "b", "c"].map((instance) => {
      const one = socket(world);
      one.say(hello({ instance, token: `t-${instance}` }));
      return one;
    });
    expect(world.hub.revoke({ user: "bob", instance: "a" })).toBe(0);
    expect(world.hub.revoke({ user: "ann", instance: "a", tokenId: "t-b" })).toBe(0);
    expect(world.hub.revoke({ session: "s1", instance: "b" })).toBe(0);
    expect(world.hub.revoke({ session: "s1" })).toBe(1);
    expect(world.hub.revoke({ instance: "b" }, "stolen")).toBe(1);
    expect(links.map(({ closed }) => closed[0])).toEqual([[4401, "revoked"], [4401, "stolen"], undefined]);
    expect(links[0]?.frames().at(-1)).toEqual(reject("ERR_AUTH_REJECTED", "revoked", "reauth", [0, 0]));
    expect(world.hub.revoke({})).toBe(1);
  });

  it("[B8.1] throttles what it says, for as long as it says", () => {
    const world = createWorld();
    world.hub.throttle([{ feature: "receipts", reason: "load", forMs: 1000 }]);
    expect([world.hub.throttles("receipt"), world.hub.throttles("typing")]).toEqual([true, false]);
    world.now = 999;
    expect(world.hub.throttles("receipt")).toBe(true);
    world.now = 1000;
    expect(world.hub.throttles("receipt")).toBe(false);
  });

  it("[B5.2] the spread of a return is connections by the rate, between 0.1 s and 10 s", () => {
    const world = createWorld({ admitPerSecond: 2 });
    const spreads = Array.from({ length: 21 }, () => {
      socket(world);
      return world.hub.reconnectSpreadMs();
    });
    expect(spreads).toEqual([...Array.from({ length: 20 }, (_, i) => 500 * (i + 1)), 10_000]);
    expect(createWorld({ admitPerSecond: 3 }).hub.reconnectSpreadMs()).toBe(100);
    const thirds = createWorld({ admitPerSecond: 3 });
    socket(thirds);
    expect(thirds.hub.reconnectSpreadMs()).toBe(333);
  });

  it("counts links, those that are welcomed, who listens to what, its ring, and what waits to be written", () => {
    const world = createWorld();
    void world.hub.member("group:g", "ann", "joined");
    const one = socket(world, { buffered: () => 100 });
    const other = socket(world, { buffered: () => 11 });
    one.say(hello());
    const entry = world.log.entries[0];
    world.publish("user:ann", "x");
    const stats = world.hub.stats();
    expect(stats).toMatchObject({
      connections: 2,
      linked: 1,
      subscriptions: 2,
      ringEntries: 2,
      positions: [2],
      asked: 1,
    });
    expect(entry?.kind).toBe("member");
    expect(stats.ringBytes).toBeGreaterThan(80);
    // What waits for the turn: the alias of the channel and the event.
    expect(stats.outboundBytes).toBeGreaterThan(111 + 60);
    world.turn();
    expect(world.hub.stats().outboundBytes).toBe(111);
    other.session.closed();
    expect(world.hub.stats()).toMatchObject({ connections: 1, outboundBytes: 100 });
    world.hub.cast({ channel: "elsewhere", kind: "typing", from: "x", data: 1 });
    world.hub.cast({ channel: "user:ann", kind: "typing", from: "x", data: 1 });
    expect(world.hub.stats().asked).toBe(3);
  });

  it("[R34] forgets by age every five seconds: the ring, answers, memberships", () => {
    const world = createWorld({ ringAgeMs: 10_000 });
    world.publish("user:ann", 1);
    world.advance(10_000);
    expect(world.hub.stats().ringEntries).toBe(1);
    world.advance(4_750);
    expect(world.hub.stats().ringEntries).toBe(1);
    world.advance(250);
    expect(world.hub.stats().ringEntries).toBe(0);
  });
});

describe("an ephemeral event", () => {
  it("[B10.1] of an operator reaches the instances of whoever it speaks for, and one without data is null", () => {
    const world = createWorld();
    const one = socket(world);
    one.say(hello());
    world.hub.cast({ channel: "user:bob", kind: "typing", from: "ann", data: undefined });
    world.turn();
    expect(one.frames().slice(-2)).toEqual([
      { t: "channel", alias: 1, channel: "user:bob", partition: 0 },
      [2, 1, "typing", "ann", null],
    ]);
  });

  it("[B10.8] that is too large, too deep or for nobody is not cast", () => {
    const world = createWorld({ limits: { eventBytes: 10 } });
    const cast = (channel: string, data: unknown): boolean =>
      world.hub.cast({ channel, kind: "typing", from: "x", data });
    expect([cast("user:ann", "12345678"), cast("user:ann", "123456789"), cast("elsewhere", 1)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe("a welcome", () => {
  it("[B1.7] tells all there is to know, the token's end and what is throttled included", () => {
    const world = createWorld({ verify: () => ({ ok: true, user: "ann", expiresInMs: 90_000 }) });
    world.hub.throttle([{ feature: "typing", reason: "load", forMs: 1000 }]);
    const one = world.raw();
    one.say(hello({ heartbeatMs: 1 }));
    expect(ofType(one, "welcome")).toEqual([
      {
        t: "welcome",
        session: "s1",
        user: "ann",
        recovery: "new",
        epoch: "e1",
        positions: [0],
        heartbeatMs: 5_000,
        reconnectSpreadMs: 100,
        limits: expect.objectContaining({ window: 256 }),
        throttled: [{ feature: "typing", reason: "load", forMs: 1000 }],
        expiresInMs: 90_000,
      },
    ]);
  });
});
