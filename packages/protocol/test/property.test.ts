/**
 * Random lives of one client: publishes, sends, joins, kicks, cuts at any byte boundary of the conversation, reloads.
 * Law: what the client was given is compared with what the log says it should have been given, by a model that knows
 * nothing of rings, cursors or credit.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DurableEvent } from "../src/client.js";
import type { Position } from "../src/index.js";
import type { LogEntry } from "../src/server.js";
import { createMemoryLog } from "./support/memoryLog.js";
import { share } from "./support/share.js";
import { createWorld, type TestClient, type World } from "./support/world.js";

const channels = ["user:ann", "group:a", "group:b", "user:bob"] as const;

type Step =
  | { readonly do: "publish"; readonly channel: number; readonly size: number }
  | { readonly do: "send"; readonly channel: number; readonly chained: boolean }
  | { readonly do: "member"; readonly channel: number; readonly joined: boolean }
  | { readonly do: "connect" | "cut" | "reload" | "later" | "trim" }
  | { readonly do: "carry"; readonly up: number; readonly down: number }
  | { readonly do: "time"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("publish" as const), channel: fc.nat(3), size: fc.nat(300) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("send" as const), channel: fc.nat(3), chained: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("member" as const), channel: fc.nat(3), joined: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("connect" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reload" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("trim" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("later" as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("carry" as const), up: fc.nat(3), down: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 12_000 }) }) },
);

/** What ann may see of the log, by the words of 10.5. */
function visible(entries: readonly LogEntry[], instance: string): LogEntry[] {
  const member = new Set<string>();
  const seen: LogEntry[] = [];
  for (const entry of entries) {
    const { channel, kind, from, origin } = entry;
    const marker = kind === "member" ? (entry.data as { readonly user: string; readonly change: string }) : undefined;
    if (marker?.user === "ann" && marker.change === "joined") member.add(channel);
    const hers = channel === "user:ann" || (channel === "user:bob" && from === "ann") || member.has(channel);
    if (hers && !(from === "ann" && origin === instance)) seen.push(entry);
    if (marker?.user === "ann" && marker.change !== "joined") member.delete(channel);
  }
  return seen;
}

interface Life {
  readonly world: World;
  /** Each process of ann, one after another. */
  readonly processes: TestClient[];
  /** The position from which each began. */
  readonly began: (Position | undefined)[];
  readonly trims: boolean;
}

function live(
  steps: readonly Step[],
  setup: {
    readonly window: number;
    readonly ring: number;
    readonly stride: number;
    readonly partitions: number;
    readonly trims: boolean;
  },
): Life {
  const log = createMemoryLog({ stride: setup.stride, partitions: setup.partitions });
  const world = createWorld({
    log,
    ringEntries: setup.ring,
    limits: { window: setup.window, batchBytes: 700, eventBytes: 1000, windowBytes: 20_384, frameRate: 100_000 },
  });
  const processes: TestClient[] = [];
  const began: (Position | undefined)[] = [];
  let saved: Position | undefined;
  const start = (): void => {
    const client = world.client("ann", { nonce: `process-${processes.length}`, resume: saved });
    processes.push(client);
    began.push(saved);
  };
  start();
  const ann = (): TestClient => processes.at(-1) as TestClient;
  const carry = (up: number, down: number): void => {
    const { pipe, link } = ann();
    if (!pipe || !link) return;
    for (let i = 0; i < up; i++) {
      const text = pipe.toServer.shift();
      if (text !== undefined) pipe.server.receive(text);
    }
    for (let i = 0; i < down; i++) {
      const text = pipe.toClient.shift();
      if (text !== undefined) link.receive(text, world.now);
    }
  };
  let counter = 0;
  for (const each of steps) {
    switch (each.do) {
      case "publish":
        world.publish(channels[each.channel] ?? "", `${++counter}:${"ж".repeat(each.size)}`);
        break;
      case "send":
        ann().send(channels[each.channel] ?? "", ++counter, {
          chained: each.chained,
          queued: counter % 2 === 0,
          timeoutMs: Number.POSITIVE_INFINITY,
        });
        break;
      case "member": {
        const channel = channels[each.channel] ?? "";
        if (channel.startsWith("group:"))
          void world.hub.member(channel, "ann", each.joined ? "joined" : "kicked", "op");
        break;
      }
      case "connect":
        // Sometimes while the old link still stands: it is superseded.
        if (ann().pipe) ann().link?.lost();
        ann().dial().held = true;
        break;
      case "cut":
        ann().cut();
        break;
      case "reload":
        ann().cut();
        saved = ann().session.position ?? saved;
        ann().session.end("ERR_LOGGED_OUT", "reload");
        start();
        break;
      case "later":
        world.turn();
        break;
      case "carry":
        carry(each.up, each.down);
        break;
      case "trim":
        if (setup.trims) for (let p = 0; p < setup.partitions; p++) log.trim(p, world.hub.stats().positions[p] ?? 0);
        break;
      case "time":
        world.now += each.ms;
        world.hub.tick(world.now);
        break;
    }
  }
  // In the end the network is well, and everything settles.
  ann().cut();
  ann().connect();
  world.advance(20_000);
  return { world, processes, began, trims: setup.trims };
}

