/** What a hub and its links know of each other. Law: a link reaches its hub through `Core`, the hub its links through `Link`; neither sees more. */
import type { Hello, Retry, ServerObject } from "../frames.js";
import type { Admission, Floor } from "./admission.js";
import type { Dated } from "./agenda.js";
import type { Audience } from "./audience.js";
import type { Broker } from "./broker.js";
import type { Inbox } from "./inbox.js";
import type { Log } from "./log.js";
import type { Outflow } from "./outflow.js";
import type { Rate } from "./rate.js";
import type { RingEntry } from "./ring.js";
import type { Settings } from "./settings.js";
import type { Throttling } from "./throttle.js";
import type { ServerSession } from "./types.js";

/** Whose link it is, by which token. */
export interface Identity {
  readonly user: string;
  readonly tokenId?: string | undefined;
}

/** One link, as its hub uses it. */
export interface Link extends ServerSession, Dated {
  readonly session: string;
  /** The uid, while it is welcomed. */
  readonly user: string | undefined;
  readonly hello: Hello | undefined;
  /** Known from the verdict on: what is asked after it may take time, and a revocation must not miss the link meanwhile. */
  readonly identity: Identity | undefined;
  /** Closes without a frame. */
  end(code: number, reason: string): void;
  /** Tells why, and closes. */
  refuse(code: string, message: string, retry: Retry, more?: { readonly close?: number; readonly floor?: Floor }): void;
  /** Sends a frame, if it is welcomed. */
  say(frame: ServerObject): void;
  /** An applied entry that concerns it. */
  show(entry: RingEntry): void;
  /** An ephemeral event that concerns it. */
  cast(alias: number, channel: string, text: string, bytes: number): void;
  /** See `Delivery.hold`. */
  hold(partition: number): void;
  /** Does what is due; returns when the next thing is. */
  tick(now: number): number;
  /** This much time has passed in which nobody could be heard. */
  forgive(ms: number): void;
  flush(): void;
  /** Bytes that wait for the end of the turn or for the network. */
  outboundBytes(): number;
}

/** A link, as its own parts use it: the way out, and the end. */
export interface Line extends Pick<Link, "session" | "say" | "end" | "refuse"> {
  readonly outflow: Outflow;
  readonly rate: Rate;
  isOpen(): boolean;
  /** The token was found good. */
  identify(identity: Identity): void;
  /** Closes 4400, and says what was wrong. */
  malformed(what: string): void;
  /** The log failed in the middle of serving this link. */
  brokerFailed(error: unknown): void;
}

/** A hub, as its links use it. */
export interface Core {
  readonly settings: Settings;
  readonly broker: Broker;
  readonly log: Log;
  readonly inbox: Inbox;
  readonly audience: Audience<Link>;
  readonly throttling: Throttling;
  readonly admission: Admission;
  /** Runs `fn` when the log is followed. */
  whenReady(fn: () => void): void;
  /** The floor for newcomers while draining. */
  draining(): Floor | undefined;
  reconnectSpreadMs(): number;
  /** The time of the last tick: good enough to know who is alive, and read for each message without asking a clock. */
  tickedAt(): number;
  /** Time means something to the link at `at`, and no longer when it meant to before. */
  due(link: Link, at: number): void;
  /** Will flush the link after this turn. */
  schedule(link: Link): void;
  closed(link: Link): void;
  brokerFailed(error: unknown): void;
}
