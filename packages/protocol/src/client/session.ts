/**
 * The client half of a session: one identity in one process, across links.
 *
 * Law: what must survive a link lives here (positions, pending sends); what dies with it lives in `link.ts`. At most one
 * link is live; the one that was welcomed last.
 */
import { utf8Length } from "../bytes.js";
import { SEND } from "../codes.js";
import { Link, positionOf, type Shared } from "./link.js";
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
export function createClientSession(options: ClientSessionOptions): ClientSession {
  return new Session(options);
}

/** A class, for its methods are shared: a process may hold thousands of sessions, and each would pay for its own closures. */
class Session implements ClientSession {
  readonly #shared: Shared;
  #sends = 0;

  constructor(options: ClientSessionOptions) {
    const { resume } = options;
    const received = [...(resume?.positions ?? [])];
    this.#shared = {
      options,
      outbox: new Outbox(),
      epoch: resume?.epoch,
      received,
      delivered: [...received],
      live: undefined,
      ended: false,
    };
  }

  attach(linkNo: number, wire: Wire): ClientLink {
    return new Link(this.#shared, linkNo, wire);
  }

  send(request: SendRequest, now: number): string {
    const id = this.#nextId();
    return this.#add(id, frame(id, request), request, now);
  }

  emit(channel: string, kind: string, data: unknown): boolean {
    const { live } = this.#shared;
    const text = frame("", { channel, kind, data, ephemeral: true });
    live?.push(text, utf8Length(text));
    return !!live;
  }

  join(channel: string, settled: SendRequest["settled"], now: number): string {
    return this.#member("join", channel, settled, now);
  }

  leave(channel: string, settled: SendRequest["settled"], now: number): string {
    return this.#member("leave", channel, settled, now);
  }

  cancel(id: string, code: string, message: string): void {
    this.#shared.outbox.fail(id, code, message);
  }

  end(code: string, message: string): void {
    const { outbox } = this.#shared;
    this.#shared.ended = true;
    outbox.link();
    for (const id of outbox.pending.keys()) outbox.fail(id, code, message);
  }

  tick(now: number): void {
    const { outbox } = this.#shared;
    outbox.now = now;
    outbox.tick();
  }

  deadline(): number {
    return this.#shared.outbox.deadline();
  }

  get position(): Position | undefined {
    return positionOf(this.#shared.epoch, this.#shared.delivered);
  }

  get received(): Position | undefined {
    return positionOf(this.#shared.epoch, this.#shared.received);
  }

  get unacknowledged(): Unacknowledged | undefined {
    return this.#shared.outbox.unacknowledged();
  }

  get pending(): number {
    return this.#shared.outbox.pending.size;
  }

  #nextId(): string {
    return `${this.#shared.options.nonce}-${(++this.#sends).toString(36)}`;
  }

  #member(t: "join" | "leave", channel: string, settled: SendRequest["settled"], now: number): string {
    const id = this.#nextId();
    return this.#add(id, JSON.stringify({ t, channel, id }), { channel, settled }, now);
  }

  #add(id: string, text: string, request: Omit<SendRequest, "kind" | "data">, now: number): string {
    const { channel, ephemeral, chained, queued, timeoutMs = sendTimeoutMs, settled } = request;
    const { outbox, ended } = this.#shared;
    outbox.now = now;
    outbox.add(
      {
        id,
        channel,
        text,
        bytes: utf8Length(text),
        ephemeral,
        chained,
        deadline: now + timeoutMs,
        settled,
        place: 0,
        firstAt: undefined,
        wroteAt: undefined,
      },
      !!queued && !ended,
    );
    return id;
  }
}

// `undefined` becomes `null` in an array.
const frame = (id: string, { channel, kind, data, ephemeral }: Sendable): string =>
  JSON.stringify([SEND, id, channel, kind, data, ephemeral ? 1 : 0]);
