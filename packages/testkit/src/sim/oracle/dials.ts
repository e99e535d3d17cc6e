/**
 * When a client may dial, and when it must (B3, B4, 5.2–5.9, R12, R16, R19). Law: what is allowed is read off the app's own calls,
 * the signals that it was given and the server's words as they arrived; never off the machine's state.
 */
import type { MakeLaw } from "./law.js";
import { type ClientRecord, objectsOf, type Truth } from "./truth.js";

interface Floor {
  /** On the machine's own clock. */
  readonly from: number;
  readonly wall: number;
  readonly ms: number;
}

interface Memory {
  process: number;
  floor: Floor | undefined;
  /** Both clocks when the lease began. */
  lease: { readonly mono: number; readonly wall: number } | undefined;
  /** Both clocks when the client last had its turn: a wall that ran ahead since then, in a sleep that nobody told of, it cannot know of yet. */
  turn: { readonly mono: number; readonly wall: number };
  lostInBackground: boolean;
}

const busyCodes = [1012, 1013, 4429, 4503];
/** Lease and slack of B4.4. */
const leaseMs = 35_000;

const clocks = (truth: Truth, n: number): { readonly mono: number; readonly wall: number } => {
  const machine = truth.world.clients[n]?.o.machine;
  return { mono: machine?.now() ?? 0, wall: machine?.wall() ?? 0 };
};

const holds = (client: ClientRecord): boolean => client.background && client.plan.background !== "keep";

