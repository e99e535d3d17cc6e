/**
 * The network between a herd and its gateways: an address with a balancer, and the gateways behind it.
 *
 * Law: nothing here decides what a client or a gateway says. A message takes the link's own delay, each way, in order; a cut
 * reaches every client in the same millisecond, for a delay that differs would hide a herd; what falls into a black hole is
 * gone, and so is whatever began in it.
 */
import type { Link, LinkClose, LinkHandlers, OpenLink } from "@cc/core";
import { SUBPROTOCOL } from "@cc/protocol";
import type { Hub, ServerSession } from "@cc/protocol/server";
import type { Random } from "../random.js";
import type { Due, WheelClock } from "./wheel.js";

/** One way, in ms: a link's delay lies evenly between these. */
const leastDelayMs = 5;
const mostDelayMs = 45;

/** `up`; `refusing`: a reset answers each attempt; `dark`: nothing answers anything. */
export type Reach = "up" | "refusing" | "dark";

/** Where a link may lead. */
export interface Door {
  hub: Hub;
  reach: Reach;
  /** The balancer sends newcomers here. */
  open: boolean;
  /** Links that stand or are made, as the network knows them. */
  readonly wires: Set<Wire>;
}

export interface NetworkOptions {
  readonly clock: WheelClock;
  readonly random: Random;
  readonly doors: readonly Door[];
  /** A client opens a connection. The client is the number in the URL. */
  readonly dialled: (client: number) => void;
  /** A client was told something by its link, or has closed it: its status may be another now. */
  readonly spoken: (client: number) => void;
}

export interface Network {
  readonly open: OpenLink;
  /** Resets every link of this door: both sides learn it in this millisecond. */
  cut(door: Door): void;
  /** Resets the newest link of this client alone. */
  lose(client: number): void;
  /** Every link of this door, and every attempt, falls silent for ever. */
  darken(door: Door): void;
}

/** The network with every door as it is. */
export function createNetwork({ clock, random, doors, dialled, spoken }: NetworkOptions): Network {
  /** As a balancer that knows who is alive: evenly among the open doors, and to any while none is. */
  const choose = (): number => {
    let open = 0;
    for (const door of doors) if (door.open) open++;
    if (open === 0) return random.int(doors.length);
    let left = random.int(open);
    for (let index = 0; index < doors.length; index++) if (doors[index]?.open && left-- === 0) return index;
    return 0;
  };
  const newest: Wire[] = [];
  return {
    open: (url, _options, handlers) => {
      const index = choose();
      const client = Number(url);
      dialled(client);
      const door = doors[index] as Door;
      const delayMs = leastDelayMs + random.int(mostDelayMs - leastDelayMs + 1);
      const wire = new Wire({ clock, door, handlers, delayMs, spoken, client });
      newest[client] = wire;
      wire.dial();
      return wire;
    },
    cut(door) {
      for (const wire of [...door.wires]) wire.cut();
    },
    lose: (client) => newest[client]?.cut(),
    darken(door) {
      for (const wire of door.wires) wire.dark = true;
    },
  };
}

/** What becomes of a link at the far end of a delay. */
type Word = "attempt" | "accepted" | "refused" | "up" | "down" | "clientClosed" | "serverClosed";

/** A word on its way. */
class Flight implements Due {
  readonly #wire: Wire;
  readonly #word: Word;
  readonly #text: string;
  constructor(wire: Wire, word: Word, text: string) {
    this.#wire = wire;
    this.#word = word;
    this.#text = text;
  }
  due(): void {
    this.#wire.arrived(this.#word, this.#text);
  }
}

interface WireOptions {
  readonly clock: WheelClock;
  readonly door: Door;
  readonly handlers: LinkHandlers;
  readonly delayMs: number;
  readonly spoken: (client: number) => void;
  readonly client: number;
}

/** Both ends of one connection. The client's end is core's `Link`. */
export class Wire implements Link {
  readonly bufferedAmount = 0;
  /** In the black hole, for good. */
  dark = false;
  readonly #clock: WheelClock;
  readonly #door: Door;
  readonly #delayMs: number;
  readonly #spoken: (client: number) => void;
  readonly #client: number;
  #handlers: LinkHandlers | undefined;
  #session: ServerSession | undefined;
  #close: LinkClose = { code: 1006, reason: "" };
  /** The client knows it open. */
  #opened = false;
  #serverDone = false;

  constructor({ clock, door, handlers, delayMs, spoken, client }: WireOptions) {
    this.#clock = clock;
    this.#door = door;
    this.#handlers = handlers;
    this.#delayMs = delayMs;
    this.#spoken = spoken;
    this.#client = client;
  }

  dial(): void {
    this.#door.wires.add(this);
    if (this.#door.reach === "dark") this.dark = true;
    this.#fly("attempt");
  }

  send(data: string | Uint8Array): void {
    if (this.#opened && this.#handlers) this.#fly("up", data as string);
  }

  close(code = 1000, reason = ""): void {
    if (!this.#handlers) return;
    this.#handlers = undefined;
    this.#close = { code, reason };
    if (this.dark && !this.#session) this.#door.wires.delete(this);
    this.#fly("clientClosed");
    this.#spoken(this.#client);
  }

  /** A reset in the middle. */
  cut(): void {
    this.dark = true;
    this.#door.wires.delete(this);
    this.#serverGone();
    const handlers = this.#handlers;
    this.#handlers = undefined;
    // Through the clock: an attempt may have been made in this very call.
    if (handlers) this.#clock.later(() => this.#closed(handlers, { code: 1006, reason: "" }));
  }

  arrived(word: Word, text: string): void {
    if (this.dark) return;
    switch (word) {
      case "attempt":
        return this.#attempt();
      case "accepted":
        this.#opened = true;
        return this.#handlers?.opened(SUBPROTOCOL);
      case "up":
        if (!this.#serverDone) this.#session?.receive(text);
        return;
      case "down":
        this.#handlers?.message(text);
        return this.#spoken(this.#client);
      case "clientClosed":
        this.#door.wires.delete(this);
        return this.#serverGone();
      case "refused":
      case "serverClosed": {
        this.#door.wires.delete(this);
        const handlers = this.#handlers;
        this.#handlers = undefined;
        if (handlers) this.#closed(handlers, this.#close);
      }
    }
  }

  #closed(handlers: LinkHandlers, close: LinkClose): void {
    handlers.closed(close);
    this.#spoken(this.#client);
  }

  #attempt(): void {
    if (!this.#handlers) return;
    if (this.#door.reach === "dark") {
      this.dark = true;
      return;
    }
    if (this.#door.reach === "refusing") return this.#fly("refused");
    this.#fly("accepted");
    this.#session = this.#door.hub.connect({
      send: (text) => {
        if (!this.#serverDone) this.#fly("down", text);
      },
      close: (code, reason) => {
        if (this.#serverDone) return;
        this.#close = { code, reason };
        this.#fly("serverClosed");
        this.#serverGone();
        // Nobody is left at either end who would take it out.
        if (this.dark) this.#door.wires.delete(this);
      },
    });
  }

  #serverGone(): void {
    if (this.#serverDone) return;
    this.#serverDone = true;
    this.#session?.closed();
    this.#session = undefined;
  }

  #fly(word: Word, text = ""): void {
    if (!this.dark) this.#clock.at(this.#delayMs, new Flight(this, word, text));
  }
}
