/**
 * The client half of a session: one identity in one process, across links.
 *
 * Law: what must survive a link lives here (positions, pending sends); what dies with it lives in `link.ts`. At most one
 * link is live; the one that was welcomed last.
 */
import { utf8Length } from "../bytes.js";
import { SEND } from "../codes.js";
import { Link, positionOf } from "./link.js";
import { Outbox } from "./outbox.js";
import type {
  ClientLink,
  ClientSession,
  ClientSessionOptions,
  Position,
  SendRequest,
  Unacknowledged,
  Wire,
} from "./types.js";

/** How long a send, join or leave waits for its answer. Milliseconds. */
const sendTimeoutMs = 20_000;

type Sendable = Pick<SendRequest, "channel" | "kind" | "data" | "ephemeral">;

/** A session that has no link yet. */
export function createClientSession<W extends Wire = Wire>(options: ClientSessionOptions<W>): ClientSession<W> {
  // What is told of a link comes with the very wire that it was given.
  return new Session(options as unknown as ClientSessionOptions);
}

/** A class, for its methods are shared: a process may hold thousands of sessions, and each would pay for its own closures. */
class Session implements ClientSession {
  readonly options: ClientSessionOptions;
  readonly outbox: Outbox = new Outbox();
  epoch: string | undefined;
  /** What has come, and what was handled. */
  arrived: number[];
  delivered: number[];
  /** The link whose welcome came last, while it lives. */
  live: Link | undefined;
  ended = false;
  #sends = 0;

  constructor(options: ClientSessionOptions) {
    this.options = options;
    this.epoch = options.resume?.epoch;
    this.arrived = [...(options.resume?.positions ?? [])];
    this.delivered = [...this.arrived];
  }

  attach(linkNo: number, wire: Wire): ClientLink {
    return new Link(this, linkNo, wire);
  }

  /** The time, as told or as the host knows it. */
  tell(now: number = this.options.host.time?.() ?? this.outbox.now): number {
    this.outbox.now = now;
    return now;
  }

  send(request: SendRequest, now: number): string {
    const id = this.#nextId();
    return this.#add(id, frame(id, request), request, now);
  }

  emit(channel: string, kind: string, data: unknown): boolean {
    const text = frame("", { channel, kind, data, ephemeral: true });
    const link = this.outbox.isFull ? undefined : this.live;
    link?.push(text, utf8Length(text));
    return !!link;
  }

  join(channel: string, settled: SendRequest["settled"], now: number): string {
    return this.#member("join", channel, settled, now);
  }

  leave(channel: string, settled: SendRequest["settled"], now: number): string {
    return this.#member("leave", channel, settled, now);
  }

  cancel(id: string, code: string, message: string): void {
    this.outbox.fail(id, code, message);
  }

  end(code: string, message: string): void {
    this.ended = true;
    this.outbox.link();
    for (const id of this.outbox.pending.keys()) this.outbox.fail(id, code, message);
  }

  tick(now: number): void {
    this.tell(now);
    this.outbox.tick();
  }

  deadline(): number {
    return this.outbox.deadline();
  }

  get position(): Position | undefined {
    return positionOf(this.epoch, this.delivered);
  }

  get received(): Position | undefined {
    return positionOf(this.epoch, this.arrived);
  }

  get unacknowledged(): Unacknowledged | undefined {
    return this.outbox.unacknowledged();
  }

  get pending(): number {
    return this.outbox.pending.size;
  }

  #nextId(): string {
    return `${this.options.nonce}-${(++this.#sends).toString(36)}`;
  }

  #member(t: "join" | "leave", channel: string, settled: SendRequest["settled"], now: number): string {
    const id = this.#nextId();
    return this.#add(id, JSON.stringify({ t, channel, id }), { channel, settled }, now);
  }

  #add(id: string, text: string, request: Omit<SendRequest, "kind" | "data">, now: number): string {
    const { timeoutMs = sendTimeoutMs } = request;
    this.tell(now);
    this.outbox.add(
      {
        id,
        channel: request.channel,
        text,
        bytes: utf8Length(text),
        ephemeral: request.ephemeral,
        chained: request.chained,
        deadline: now + timeoutMs,
        settled: request.settled,
        place: 0,
        firstAt: undefined,
        wroteAt: undefined,
      },
      !!request.queued && !this.ended,
    );
    return id;
  }
}

// `undefined` becomes `null` in an array.
const frame = (id: string, { channel, kind, data, ephemeral }: Sendable): string =>
  JSON.stringify([SEND, id, channel, kind, data, ephemeral ? 1 : 0]);
