/**
 * One gateway: a process with the real server half in it, which stalls, dies, and comes again.
 *
 * Law: what a gateway says is decided by `@cc/protocol/server` and nowhere here. A process that stalls hears nothing meanwhile and
 * then everything; one that died takes no word from its old wires along.
 */
import { createHub, type Hub, type HubOptions, type SessionHost } from "@cc/protocol/server";
import type { MemoryLog } from "../../gateway/memory-log.js";
import { type BrokerView, createBrokerView } from "./broker.js";
import type { FarEnd, Wire } from "./network.js";
import type { Timeline } from "./timeline.js";

/** The contract of the server half says about 250 ms; every deadline of it is judged with as much room. */
const tickMs = 250;
/** With nobody there a tick only bounds what is kept. */
const idleTickMs = 1_000;

export interface Gateway {
  readonly far: FarEnd;
  readonly hub: Hub;
  readonly broker: BrokerView;
  readonly wires: ReadonlySet<Wire>;
  readonly up: boolean;
  adopt(wire: Wire): void;
  /** The process is gone: with a reset of every connection, or without a word. */
  crash(silent: boolean): void;
  /** It ends in order. */
  stop(): void;
  start(): void;
  stall(on: boolean): void;
}

export interface GatewayOptions {
  readonly time: Timeline;
  readonly log: MemoryLog;
  readonly hub: Pick<HubOptions, "verify" | "heartbeatMs" | "admitPerSecond" | "limits" | "ringEntries" | "newId">;
}

export function createGateway({ time, log, hub: options }: GatewayOptions): Gateway {
  const wires = new Set<Wire>();
  let stalled = false;
  let queue: (() => void)[] = [];
  let alive = true;
  let broker = createBrokerView(time, log);
  /** Counts processes: a tick of an old one means nothing. */
  let life = 0;

  function build(): Hub {
    life += 1;
    const mine = life;
    const view = createBrokerView(time, log);
    view.lagMs = broker.lagMs;
    broker = view;
    const made = createHub({
      ...options,
      broker: view,
      now: time.now,
      later: (fn) =>
        void time.after(0, () => {
          if (life === mine) fn();
        }),
    });
    // A log that is out of reach at the start: tried again until it is there, as a supervisor would.
    const begin = (): void => {
      Promise.resolve()
        .then(() => made.start())
        .catch(() => life === mine && time.after(500, begin));
    };
    begin();
    const tick = (): void => {
      if (life !== mine) return;
      if (!stalled) made.tick(time.now());
      time.quietly(wires.size > 0 ? tickMs : idleTickMs, tick);
    };
    time.quietly(tickMs, tick);
    return made;
  }

  function die(): void {
    alive = false;
    life += 1;
    stalled = false;
    queue = [];
    broker.end();
  }

  let hub = build();

  const gateway: Gateway = {
    far: {
      accept: (host: SessionHost) => (alive ? hub.connect(host) : { code: 1006, reason: "" }),
      run(fn) {
        if (stalled) queue.push(fn);
        else fn();
      },
      gone: (wire) => void wires.delete(wire),
    },
    get hub() {
      return hub;
    },
    get broker() {
      return broker;
    },
    wires,
    get up() {
      return alive;
    },
    adopt: (wire) => void wires.add(wire),
    crash(silent) {
      if (!alive) return;
      die();
      for (const wire of [...wires]) {
        if (silent) wire.lose();
        else wire.reset("both");
      }
      wires.clear();
    },
    stop() {
      if (!alive) return;
      stalled = false;
      hub.stop();
      die();
    },
    start() {
      if (alive) return;
      alive = true;
      hub = build();
    },
    stall(on) {
      if (on === stalled || !alive) return;
      stalled = on;
      if (on) return;
      const now = queue;
      queue = [];
      for (const fn of now) fn();
    },
  };
  return gateway;
}
