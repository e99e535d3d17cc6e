/**
 * One fault and its end, as three clients live through it: one idle, one with an acknowledgement pending, one that is woken.
 *
 * Law: the times of 6.3 run from the moment when the fault is laid, or when the client then sent or heard its signal, by its own word.
 * What was published before, meanwhile and afterwards arrives once and in order. A fault is taken back, also when nobody noticed it.
 */
import { expect } from "vitest";
import { type Figure, figure } from "./figures.js";
import { stoodStill, Untimely } from "./steady.js";
import { deadlines, type Gate, type Line, type Peer, patienceMs, slackMs } from "./world.js";

export type SeatName = "idle" | "sending" | "waking";

/** What is expected of a seat. */
export interface Expected {
  /** The contract's time, in ms. */
  readonly contractMs: number;
  /** What the fault itself may add to it. Default 0. */
  readonly extraMs?: number;
  /** The contract's time runs from a wake signal, which comes within so many ms of the fault. */
  readonly signalMs?: number;
  /** How the status may say that it came. */
  readonly reasons: readonly string[];
}

export interface Ordeal {
  readonly fault: string;
  readonly crew: string;
  readonly peer: Peer;
  act(act: object): void;
  readonly gate: Gate;
  /** Lays the fault; answers the way to end it, which answers the gateway that stands then, if it is another. */
  lay(): Promise<() => Promise<Gate | undefined>>;
  readonly expected: Readonly<Partial<Record<SeatName, Expected>>>;
  /** Default `resumed`. */
  readonly recovery?: "resumed" | "gap";
  /** `by itself`: the network works again while the link is still dead. Default `after its end`. */
  readonly heals?: "by itself" | "after its end";
}

/** The contract's own times, for a link that died in silence. */
export const inSilence: Readonly<Record<SeatName, Expected>> = {
  idle: { contractMs: deadlines.idle, reasons: ["probeFailed"] },
  sending: { contractMs: deadlines.pending, reasons: ["probeFailed"] },
  waking: { contractMs: deadlines.woken, signalMs: 0, reasons: ["probeFailed"] },
};

const lost = (seat: string, from: number) => (line: Line) =>
  line.seat === seat && line.what === "status" && line.at >= from && line.value !== "connected";
const back = (seat: string, from: number) => (line: Line) =>
  line.seat === seat && line.what === "status" && line.at >= from && line.value === "connected";

/** Publishes to each seat and waits until the gateway has it. */
async function publish(gate: Gate, crew: string, seats: readonly string[], data: readonly number[]): Promise<void> {
  for (const seat of seats) for (const n of data) gate.tell({ uid: `${crew}-${seat}`, data: n });
  const last = data.at(-1);
  for (const seat of seats)
    await gate.line(
      `published to ${seat}`,
      ({ seat: uid, what, value }) => uid === `${crew}-${seat}` && what === "published" && value === last,
      patienceMs,
    );
}

function inTime(what: string, ms: number | null, boundMs: number): void {
  if (ms === null) throw new Error(`${what}: there was no signal`);
  if (ms >= boundMs) throw new Untimely(`${what} after ${ms} ms, and ${boundMs} ms is the bound`);
}

const eventsOf = (peer: Peer, seat: string): unknown[] =>
  peer.lines.filter((line) => line.seat === seat && line.what === "event").map(({ value }) => value);

