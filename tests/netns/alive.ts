/** Links that are slow and alive, in real networks: no false death (6.2), by the contract's own numbers. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { figure } from "./figures.js";
import { steadily, Untimely } from "./steady.js";
import { crewOf, type Gate, openWorld, type Peer, type Process, patienceMs, type World } from "./world.js";

/** Their seats, and their way to the gateway: the fault proxy of @cc/testkit, or a narrow one, in their own namespace. */
const crews = {
  slow: { seats: ["idle", "sending", "waking"], way: { delayMs: 1_000 } },
  narrow: { seats: ["up", "down"], way: { bytesPerSecond: 20_000 } },
} as const;
type CrewName = keyof typeof crews;

let world: World;
let gate: Gate;
const ready = new Map<CrewName, Process>();

beforeAll(async () => {
  world = await openWorld("a");
  gate = await world.gateway(await world.net.place("gateway"), Object.keys(crews));
  for (const name of ["slow", "narrow"] as const) ready.set(name, await seated(name, name));
}, 400_000);
afterAll(() => world?.close());

async function seated(name: CrewName, crew: string): Promise<Process> {
  const { seats, way } = crews[name];
  return world.crew(await world.net.place(crew), gate, crew, seats, way);
}

/** A link that died would have said so: another status, an error, a link of another number. */
function alive(peer: Peer, seats: readonly string[], fault: string): void {
  for (const seat of seats) {
    const of = (wanted: string): unknown[] =>
      peer.lines.filter((line) => line.seat === seat && line.what === wanted).map(({ value }) => value);
    const told = JSON.stringify([of("status"), of("error"), of("session")]);
    // A death that was told too early, that is: before the answer that was on its way.
    if (told !== '[["connecting","connected"],[],["new"]]') throw new Untimely(`${fault}: ${seat} was told ${told}`);
    const first = peer.lines.find((line) => line.seat === seat && line.what === "linked")?.at ?? 0;
    const last = peer.lines.findLast((line) => line.seat === seat)?.at ?? 0;
    figure({
      fault,
      seat,
      toldMs: null,
      signalMs: null,
      contractMs: null,
      reason: "alive",
      healedMs: null,
      note: `one link for ${((last - first) / 1_000).toFixed(0)} s`,
    });
  }
}

const heard = (peer: Peer, seat: string, value: unknown): Promise<unknown> =>
  peer.line(
    `${seat} hears ${String(value)}`,
    (line) => line.seat === seat && line.what === "event" && line.value === value,
    patienceMs,
  );

describe.concurrent("a link that is slow and alive", () => {
  it("[B6.2][R1] a round trip of 2 s: three heartbeats, wakes, checks and sends, and one link all the time", () =>
    steadily("round trip of 2 s", async (attempt, watch) => {
      const crew = crewOf("slow", attempt);
      const peer = (attempt === 1 ? ready.get("slow") : undefined) ?? (await seated("slow", crew));
      watch(peer);
      watch(gate);
      // The last seat's heartbeats: each answer is one more round of sends, checks and wakes.
      for (let n = 1; n <= 12; n += 1) {
        peer.tell({ act: "wake", seat: "waking" });
        peer.tell({ act: "check", seat: "sending" });
        peer.tell({ act: "send", seat: "sending", channel: `user:${crew}-idle`, data: `sent ${n}` });
        gate.tell({ uid: `${crew}-waking`, data: n });
        await heard(peer, "idle", `sent ${n}`);
        await peer.line(`sent ${n}`, ({ what, value }) => what === "sent" && value === `sent ${n}`, patienceMs);
        await heard(peer, "waking", n);
      }
      alive(peer, crews.slow.seats, "round trip of 2 s");
      // `null`: another sign of life came first.
      const checks = peer.lines
        .filter(({ what }) => what === "checked")
        .map(({ value }) => value as { rttMs: number | null });
      expect(checks.filter(({ rttMs }) => rttMs !== null && rttMs < 1_900)).toEqual([]);
      expect(checks.some(({ rttMs }) => rttMs !== null)).toBe(true);
    }));

  it("[B6.2][B10.8] 480 kB up and 640 kB down at 20 kB/s: everything arrives, on one link", () =>
    steadily("20 kB/s", async (attempt, watch) => {
      const crew = crewOf("narrow", attempt);
      const peer = (attempt === 1 ? ready.get("narrow") : undefined) ?? (await seated("narrow", crew));
      watch(peer);
      watch(gate);
      for (let n = 1; n <= 10; n += 1)
        peer.tell({ act: "send", seat: "up", channel: `user:${crew}-idle`, data: `sent ${n}`, pad: 48_000 });
      for (let n = 1; n <= 40; n += 1) gate.tell({ uid: `${crew}-down`, data: `part ${n}`.padEnd(16_000) });
      await heard(peer, "down", "part 40");
      await peer.line("the last is sent", ({ what, value }) => what === "sent" && value === "sent 10", patienceMs);
      alive(peer, crews.narrow.seats, "20 kB/s, 480 kB up, 640 kB down");
      const upTo = (name: string, to: number): string[] => Array.from({ length: to }, (_, n) => `${name} ${n + 1}`);
      const values = (what: string): unknown[] =>
        peer.lines.filter((line) => line.what === what).map(({ value }) => value);
      expect(values("event")).toEqual(upTo("part", 40));
      expect(values("sent")).toEqual(upTo("sent", 10));
    }));
});
