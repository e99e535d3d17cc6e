/**
 * A dead link is noticed in time, a living one is not called dead, and whoever can be linked in the end is (6.1–6.3, 3.1, R1, R4).
 *
 * Law: bounds are the contract's. With the heartbeat H of the link, its longest round trip R, and U bytes without an answer, the
 * probe's deadline is P = max(2.5 s, 2 R + 1 s) + U ÷ 16 kB/s; silence is noticed within H + 0.4 s + P (12.9 s at 10 s), a pending
 * acknowledgement within 2 P (5 s), a wake within P. Whoever slept, or whose timers were throttled, has two deadlines more.
 */
import { PROBE, SEND } from "../codes.js";
import type { Act } from "../plan.js";
import { wants } from "./dials.js";
import { markOf } from "./history.js";
import type { MakeLaw } from "./law.js";
import { isLinked } from "./status.js";
import { arraysOf, type WireRecord } from "./truth.js";

/** A page that is shown again has no link to ask: it was closed when the page was hidden. */
const wakes = ["foreground", "thawed", "online", "networkChange", "clockJump"];
/** What can keep a message from coming. */
const disturbing: readonly Act["do"][] = [
  "reset",
  "blackhole",
  "slow",
  "offline",
  "changeNetwork",
  "crash",
  "restart",
  "stall",
  "sleep",
  "freeze",
  "throttleTimers",
  "reload",
];
const tearing: readonly Act["do"][] = ["reset", "changeNetwork", "crash", "restart"];
interface Fresh {
  readonly times: number;
  readonly until: number;
  /** When it was granted, on the machine's clock. */
  readonly at: number;
}

/** A wake signal on a link: when, on three clocks, and whether something was read since. */
interface Woken {
  readonly t: number;
  readonly mono: number;
  readonly wall: number;
  answered: boolean;
}

/** A tick of the oracle, and rounding. */
const room = 260;