export const dialLaw: MakeLaw = (truth, broken) => {
  const memories = truth.clients.map(
    (): Memory => ({
      process: 0,
      floor: undefined,
      lease: undefined,
      turn: { mono: 0, wall: 0 },
      lostInBackground: false,
    }),
  );
  const of = (n: number): Memory => memories[n] as Memory;
  const raise = (n: number, ms: number): void => {
    const { mono, wall } = clocks(truth, n);
    const memory = of(n);
    if (memory.floor && memory.floor.from + memory.floor.ms >= mono + ms) return;
    memory.floor = { from: mono, wall, ms };
  };
  const turn = (n: number): void => {
    of(n).turn = clocks(truth, n);
  };
  const lease = (n: number): void => {
    turn(n);
    of(n).lease = of(n).turn;
  };
  /** Wires that the client gave up before it heard their end: the late word of an old link changes nothing, a refusal on its way included. */
  const givenUp = new Set<number>();
  /** The word that a client reads at this moment, and the floor before it. */
  const reading = new Map<
    number,
    { readonly t: number; readonly wire: number; readonly goaway: boolean; readonly floor: Floor | undefined }
  >();

  return {
    born({ client, process }) {
      const memory = of(client);
      memory.process = process;
      memory.lostInBackground = false;
      lease(client);
      // What an earlier process was told is kept by storage, and judged by the wall; a process that was killed may not have
      // got to writing it, and of a storage that failed nothing is asked.
      const record = truth.clients[client] as ClientRecord;
      const { floor } = memory;
      if (floor && Math.max(record.storageFaultAt, record.wallSetAt) > Number.NEGATIVE_INFINITY)
        memory.floor = undefined;
      else if (floor) {
        const { mono, wall } = clocks(truth, client);
        const left = floor.ms - Math.max(0, wall - floor.wall);
        memory.floor = left > 0 ? { from: mono, wall, ms: left } : undefined;
      }
    },
    gone({ client, how }) {
      const memory = of(client);
      if (how === "killed" && memory.floor && clocks(truth, client).mono - memory.floor.from < 1_000)
        memory.floor = undefined;
    },
    got({ client, wire, frames, t }) {
      const record = truth.wires.get(wire);
      if (record === undefined || record.endedAt !== undefined) return;
      const { floor } = of(client);
      for (const { minDelayMs } of [...objectsOf(frames, "reject"), ...objectsOf(frames, "goaway")])
        if ((minDelayMs as number) > 0) raise(client, minDelayMs as number);
      const goaway = objectsOf(frames, "goaway").length > 0;
      if (of(client).floor !== floor) reading.set(client, { t, wire, goaway, floor });
    },
    closing({ client, wire, t }) {
      givenUp.add(wire);
      // Who is told to go away below a floor leaves when that has passed: whoever leaves in the moment of reading it had a late timer to obey first.
      const word = reading.get(client);
      if (word?.goaway && word.wire === wire && word.t === t) of(client).floor = word.floor;
    },
    closed({ client, wire, code, httpStatus, retryAfterMs }) {
      if (truth.clients[client]?.wire?.wire !== wire || givenUp.has(wire)) return;
      if (busyCodes.includes(code) || httpStatus === 429 || httpStatus === 503) raise(client, retryAfterMs);
    },
    signal({ client, signal }) {
      turn(client);
      if (signal === "background") lease(client);
    },
    call({ client, call }) {
      const memory = of(client);
      // A send is the protocol's, and no turn of the machine.
      if (call.name !== "send" && call.name !== "member") turn(client);
      if (call.name === "connect" || call.name === "ping") lease(client);
      if (call.name === "connect" || call.name === "login") {
        memory.lostInBackground = false;
      }
    },
    status({ client, change, t }) {
      const memory = of(client);
      const record = truth.clients[client] as ClientRecord;
      const word = reading.get(client);
      reading.delete(client);
      // So had whoever tells another reason than a refusal that it reads (see identity.ts).
      if (word && !word.goaway && word.t === t && !["serverBusy", "rejected", "failed"].includes(change.reason))
        memory.floor = word.floor;
      const lost = change.current === "disconnected" && ["connected", "featureThrottled"].includes(change.previous);
      // Nor was it in the background that a probe failed whose deadline had passed when the signal came: its timer was late, and what is
      // due is settled first. One that the signal itself asked for has its deadline ahead.
      const before = change.reason === "probeFailed" && record.backgroundAt === t;
      // A page that is hidden closes its link itself: no loss.
      if (lost && !before && !record.hidden && !record.plan.auto && holds(record)) memory.lostInBackground = true;
    },
    dial({ client: n, wire }) {
      const client = truth.clients[n] as ClientRecord;
      const memory = of(n);
      const say = (clause: string, why: string): void => broken(clause, `client ${n} dials wire ${wire} ${why}`);
      const { mono, wall } = clocks(truth, n);
      if (client.user === null) say("R19", "while nobody is logged in");
      if (!client.wish) say("R19", client.plan.auto ? "after disconnect()" : "that nobody asked for");
      if (client.hidden) say("B5.9", "while its page is hidden");
      if (client.failed) say("B5.1", "after a refusal for good");
      if (holds(client)) {
        if (client.plan.auto) say("B3.2", `in the background, under ${JSON.stringify(client.plan.background)}`);
        else if (memory.lostInBackground) say("B4.5", "after a loss in the background");
        else if (memory.lease && Math.max(mono - memory.lease.mono, wall - memory.lease.wall) > leaseMs + 1)
          say("B4.4", "after the end of its lease");
      }
      if (memory.floor) {
        const left = memory.floor.from + memory.floor.ms - mono;
        // A floor of the past says nothing more.
        if (left > 1) say("R12", `${Math.ceil(left)} ms below the server's floor`);
        else memory.floor = undefined;
      }
    },
    tick(t) {
      for (const client of truth.clients) {
        if (client.process === 0 || truth.world.machines.length === 0) continue;
        const machine = truth.world.clients[client.n]?.o.machine;
        if (machine === undefined || machine.asleep || t - client.steadyAt < 500 || client.timersEvery > 0) continue;
        if (client.open.size === 0) continue;
        const [wire] = client.open;
        if (client.hidden) broken("B5.9", `client ${client.n} holds wire ${wire?.wire} while its page is hidden`);
        if (client.user === null) broken("B2.5", `client ${client.n} holds wire ${wire?.wire} after its logout`);
        if (!client.wish) broken("B4.1", `client ${client.n} holds wire ${wire?.wire} after disconnect()`);
        if (!holds(client)) continue;
        const { background, auto } = client.plan;
        const { mono } = clocks(truth, client.n);
        const { lease: since, turn: seen } = of(client.n);
        if (auto) {
          const grace = typeof background === "object" ? background.graceMs : 0;
          // Unacknowledged sends may defer it (B3.2), from when late timers come to it.
          if (t - Math.max(client.backgroundAt + grace, client.bornAt + grace, client.steadyAt) > 2_000 + 50)
            broken("B3.2", `client ${client.n} holds wire ${wire?.wire} in the background after its time`);
        } else if (since && Math.max(mono - since.mono, seen.wall - since.wall + mono - seen.mono) > leaseMs + 200)
          broken("B4.4", `client ${client.n} holds wire ${wire?.wire} after the end of its lease`);
      }
    },
  };
};

