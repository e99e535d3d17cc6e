/**
 * What the protocol of one session knows and may tell, and who the connection is for: one object, for there is one in
 * each of thousands of clients. Law: whatever it says after its session's end is of a user who is gone (B2.4).
 */
import {
  type Bus,
  type Clock,
  type Connection,
  connectionError,
  type Identity,
  type Protocol,
  type Snapshot,
  type TokenRequest,
} from "@cc/core";
import { fitting } from "./schema.js";
import type { AppEvent, EventSchemas, Gap, Position, ProtocolContext, SystemEvents } from "./types.js";

export type Events = SystemEvents & Record<string, unknown>;

/** What a context needs of its client. */
export interface ContextOwner {
  /** Of the session that lives. */
  readonly context: Context | undefined;
  readonly bus: Bus<Events>;
  readonly connection: Pick<Connection, "report">;
  readonly options: { readonly events?: EventSchemas | undefined };
  snapshot(): Snapshot;
  fetchToken(reason: "missing" | "expiring" | "rejected"): TokenRequest;
  /** The delivered position moved. */
  moved(): void;
}

type Facts = Pick<ProtocolContext, "appId" | "user" | "instance" | "nonce" | "resume" | "clock"> &
  Pick<Identity, "token" | "lifeMs" | "renewable">;

export class Context implements ProtocolContext, Identity {
  readonly #client: ContextOwner;
  // The constructor assigns them all. Not `declare`: fields that have no place of their own lie beside the object, 32 B more for each client.
  readonly appId!: string;
  readonly user!: string;
  readonly instance!: string;
  readonly nonce!: string;
  readonly resume!: Position | undefined;
  readonly clock!: Clock;
  readonly token!: string | null;
  readonly lifeMs!: number | null;
  readonly renewable!: boolean;
  declare protocol: Protocol;

  constructor(client: ContextOwner, facts: Facts) {
    this.#client = client;
    Object.assign(this, facts);
  }

  fetchToken(reason: "missing" | "expiring" | "rejected"): TokenRequest {
    return this.#client.fetchToken(reason);
  }

  get #live(): boolean {
    return this.#client.context === this;
  }

  throttled(): Snapshot["throttled"] {
    return this.#client.snapshot().throttled;
  }
  event(event: AppEvent): void {
    if (!this.#live) return;
    const { kind } = event;
    const { bus, options } = this.#client;
    const told = options.events
      ? fitting(options.events, event, (fault) => this.#client.connection.report(fault))
      : event;
    // One round for all, for this runs for each event.
    if (told) bus.emit(kind in SYSTEM ? "*" : kind, told, event.class === "durable" ? "event" : "ephemeral", "*");
  }
  gap(gap: Gap): void {
    if (!this.#live) return;
    this.#client.bus.emit("gap", gap);
    // Who listens to the connection alone, as the facade's apps do, must hear of a loss too.
    this.#client.bus.emit(
      "error",
      connectionError("ERR_RECOVERY_GAP", "Events were lost to replay", "linked", { details: { ...gap } }),
    );
  }
  caughtUp(position: Position): void {
    if (this.#live) this.#client.bus.emit("caughtUp", position);
  }
  moved(): void {
    if (this.#live) this.#client.moved();
  }
}

/** Names that no kind may take. */
const SYSTEM: Readonly<Record<string, unknown>> = {
  __proto__: null,
  status: 0,
  snapshot: 0,
  session: 0,
  error: 0,
  gap: 0,
  caughtUp: 0,
  user: 0,
  event: 0,
  ephemeral: 0,
  "*": 0,
};
