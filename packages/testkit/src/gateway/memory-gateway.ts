/**
 * A gateway without sockets: the real server half of cc.1, reached by an `OpenLink` that lives in virtual time.
 *
 * Law: what the server says is decided by `@cc/protocol/server` and nowhere here. This file is the network between:
 * it delays, holds back, cuts and refuses, each as the fault proxy does to real sockets. Nothing runs while no link
 * stands, so a test's clock comes to rest.
 */
import type { Clock, Link, LinkClose, LinkHandlers, OpenLink, RandomSource } from "@cc/core";
import { SUBPROTOCOL } from "@cc/protocol";
import { createHub, type Hub, type HubOptions, type ServerSession } from "@cc/protocol/server";
import { createMemoryLog, type MemoryLog } from "./memory-log.js";
import { createMemoryTokens, type MemoryTokens } from "./memory-tokens.js";
import { createVirtualLane, type VirtualLane } from "./virtual-lane.js";

/** How often the hub's own clock ticks while a link stands, ms. */
const tickMs = 250;

export interface MemoryGatewayOptions {
  readonly clock: Clock;
  /** Names sessions and tokens. Default: a counter. */
  readonly random?: RandomSource;
  /** A log to share with other gateways. Default: one of its own. */
  readonly log?: MemoryLog;
  /** What else the hub is made with, limits for example. */
  readonly hub?: Partial<Omit<HubOptions, "broker" | "now" | "later" | "newId">>;
}

export interface MemoryGateway extends MemoryTokens {
  /** The transport port to give to a client; any URL will do. */
  readonly open: OpenLink;
  /** The server half at work; another one after `crash()`. */
  readonly hub: Hub;
  readonly log: MemoryLog;
  /** Links that the server holds, as far as it knows. */
  readonly connections: number;
  /** Links taken since the start. */
  readonly accepted: number;
  /** Messages that reached the server, of all links, oldest first. */
  readonly heard: readonly string[];
  /** Resets every connection: both sides are told 1006, in later tasks. */
  cut(): void;
  /** Lets nothing through on standing and new connections until `blackhole(false)`; then what was held arrives. Default: both directions. */
  blackhole(on: boolean, direction?: "toClient" | "toServer"): void;
  /** Each message takes `ms` ms each way, on standing and new connections. */
  delay(ms: number): void;
  /** Refuses new attempts with this end (`true`: 1006 and nothing more) until `refuse(false)`. */
  refuse(how: boolean | Partial<LinkClose>): void;
  /** The process dies: every link is cut and the hub begins anew on the same log. */
  crash(): void;
}

interface Wire {
  readonly up: VirtualLane;
  readonly down: VirtualLane;
  cut(): void;
}

