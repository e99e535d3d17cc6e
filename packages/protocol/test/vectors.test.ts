/**
 * The JSON vectors, which both halves pass; their form is described in docs/protocol.md.
 * Law: each vector is played twice, once against each half alone: the other side is the file.
 */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ClientLink, createClientSession } from "../src/client.js";
import { decode } from "../src/codec.js";
import type { Limits, Position, ThrottledFeature } from "../src/index.js";
import type { MemberChange } from "../src/server.js";
import { createMemoryLog } from "./support/memoryLog.js";
import { createWorld, framesIn, type Seen } from "./support/world.js";

interface App {
  readonly open?: true | string;
  readonly heartbeatMs?: number;
  readonly cut?: true;
  readonly bye?: true;
  readonly probe?: true;
  readonly renew?: string;
  readonly heartbeat?: number;
  readonly send?: readonly [channel: string, kind: string, data: unknown, ephemeral?: string];
  readonly emit?: readonly [channel: string, kind: string, data: unknown];
  readonly join?: string;
  readonly leave?: string;
}

interface Operator {
  readonly publish?: readonly [channel: string, kind: string, from: string, data: unknown, id?: string];
  readonly cast?: readonly [channel: string, kind: string, from: string, data: unknown];
  readonly member?: readonly [channel: string, user: string, change: MemberChange, by: string];
  readonly throttle?: readonly ThrottledFeature[];
  readonly drain?: { readonly minDelayMs: number; readonly spreadMs: number };
  readonly forget?: number;
}

type Step =
  | { readonly client: Seen }
  | { readonly server: Seen }
  | { readonly lost: Seen }
  | { readonly told: readonly unknown[] }
  | { readonly app: App }
  | { readonly operator: Operator }
  | { readonly at: number }
  | { readonly close: number; readonly by: "client" | "server" };

interface Vector {
  readonly about: string;
  readonly clauses: readonly string[];
  readonly given: {
    readonly resume?: Position;
    readonly limits?: Partial<Limits>;
    readonly ringEntries?: number;
    readonly expiresInMs?: number;
  };
  readonly steps: readonly Step[];
}

const folder = new URL("../vectors/", import.meta.url);
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as T;
const links = readdirSync(new URL("links/", folder)).map((name): [string, Vector] => [name, read(`links/${name}`)]);
const tags = ({ clauses }: Vector): string => clauses.map((clause) => `[B${clause}]`).join(" ");

/** `"$any"` stands for any value. */
function same(seen: unknown, meant: unknown): void {
  expect(fill(seen, meant)).toEqual(meant);
}
function fill(seen: unknown, meant: unknown): unknown {
  if (meant === "$any" && seen !== undefined) return meant;
  if (typeof seen !== "object" || seen === null || typeof meant !== "object" || meant === null) return seen;
  if (Array.isArray(seen)) return seen.map((value, i) => fill(value, (meant as unknown[])[i]));
  return Object.fromEntries(
    Object.entries(seen).map(([key, value]) => [key, fill(value, (meant as Record<string, unknown>)[key])]),
  );
}

/** Plays the file as a client and operator against the server half. */
function playServer({ given, steps }: Vector): void {
  const log = createMemoryLog();
  const world = createWorld({
    log,
    limits: given.limits,
    ringEntries: given.ringEntries,
    verify: (token) =>
      token.startsWith("token:")
        ? { ok: true, user: token.split(":")[1] ?? "", expiresInMs: given.expiresInMs }
        : { ok: false, message: "no such token" },
  });
  let pipe = world.raw();
  let read = 0;
  const next = (): unknown => {
    world.turn();
    return framesIn(pipe.fromServer)[read++];
  };
  for (const step of steps) {
    if ("client" in step) pipe.say(step.client);
    else if ("server" in step) same(next(), step.server);
    else if ("lost" in step) same(next(), step.lost);
    else if ("at" in step) world.advance(step.at - world.now);
    else if ("close" in step) {
      world.turn();
      expect(pipe.closed).toEqual({ code: step.close, by: step.by });
    } else if ("app" in step) {
      if (step.app.cut) pipe.server.closed();
      if (step.app.open && pipe.fromClient.length + read > 0) {
        pipe = world.raw();
        read = 0;
      }
    } else if ("operator" in step) {
      const { publish, cast, member, throttle, drain, forget } = step.operator;
      if (publish) {
        const [channel, kind, from, data, id] = publish;
        void world.hub.publish({ channel, kind, from, data, id });
      }
      if (cast) world.hub.cast({ channel: cast[0], kind: cast[1], from: cast[2], data: cast[3] });
      if (member) void world.hub.member(...member);
      if (throttle) world.hub.throttle(throttle);
      if (drain) world.hub.drain(drain);
      if (forget) log.trim(0, forget);
    }
  }
  expect(next()).toBeUndefined();
}

