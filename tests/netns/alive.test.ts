/** Links that are slow and alive, in real networks: no false death (6.2), by the contract's own numbers. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { figure } from "./figures.js";
import { type Gate, openWorld, type Peer, type World } from "./world.js";

let world: World;
let gate: Gate;

beforeAll(async () => {
  world = await openWorld("a");
  gate = await world.gateway(await world.net.place("gateway"), ["slow", "narrow"]);
});
afterAll(() => world?.close());

/** A link that died would have said so: another status, an error, a link of another number. */
function alive(peer: Peer, fault: string): void {
  const seats = [...new Set(peer.lines.map(({ seat }) => seat))];
  for (const seat of seats) {
    const of = (wanted: string): unknown[] =>
      peer.lines.filter((line) => line.seat === seat && line.what === wanted).map(({ value }) => value);
    expect([seat, of("status"), of("error"), of("session")]).toEqual([seat, ["connecting", "connected"], [], ["new"]]);
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
    90_000,
  );

describe.concurrent("a link that is slow and alive", () => {
  it("[B6.2][R1] a round trip of 2 s: three heartbeats, wakes, checks and sends, and one link all the time", async () => {
    const peer = await world.crew(
      await world.net.place("slow"),
      gate,
      "slow",
      ["idle", "sending", "waking"],
      // By the fault proxy of @cc/testkit, in the clients' own namespace.
      { delayMs: 1_000 },
    );
    // The last seat's heartbeats: each answer is one more round of sends, checks and wakes.
    for (let n = 1; n <= 12; n += 1) {
      peer.tell({ act: "wake", seat: "waking" });
      peer.tell({ act: "check", seat: "sending" });
      peer.tell({ act: "send", seat: "sending", channel: "user:slow-idle", data: `sent ${n}` });
      gate.tell({ uid: "slow-waking", data: n });
      await heard(peer, "idle", `sent ${n}`);
      await peer.line(`sent ${n}`, ({ what, value }) => what === "sent" && value === `sent ${n}`, 30_000);
      await heard(peer, "waking", n);
    }
    // `null`: another sign of life came first.
    const checks = peer.lines
      .filter(({ what }) => what === "checked")
      .map(({ value }) => value as { rttMs: number | null });
    expect(checks.filter(({ rttMs }) => rttMs !== null && rttMs < 1_900)).toEqual([]);
    expect(checks.some(({ rttMs }) => rttMs !== null)).toBe(true);
    alive(peer, "round trip of 2 s");
  });

  it("[B6.2][B10.8] 480 kB up and 640 kB down at 20 kB/s: everything arrives, on one link", async () => {
    const peer = await world.crew(await world.net.place("narrow"), gate, "narrow", ["up", "down"], {
      bytesPerSecond: 20_000,
    });
    for (let n = 1; n <= 10; n += 1)
      peer.tell({ act: "send", seat: "up", channel: "user:narrow-idle", data: `sent ${n}`, pad: 48_000 });
    for (let n = 1; n <= 40; n += 1) gate.tell({ uid: "narrow-down", data: `part ${n}`.padEnd(16_000) });
    await heard(peer, "down", "part 40");
    await peer.line("the last is sent", ({ what, value }) => what === "sent" && value === "sent 10", 90_000);
    const upTo = (name: string, to: number): string[] => Array.from({ length: to }, (_, n) => `${name} ${n + 1}`);
    const values = (what: string): unknown[] =>
      peer.lines.filter((line) => line.what === what).map(({ value }) => value);
    expect(values("event")).toEqual(upTo("part", 40));
    expect(values("sent")).toEqual(upTo("sent", 10));
    alive(peer, "20 kB/s, 480 kB up, 640 kB down");
  });
});
