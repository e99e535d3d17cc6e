/**
 * The world of one run: machines, clients, ways, gateways and the log, and what a plan does to them.
 *
 * Law: an act changes the world or calls the app, and undoes itself after its `ms`; two of a kind at once last as long as the
 * longer one. Chance of the run comes from the plan's seed and from who asks, so that leaving out an act moves no other's draws.
 */
import type { LifecycleSignal, LinkClose } from "@cc/core";
import { createMemoryLog, type MemoryLog } from "../../gateway/memory-log.js";
import { createMemoryTokens, type MemoryTokens } from "../../gateway/memory-tokens.js";
import { createRandom, type Random } from "../../random.js";
import type { Act, Plan } from "../plan.js";
import { Client } from "./client.js";
import type { Fact, Frame } from "./facts.js";
import { createGateway, type Gateway } from "./gateway.js";
import { createMachine, type Machine } from "./machine.js";
import { createWire, type WayState, type Wire } from "./network.js";
import { createTimeline, type Timeline } from "./timeline.js";
import { createDoor } from "./tokens.js";

/** What an undisturbed way does. */
const usual = { delayMs: 15, jitterMs: 2, bytesPerMs: null } as const;

export interface World {
  readonly time: Timeline;
  readonly log: MemoryLog;
  readonly tokens: MemoryTokens;
  readonly clients: readonly Client[];
  readonly machines: readonly Machine[];
  readonly gateways: readonly Gateway[];
  /** How the way between the two behaves now. */
  way(client: number, gateway: number): WayState;
  /** Every app starts. */
  begin(): void;
  do(act: Act): void;
}

type Fault =
  | Extract<Act, { readonly do: "blackhole" | "refuse" | "slow" }>
  | { readonly do: "away"; readonly client: number };

/** What went over a wire last: each message is looked at where it is written, heard, said and read. */
const parsed = new Map<string, readonly Frame[]>();

const parse = (text: string): readonly Frame[] => {
  const known = parsed.get(text);
  if (known) return known;
  const frames = framesOf(text);
  if (parsed.size > 200) parsed.clear();
  parsed.set(text, frames);
  return frames;
};

const framesOf = (text: string): readonly Frame[] => {
  const message = JSON.parse(text) as Frame | readonly Frame[];
  return Array.isArray(message) && typeof message[0] === "object" ? (message as readonly Frame[]) : [message as Frame];
};

