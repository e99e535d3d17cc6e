/**
 * The network between machines and gateways.
 *
 * Law: a connection is two lanes, each in order; what a black hole swallows comes when it ends, as TCP would send it again, and
 * not at all once the connection is reset. Neither end learns of the other's end but by what arrives. Ways are looked up when a
 * fault begins or ends, never polled.
 */
import type { Cancel, Link, LinkClose, LinkHandlers } from "@cc/core";
import type { ServerSession, SessionHost } from "@cc/protocol/server";
import type { Random } from "../../random.js";
import type { Machine } from "./machine.js";
import type { Timeline } from "./timeline.js";

/** How a way behaves now. */
export interface WayState {
  readonly delayMs: number;
  readonly jitterMs: number;
  /** `null`: any number of bytes at once. */
  readonly bytesPerMs: number | null;
  readonly blackUp: boolean;
  readonly blackDown: boolean;
}

interface Parcel {
  due: number;
  readonly bytes: number;
  readonly deliver: () => void;
}

/** One direction. */
class Lane {
  #queue: Parcel[] = [];
  #disarm: Cancel | undefined;
  #freeAt = 0;
  #lastDue = 0;
  #black = false;
  #ended = false;
  held = 0;
  readonly #time: Timeline;
  readonly #random: Random;
  way: WayState;

  constructor(time: Timeline, random: Random, way: WayState, black: boolean) {
    this.#time = time;
    this.#random = random;
    this.way = way;
    this.#black = black;
  }

