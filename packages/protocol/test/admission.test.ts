/** Who is let in when many come at once: hellos by the second, links by the user, channels by the user. */
import { describe, expect, it } from "vitest";
import { createAdmission } from "../src/server/admission.js";
import { createMemoryLog } from "./support/memoryLog.js";
import { share } from "./support/share.js";
import { createWorld, ofType } from "./support/world.js";

const hello = (user: string, instance: string = `${user}-1`): object => ({
  t: "hello",
  token: `token:${user}`,
  app: "app",
  instance,
  linkNo: 1,
});

/** Clients that dial at `at`, and again when they are told; gives when each was admitted. */
const play = (
  perSecond: number,
  burst: number,
  arrivals: readonly number[],
  random: () => number = () => 0,
): number[] => {
  const admission = createAdmission(perSecond, burst);
  const waiting = [...arrivals];
  const admitted: number[] = [];
  while (waiting.length > 0) {
    waiting.sort((a, b) => a - b);
    const now = waiting.shift() ?? 0;
    const floor = admission.admit(now);
    if (floor) waiting.push(now + floor.minDelayMs + random() * floor.spreadMs);
    else admitted.push(now);
  }
  return admitted;
};

const mostWithin = (times: readonly number[], ms: number): number =>
  Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + ms).length));

describe("admission [B5.2, R10]", () => {
  it("a herd of 5,000 in one moment is in at the stated rate, after a burst, and each comes but twice", () => {
    const admission = createAdmission(500, 1000);
    const first = Array.from({ length: 5000 }, () => admission.admit(0));
    expect(first.filter((floor) => floor === undefined)).toHaveLength(1000);
    const times = first.flatMap((floor) => (floor ? [floor.minDelayMs] : [])).sort((a, b) => a - b);
    expect(times.map((at) => admission.admit(at)).filter((floor) => floor !== undefined)).toEqual([]);
    expect(mostWithin(times, 1000)).toBeLessThanOrEqual(501);
    expect(times.at(-1)).toBe(8000);
  });

  it("whoever comes, and however they jitter, no second admits more than the rate and the burst", () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const clients = share < 1 ? 300 : 2000;
    const arrivals = Array.from({ length: clients }, () => Math.floor(random() * 3000));
    const admitted = play(100, 20, arrivals, random);
    expect(admitted).toHaveLength(clients);
    expect(mostWithin(admitted, 1000)).toBeLessThanOrEqual(120);
    // Nobody waits for nothing either: 2,000 at 100 a second are through in little more than 20 s.
    expect(Math.max(...admitted)).toBeLessThan(25_000);
  });

  it("noise at the door sends an honest client away for a minute at the most", () => {
    const admission = createAdmission(10, 10);
    for (let n = 0; n < 100_000; n++) admission.admit(0);
    const floor = admission.admit(0);
    expect((floor?.minDelayMs ?? 0) + (floor?.spreadMs ?? 0)).toBeLessThanOrEqual(60_000);
  });

  it("a hello above the rate is refused before its token is judged: later, 4503, with a floor; and let in when it keeps that", () => {
    const judged: string[] = [];
    const world = createWorld({
      admitPerSecond: 2,
      admitBurst: 1,
      verify: (token) => {
        judged.push(token);
        return { ok: true, user: token.slice(6) };
      },
    });
    const first = world.raw();
    first.say(hello("ann"));
    const second = world.raw();
    second.say(hello("bob"));
    expect(ofType(first, "welcome")).toHaveLength(1);
    expect(second.frames()).toEqual([
      expect.objectContaining({ t: "reject", code: "ERR_SERVER_OVERLOADED", retry: "later", minDelayMs: 500 }),
    ]);
    expect(second.closed).toEqual({ code: 4503, by: "server" });
    expect(judged).toEqual(["token:ann"]);
    world.advance(500);
    const again = world.raw();
    again.say(hello("bob"));
    expect(ofType(again, "welcome")).toHaveLength(1);
  });
});