export function createWorld(plan: Plan, tell: (fact: Fact) => void): World {
  const time = createTimeline();
  const random = createRandom(plan.seed ^ 0x5bd1e995);
  const log = createMemoryLog({ clock: time, stride: plan.stride });
  const table = createMemoryTokens(time);
  const made = new Map<string, string[]>();
  const tokens: MemoryTokens = {
    ...table,
    token(user, lifeMs) {
      const word = table.token(user, lifeMs);
      made.set(user, [...(made.get(user) ?? []).slice(-20), word]);
      return word;
    },
  };
  const faults = new Set<Fault>();
  const silent = new Set<number>();
  let names = 0;
  let wires = 0;
  let published = 0;

  log.follow(0, 0, {
    entry: (entry) => tell({ type: "entry", epoch: log.epoch, entry }),
    reset: (epoch) => tell({ type: "epoch", epoch }),
  });

  const gateways = Array.from({ length: plan.gateways }, () =>
    createGateway({
      time,
      log,
      hub: {
        verify: tokens.verify,
        heartbeatMs: plan.heartbeatMs,
        // A small ring, so that the log itself is read, and no gap comes of it.
        ringEntries: 64,
        newId: () => {
          names += 1;
          return `s${names}`;
        },
      },
    }),
  );

  const concerns = (fault: Fault, client: number, gateway: number): boolean =>
    (fault.client === null || fault.client === client) &&
    (fault.do === "away" || fault.gateway === null || fault.gateway === gateway);

  function way(client: number, gateway: number): WayState {
    let { delayMs, jitterMs }: { delayMs: number; jitterMs: number } = usual;
    let bytesPerMs: number | null = usual.bytesPerMs;
    let blackUp = silent.has(gateway);
    let blackDown = blackUp;
    for (const fault of faults) {
      if (!concerns(fault, client, gateway)) continue;
      if (fault.do === "away") blackUp = blackDown = true;
      else if (fault.do === "blackhole") {
        blackUp ||= fault.direction !== "down";
        blackDown ||= fault.direction !== "up";
      } else if (fault.do === "slow") {
        delayMs = Math.max(delayMs, fault.delayMs);
        jitterMs = Math.max(jitterMs, fault.jitterMs);
        if (fault.bytesPerMs !== null) bytesPerMs = Math.min(bytesPerMs ?? fault.bytesPerMs, fault.bytesPerMs);
      }
    }
    return { delayMs, jitterMs, bytesPerMs, blackUp, blackDown };
  }

  function steer(): void {
    for (const gateway of gateways) for (const wire of gateway.wires) wire.steer(way(wire.client, wire.gateway));
  }
  const add = (fault: Fault): void => {
    faults.add(fault);
    steer();
  };
  const drop = (fault: Fault): void => {
    faults.delete(fault);
    steer();
  };

  const refusal = (client: number, gateway: number): LinkClose | undefined => {
    for (const fault of faults) {
      if (fault.do !== "refuse" || !concerns(fault, client, gateway)) continue;
      if (fault.how === "busy") return { code: 1006, reason: "", httpStatus: 503, retryAfterMs: 2_000 };
      if (fault.how === "limit") return { code: 1006, reason: "", httpStatus: 429, retryAfterMs: 1_000 };
      return { code: fault.how === "restart" ? 1013 : 1006, reason: "" };
    }
    return undefined;
  };

  function dial(client: Client, handlers: Parameters<typeof createWire>[0]["handlers"], draw: Random): Wire["link"] {
    const { n, machine } = client.o;
    const process = client.process?.n ?? 0;
    wires += 1;
    const number = wires;
    // A balancer that knows most of what is down.
    const alive = gateways.flatMap(({ up }, index) => (up ? [index] : []));
    const chosen = draw.chance(0.85) && alive.length > 0 ? draw.pick(alive) : draw.int(gateways.length);
    const gateway = gateways[chosen] as Gateway;
    const at = { client: n, wire: number };
    tell({ type: "dial", process, gateway: chosen, ...at });
    const wire = createWire({
      time,
      machine,
      handlers,
      client: n,
      gateway: chosen,
      random: draw.fork(),
      way: way(n, chosen),
      far: {
        ...gateway.far,
        accept: (host) => refusal(n, chosen) ?? gateway.far.accept(host),
        run: gateway.far.run,
      },
      watch: {
        opened: () => tell({ type: "opened", ...at }),
        up: (text) => tell({ type: "up", text, frames: parse(text), ...at }),
        heard: (text) => tell({ type: "heard", frames: parse(text), ...at }),
        down: (text) => tell({ type: "down", frames: parse(text), ...at }),
        got: (text) => tell({ type: "got", text, frames: parse(text), ...at }),
        closing: (code) => tell({ type: "closing", code, ...at }),
        closed: ({ code, httpStatus = 0, retryAfterMs = 0 }) =>
          tell({ type: "closed", code, httpStatus, retryAfterMs, ...at }),
        serverClosed: () => tell({ type: "serverClosed", ...at }),
      },
    });
    gateway.adopt(wire);
    return wire.link;
  }

  const machines: Machine[] = [];
  const clients: Client[] = [];
  for (const [n, planned] of plan.clients.entries()) {
    const beside = planned.besides === null ? undefined : clients[planned.besides];
    const machine = beside?.o.machine ?? createMachine(time, planned.wallMs);
    if (beside === undefined) machines.push(machine);
    const draw = createRandom((plan.seed ^ Math.imul(n + 7, 0xc2b2ae35)) >>> 0);
    const client: Client = new Client({
      n,
      plan: planned,
      seed: plan.seed,
      time,
      machine,
      tokens,
      shared: beside,
      door: createDoor({
        time,
        machine,
        tokens,
        delay: () => {
          // The REST servers stand elsewhere: only what cuts this client off from everything cuts it off from them.
          for (const fault of faults)
            if (
              (fault.do === "away" || fault.do === "blackhole") &&
              fault.client === n &&
              (fault.do === "away" || fault.gateway === null)
            )
              return null;
          return usual.delayMs;
        },
        lifeMs: () => planned.tokenLifeMs,
        asked: (how) => tell({ type: "tokenAsked", client: n, how }),
      }),
      open: (_url, _options, handlers) => dial(client, handlers, draw),
      tell,
      abandon: () => {
        for (const { wires: all } of gateways) for (const wire of [...all]) if (wire.client === n) wire.abandon();
      },
    });
    clients.push(client);
  }

  const wiresOf = (client: number | null, gateway: number | null): Wire[] =>
    gateways.flatMap(({ wires: all }, index) =>
      gateway === null || gateway === index ? [...all].filter((wire) => client === null || wire.client === client) : [],
    );

  const lasting = (ms: number, act: Act, end: () => void): void => {
    time.after(ms, () => {
      end();
      tell({ type: "actEnds", act });
    });
  };

  /** Counts who wants something of a client's surroundings: told when the first begins and the last ends. */
  const counted = (
    client: Client,
    what: "background" | "hidden" | "offline",
    act: Act & { readonly ms: number },
    begins: LifecycleSignal,
    ends: LifecycleSignal,
  ): void => {
    client[what] += 1;
    if (client[what] === 1) client.signal(begins);
    lasting(act.ms, act, () => {
      client[what] -= 1;
      if (client[what] === 0) client.signal(ends);
    });
  };

  function asleep(
    client: Client,
    act: Act & { readonly ms: number },
    kind: "stopped" | "late",
    first: "timers" | "network",
    told: () => void,
  ): void {
    const { machine } = client.o;
    const beside = clients.filter(({ o }) => o.machine === machine);
    if (beside.some(({ sleeps }) => sleeps > 0)) return;
    client.sleeps += 1;
    for (const { o } of beside) tell({ type: "sleep", client: o.n });
    machine.sleep(kind);
    lasting(act.ms, act, () => {
      client.sleeps -= 1;
      machine.wake(first, told);
      for (const { o } of beside) tell({ type: "wake", client: o.n });
    });
  }

  function perform(act: Act): void {
    const client = "client" in act && act.client !== null ? (clients[act.client] as Client) : undefined;
    const gateway = "gateway" in act && act.gateway !== null ? (gateways[act.gateway] as Gateway) : undefined;
    if (act.do === "blackhole" || act.do === "refuse" || act.do === "slow") {
      add(act);
      return lasting(act.ms, act, () => drop(act));
    }
    if (act.do === "reset") {
      for (const wire of wiresOf(act.client, act.gateway)) wire.reset(act.side);
      return;
    }
    if (client) return onClient(client, act);
    if (gateway) return onGateway(gateway, act);
    if (act.do === "revoke") {
      for (const one of gateways) if (one.up) one.hub.revoke({ user: act.user });
      for (const word of made.get(act.user) ?? []) tokens.revoke(word);
    } else if (act.do === "forget") log.forget(log.entries.at(-1 - act.keep)?.n ?? 0);
    else if (act.do === "beginAnew") log.beginAnew();
  }

  function onClient(client: Client, act: Act): void {
    const { machine, n, door } = client.o;
    const { process } = client;
    /** What the app does, it does when its machine runs. */
    const app = (fn: () => void): void => machine.run(fn);
    switch (act.do) {
      case "send":
        return app(() => {
          for (let k = 0; k < act.count; k += 1)
            client.send(act.channel, act.how, act.bytes, act.timeoutMs, act.chained);
        });
      case "member":
        return app(() => client.member(act.channel, act.change));
      case "call": {
        const { call } = act;
        return app(() => {
          if (call !== "connect") client.call(call);
          else if (client.process) client.connect(client.process);
        });
      }
      case "logout":
        return app(() => {
          client.want = null;
          client.call("logout");
        });
      case "login":
        return app(() => {
          client.want = { user: act.user, by: act.by };
          if (client.process) client.enter(client.process);
        });
      case "reload":
        if (process === undefined || machine.asleep) return;
        client.end(act.flush);
        return lasting(act.ms, act, () => machine.run(() => client.boot()));
      case "background":
        counted(client, "background", act, { type: "background" }, { type: "foreground" });
        if (act.pingMs !== null && !client.o.plan.auto) {
          for (let at = act.pingMs; at < act.ms; at += act.pingMs) time.after(at, () => app(() => client.call("ping")));
        }
        return;
      case "hide":
        return counted(client, "hidden", act, { type: "pageHidden" }, { type: "pageShown", persisted: true });
      case "freeze":
        if (machine.asleep) return;
        client.signal({ type: "frozen" });
        return asleep(client, act, "late", "timers", () => client.signal({ type: "thawed" }));
      case "sleep":
        if (machine.asleep) return;
        return asleep(client, act, act.kind, act.first, () => {
          if (!act.told) return;
          for (const each of clients) if (each.o.machine === machine) each.signal({ type: "clockJump", ms: act.ms });
        });
      case "throttleTimers":
        machine.throttle(act.everyMs);
        tell({ type: "timers", client: n, everyMs: act.everyMs });
        return lasting(act.ms, act, () => {
          machine.throttle(0);
          tell({ type: "timers", client: n, everyMs: 0 });
        });
      case "setWall":
        machine.wallMs += act.byMs;
        if (act.told) client.signal({ type: "clockJump", ms: act.byMs });
        return;
      case "offline": {
        const fault: Fault = { do: "away", client: n };
        if (act.really) {
          add(fault);
          lasting(act.ms, act, () => drop(fault));
        }
        return counted(client, "offline", act, { type: "offline" }, { type: "online" });
      }
      case "changeNetwork":
        if (act.really) for (const wire of wiresOf(n, null)) wire.lose();
        return client.signal({ type: "networkChange" });
      case "storage":
        return storage(client, act);
      case "auth":
        door.fault = act.fault;
        return lasting(act.ms, act, () => {
          door.fault = undefined;
        });
    }
  }

  function storage(client: Client, act: Extract<Act, { readonly do: "storage" }>): void {
    const { fault } = act;
    if (fault === "corrupt") {
      client.corrupt((n) => random.int(n));
      return;
    }
    const both = [client.storage, client.tab];
    for (const one of both) {
      if (fault === "slow") one.slowMs = 700;
      else if (fault === "full") one.capacity = 0;
      else one.fail = { ...one.fail, [fault]: new Error(`storage: no ${fault}`) };
    }
    lasting(act.ms, act, () => {
      for (const one of both) {
        one.slowMs = 0;
        one.capacity = Number.POSITIVE_INFINITY;
        one.fail = undefined;
      }
    });
  }

  function onGateway(gateway: Gateway, act: Act): void {
    const index = gateways.indexOf(gateway);
    switch (act.do) {
      case "crash":
        if (!gateway.up) return;
        gateway.crash(act.silent);
        if (act.silent) silent.add(index);
        steer();
        return lasting(act.ms, act, () => {
          silent.delete(index);
          gateway.start();
          steer();
        });
      case "restart":
        if (!gateway.up) return;
        gateway.stop();
        return lasting(act.ms, act, () => gateway.start());
      case "drain": {
        if (!gateway.up) return;
        const { hub } = gateway;
        hub.drain({ minDelayMs: act.minDelayMs, spreadMs: act.spreadMs });
        return lasting(act.ms, act, () => hub.undrain());
      }
      case "stall":
        gateway.stall(true);
        return lasting(act.ms, act, () => gateway.stall(false));
      case "throttle": {
        if (!gateway.up) return;
        const { hub } = gateway;
        hub.throttle(act.features.map((feature) => ({ feature, reason: "load", forMs: act.forMs })));
        return lasting(act.ms, act, () => hub.throttle([]));
      }
      case "brokerSlow":
        gateway.broker.lagMs = act.lagMs;
        return lasting(act.ms, act, () => {
          gateway.broker.lagMs = 0;
        });
      case "brokerAway": {
        const { broker } = gateway;
        broker.away = { applies: act.applies };
        return lasting(act.ms, act, () => broker.back());
      }
      case "publish":
        if (!gateway.up) return;
        for (let k = 0; k < act.count; k += 1) {
          published += 1;
          const data = { mark: `p${published}` };
          // An operator whose gateway cannot reach the log is told so; nothing is promised to him here.
          Promise.resolve()
            .then(() => gateway.hub.publish({ channel: act.channel, kind: "message", from: "operator", data }))
            .catch(() => {});
        }
        return;
      case "cast":
        if (gateway.up) gateway.hub.cast({ channel: act.channel, kind: "typing", from: "operator", data: {} });
        return;
      case "kick":
        if (!gateway.up) return;
        Promise.resolve()
          .then(() => gateway.hub.member(act.channel, act.user, "kicked", "operator"))
          .catch(() => {});
    }
  }

  return {
    time,
    log,
    tokens,
    clients,
    machines,
    gateways,
    way,
    begin() {
      for (const [n, client] of clients.entries()) time.after(n * 37, () => client.boot());
    },
    do: perform,
  };
}
