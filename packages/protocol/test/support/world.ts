/**
 * Both halves back to back on one virtual clock, with a wire between them that the test can hold, cut and count.
 * Law: nothing moves but by `turn` and `advance`; there is no real time and no randomness.
 */

import {
  type ClientLink,
  type ClientSession,
  createClientSession,
  type DurableEvent,
  type EphemeralEvent,
  type Gap,
  type SendResult,
} from "../../src/client.js";
import { decode } from "../../src/codec.js";
import type { Position, Welcome } from "../../src/index.js";
import { createHub, type Hub, type HubNote, type HubOptions, type ServerSession } from "../../src/server.js";
import { createMemoryLog, type MemoryLog } from "./memoryLog.js";

/** A frame as it stood on the wire. */
export type Seen = readonly unknown[] | { readonly t?: unknown; readonly [field: string]: unknown };

/** One connection. */
export interface Pipe {
  readonly toServer: string[];
  readonly toClient: string[];
  /** Every message that the server wrote. */
  readonly fromServer: string[];
  readonly fromClient: string[];
  closed: { readonly code: number; readonly by: "client" | "server" | "cut" } | undefined;
  buffered: number;
  /** Nothing arrives while it is held. */
  held: boolean;
  readonly server: ServerSession;
}

export interface Told {
  readonly what: string;
  readonly value?: unknown;
}

export interface TestClient {
  readonly session: ClientSession;
  readonly events: DurableEvent[];
  readonly ephemeral: EphemeralEvent[];
  readonly gaps: Gap[];
  readonly welcomes: Welcome[];
  /** Everything the host was told, in order. */
  readonly told: Told[];
  readonly results: SendResult[];
  pipe: Pipe | undefined;
  link: ClientLink | undefined;
  /** Called in the handler of each durable event. */
  onEvent: ((event: DurableEvent) => void) | undefined;
  token: string;
  dial(options?: { readonly heartbeatMs?: number; readonly linkNo?: number }): Pipe;
  /** Dials and runs until nothing moves. */
  connect(): Pipe;
  /** The wire is gone; what was on it is lost. */
  cut(): void;
  send(channel: string, data: unknown, more?: Partial<Parameters<ClientSession["send"]>[0]>): string;
  data(): unknown[];
}

export interface World {
  now: number;
  readonly hub: Hub;
  readonly log: MemoryLog;
  readonly notes: HubNote[];
  /** Runs later tasks and delivers messages until nothing moves. */
  turn(): void;
  /** Passes time in ticks of 250 ms, a turn after each. */
  advance(ms: number): void;
  client(
    user: string,
    more?: {
      readonly instance?: string;
      readonly nonce?: string;
      readonly device?: string;
      readonly resume?: Position | undefined;
    },
  ): TestClient;
  /** A bare link, written to by hand. */
  raw(): Pipe & { say(...frames: readonly unknown[]): void; frames(): Seen[] };
  /** A say that no client sent. */
  publish(channel: string, data: unknown, from?: string, kind?: string): number;
}

export const framesIn = (messages: readonly string[]): Seen[] =>
  messages.flatMap((text) => [...(decode(text) ?? [])] as Seen[]);

export interface WorldOptions extends Partial<HubOptions> {
  readonly log?: MemoryLog;
}