  push(bytes: number, deliver: () => void): void {
    if (this.#ended) return;
    const { delayMs, jitterMs, bytesPerMs } = this.way;
    const now = this.#time.now();
    const start = Math.max(now, this.#freeAt);
    this.#freeAt = bytesPerMs === null ? now : start + Math.ceil(bytes / bytesPerMs);
    const jitter = jitterMs === 0 ? 0 : this.#random.int(jitterMs + 1);
    this.#lastDue = Math.max(this.#lastDue, Math.max(now, this.#freeAt) + delayMs + jitter);
    this.#queue.push({ due: this.#lastDue, bytes, deliver });
    this.held += bytes;
    this.#arm();
  }

  black(on: boolean): void {
    if (on === this.#black) return;
    this.#black = on;
    this.#disarm?.();
    this.#disarm = undefined;
    if (on) return;
    // What was on the way is sent again; the sender finds out a while later.
    const due = this.#time.now() + this.way.delayMs + this.#random.int(400);
    for (const parcel of this.#queue) parcel.due = Math.max(parcel.due, due);
    this.#lastDue = Math.max(this.#lastDue, due);
    this.#arm();
  }

  end(): void {
    this.#ended = true;
    this.#disarm?.();
    this.#disarm = undefined;
    this.#queue = [];
    this.held = 0;
  }

  #arm(): void {
    const [first] = this.#queue;
    if (this.#disarm !== undefined || first === undefined || this.#black || this.#ended) return;
    this.#disarm = this.#time.quietly(first.due - this.#time.now(), () => {
      this.#disarm = undefined;
      const parcel = this.#queue.shift();
      if (parcel === undefined) return;
      this.held -= parcel.bytes;
      parcel.deliver();
      this.#arm();
    });
  }
}

/** What the wire tells whoever watches. */
export interface WireWatch {
  opened(): void;
  up(text: string): void;
  heard(text: string): void;
  down(text: string): void;
  got(text: string): void;
  closing(code: number): void;
  closed(close: LinkClose): void;
  serverClosed(): void;
}

/** The far end. */
export interface FarEnd {
  /** Takes the connection, or says how it ends. */
  accept(host: SessionHost): ServerSession | LinkClose;
  /** Runs when the server's process next has its turn. */
  run(fn: () => void): void;
  gone(wire: Wire): void;
}

export interface Wire {
  readonly client: number;
  readonly gateway: number;
  readonly link: Link;
  /** The way has changed. */
  steer(way: WayState): void;
  /** Both ends, or one of them, are reset; the other learns nothing. */
  reset(side: "client" | "server" | "both"): void;
  /** The client's process is gone, without a word or with the platform's reset. */
  abandon(): void;
  /** Nothing goes through any more, for good. */
  lose(): void;
}

export interface WireOptions {
  readonly time: Timeline;
  readonly random: Random;
  readonly machine: Machine;
  readonly client: number;
  readonly gateway: number;
  readonly way: WayState;
  readonly handlers: LinkHandlers;
  readonly far: FarEnd;
  readonly watch: WireWatch;
}

const reset: LinkClose = { code: 1006, reason: "" };

export function createWire(o: WireOptions): Wire {
  const { time, machine, handlers, far, watch } = o;
  const up = new Lane(time, o.random, o.way, o.way.blackUp);
  const down = new Lane(time, o.random, o.way, o.way.blackDown);
  let session: ServerSession | undefined;
  let state: "connecting" | "open" | "closing" | "closed" = "connecting";
  let serverClosed = false;
  let lost = false;

  const finish = (close: LinkClose): void => {
    if (state === "closed") return;
    state = "closed";
    up.end();
    down.end();
    watch.closed(close);
    handlers.closed(close);
    if (serverClosed || session === undefined) far.gone(wire);
  };
  const serverGone = (): void => {
    if (serverClosed) return;
    serverClosed = true;
    if (session === undefined) return;
    watch.serverClosed();
    session.closed();
    if (state === "closed" || state === "closing") far.gone(wire);
  };
  /** Towards the client, on its own machine. */
  const tell = (bytes: number, fn: () => void): void => down.push(bytes, () => machine.run(fn));
  const say = (close: LinkClose): void => tell(20, () => finish(close));

  const host: SessionHost = {
    send(text) {
      if (serverClosed) return;
      watch.down(text);
      tell(text.length, () => {
        if (state === "closed") return;
        watch.got(text);
        handlers.message(text);
      });
    },
    close(code, reason) {
      if (serverClosed) return;
      say({ code, reason });
      serverGone();
    },
    buffered: () => down.held,
  };

  // TCP and the upgrade: there and back.
  up.push(300, () =>
    far.run(() => {
      if (serverClosed) return;
      time.touch();
      const taken = far.accept(host);
      if (!("receive" in taken)) return say(taken);
      session = taken;
      tell(200, () => {
        if (state !== "connecting") return;
        state = "open";
        watch.opened();
        handlers.opened("cc.1");
      });
    }),
  );

  const wire: Wire = {
    client: o.client,
    gateway: o.gateway,
    link: {
      send(data) {
        if (state !== "open") return;
        const text = typeof data === "string" ? data : "";
        watch.up(text);
        up.push(text.length, () =>
          far.run(() => {
            if (serverClosed || session === undefined) return;
            time.touch();
            watch.heard(text);
            session.receive(text);
          }),
        );
      },
      close(code = 1000, reason = "") {
        if (state === "closing" || state === "closed") return;
        state = "closing";
        watch.closing(code);
        if (session === undefined && lost) far.gone(wire);
        up.push(20, () =>
          far.run(() => {
            time.touch();
            serverGone();
            say({ code, reason });
          }),
        );
      },
      get bufferedAmount() {
        return up.held;
      },
    },
    steer(way) {
      up.way = way;
      down.way = way;
      if (lost) return;
      up.black(way.blackUp);
      down.black(way.blackDown);
    },
    reset(side) {
      if (side !== "client") {
        far.run(() => {
          time.touch();
          serverGone();
        });
      }
      if (side !== "server") time.quietly(0, () => machine.run(() => finish(reset)));
      if (side === "both") {
        up.end();
        down.end();
      } else wire.lose();
    },
    abandon() {
      state = "closed";
      down.end();
      up.push(0, () =>
        far.run(() => {
          time.touch();
          serverGone();
        }),
      );
      far.gone(wire);
    },
    lose() {
      lost = true;
      up.black(true);
      down.black(true);
    },
  };
  return wire;
}