/** A gateway, ready at once (unless the log answers by promises). */
export function createMemoryGateway(options: MemoryGatewayOptions): MemoryGateway {
  const { clock, log = createMemoryLog({ clock }) } = options;
  const tokens = createMemoryTokens(clock);
  const wires = new Set<Wire>();
  const heard: string[] = [];
  const black = { toClient: false, toServer: false };
  let delayMs = 0;
  let refusal: Partial<LinkClose> | undefined;
  let accepted = 0;
  let names = 0;
  let ticking = false;

  const newId = (): string => {
    names += 1;
    return options.random === undefined ? `s${names}` : `s${Math.floor(options.random() * 2 ** 48).toString(36)}`;
  };
  const build = (): Hub => {
    const made = createHub({
      verify: tokens.verify,
      ...options.hub,
      broker: log,
      now: clock.now,
      later: (fn) => void clock.after(0, fn, false),
      newId,
    });
    void Promise.resolve(made.start()).catch(() => {});
    return made;
  };
  let hub = build();

  const beat = (): void => {
    if (ticking || wires.size === 0) return;
    ticking = true;
    const tick = (): void => {
      ticking = false;
      hub.tick(clock.now());
      beat();
    };
    clock.after(tickMs, tick, false);
  };

  const open: OpenLink = (_url, { subprotocols }, handlers) => {
    const wire = createWire(clock, handlers, {
      accept: () => {
        if (refusal !== undefined) return { code: 1006, reason: "", ...refusal };
        if (!subprotocols.includes(SUBPROTOCOL)) return { code: 1006, reason: "", httpStatus: 400 };
        accepted += 1;
        return hub;
      },
      heard: (text) => void heard.push(text),
      gone: () => void wires.delete(wire),
    });
    wires.add(wire);
    beat();
    wire.up.delayMs = delayMs;
    wire.down.delayMs = delayMs;
    wire.up.black(black.toServer);
    wire.down.black(black.toClient);
    return wire.link;
  };
  const cut = (): void => {
    for (const wire of [...wires]) wire.cut();
  };

  return {
    ...tokens,
    open,
    log,
    heard,
    get hub() {
      return hub;
    },
    get connections() {
      return hub.stats().connections;
    },
    get accepted() {
      return accepted;
    },
    cut,
    blackhole(on, only) {
      if (only !== "toServer") black.toClient = on;
      if (only !== "toClient") black.toServer = on;
      for (const { up, down } of wires) {
        up.black(black.toServer);
        down.black(black.toClient);
      }
    },
    delay(ms) {
      delayMs = ms;
      for (const { up, down } of wires) {
        up.delayMs = ms;
        down.delayMs = ms;
      }
    },
    refuse(how) {
      refusal = how === true ? {} : how === false ? undefined : how;
    },
    crash() {
      cut();
      hub.stop();
      hub = build();
    },
  };
}

interface FarEnd {
  /** Takes the connection, or says how it ends. */
  readonly accept: () => Hub | LinkClose;
  readonly heard: (text: string) => void;
  readonly gone: () => void;
}

/** Both ends of one connection and the two lanes between. */
function createWire(clock: Clock, handlers: LinkHandlers, far: FarEnd): Wire & { readonly link: Link } {
  const up = createVirtualLane(clock);
  const down = createVirtualLane(clock);
  let session: ServerSession | undefined;
  let state: "connecting" | "open" | "closing" | "closed" = "connecting";
  let serverClosed = false;

  const finish = (close: LinkClose): void => {
    if (state === "closed") return;
    state = "closed";
    up.end();
    down.end();
    far.gone();
    handlers.closed(close);
  };
  const serverGone = (): void => {
    if (serverClosed) return;
    serverClosed = true;
    session?.closed();
    // Both sides have given it up: what is still held back concerns nobody.
    if (state === "closing") far.gone();
  };
  const say = (close: LinkClose): void => down.push(() => finish(close));

  up.push(() => {
    const taken = far.accept();
    if (!("connect" in taken)) return say(taken);
    down.push(() => {
      if (state !== "connecting") return;
      state = "open";
      handlers.opened(SUBPROTOCOL);
    });
    session = taken.connect({
      send: (text) => {
        if (serverClosed) return;
        down.push(() => {
          if (state !== "closed") handlers.message(text);
        }, text.length);
      },
      close: (code, reason) => {
        if (serverClosed) return;
        say({ code, reason });
        serverGone();
      },
      buffered: () => down.held,
    });
  });

  return {
    up,
    down,
    link: {
      send(data) {
        if (state !== "open") return;
        up.push(
          () => {
            if (serverClosed || session === undefined) return;
            // cc.1 is text; a binary message is what the session calls malformed, as an empty one.
            const text = typeof data === "string" ? data : "";
            far.heard(text);
            session.receive(text);
          },
          typeof data === "string" ? data.length : data.byteLength,
        );
      },
      close(code = 1000, reason = "") {
        if (state === "closing" || state === "closed") return;
        state = "closing";
        up.push(() => {
          serverGone();
          say({ code, reason });
        });
      },
      get bufferedAmount() {
        return up.held;
      },
    },
    cut() {
      up.end();
      down.end();
      serverGone();
      clock.after(0, () => finish({ code: 1006, reason: "" }), false);
    },
  };
}