export function createWorld({ log = createMemoryLog(), ...options }: WorldOptions = {}): World {
  let laters: (() => void)[] = [];
  const pipes = new Set<Pipe>();
  const clients: TestClient[] = [];
  const clock = { now: 0 };
  let ids = 0;
  const notes: HubNote[] = [];
  const later = (fn: () => void): void => {
    laters.push(fn);
  };
  const hub = createHub({
    broker: log,
    verify: (token, { app }) =>
      app !== "app" || !token.startsWith("token:")
        ? { ok: false, message: "no such token", ...(app !== "app" ? { retry: "never" } : {}) }
        : { ok: true, user: token.slice(6) },
    now: () => clock.now,
    later,
    newId: () => `s${++ids}`,
    onNote: (note) => notes.push(note),
    ...options,
  });
  const sinks = new Map<Pipe, { message(text: string): void; close(code: number): void }>();

  function open(sink: { message(text: string): void; close(code: number): void }): Pipe {
    const pipe: Pipe = {
      toServer: [],
      toClient: [],
      fromServer: [],
      fromClient: [],
      closed: undefined,
      buffered: 0,
      held: false,
      server: hub.connect({
        send: (text) => {
          if (pipe.closed) return;
          pipe.fromServer.push(text);
          pipe.toClient.push(text);
        },
        close: (code) => {
          pipe.closed ??= { code, by: "server" };
        },
        buffered: () => pipe.buffered,
      }),
    };
    pipes.add(pipe);
    sinks.set(pipe, sink);
    return pipe;
  }

  /** Moves everything that lies on the wires once. Returns whether anything moved. */
  function carry(): boolean {
    let moved = false;
    for (const pipe of pipes) {
      if (pipe.held) continue;
      for (const text of pipe.toServer.splice(0)) {
        moved = true;
        pipe.server.receive(text, new TextEncoder().encode(text).length);
      }
      for (const text of pipe.toClient.splice(0)) {
        moved = true;
        sinks.get(pipe)?.message(text);
      }
      if (pipe.closed) {
        pipes.delete(pipe);
        pipe.server.closed();
        sinks.get(pipe)?.close(pipe.closed.code);
        moved = true;
      }
    }
    return moved;
  }

  const world: World = {
    get now() {
      return clock.now;
    },
    set now(now) {
      clock.now = now;
    },
    hub,
    log,
    notes,
    turn() {
      for (let moved = true; moved; ) {
        const due = laters;
        laters = [];
        for (const fn of due) fn();
        moved = carry() || due.length > 0 || laters.length > 0;
      }
    },
    advance(ms) {
      const until = world.now + ms;
      while (world.now < until) {
        world.now = Math.min(until, world.now + 250);
        hub.tick(world.now);
        for (const { session } of clients) session.tick(world.now);
        world.turn();
      }
    },
    client(user, { instance = `${user}-1`, nonce = `nonce-${user}`, device, resume } = {}) {
      let linkNo = 0;
      const told: Told[] = [];
      const tell = (what: string, value?: unknown): void => {
        told.push(value === undefined ? { what } : { what, value });
      };
      const client: TestClient = {
        session: createClientSession({
          app: "app",
          user,
          instance,
          nonce,
          device,
          resume,
          host: {
            later,
            welcome: (_, welcome) => {
              client.welcomes.push(welcome);
              tell("welcome", welcome.recovery);
            },
            reject: (_, reject) => tell("reject", reject),
            event: (event) => {
              client.events.push(event);
              tell("event", event.data);
              client.onEvent?.(event);
            },
            ephemeral: (event) => {
              client.ephemeral.push(event);
              tell("ephemeral", event.data);
            },
            gap: (gap) => {
              client.gaps.push(gap);
              tell("gap", gap);
            },
            caughtUp: (position) => tell("caughtUp", position),
            throttle: (features) => tell("throttle", features),
            goaway: (_, goaway) => tell("goaway", goaway),
            expiring: (inMs) => tell("expiring", inMs),
            tokenOk: (expiresInMs) => tell("tokenOk", expiresInMs ?? null),
            probeAck: (_, rttMs) => tell("probeAck", rttMs),
            protocolError: (_, fault) => tell("protocolError", String(fault.cause)),
            moved: () => {},
          },
        }),
        events: [],
        ephemeral: [],
        gaps: [],
        welcomes: [],
        told,
        results: [],
        pipe: undefined,
        link: undefined,
        onEvent: undefined,
        token: `token:${user}`,
        dial({ heartbeatMs, linkNo: number = ++linkNo } = {}) {
          linkNo = number;
          const pipe = open({
            message: (text) => link.receive(text, world.now),
            close: (code) => {
              tell("closed", code);
              link.lost();
            },
          });
          const link = client.session.attach(number, {
            send: (text) => {
              if (pipe.closed) return;
              pipe.fromClient.push(text);
              pipe.toServer.push(text);
            },
            close: (code) => {
              pipe.closed ??= { code, by: "client" };
            },
          });
          client.pipe = pipe;
          client.link = link;
          link.hello(client.token, heartbeatMs);
          return pipe;
        },
        connect() {
          const pipe = client.dial();
          world.turn();
          return pipe;
        },
        cut() {
          const { pipe, link } = client;
          if (!pipe || !link) return;
          pipe.toClient.length = 0;
          pipe.toServer.length = 0;
          pipe.closed ??= { code: 1006, by: "cut" };
          pipes.delete(pipe);
          link.lost();
          pipe.server.closed();
        },
        send: (channel, data, more = {}) =>
          client.session.send(
            { channel, kind: "message", data, settled: (result) => client.results.push(result), ...more },
            world.now,
          ),
        data: () => client.events.map(({ data }) => data),
      };
      clients.push(client);
      return client;
    },
    raw() {
      const pipe = open({ message: () => {}, close: () => {} });
      return Object.assign(pipe, {
        say(...frames: readonly unknown[]) {
          for (const frame of frames) pipe.toServer.push(typeof frame === "string" ? frame : JSON.stringify(frame));
          world.turn();
        },
        frames: () => framesIn(pipe.fromServer),
      });
    },
    publish(channel, data, from = "system", kind = "message") {
      const appended = hub.publish({ channel, kind, from, data });
      if (!("ok" in appended) || !appended.ok) throw new Error("publish failed");
      return appended.n;
    },
  };
  void hub.start();
  return world;
}

/** The frames of one kind among those a server wrote. */
export const ofType = (pipe: Pipe, t: string): Seen[] =>
  framesIn(pipe.fromServer).filter((frame) => "t" in frame && frame.t === t);
