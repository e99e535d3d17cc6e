/**
 * What a run has come to, folded out of its facts: the oracle's own idea of clients, wires and the log.
 *
 * Law: nothing here asks the product. What an app knows by its own calls, what a server and a wire saw, is all there is.
 */
import type { Snapshot, Status } from "@cc/core";
import { PROBE } from "../codes.js";
import type { Plan, PlannedClient } from "../plan.js";
import type { Call, Failure, Frame, Told } from "../world/facts.js";
import type { World } from "../world/world.js";
import { createHistory, type History } from "./history.js";

/** One connection. Times are true ms; `undefined`: not yet. */
export interface WireRecord {
  readonly wire: number;
  readonly client: number;
  readonly process: number;
  readonly gateway: number;
  readonly dialedAt: number;
  readonly hello: Record<string, unknown> | undefined;
  /** Sent by the server, and arrived. */
  readonly welcomeSentAt: number | undefined;
  readonly welcomedAt: number | undefined;
  readonly welcome: Record<string, unknown> | undefined;
  /** The client was told of a whole message last. */
  readonly gotAt: number;
  readonly heardAt: number;
  /** The client's last probe. */
  readonly probedAt: number | undefined;
  /** The client let go of it, or was told of its end. */
  readonly endedAt: number | undefined;
  readonly serverClosedAt: number | undefined;
  /** Heartbeat in force, as the client last asked for it. */
  readonly heartbeatMs: number;
  /** The longest that the server was asked for. */
  readonly heartbeatMost: number;
  /** Features that the server said last, and when. */
  readonly throttled: readonly { readonly feature: string; readonly forMs: number | null }[];
  readonly throttledAt: number;
  /** The last token sent on it. */
  readonly token: string | undefined;
  /** Longest round trip of a probe that was answered on it. */
  readonly rttMs: number;
}

/** A call of the app. */
export interface CallRecord {
  readonly id: number;
  readonly call: Call;
  readonly client: number;
  readonly process: number;
  readonly user: string | null;
  readonly at: number;
  /** On the machine's own clock. */
  readonly mono: number;
  readonly settledAt: number | undefined;
  readonly ok: boolean;
  readonly error: Failure | undefined;
  /** First time that it was handed to a wire. */
  readonly firstUpAt: number | undefined;
}