describe("admission while draining", () => {
  it("[B5.4] whoever comes above the rate is told the drain's floor like everybody, not a moment here", () => {
    const world = createWorld({ admitPerSecond: 2, admitBurst: 1 });
    world.hub.drain({ minDelayMs: 30_000, spreadMs: 5000 });
    for (const user of ["ann", "bob"]) {
      const pipe = world.raw();
      pipe.say(hello(user));
      expect(pipe.frames()).toEqual([expect.objectContaining({ t: "reject", minDelayMs: 30_000, spreadMs: 5000 })]);
    }
    world.hub.undrain();
    const pipe = world.raw();
    pipe.say(hello("ann"));
    expect(ofType(pipe, "welcome")).toHaveLength(1);
  });
});

describe("what one user may hold", () => {
  it("links above `connectionsPerUser` are refused for a while; a newer link of an instance that has one is none more", () => {
    const world = createWorld({ connectionsPerUser: 2 });
    for (const instance of ["a", "b"]) world.raw().say(hello("ann", instance));
    const third = world.raw();
    third.say(hello("ann", "c"));
    expect(third.frames()).toEqual([
      expect.objectContaining({ t: "reject", code: "ERR_SERVER_OVERLOADED", retry: "later", minDelayMs: 5000 }),
    ]);
    expect(third.closed?.code).toBe(4503);
    const anew = world.raw();
    anew.say({ ...hello("ann", "b"), linkNo: 2 });
    expect(ofType(anew, "welcome")).toHaveLength(1);
    const other = world.raw();
    other.say(hello("bob"));
    expect(ofType(other, "welcome")).toHaveLength(1);
    expect(world.hub.stats().linked).toBe(3);
  });

  it("joins above `channelsPerUser` are refused and change nothing; one of the channels joined again is acknowledged", () => {
    const world = createWorld({ channelsPerUser: 2 });
    const pipe = world.raw();
    pipe.say(hello("ann"));
    for (const [n, gid] of ["one", "two", "three", "one"].entries())
      pipe.say({ t: "join", channel: `group:${gid}`, id: `j-${n}` });
    world.turn();
    expect(pipe.frames().filter((frame) => Array.isArray(frame) && frame[0] === 3)).toHaveLength(3);
    expect(ofType(pipe, "nack")).toEqual([expect.objectContaining({ code: "ERR_SEND_REJECTED" })]);
    expect(world.hub.membersOf("group:three")).toEqual([]);
  });

  it("joins that come all at once are bounded too, where the log takes its time", async () => {
    const log = createMemoryLog();
    const world = createWorld({ channelsPerUser: 2, log });
    const pipe = world.raw();
    pipe.say(hello("ann"));
    log.answers = "byPromise";
    log.lags = true;
    const join = (n: number): object => ({ t: "join", channel: `group:g${n}`, id: `j-${n}` });
    pipe.say(...[1, 2, 3, 4, 5].map(join));
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await settled();
    log.catchUp();
    await settled();
    world.turn();
    const joined = [1, 2, 3, 4, 5].filter((n) => world.hub.isMember(`group:g${n}`, "ann"));
    expect([joined, ofType(pipe, "nack").length]).toEqual([[1, 2], 3]);
  });

  it("[B8.3] what was asked for and what waits in sockets is counted, for whoever judges the load", () => {
    const world = createWorld();
    const pipe = world.raw();
    pipe.say(hello("ann"));
    world.hub.throttle([{ feature: "typing", reason: "load", forMs: 1000 }]);
    pipe.say([6, "", "user:ann", "typing", 1, 1], [6, "m-1", "user:ann", "message", 1, 0]);
    world.publish("user:ann", 1);
    pipe.buffered = 1234;
    world.turn();
    expect(world.hub.stats()).toMatchObject({ asked: 3, outboundBytes: 1234 });
  });
});
