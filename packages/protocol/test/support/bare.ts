/**
 * The client half alone on a wire that the test speaks for: what it says is kept, what it is told is what the test writes.
 * Law: nothing runs by itself; later tasks run when `turn` is called.
 */
import {
  type ClientLink,
  type ClientSession,
  type ClientSessionOptions,
  createClientSession,
  type SendResult,
} from "../../src/client.js";
import { defaultLimits, type Limits } from "../../src/limits.js";
import type { Told } from "./world.js";

/** One link that was attached, with what it wrote. */
export interface BareLink {
  readonly link: ClientLink;
  readonly sent: string[];
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** The server writes frames in one message: one frame as itself, several as a batch. Without `now`, as a transport does. */
  says(...frames: readonly unknown[]): void;
  /** What was written since the last call, parsed. */
  news(): unknown[];
}

export interface Bare {
  readonly session: ClientSession;
  /** Everything the host was told, in order. */
  readonly told: Told[];
  readonly results: SendResult[];
  /** Called within what the host is told. */
  within: ((what: string, value?: unknown) => void) | undefined;
  /** How many later tasks wait. */
  readonly waiting: number;
  readonly idling: number;
  turn(): void;
  /** The task after what the network brought. */
  rest(): void;
  attach(linkNo?: number): BareLink;
  /** Attached, and welcomed with these fields; nothing of it is left in `told` and `news`. */
  linked(fields?: object): BareLink;
  send(data: unknown, more?: Partial<Parameters<ClientSession["send"]>[0]>): string;
}

export const welcomeOf = (fields: object = {}, limits: Partial<Limits> = {}): object => ({
  t: "welcome",
  session: "s",
  user: "ann",
  recovery: "new",
  epoch: "e1",
  positions: [0],
  heartbeatMs: 10_000,
  reconnectSpreadMs: 100,
  limits: { ...defaultLimits, ...limits },
  throttled: [],
  ...fields,
});

export interface BareOptions extends Partial<Omit<ClientSessionOptions, "host">> {
  /** Credit waits for its own task. */
  readonly idle?: boolean;
  readonly time?: () => number;
}

export function createBare({ idle = false, time, ...options }: BareOptions = {}): Bare {
  let laters: (() => void)[] = [];
  let idles: (() => void)[] = [];
  const tell = (what: string, value?: unknown): void => {
    bare.told.push(value === undefined ? { what } : { what, value });
    bare.within?.(what, value);
  };
  let links = 0;
  const bare: Bare = {
    session: createClientSession({
      app: "app",
      user: "ann",
      instance: "i",
      nonce: "nonce",
      ...options,
      host: {
        ...(time ? { time } : {}),
        later: (fn) => laters.push(fn),
        ...(idle ? { idle: (fn: () => void): void => void idles.push(fn) } : {}),
        welcome: (_, welcome) => tell("welcome", welcome),
        reject: (_, reject) => tell("reject", reject),
        event: (event) => tell("event", event),
        ephemeral: (event) => tell("ephemeral", event),
        gap: (gap) => tell("gap", gap),
        caughtUp: (position) => tell("caughtUp", position),
        throttle: (features) => tell("throttle", features),
        goaway: (_, goaway) => tell("goaway", goaway),
        expiring: (inMs) => tell("expiring", inMs),
        tokenOk: (expiresInMs) => tell("tokenOk", expiresInMs ?? null),
        probeAck: (_, rttMs) => tell("probeAck", rttMs),
        protocolError: (_, fault) => tell("protocolError", fault),
        moved: () => tell("moved"),
      },
    }),
    told: [],
    results: [],
    within: undefined,
    get waiting() {
      return laters.length;
    },
    get idling() {
      return idles.length;
    },
    turn() {
      const due = laters;
      laters = [];
      for (const fn of due) fn();
    },
    rest() {
      const due = idles;
      idles = [];
      for (const fn of due) fn();
    },
    attach(linkNo = ++links) {
      const one: BareLink = {
        link: bare.session.attach(linkNo, {
          send: (text) => one.sent.push(text),
          close: (code, reason) => {
            one.closed = { code, reason };
          },
        }),
        sent: [],
        closed: undefined,
        says: (...frames) => one.link.message(JSON.stringify(frames.length === 1 ? frames[0] : frames)),
        news: () => one.sent.splice(0).map((text) => JSON.parse(text)),
      };
      return one;
    },
    linked(fields = {}) {
      const one = bare.attach();
      one.link.hello("token");
      one.says(welcomeOf(fields));
      bare.turn();
      bare.rest();
      one.sent.length = 0;
      bare.told.length = 0;
      return one;
    },
    send: (data, more = {}) =>
      bare.session.send(
        { channel: "user:bob", kind: "message", data, settled: (result) => bare.results.push(result), ...more },
        0,
      ),
  };
  return bare;
}
