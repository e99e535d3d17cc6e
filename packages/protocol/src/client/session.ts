/**
 * The client half of a session: one identity in one process, across links.
 *
 * Law: what must survive a link lives here (positions, pending sends); what dies with it lives in `link.ts`. At most one
 * link is live; the one that was welcomed last.
 */
import { utf8Length } from "../bytes.js";
import { SEND } from "../codes.js";
import { createLink, positionOf, type Shared } from "./link.js";
import { createOutbox } from "./outbox.js";
import type { ClientSession, ClientSessionOptions, SendRequest } from "./types.js";

/** How long a send, join or leave waits for its answer. Milliseconds. */
const sendTimeoutMs = 20_000;

type Sendable = Pick<SendRequest, "channel" | "kind" | "data" | "ephemeral">;

/** A session that has no link yet. */
export function createClientSession(options: ClientSessionOptions): ClientSession {
  const { resume } = options;
  const outbox = createOutbox();
  const shared: Shared = {
    options,
    outbox,
    epoch: resume?.epoch,
    received: [...(resume?.positions ?? [])],
    delivered: [...(resume?.positions ?? [])],
    live: undefined,
    ended: false,
  };
  let sends = 0;

  const nextId = (): string => `${options.nonce}-${(++sends).toString(36)}`;
  // `undefined` becomes `null` in an array.
  const frame = (id: string, { channel, kind, data, ephemeral }: Sendable): string =>
    JSON.stringify([SEND, id, channel, kind, data, ephemeral ? 1 : 0]);

  function add(id: string, text: string, request: Omit<SendRequest, "kind" | "data">, now: number): string {
    const { channel, ephemeral, chained, queued, timeoutMs = sendTimeoutMs, settled } = request;
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
      },
      !!queued && !shared.ended,
    );
    return id;
  }

  function member(t: "join" | "leave", channel: string, settled: SendRequest["settled"], now: number): string {
    const id = nextId();
    return add(id, JSON.stringify({ t, channel, id }), { channel, settled }, now);
  }

  return {
    attach: (linkNo, wire) => createLink(shared, linkNo, wire),
    send(request, now) {
      const id = nextId();
      return add(id, frame(id, request), request, now);
    },
    emit(channel, kind, data) {
      const text = frame("", { channel, kind, data, ephemeral: true });
      shared.live?.push(text, utf8Length(text));
      return !!shared.live;
    },
    join: (channel, settled, now) => member("join", channel, settled, now),
    leave: (channel, settled, now) => member("leave", channel, settled, now),
    cancel: outbox.fail,
    end(code, message) {
      shared.ended = true;
      outbox.link();
      for (const id of outbox.pending.keys()) outbox.fail(id, code, message);
    },
    tick(now) {
      outbox.now = now;
      outbox.tick();
    },
    deadline: outbox.deadline,
    get position() {
      return positionOf(shared.epoch, shared.delivered);
    },
    get received() {
      return positionOf(shared.epoch, shared.received);
    },
    get unacknowledged() {
      return outbox.unacknowledged();
    },
    get pending() {
      return outbox.pending.size;
    },
  };
}