/** Who wants a link and has none: as far as its app, its signals and its errors tell. */
export const wants = (client: ClientRecord): boolean =>
  client.process !== 0 && client.user !== null && client.wish && !client.lapsed && !client.hidden && !client.background;

/**
 * Dials come in time: an attempt is given up within its budget (B5.8), the next comes within the cap or the floor (5.1, 5.3), a
 * wake brings it forward (5.5, 5.9, B3.3), and nobody hammers (R10, R11).
 */
export const paceLaw: MakeLaw = (truth, broken) => {
  const last = truth.clients.map(() => ({
    endAt: 0,
    wakeAt: Number.NEGATIVE_INFINITY,
    floorAt: 0,
    dials: [] as number[],
    linkedAt: Number.NEGATIVE_INFINITY,
  }));
  const of = (n: number): (typeof last)[number] => last[n] as (typeof last)[number];
  const restart = (n: number, t: number): void => {
    of(n).endAt = Math.max(of(n).endAt, t);
  };
  const floored = (n: number, t: number, least: number, spread: number): void => {
    of(n).floorAt = Math.max(of(n).floorAt, t + least + spread);
  };
  return {
    dial({ client, t }) {
      const mine = of(client);
      mine.dials.push(t);
      // 2.5 s apart at the cap of the first minute, the first seven closer; wakes, calls and tokens begin anew.
      const recent = mine.dials.filter((at) => t - at < 30_000);
      mine.dials = recent;
      if (recent.length > 22) broken("R10", `client ${client} dialled ${recent.length} times within 30 s`);
    },
    signal({ client, signal, t }) {
      const mine = of(client);
      if (["foreground", "thawed", "online", "networkChange", "clockJump", "pageShown"].includes(signal)) {
        mine.dials = [];
        mine.wakeAt = t;
      }
      restart(client, t);
    },
    call({ client, call, t }) {
      if (call.name !== "send" && call.name !== "member") {
        of(client).dials = [];
        restart(client, t);
      }
    },
    settled({ client, t }) {
      restart(client, t);
    },
    born({ client, t }) {
      const mine = of(client);
      mine.endAt = t;
      mine.dials = [];
    },
    user({ client, t }) {
      restart(client, t);
    },
    tokenAsked({ client, t }) {
      of(client).dials = [];
      restart(client, t);
    },
    wake({ client, t }) {
      restart(client, t);
    },
    closed({ client, t, code, httpStatus, retryAfterMs }) {
      restart(client, t);
      if (busyCodes.includes(code) || httpStatus >= 400) floored(client, t, retryAfterMs, 10_000);
    },
    closing({ client, t }) {
      restart(client, t);
    },
    got({ client, t, frames }) {
      for (const frame of [...objectsOf(frames, "reject"), ...objectsOf(frames, "goaway")])
        floored(client, t, Number(frame["minDelayMs"] ?? 0), Number(frame["spreadMs"] ?? 0));
    },
    tick(t) {
      for (const client of truth.clients) {
        const { n } = client;
        const mine = of(n);
        const machine = truth.world.clients[n]?.o.machine;
        if (!wants(client) || machine?.asleep || client.timersEvery > 0 || t - client.steadyAt < 1_000) continue;
        const [wire] = client.open;
        if (wire && wire.welcomedAt === undefined && t - Math.max(wire.dialedAt, client.steadyAt) > 33_000)
          broken("B5.8", `client ${n} still waits for wire ${wire.wire} after ${Math.round(t - wire.dialedAt)} ms`);
        if (wire || client.failed) continue;
        // A cap of 30 s, a token budget of 15 s, and a moment.
        const since = Math.max(mine.endAt, mine.floorAt, client.steadyAt);
        if (t - since > 46_000)
          broken("B5.1", `client ${n} has dialled nothing for ${Math.round(t - since)} ms, and wants a link`);
      }
    },
  };
};