const setups = fc.record({
  window: fc.integer({ min: 4, max: 12 }),
  ring: fc.integer({ min: 2, max: 40 }),
  stride: fc.integer({ min: 1, max: 5 }),
  partitions: fc.integer({ min: 1, max: 3 }),
});

const keyOf = (entry: LogEntry): string => `${entry.partition}/${entry.n}`;

/** The log entry of a delivered event, by the number that its position gives for its partition. */
function entryOf(world: World, event: DurableEvent): LogEntry {
  const partition = world.log.partitionOf(event.channel);
  const n = event.position.positions[partition];
  const found = world.log.entries.find((entry) => entry.partition === partition && entry.n === n);
  if (!found || found.channel !== event.channel) throw new Error("an event that is not in the log");
  return found;
}

function check({ world, processes, began, trims }: Life): void {
  const { entries } = world.log;
  processes.forEach((client, index) => {
    const should = visible(entries, "ann-1");
    const welcome = client.welcomes[0];
    const got = client.events.map((event) => entryOf(world, event));
    // Once each, in the order of each partition.
    expect(new Set(got.map(keyOf)).size).toBe(got.length);
    for (let p = 0; p < world.log.partitions; p++) {
      const numbers = got.filter(({ partition }) => partition === p).map(({ n }) => n);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    // Nothing that is not hers.
    const hers = new Set(should.map(keyOf));
    for (const entry of got) expect(hers.has(keyOf(entry))).toBe(true);
    // Nothing of hers missing, between where this process began and how far it got, but what a gap told.
    const from = began[index]?.positions ?? welcome?.positions;
    const upTo = client.session.position?.positions;
    if (!from || !upTo) return;
    const inGap = (entry: LogEntry): boolean =>
      client.gaps.some(
        ({ from: a, to: b }) =>
          entry.n > (a.positions[entry.partition] ?? 0) && entry.n <= (b.positions[entry.partition] ?? 0),
      );
    if (!trims) expect(client.gaps).toEqual([]);
    const received = new Set(got.map(keyOf));
    const missing = should.filter(
      (entry) =>
        entry.n > (from[entry.partition] ?? 0) &&
        entry.n <= (upTo[entry.partition] ?? 0) &&
        !received.has(keyOf(entry)) &&
        !inGap(entry),
    );
    expect(missing).toEqual([]);
  });
  // The last process has caught up with the whole log.
  const last = processes.at(-1);
  expect(last?.session.position?.positions).toEqual(world.hub.stats().positions);
  expect(last?.session.pending).toBe(0);
  // Sends: applied once, in order per channel and process.
  const sent = entries.filter(({ from, kind }) => from === "ann" && kind === "message");
  expect(new Set(sent.map(({ data }) => data)).size).toBe(sent.length);
  for (const channel of channels) {
    const numbers = sent.filter((entry) => entry.channel === channel).map(({ data }) => data as number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
  for (const { results } of processes) {
    for (const result of results) {
      const inLog = sent.some(({ id }) => id === result.id);
      if (result.ok) expect(inLog).toBe(true);
      else if (result.outcome !== "unknown") expect(inLog).toBe(false);
    }
  }
}

/** In `pnpm mutation` a failure is not shrunk, and the lives are the same for every mutant. */
const lives = { numRuns: Math.ceil(300 * share), endOnFailure: share < 1, ...(share < 1 ? { seed: 1 } : {}) };

describe("random lives", () => {
  it("[B10.3] [B10.4] [B10.5] [B10.6] [R22] cuts, credit, joins and reloads never lose, repeat or reorder a durable event", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), setups, (steps, setup) => {
        check(live(steps, { ...setup, trims: false }));
      }),
      lives,
    );
  });

  it("[B10.4] where the log itself has forgotten, every missing event lies in a gap that was told", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 120 }), setups, (steps, setup) => {
        check(live(steps, { ...setup, trims: true }));
      }),
      lives,
    );
  });
});