export const livenessLaw: MakeLaw = (truth, broken) => {
  /** Unanswered sends by wire: mark → when and how many bytes. */
  const pending = new Map<number, Map<string, { readonly at: number; readonly bytes: number }>>();
  const wokenAt = new Map<number, Woken>();
  const heartbeatAt = new Map<number, number>();
  /** The deadline that the last probe was given: what is settled meanwhile does not shorten it. */
  const given = new Map<number, number>();
  /**
   * The deadline of the probe before it, if something came while that was open: nobody looks again before it has passed (a message
   * makes no step, 6.5), so that silence which began under it is noticed by the next.
   */
  const givenBefore = new Map<number, number>();
  const probedMono = new Map<number, number>();
  const askedAt = new Map<number, number>();
  /** Fresh deadlines that late timers were to grant the last probe, and the end of the last one on the machine's clock: if a send is a step, and if not. */
  const fresh = [new Map<number, Fresh>(), new Map<number, Fresh>()] as const;
  /** When something last happened to a client's ways, machine or gateways, the end of it. */
  const disturbedAt = new Map<number, number>();
  /** When wires of a client were last torn: one of them may be dead for good. */
  const tornAt = new Map<number, number>();
  const disturb = (act: Act, t: number): void => {
    if (!disturbing.includes(act.do)) return;
    for (const { n } of truth.clients) {
      if ("client" in act && act.client !== null && act.client !== n) continue;
      disturbedAt.set(n, Math.max(disturbedAt.get(n) ?? 0, t + ("ms" in act ? act.ms : 0)));
      if (tearing.includes(act.do)) tornAt.set(n, t);
    }
  };

  const deadline = (wire: WireRecord): number => {
    let bytes = 0;
    for (const send of pending.get(wire.wire)?.values() ?? []) bytes += send.bytes;
    return Math.max(Math.max(2_500, 2 * wire.rttMs + 1_000) + bytes / 16, given.get(wire.wire) ?? 0);
  };

  /**
   * The client has its turn: by a signal, a call, its timers. What has been due for more than a second is late then, and is granted
   * another 2.5 s at least (B6.1), for messages may lie unread behind it; twice, and a link that was silent over three has had its chance.
   */
  const turn = (n: number, histories: readonly Map<number, Fresh>[] = fresh): void => {
    const wire = truth.clients[n]?.wire;
    const machine = truth.world.clients[n]?.o.machine;
    const asked = wire && probedMono.get(wire.wire);
    if (wire === undefined || machine === undefined || machine.asleep || asked === undefined) return;
    for (const history of histories) {
      const granted = history.get(wire.wire) ?? { times: 0, until: asked + (given.get(wire.wire) ?? 2_500), at: asked };
      if (granted.times >= 2 || machine.now() - granted.until <= 1_001) continue;
      history.set(wire.wire, { times: granted.times + 1, until: machine.now() + 2_500, at: machine.now() });
      given.set(wire.wire, deadline(wire));
    }
  };

  return {
    act: ({ act, t }) => disturb(act, t),
    // A send is the protocol's, and may or may not be a step of the machine: either history excuses a death.
    call: ({ client, call }) => turn(client, call.name === "send" ? [fresh[0]] : fresh),
    timers: ({ client, everyMs }) => {
      // Let go, they come at once; under another step they wait for its next multiple (see tick).
      if (everyMs > 0) return;
      for (const { n } of truth.clients)
        if (truth.world.clients[n]?.o.machine === truth.world.clients[client]?.o.machine) turn(n);
    },
    wake({ client, t }) {
      disturbedAt.set(client, Math.max(disturbedAt.get(client) ?? 0, t));
      turn(client);
    },
    up({ wire, frames, text, t }) {
      for (const send of arraysOf(frames, SEND)) {
        const mark = markOf(send[4]);
        if (mark === undefined || send[1] === "") continue;
        const mine = pending.get(wire) ?? new Map<string, { readonly at: number; readonly bytes: number }>();
        pending.set(wire, mine);
        mine.set(mark, { at: t, bytes: text.length });
      }
      const record = truth.wires.get(wire);
      const now = record && truth.world.clients[record.client]?.o.machine.now();
      // What is sent in the turn that grants a fresh deadline counts for it.
      if (record && fresh.some((history) => history.get(wire)?.at === now)) given.set(wire, deadline(record));
      if (record && arraysOf(frames, PROBE).length > 0) {
        const before = given.get(wire);
        if (before !== undefined && record.gotAt >= (askedAt.get(wire) ?? t)) givenBefore.set(wire, before);
        else givenBefore.delete(wire);
        askedAt.set(wire, t);
        given.delete(wire);
        given.set(wire, deadline(record));
        for (const history of fresh) history.delete(wire);
        probedMono.set(wire, truth.world.clients[record.client]?.o.machine.now() ?? t);
      }
      if (frames.some((frame) => !Array.isArray(frame) && (frame as { t?: string }).t === "heartbeat"))
        heartbeatAt.set(wire, t);
    },
    settled({ client, process, id }) {
      const call = truth.calls.get(`${client}.${process}.${id}`)?.call;
      if (call?.name !== "send") return;
      const wire = truth.clients[client]?.wire;
      if (wire) pending.get(wire.wire)?.delete(call.mark);
    },
    signal({ client: n, signal, t }) {
      turn(n);
      const client = truth.clients[n];
      if (client && wakes.includes(signal) && isLinked(client) && client.wire) {
        const machine = truth.world.clients[n]?.o.machine;
        const [mono, wall] = [machine?.now() ?? t, machine?.wall() ?? t];
        const before = wokenAt.get(client.wire.wire);
        // The leading edge of 2.5 s, by the greater of the two clocks that a client has.
        if (before === undefined || Math.max(mono - before.mono, wall - before.wall) >= 2_500)
          wokenAt.set(client.wire.wire, { t, mono, wall, answered: false });
      }
    },
    got({ wire }) {
      // What is read after the signal is life to a client (B6.1), in the same millisecond too, and however long it lay there.
      const woken = wokenAt.get(wire);
      if (woken) woken.answered = true;
    },
    status({ client: n, change, t }) {
      const client = truth.clients[n];
      if (client === undefined || change.reason !== "probeFailed" || !isLinked({ status: change.previous })) return;
      const wire = client.wire;
      const machine = truth.world.clients[n]?.o.machine;
      if (wire === undefined || machine === undefined) return;
      const say = (why: string): void => broken("B6.1", `client ${n} calls wire ${wire.wire} dead ${why}`);
      if (wire.probedAt === undefined) return say("and never asked it");
      if (wire.gotAt > wire.probedAt) return say(`at ${t}, asked at ${wire.probedAt}, and it spoke at ${wire.gotAt}`);
      const way = truth.world.way(n, wire.gateway);
      const calm = t - (disturbedAt.get(n) ?? Number.NEGATIVE_INFINITY);
      if (
        !way.blackUp &&
        !way.blackDown &&
        way.bytesPerMs === null &&
        way.delayMs + way.jitterMs <= 1_000 &&
        calm > t - wire.probedAt + 5_000 &&
        wire.dialedAt > (tornAt.get(n) ?? -1)
      )
        broken("B6.2", `client ${n} calls wire ${wire.wire} dead, and nothing was wrong with it`);
      const waited = machine.now() - (probedMono.get(wire.wire) ?? 0);
      if (waited < 2_500) return say(`${waited} ms after it asked`);
      const until = Math.min(...fresh.map((history) => history.get(wire.wire)?.until ?? Number.NEGATIVE_INFINITY));
      if (machine.now() < until - 1)
        return say(`${Math.round(until - machine.now())} ms before the end of a fresh deadline`);
    },
    tick(t) {
      for (const client of truth.clients) {
        if (client.timersEvery > 0 && t % client.timersEvery === 0) turn(client.n);
        if (client.process === 0 || !isLinked(client) || client.background || client.hidden) continue;
        const machine = truth.world.clients[client.n]?.o.machine;
        const { wire } = client;
        if (wire?.welcomedAt === undefined || machine === undefined || machine.asleep || client.timersEvery > 0)
          continue;
        const p = deadline(wire);
        // Two fresh deadlines after a sleep (B6.1).
        const steady = client.steadyAt + 2 * p;
        const since = Math.max(wire.gotAt, wire.welcomedAt);
        const told = (clause: string, what: string, from: number, within: number): void => {
          if (t - Math.max(from, steady) > within + room)
            broken(
              clause,
              `client ${client.n} is still ${client.status} on wire ${wire.wire}, ${Math.round(t - from)} ms after ${what}; ${Math.round(within)} ms are its bound`,
            );
        };
        told(
          "B6.3",
          "it heard its last",
          Math.max(since, heartbeatAt.get(wire.wire) ?? 0, client.backgroundAt),
          wire.heartbeatMs + 400 + p,
        );
        let oldest = Number.POSITIVE_INFINITY;
        for (const { at } of pending.get(wire.wire)?.values() ?? []) oldest = Math.min(oldest, at);
        if (oldest < t)
          told(
            "B6.3",
            "a send without an answer, and the last that it heard",
            Math.max(oldest, since),
            p + Math.max(p, givenBefore.get(wire.wire) ?? 0),
          );
        const woken = wokenAt.get(wire.wire);
        if (woken?.answered === false) told("R4", "a wake signal", woken.t, p);
      }
    },
    end(t) {
      for (const client of truth.clients) {
        if (!wants(client) || !client.plan.auto || isLinked(client)) continue;
        if (client.failed) continue;
        broken(
          "B3.1",
          `client ${client.n} is ${client.status} (${client.snapshot?.phase}, ${client.snapshot?.reason}) at ${t}, ${truth.plan.quietMs} ms after the last fault`,
        );
      }
    },
  };
};