/** Plays the file as a server against the client half. */
function playClient({ given, steps }: Vector): void {
  const told: unknown[][] = [];
  const written: string[] = [];
  let laters: (() => void)[] = [];
  let closed: number | undefined;
  let now = 0;
  let linkNo = 0;
  let link: ClientLink | undefined;
  let waiting: Seen[] = [];
  const tell = (...words: unknown[]): void => {
    told.push(words);
  };
  const session = createClientSession({
    app: "app",
    user: "ann",
    instance: "ann-1",
    nonce: "nonce-ann",
    resume: given.resume,
    host: {
      later: (fn) => laters.push(fn),
      welcome: (_, { recovery }) => tell("welcome", recovery),
      reject: (_, { code, retry }) => tell("reject", code, retry),
      event: ({ position, channel, data }) => tell("event", position.positions[0], channel, data),
      ephemeral: ({ channel, data }) => tell("ephemeral", channel, data),
      gap: ({ from, to }) => tell("gap", from.positions, to.positions),
      caughtUp: ({ positions }) => tell("caughtUp", positions),
      throttle: (features) =>
        tell(
          "throttle",
          features.map(({ feature }) => feature),
        ),
      goaway: (_, { minDelayMs, spreadMs, overlap }) => tell("goaway", minDelayMs, spreadMs, overlap),
      expiring: (inMs) => tell("expiring", inMs),
      tokenOk: (expiresInMs) => tell("tokenOk", expiresInMs),
      probeAck: () => tell("probeAck"),
      protocolError: (_, { cause }) => tell("protocolError", String(cause)),
      moved: () => {},
    },
  });
  /** What consecutive steps of the server say is one message. */
  const flush = (): void => {
    const frames = waiting;
    waiting = [];
    if (frames.length > 0) link?.receive(JSON.stringify(frames.length > 1 ? frames : frames[0]), now);
    for (const fn of laters.splice(0)) fn();
    laters = [];
  };
  const settled = (result: {
    readonly ok: boolean;
    readonly id: string;
    readonly n?: number;
    readonly code?: string;
  }): void => (result.ok ? tell("settled", result.id, "ok", result.n) : tell("settled", result.id, result.code));
  const act = (app: App): void => {
    if (app.open) {
      closed = undefined;
      link = session.attach(++linkNo, { send: (text) => written.push(text), close: (code) => (closed = code) });
      link.hello(app.open === true ? "token:ann" : app.open, app.heartbeatMs);
    }
    if (app.cut) link?.lost();
    if (app.bye) link?.bye();
    if (app.probe) link?.probe(now);
    if (app.renew) link?.renew(app.renew);
    if (app.heartbeat) link?.heartbeat(app.heartbeat);
    if (app.send) {
      const [channel, kind, data, ephemeral] = app.send;
      session.send({ channel, kind, data, ephemeral: ephemeral !== undefined, settled }, now);
    }
    if (app.emit) session.emit(...app.emit);
    if (app.join) session.join(app.join, settled, now);
    if (app.leave) session.leave(app.leave, settled, now);
  };
  const expected: unknown[][] = [];
  let read = 0;
  for (const step of steps) {
    if ("server" in step) {
      waiting.push(step.server);
      continue;
    }
    if ("told" in step) {
      expected.push([...step.told]);
      continue;
    }
    flush();
    if ("client" in step) expect(framesIn(written)[read++]).toEqual(step.client);
    else if ("at" in step) now = step.at;
    else if ("app" in step) act(step.app);
    else if ("close" in step && step.by === "client") expect(closed).toBe(step.close);
  }
  flush();
  same(told, expected);
  expect(framesIn(written).slice(read)).toEqual([]);
}

describe.each(links)("%s", (_, vector) => {
  it(`the server half: ${vector.about} ${tags(vector)}`, () => playServer(vector));
  it(`the client half: ${vector.about} ${tags(vector)}`, () => playClient(vector));
});

describe("messages.json", () => {
  const { messages } = read<{ readonly messages: readonly { readonly text: string; readonly frames: unknown }[] }>(
    "messages.json",
  );
  it.each(messages)("$text", ({ text, frames }) => {
    expect(decode(text) ?? null).toEqual(frames);
  });
});

describe("malformed.json", () => {
  interface Malformed {
    readonly from: "client" | "server";
    readonly when: "before" | "live";
    readonly frame: Seen;
  }
  const { frames } = read<{ readonly frames: readonly Malformed[] }>("malformed.json");
  it.each(
    frames.map((each): [string, Malformed] => [`${each.from}, ${each.when}: ${JSON.stringify(each.frame)}`, each]),
  )("%s", (_, { from, when, frame }) => {
    const world = createWorld();
    if (from === "server") {
      const ann = world.client("ann");
      const pipe = ann.connect();
      ann.link?.receive(JSON.stringify({ t: "channel", alias: 1, channel: "user:ann", partition: 0 }), 0);
      ann.link?.receive(JSON.stringify(frame), 0);
      expect(pipe.closed).toEqual({ code: 4400, by: "client" });
      return;
    }
    const raw = world.raw();
    if (when === "live") raw.say({ t: "hello", token: "token:ann", app: "app", instance: "ann-1", linkNo: 1 });
    raw.say(frame);
    expect(raw.closed).toEqual({ code: 4400, by: "server" });
  });
});
