/**
 * What happens in a run, fact by fact. Law: the world writes them down and judges nothing; the oracle reads them and knows no
 * more of the product than a user, a server and the network between do. `t` is true time in ms.
 */
import type { ErrorCode, Reason, SessionEvent, Snapshot, StatusChange } from "@cc/core";
import type { LogEntry } from "@cc/protocol/server";
import type { AppEvent, Gap, Position } from "@cc/sdk/portable";
import type { Act } from "../plan.js";

/** A frame of cc.1 as it went over the wire. */
export type Frame = readonly unknown[] | { readonly t?: string; readonly [field: string]: unknown };

type Life = { readonly client: number; readonly process: number };
type OnWire = { readonly client: number; readonly wire: number };

export type Fact =
  | { readonly type: "act"; readonly act: Act }
  | { readonly type: "actEnds"; readonly act: Act }
  | { readonly type: "quiet" }
  // one process of a client
  | ({ readonly type: "born" } & Life)
  | ({ readonly type: "gone"; readonly how: "disposed" | "killed" } & Life)
  | ({ readonly type: "call"; readonly id: number; readonly call: Call } & Life)
  | ({
      readonly type: "settled";
      readonly id: number;
      readonly ok: boolean;
      readonly value: unknown;
      readonly error: Failure | undefined;
    } & Life)
  | ({
      readonly type: "status";
      readonly change: StatusChange;
      readonly snapshot: Snapshot;
      readonly status: string;
    } & Life)
  /** The snapshot begins or ceases to say `failed`. */
  | ({ readonly type: "failed"; readonly on: boolean; readonly code: string | undefined } & Life)
  | ({ readonly type: "session"; readonly session: SessionEvent } & Life)
  | ({ readonly type: "error"; readonly error: Failure } & Life)
  | ({ readonly type: "event"; readonly event: AppEvent; readonly user: string | undefined } & Life)
  | ({ readonly type: "gap"; readonly gap: Gap } & Life)
  | ({ readonly type: "caughtUp"; readonly position: Position } & Life)
  | ({ readonly type: "user"; readonly user: string | null } & Life)
  | ({ readonly type: "thrown"; readonly error: unknown } & Life)
  // its machine
  | { readonly type: "signal"; readonly client: number; readonly signal: string }
  | { readonly type: "sleep"; readonly client: number }
  | { readonly type: "wake"; readonly client: number }
  | { readonly type: "timers"; readonly client: number; readonly everyMs: number }
  // a token was asked for
  | { readonly type: "tokenAsked"; readonly client: number; readonly how: string }
  // the network
  | ({ readonly type: "dial"; readonly process: number; readonly gateway: number } & OnWire)
  | ({ readonly type: "opened" } & OnWire)
  | ({ readonly type: "up"; readonly text: string; readonly frames: readonly Frame[] } & OnWire)
  | ({ readonly type: "heard"; readonly frames: readonly Frame[] } & OnWire)
  | ({ readonly type: "down"; readonly frames: readonly Frame[] } & OnWire)
  | ({ readonly type: "got"; readonly text: string; readonly frames: readonly Frame[] } & OnWire)
  | ({ readonly type: "closing"; readonly code: number } & OnWire)
  | ({
      readonly type: "closed";
      readonly code: number;
      readonly httpStatus: number;
      readonly retryAfterMs: number;
    } & OnWire)
  | ({ readonly type: "serverClosed" } & OnWire)
  // the log
  | { readonly type: "entry"; readonly epoch: string; readonly entry: LogEntry }
  | { readonly type: "epoch"; readonly epoch: string };

export type Call =
  | { readonly name: "init" | "logout" | "connect" | "disconnect" | "ping" | "checkNow" | "reconnect" | "dispose" }
  | { readonly name: "login"; readonly user: string; readonly by: string }
  | {
      readonly name: "send";
      readonly channel: string;
      readonly how: "durable" | "ephemeral" | "volatile";
      /** In the data: no other send has it. */
      readonly mark: string;
      readonly timeoutMs: number;
      readonly chained: boolean;
    }
  | { readonly name: "member"; readonly channel: string; readonly change: "joined" | "left" };

/** An error as a caller gets it. */
export interface Failure {
  readonly code: ErrorCode | "none";
  readonly text: string;
  readonly outcome: "notSent" | "unknown" | undefined;
  readonly reason: Reason | undefined;
}

export type Told = { readonly t: number } & Fact;