/** A phase `failed` has its reason in what the server or the app's own login said (B2.7, B5.1, R17). */
export const failedLaw: MakeLaw = (truth, broken) => {
  const refusals = new Map<string, number>();
  return {
    got({ client, wire, frames }) {
      const process = truth.wires.get(wire)?.process ?? 0;
      for (const frame of frames)
        if (!Array.isArray(frame) && (frame as { t?: string }).t === "reject")
          refusals.set(`${client}.${process}`, (refusals.get(`${client}.${process}`) ?? 0) + 1);
    },
    failed({ client, process, on, code }) {
      const count = refusals.get(`${client}.${process}`) ?? 0;
      // A token that cannot be renewed, and has run out or was refused by REST, needs no gateway to say so.
      if (on && count === 0 && code !== "ERR_AUTH_REJECTED")
        broken("B5.1", `client ${client} gave up (${code}), and nobody refused it`);
    },
  };
};

/** The server gives a silent client up after three heartbeats, and no earlier (6.3). */
export const serverLaw: MakeLaw = (truth, broken) => {
  /** Gateways that stalled, crashed or ended lately: their clocks are their own. */
  const troubledAt = truth.world.gateways.map(() => Number.NEGATIVE_INFINITY);
  const trouble = (gateway: number | null | undefined, t: number): void => {
    if (gateway != null) troubledAt[gateway] = t;
  };
  const live = new Set<WireRecord>();
  return {
    act({ act, t }) {
      if (act.do === "stall" || act.do === "crash" || act.do === "restart") trouble(act.gateway, t);
    },
    actEnds({ act, t }) {
      if (act.do === "stall" || act.do === "crash" || act.do === "restart") trouble(act.gateway, t);
    },
    down({ wire }) {
      const record = truth.wires.get(wire);
      if (record?.welcomeSentAt !== undefined) live.add(record);
    },
    serverClosed({ wire }) {
      const record = truth.wires.get(wire);
      if (record) live.delete(record);
    },
    tick(t) {
      for (const wire of live) {
        const troubled = troubledAt[wire.gateway] ?? 0;
        if (!truth.world.gateways[wire.gateway]?.up || troubled > wire.dialedAt - 5_000) {
          live.delete(wire);
          continue;
        }
        // The client may have asked for less meanwhile, unheard.
        const longest = Math.max(wire.heartbeatMs, truth.plan.heartbeatMs, wire.heartbeatMost);
        if (t - Math.max(wire.heardAt, wire.welcomeSentAt ?? 0) > 3 * longest + 1_500) {
          broken(
            "B6.3",
            `gateway ${wire.gateway} keeps wire ${wire.wire}, silent for ${Math.round(t - wire.heardAt)} ms`,
          );
          live.delete(wire);
        }
      }
    },
  };
};
