/** One client of the protocol suite: the core's connection and the protocol under test, with what it was told. */
import {
  type CallOptions,
  type Clock,
  type Connection,
  type ConnectionError,
  createConnection,
  type OpenLink,
  type Policy,
  type SessionEvent,
  type TokenResult,
} from "@cc/core";
import type { AppEvent, Cc1Send, Gap, Position, ProtocolFactory, ProtocolSession } from "@cc/sdk/portable";
import { createScriptedLifecycle } from "../lifecycle.js";

/** The server that the suite speaks to, and the network between. Each method takes effect before its promise resolves. */
export interface ProtocolHarness {
  readonly protocol: ProtocolFactory<Cc1Send>;
  readonly clock: Clock;
  readonly openLink: OpenLink;
  /** Where the protocol's path is appended to. */
  readonly url: string;
  /** Numbers of the policy that the suite's server needs otherwise. */
  readonly policy?: Partial<Policy>;
  /** A token for this user, fresh each time; it lives `lifeMs` ms, or long. */
  token(user: string, lifeMs?: number): Promise<string>;
  /** Makes every token of this user worthless and ends the links that use them. */
  revoke(user: string): Promise<void>;
  publish(channel: string, kind: string, data: unknown): Promise<void>;
  member(group: string, user: string, change: "joined" | "left"): Promise<void>;
  throttle(
    features: readonly { readonly feature: string; readonly reason: string; readonly forMs: number }[],
  ): Promise<void>;
  drain(minDelayMs: number, spreadMs: number): Promise<void>;
  undrain(): Promise<void>;
  /** Forgets the log: what clients have not received can never come. */
  loseLog(): Promise<void>;
  /** Breaks every connection without a word. */
  cut(): void;
  /** Lets no connection through until `refuse(false)`. */
  refuse(on: boolean): Promise<void>;
  /** Lets time pass until `holds`; rejects naming `what` when it does not within `ms` ms (default 10,000) of the clock. */
  until(what: string, holds: () => boolean, ms?: number): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
}

export interface SuiteClient {
  readonly connection: Connection;
  readonly session: ProtocolSession<Cc1Send>;
  readonly send: Cc1Send;
  /** Everything told, oldest first: events, `gap`, `caughtUp`. */
  readonly told: readonly (
    | { readonly type: "event"; readonly event: AppEvent }
    | { readonly type: "gap"; readonly gap: Gap }
    | { readonly type: "caughtUp"; readonly position: Position }
  )[];
  events(kind: AppEvent["class"]): readonly AppEvent[];
  /** `data` of every event of that class. */
  data(kind: AppEvent["class"]): readonly unknown[];
  readonly sessions: readonly SessionEvent[];
  readonly errors: readonly ConnectionError[];
  /** Tokens asked for, by reason. */
  readonly asked: readonly string[];
  linked(ms?: number): Promise<void>;
}

export interface SuiteClientOptions {
  /** What an earlier process had delivered. */
  readonly resume?: Position | undefined;
  /** The first token. Default: one that lives long. */
  readonly token?: string;
  /** Where further tokens come from; `null`: nowhere. Default: the harness. */
  readonly getToken?: (() => Promise<TokenResult>) | null;
  readonly signal?: CallOptions["signal"];
}

let made = 0;

/** Logs in and dials; the caller ends it by `connection.dispose()`. */
export async function suiteClient(
  harness: ProtocolHarness,
  user: string,
  options: SuiteClientOptions = {},
): Promise<SuiteClient> {
  const { clock, protocol } = harness;
  const told: SuiteClient["told"][number][] = [];
  const sessions: SessionEvent[] = [];
  const errors: ConnectionError[] = [];
  const asked: string[] = [];
  made += 1;
  const connection = createConnection({
    clock,
    random: Math.random,
    openLink: harness.openLink,
    lifecycle: createScriptedLifecycle(),
    url: harness.url + protocol.path,
    policy: harness.policy,
  });
  connection.on("session", (event) => void sessions.push(event));
  connection.on("error", (error) => void errors.push(error));
  const session = protocol.create({
    appId: "conformance",
    user,
    instance: `instance-${made}-${user}`,
    nonce: `nonce-${made}-${Math.random().toString(36).slice(2)}`,
    resume: options.resume,
    clock,
    throttled: () => connection.snapshot().throttled,
    event: (event) => void told.push({ type: "event", event }),
    gap: (gap) => void told.push({ type: "gap", gap }),
    caughtUp: (position) => void told.push({ type: "caughtUp", position }),
    moved: () => {},
  });
  const more = async (): Promise<TokenResult> => ({ token: await harness.token(user), lifeMs: null });
  const { getToken = more } = options;
  const token = options.token ?? (await harness.token(user));
  connection.init({ auto: true });
  connection.login({
    user,
    token,
    lifeMs: null,
    protocol: session,
    renewable: getToken !== null,
    fetchToken: (reason) => {
      asked.push(reason);
      return { result: (getToken ?? more)(), abort: () => {} };
    },
  });
  const events: SuiteClient["events"] = (kind) =>
    told.flatMap((one) => (one.type === "event" && one.event.class === kind ? [one.event] : []));
  return {
    connection,
    session,
    send: (...args) => session.send(...args),
    told,
    sessions,
    errors,
    asked,
    events,
    data: (kind) => events(kind).map(({ data }) => data),
    linked: (ms) => harness.until(`${user} is linked`, () => connection.snapshot().linked, ms),
  };
}
