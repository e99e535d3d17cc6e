/**
 * A client's life at random, over the real server half in virtual time: cuts, black holes, refusals, sleep, background,
 * calls, crashes of the process and of the gateway. Expectations are the contract's alone: what was published arrives
 * once and in order within a process and at least once over all of them; what a send said of its fate is true.
 */
import { createRandom, type Random } from "@cc/testkit";
import { describe, expect, it } from "vitest";
import { createWorld, type Seat, type World } from "./gateway-rig.js";

const first = Number(process.env["CC_SEED"] ?? 1);
const seeds = process.env["CC_SEED"] === undefined ? 60 : 1;
const steps = 80;

interface Life {
  readonly world: World;
  readonly random: Random;
  readonly bob: Seat;
  ann: Seat;
  /** Every process of ann, oldest first. */
  readonly seats: Seat[];
  readonly published: string[];
  /** What became of each send of ann, by its data. */
  readonly sends: Map<string, "pending" | "acknowledged" | "notSent" | "unknown" | "refused">;
}

const acts: Readonly<Record<string, (life: Life) => unknown>> = {
  async publish({ world, published, random }) {
    for (let n = random.int(5); n >= 0; n -= 1) {
      const data = `p${published.length}`;
      published.push(data);
      await world.publish("user:ann", data);
    }
  },
  send({ ann, sends, random }) {
    for (let n = random.int(3); n >= 0; n -= 1) {
      const data = `s${sends.size}`;
      sends.set(data, "pending");
      ann.client.send("user:bob", "message", data, { timeoutMs: random.pick([5_000, 20_000, 600_000]) }).then(
        () => sends.set(data, "acknowledged"),
        (error: { details?: { outcome?: "notSent" | "unknown" } }) =>
          sends.set(data, error.details?.outcome ?? "refused"),
      );
    }
  },
  cut: ({ world }) => world.gateway.cut(),
  async blackhole({ world, random }) {
    world.gateway.blackhole(true, random.pick(["toClient", "toServer", undefined]));
    await world.clock.advanceAsync(random.int(40_000));
    world.gateway.blackhole(false);
  },
  async refuse({ world, random }) {
    world.gateway.refuse(random.pick([true, { httpStatus: 503, retryAfterMs: 2_000 }, { code: 1013 }]));
    await world.clock.advanceAsync(random.int(40_000));
    world.gateway.refuse(false);
  },
  delay: ({ world, random }) => world.gateway.delay(random.pick([0, 5, 200, 900])),
  async background({ ann, world, random }) {
    ann.lifecycle.emit("background");
    await world.clock.advanceAsync(random.int(60_000));
    ann.lifecycle.emit("foreground");
  },
  async page({ ann, world, random }) {
    ann.lifecycle.emit("pageHidden");
    await world.clock.advanceAsync(random.int(60_000));
    ann.lifecycle.emit({ type: "pageShown", persisted: true });
  },
  async offline({ ann, world, random }) {
    ann.lifecycle.emit("offline");
    await world.clock.advanceAsync(random.int(20_000));
    ann.lifecycle.emit("online");
  },
  async disconnect({ ann, world, random }) {
    void ann.client.disconnect();
    await world.clock.advanceAsync(random.int(20_000));
    void ann.client.connect().catch(() => {});
  },
  reconnect: ({ ann }) => void ann.client.reconnect().catch(() => {}),
  async sleep({ ann, world, random }) {
    const ms = random.int(600_000);
    await world.clock.sleepAsync(ms, random.pick(["stopped", "late"]));
    ann.lifecycle.emit({ type: "clockJump", ms });
  },
  /** Applied, its acknowledgement lost, and then asleep for longer than the server remembers its id. */
  async lostAck(life) {
    const { world, random } = life;
    world.gateway.blackhole(true, "toClient");
    acts["send"]?.(life);
    await world.clock.advanceAsync(1_500);
    await world.clock.sleepAsync(random.int(600_000), "stopped");
    world.gateway.cut();
    world.gateway.blackhole(false);
  },
  gatewayCrash: ({ world }) => world.gateway.crash(),
  drain({ world, random }) {
    world.gateway.hub.drain({ minDelayMs: random.int(5_000), spreadMs: 0 });
    world.gateway.hub.undrain();
  },
  async crash(life) {
    // The process is gone between two turns: what its storage holds is all that is left, and its sends are unknown.
    const saved = new Map(life.ann.tab.records);
    const { sends } = life;
    const open = [...sends].filter(([, fate]) => fate === "pending").map(([data]) => data);
    await life.ann.client.dispose();
    life.ann.tab.records.clear();
    for (const [key, text] of saved) life.ann.tab.records.set(key, text);
    await life.world.clock.advanceAsync(0);
    for (const data of open) sends.set(data, "unknown");
    life.ann = await life.world.seat({ before: life.ann, linked: false });
    life.seats.push(life.ann);
  },
};

async function live(seed: number): Promise<Life> {
  const world = createWorld();
  const random = createRandom(seed);
  const bob = await world.seat({ uid: "bob" });
  const ann = await world.seat();
  const life: Life = { world, random, bob, ann, seats: [ann], published: [], sends: new Map() };
  const names = Object.keys(acts);
  for (let step = 0; step < steps; step += 1) {
    // Half of all steps say something, else there is nothing to lose.
    const name = random.chance(0.5) ? random.pick(["publish", "send"]) : random.pick(names);
    await acts[name]?.(life);
    await world.clock.advanceAsync(random.pick([0, 1, 50, 2_000, 30_000]));
  }
  world.gateway.delay(0);
  // The longest cap, the longest floor, the longest send.
  await world.clock.advanceAsync(700_000);
  return life;
}

const numbers = (all: readonly unknown[], letter: string): number[] =>
  all.map(String).flatMap((data) => (data.startsWith(letter) ? [Number(data.slice(1))] : []));
const rising = (list: readonly number[]): boolean => list.every((n, i) => i === 0 || n > (list[i - 1] ?? 0));

describe("a life at random", () => {
  for (let seed = first; seed < first + seeds; seed += 1) {
    it(`[B10.3][B10.4][B10.6][B3.1] seed ${seed}: nothing lost, nothing twice, in order; and what a send said is true`, async () => {
      const { seats, ann, bob, published, sends } = await live(seed);
      const hint = `CC_SEED=${seed}`;
      expect([ann.client.getConnectionStatus(), bob.client.getConnectionStatus()], hint).toEqual([
        "connected",
        "connected",
      ]);
      const seen = new Set<number>();
      for (const seat of seats) {
        const got = numbers(
          seat.events.map(({ data }) => data),
          "p",
        );
        expect(rising(got), hint).toBe(true);
        expect(seat.gaps, hint).toEqual([]);
        expect(seat.log.slice(1).includes("session new") && seats[0] !== seat, hint).toBe(false);
        for (const n of got) seen.add(n);
      }
      expect(seen.size, hint).toBe(published.length);
      const atBob = numbers(
        bob.events.map(({ data }) => data),
        "s",
      );
      expect(rising(atBob), hint).toBe(true);
      for (const [data, fate] of sends) {
        const arrived = atBob.includes(Number(data.slice(1)));
        if (fate !== "unknown")
          expect([hint, data, fate, arrived]).toEqual([hint, data, fate, fate === "acknowledged"]);
      }
      expect([...sends.values()], hint).not.toContain("pending");
    });
  }
});
