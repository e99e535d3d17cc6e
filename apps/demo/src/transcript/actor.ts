/**
 * One user of the transcript: a real client behind a fault proxy of its own, and everything that it told, received and put on
 * the wire, written down as it happened.
 */
import type { Gateway } from "@cc/gateway";
import {
  type AppEvent,
  type Client,
  type ConnectionError,
  createClient,
  memoryStorage,
  type OpenLink,
  restAuth,
  type SessionEvent,
  type Status,
  type StatusChange,
  type Storage,
} from "@cc/sdk";
import { explain } from "@cc/sdk/explain";
import { createScriptedLifecycle, type ScriptedLifecycle } from "@cc/testkit";
import type { FaultProxy } from "@cc/testkit/node";
import { createWsTransport } from "@cc/transport-ws";
import type { Breakage } from "../flags.js";
import { brokenClient } from "./breaks.js";
import { policy } from "./numbers.js";
import type { Paper } from "./paper.js";

/** A status change, with what was true elsewhere at that moment. */
export interface Told extends StatusChange {
  readonly at: number;
  /** What `getConnectionStatus()` answered within the listener. */
  readonly answered: Status;
  /** Links that the gateway counted, of all users. */
  readonly linkedAtGateway: number;
  /** Sockets that the user's proxy held. */
  readonly sockets: number;
}

/** What was told and received since a moment. */
export interface Since {
  readonly at: number;
  told(): readonly Told[];
  statuses(): string;
  received(): readonly AppEvent[];
  sessions(): readonly SessionEvent[];
  errors(): readonly ConnectionError[];
}

export interface Actor {
  readonly uid: string;
  readonly client: Client;
  readonly proxy: FaultProxy;
  readonly lifecycle: ScriptedLifecycle;
  readonly storage: Storage;
  /** Tokens as they stood in the hello frames, in order. */
  readonly tokensSent: readonly string[];
  since(): Since;
  /** Resolves when the next change to `status` is told. */
  tells(status: Status): Promise<Told>;
  say(text: string): void;
}

export interface ActorOptions {
  readonly uid: string;
  readonly gateway: Gateway;
  readonly proxy: FaultProxy;
  readonly paper: Paper;
  readonly broken: Breakage | undefined;
}

export function createActor({ uid, gateway, proxy, paper, broken }: ActorOptions): Actor {
  const lifecycle = createScriptedLifecycle();
  const storage = memoryStorage();
  const tokensSent: string[] = [];
  const options = {
    // Login goes straight to the gateway, so that every socket of the proxy is a link.
    url: proxy.url("http"),
    auth: restAuth(gateway.url),
    openLink: listeningFor(tokensSent, createWsTransport()),
    lifecycle,
    storage,
    policy,
  };
  const client = createClient(brokenClient(options, broken));
  const told: Told[] = [];
  const received: AppEvent[] = [];
  const sessions: SessionEvent[] = [];
  const errors: ConnectionError[] = [];
  const waiting = new Set<(t: Told) => void>();
  client.on("error", (error) => {
    errors.push(error);
    paper.line(uid, `  ${error.code}: ${error.message}`);
  });
  client.on("status", (change) => {
    const one: Told = {
      ...change,
      at: paper.now(),
      answered: client.getConnectionStatus(),
      linkedAtGateway: gateway.stats().linked,
      sockets: proxy.connections,
    };
    told.push(one);
    const { why, next, when } = explain(client.snapshot());
    const wait = when === null ? "" : ` in ${Math.max(0, (when - Date.now()) / 1000).toFixed(2)} s`;
    // While linked, "next" is a matter of course; a reader wants it when something is missing.
    const more = change.current === "disconnected" || when !== null ? ` ${next.replace(/\.$/, `${wait}.`)}` : "";
    paper.status(uid, change, why + more);
    for (const look of [...waiting]) look(one);
  });
  client.on("session", (session) => {
    sessions.push(session);
    const { recovery, downtimeMs, link } = session;
    paper.line(
      uid,
      `  link ${link}: ${recovery}${downtimeMs > 0 ? ` after ${Math.round(downtimeMs)} ms without` : ""}`,
    );
  });
  client.on("gap", ({ from, to }) => paper.line(uid, `  gap: ${from.positions} to ${to.positions}`));
  client.on("*", (event) => received.push(event));
  return {
    uid,
    client,
    proxy,
    lifecycle,
    storage,
    tokensSent,
    say: (text) => paper.line(uid, text),
    since() {
      const at = paper.now();
      const from = [told.length, received.length, sessions.length, errors.length] as const;
      return {
        at,
        told: () => told.slice(from[0]),
        statuses: () =>
          told
            .slice(from[0])
            .map((t) => t.current)
            .join(" → "),
        received: () => received.slice(from[1]),
        sessions: () => sessions.slice(from[2]),
        errors: () => errors.slice(from[3]),
      };
    },
    tells: (status) =>
      new Promise((resolve) => {
        const look = (t: Told): void => {
          if (t.current !== status) return;
          waiting.delete(look);
          resolve(t);
        };
        waiting.add(look);
      }),
  };
}

/** The real transport, with an ear on what goes out. */
const listeningFor =
  (tokens: string[], open: OpenLink): OpenLink =>
  (url, options, handlers) => {
    const link = open(url, options, handlers);
    const send: typeof link.send = (data) => {
      const frame: unknown = typeof data === "string" ? JSON.parse(data) : undefined;
      if (typeof frame === "object" && frame !== null && "token" in frame && "instance" in frame) {
        tokens.push(String(frame.token));
      }
      link.send(data);
    };
    return {
      send,
      close: (code, reason) => link.close(code, reason),
      get bufferedAmount() {
        return link.bufferedAmount;
      },
    };
  };