export async function suffer(ordeal: Ordeal): Promise<void> {
  const { fault, crew, peer, act, expected, recovery = "resumed", heals = "after its end" } = ordeal;
  const seats = Object.keys(expected) as SeatName[];
  let { gate } = ordeal;
  await publish(gate, crew, seats, [1, 2]);
  for (const seat of seats)
    await peer.line(
      `${seat} hears 2`,
      (line) => line.seat === seat && line.what === "event" && line.value === 2,
      patienceMs,
    );

  const from = Date.now();
  const end = await ordeal.lay();
  // To lay it is a matter of commands, which a busy machine lets wait; the contract's times run from when it is laid.
  const laid = Date.now();
  if (seats.includes("waking")) act({ act: "wake", seat: "waking" });
  if (seats.includes("sending")) act({ act: "send", seat: "sending", channel: `user:${crew}-idle`, data: "sent" });
  const stands = recovery === "resumed";
  const meanwhile = stands ? publish(gate, crew, seats, [3, 4]) : Promise.resolve();

  const told = new Map<SeatName, Line>();
  let undone = Number.POSITIVE_INFINITY;
  const takeBack = async (): Promise<void> => {
    if (undone !== Number.POSITIVE_INFINITY) return;
    undone = Date.now();
    gate = (await end()) ?? gate;
  };
  const wait = Promise.all(
    seats.map(async (seat) => {
      const { contractMs, extraMs = 0, signalMs = 0 } = expected[seat] as Expected;
      // Heard late is judged below, with the figure; this is only when to give up.
      const line = await peer.line(
        `${fault}: ${seat} is told`,
        lost(seat, from),
        contractMs + extraMs + signalMs + 20_000,
      );
      told.set(seat, line);
    }),
  );
  try {
    await wait;
    await meanwhile;
  } finally {
    await takeBack();
  }

  const rows: Figure[] = [];
  for (const seat of seats) {
    const loss = told.get(seat) as Line;
    const { at: lossAt } = loss;
    // One that dialled while the fault was being taken back may be there a moment before.
    const healed = await peer.line(`${fault}: ${seat} is back`, back(seat, lossAt), patienceMs);
    // By their order: the next status, with a reason of its own, may be told in the same millisecond.
    const before = peer.lines
      .slice(0, peer.lines.indexOf(loss))
      .filter((line) => line.seat === seat && line.at >= from);
    const signal = before.find(({ what }) => what === "signal");
    const begun =
      seat === "idle" ? undefined : seat === "waking" ? signal : before.find(({ what }) => what === "sends");
    rows.push({
      fault,
      seat,
      toldMs: Math.max(0, lossAt - Math.max(laid, begun?.at ?? 0)),
      signalMs: signal ? lossAt - signal.at : null,
      contractMs: (expected[seat] as Expected).contractMs,
      reason: String(before.findLast(({ what }) => what === "reason")?.value),
      lateMs: stoodStill({ lines: peer.lines.slice(0, peer.lines.indexOf(loss)) }, from),
      healedMs: Math.max(0, healed.at - (heals === "by itself" ? lossAt : undone)),
    });
  }
  for (const row of rows) figure(row);

  await publish(gate, crew, seats, [5, 6]);
  for (const seat of seats)
    await peer.line(
      `${fault}: ${seat} hears 6`,
      (line) => line.seat === seat && line.what === "event" && line.value === 6,
      patienceMs,
    );
  for (const seat of seats) {
    const numbers = eventsOf(peer, seat).filter((data) => typeof data === "number");
    expect([seat, numbers]).toEqual([seat, stands ? [1, 2, 3, 4, 5, 6] : [1, 2, 5, 6]]);
    const gaps = peer.lines.filter((line) => line.seat === seat && line.what === "gap").length;
    expect([seat, gaps]).toEqual([seat, stands ? 0 : 1]);
    const sessions = peer.lines
      .filter((line) => line.seat === seat && line.what === "session")
      .map(({ value }) => value);
    expect([seat, new Set(sessions.slice(1))]).toEqual([seat, new Set([recovery])]);
  }
  if (seats.includes("sending")) {
    const outcome = await peer.line(
      `${fault}: the send is settled`,
      ({ seat, what }) => seat === "sending" && (what === "sent" || what === "unsent"),
      patienceMs,
    );
    expect(outcome.what).toBe("sent");
    await peer.line(
      "the send arrives",
      (line) => line.seat === "idle" && line.what === "event" && line.value === "sent",
      patienceMs,
    );
    expect(eventsOf(peer, "idle").filter((data) => data === "sent")).toEqual(["sent"]);
  }
  for (const { seat, toldMs, signalMs, reason } of rows) {
    const { contractMs, extraMs = 0, signalMs: tickMs, reasons } = expected[seat as SeatName] as Expected;
    expect(reasons, `${fault}: ${seat}`).toContain(reason);
    // Twice the contract's time, on a machine that may be busy; what is to be told at once has no time that could be doubled.
    const boundMs = extraMs + Math.max(2 * contractMs, contractMs + slackMs);
    inTime(`${fault}: ${seat} told`, toldMs, boundMs + (tickMs ?? 0));
    if (tickMs !== undefined) inTime(`${fault}: ${seat} since the signal`, signalMs, boundMs);
  }
}