export interface ClientRecord {
  readonly n: number;
  readonly plan: PlannedClient;
  /** 0: none lives. */
  readonly process: number;
  readonly bornAt: number;
  readonly status: Status;
  readonly snapshot: Snapshot | undefined;
  readonly user: string | null;
  /** Told to have given up; until a call or a login begins anew. */
  readonly failed: boolean;
  /** What the app asked for last: `connect()`, a login; or `disconnect()`. */
  readonly wish: boolean;
  /** In manual mode a background may have ended the wish by its lease or by a loss: only `connect()` renews it (B4.5). */
  readonly lapsed: boolean;
  readonly background: boolean;
  readonly backgroundAt: number;
  readonly hidden: boolean;
  readonly awakeAt: number;
  /** Timers were late, or time stood still, until then. */
  readonly steadyAt: number;
  readonly timersEvery: number;
  /** The last wire that was dialled. */
  readonly wire: WireRecord | undefined;
  /** Those it has not let go of. */
  readonly open: ReadonlySet<WireRecord>;
  /** Until when storage failed, or will; positions may be lost. */
  readonly storageFaultAt: number;
  readonly wallSetAt: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface Truth {
  readonly plan: Plan;
  readonly world: World;
  readonly history: History;
  readonly clients: readonly ClientRecord[];
  readonly wires: ReadonlyMap<number, WireRecord>;
  readonly calls: ReadonlyMap<string, CallRecord>;
  /** Sends by their mark. */
  readonly sends: ReadonlyMap<string, CallRecord>;
  /** The clients on one storage with this one, itself included. */
  shares(client: number): readonly number[];
  fold(fact: Told): void;
}

const isObject = (frame: Frame): frame is Extract<Frame, { readonly t?: string }> => !Array.isArray(frame);
export const objectsOf = (frames: readonly Frame[], t: string): readonly Record<string, unknown>[] =>
  frames.filter((frame) => isObject(frame) && frame.t === t) as Record<string, unknown>[];
export const arraysOf = (frames: readonly Frame[], code: number): readonly (readonly unknown[])[] =>
  frames.filter((frame) => Array.isArray(frame) && frame[0] === code) as (readonly unknown[])[];

const callKey = (client: number, process: number, id: number): string => `${client}.${process}.${id}`;

export function createTruth(plan: Plan, world: World): Truth {
  const clients = plan.clients.map((planned, n): Writable<ClientRecord> & { open: Set<WireRecord> } => ({
    n,
    plan: planned,
    process: 0,
    bornAt: 0,
    status: "disconnected",
    snapshot: undefined,
    user: null,
    failed: false,
    wish: false,
    lapsed: false,
    background: false,
    backgroundAt: 0,
    hidden: false,
    awakeAt: 0,
    steadyAt: 0,
    timersEvery: 0,
    wire: undefined,
    open: new Set(),
    storageFaultAt: Number.NEGATIVE_INFINITY,
    wallSetAt: Number.NEGATIVE_INFINITY,
  }));
  const wires = new Map<number, Writable<WireRecord>>();
  /** What was wished when the login began that runs. */
  const undo = new Map<number, { readonly record: CallRecord; readonly wish: boolean }>();
  const calls = new Map<string, Writable<CallRecord>>();
  const sends = new Map<string, Writable<CallRecord>>();
  const history = createHistory();
  /** Tabs beside tabs are on one machine, and so on one storage. */
  const shares = (n: number): readonly number[] =>
    clients.flatMap((other) => (world.clients[other.n]?.o.machine === world.clients[n]?.o.machine ? [other.n] : []));

  function onWire(wire: Writable<WireRecord>, fact: Told): void {
    const client = clients[wire.client];
    if (client === undefined) return;
    const { t } = fact;
    switch (fact.type) {
      case "up":
        for (const hello of objectsOf(fact.frames, "hello")) {
          wire.hello = hello;
          wire.token = hello["token"] as string;
        }
        for (const { token } of objectsOf(fact.frames, "token")) wire.token = token as string;
        for (const { ms } of objectsOf(fact.frames, "heartbeat")) {
          wire.heartbeatMs = ms as number;
          wire.heartbeatMost = Math.max(wire.heartbeatMost, ms as number);
        }
        if (arraysOf(fact.frames, PROBE).length > 0) wire.probedAt = t;
        return;
      case "heard":
        wire.heardAt = t;
        return;
      case "down":
        if (objectsOf(fact.frames, "welcome").length > 0) wire.welcomeSentAt = t;
        return;
      case "got":
        wire.gotAt = t;
        if (wire.endedAt !== undefined) return;
        for (const welcome of objectsOf(fact.frames, "welcome")) {
          wire.welcomedAt = t;
          wire.welcome = welcome;
          wire.heartbeatMs = welcome["heartbeatMs"] as number;
          wire.throttled = welcome["throttled"] as WireRecord["throttled"];
          wire.throttledAt = t;
        }
        for (const { features } of objectsOf(fact.frames, "throttle")) {
          wire.throttled = features as WireRecord["throttled"];
          wire.throttledAt = t;
        }
        if (arraysOf(fact.frames, PROBE).length > 0 && wire.probedAt !== undefined)
          wire.rttMs = Math.max(wire.rttMs, t - wire.probedAt);
        return;
      case "closing":
      case "closed":
        wire.endedAt ??= t;
        client.open.delete(wire);
        return;
      case "serverClosed":
        wire.serverClosedAt = t;
    }
  }

  const truth: Truth = {
    plan,
    world,
    history,
    clients,
    wires,
    calls,
    sends,
    shares,
    fold(fact) {
      const { t } = fact;
      history.fold(fact);
      if (fact.type === "dial") {
        const wire: Writable<WireRecord> = {
          wire: fact.wire,
          client: fact.client,
          process: fact.process,
          gateway: fact.gateway,
          dialedAt: t,
          hello: undefined,
          welcomeSentAt: undefined,
          welcomedAt: undefined,
          welcome: undefined,
          gotAt: Number.NEGATIVE_INFINITY,
          heardAt: t,
          probedAt: undefined,
          endedAt: undefined,
          serverClosedAt: undefined,
          heartbeatMs: plan.heartbeatMs,
          heartbeatMost: plan.heartbeatMs,
          throttled: [],
          throttledAt: t,
          token: undefined,
          rttMs: 0,
        };
        wires.set(fact.wire, wire);
        const client = clients[fact.client];
        if (client) {
          client.wire = wire;
          client.open.add(wire);
        }
        return;
      }
      if ("wire" in fact) {
        const wire = wires.get(fact.wire);
        if (wire) onWire(wire, fact);
        return;
      }
      if (fact.type === "act") {
        const { act } = fact;
        if (act.do === "storage")
          for (const n of shares(act.client)) (clients[n] as Writable<ClientRecord>).storageFaultAt = t + act.ms;
        if (act.do === "setWall")
          for (const n of shares(act.client)) (clients[n] as Writable<ClientRecord>).wallSetAt = t;
      }
      if (fact.type === "actEnds" && fact.act.do === "storage")
        for (const n of shares(fact.act.client)) (clients[n] as Writable<ClientRecord>).storageFaultAt = t;
      if (!("client" in fact)) return;
      const client = clients[fact.client];
      if (client === undefined) return;
      switch (fact.type) {
        case "born":
          client.process = fact.process;
          client.bornAt = t;
          client.status = "disconnected";
          client.snapshot = undefined;
          client.user = null;
          client.failed = false;
          client.wish = client.plan.auto;
          client.lapsed = false;
          client.hidden = false;
          client.wire = undefined;
          client.background = (world.clients[fact.client]?.background ?? 0) > 0;
          client.backgroundAt = t;
          return;
        case "gone":
          client.process = 0;
          for (const wire of client.open) (wire as Writable<WireRecord>).endedAt ??= t;
          client.open.clear();
          return;
        case "call": {
          const mono = world.clients[fact.client]?.o.machine.now() ?? t;
          const { id, call, process } = fact;
          const record: Writable<CallRecord> = {
            id,
            call,
            client: fact.client,
            process,
            user: client.user,
            at: t,
            mono,
            settledAt: undefined,
            ok: false,
            error: undefined,
            firstUpAt: undefined,
          };
          calls.set(callKey(fact.client, process, id), record);
          if (call.name === "send") sends.set(call.mark, record);
          if (call.name === "connect" || call.name === "disconnect") undo.delete(client.n);
          if (call.name === "connect") {
            client.wish = true;
            client.lapsed = client.background && !client.plan.auto;
          }
          if (call.name === "login" && client.plan.auto) {
            undo.set(client.n, { record, wish: client.wish });
            client.wish = true;
          }
          if (call.name === "disconnect") client.wish = false;
          if (call.name === "logout") client.user = null;
          return;
        }
        case "settled": {
          const record = calls.get(callKey(fact.client, fact.process, fact.id));
          if (record === undefined) return;
          record.settledAt = t;
          record.ok = fact.ok;
          record.error = fact.error;
          if (record.call.name !== "login") return;
          if (!fact.ok) {
            // "The next login" of B3.4 is the next that succeeds: one that fails leaves what was asked for before it.
            const before = undo.get(client.n);
            if (before?.record === record) client.wish = before.wish;
            return;
          }
          client.user = record.call.user;
          if (client.plan.auto) client.wish = true;
          return;
        }
        case "user":
          client.user = fact.user;
          if (fact.user === null && !client.plan.auto) client.wish = false;
          return;
        case "status":
          client.status = fact.change.current;
          client.snapshot = fact.snapshot;
          return;
        case "failed":
          client.failed = fact.on;
          return;
        case "signal":
          if (client.process === 0) return;
          if (fact.signal === "background" && !client.background) {
            client.background = true;
            client.backgroundAt = t;
            client.lapsed ||= !client.plan.auto && client.plan.background !== "keep";
          }
          if (fact.signal === "foreground") client.background = false;
          if (fact.signal === "pageHidden") client.hidden = true;
          if (fact.signal === "pageShown") client.hidden = false;
          return;
        case "wake":
          client.awakeAt = t;
          client.steadyAt = t;
          return;
        case "timers":
          for (const other of clients) {
            if (world.clients[other.n]?.o.machine !== world.clients[client.n]?.o.machine) continue;
            // What the larger step held back comes with the next turn of the smaller one.
            if (fact.everyMs < other.timersEvery) other.steadyAt = t;
            other.timersEvery = fact.everyMs;
          }
      }
    },
  };
  return truth;
}
