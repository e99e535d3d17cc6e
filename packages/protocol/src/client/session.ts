/**
 * The client half of a session: one identity in one process, across links.
 *
 * Law: what must survive a link lives here (positions, pending sends); what dies with it lives in `link.ts`. At most one
 * link is live; the one that was welcomed last.
 */
import { utf8Length } from "../bytes.js";
import { SEND } from "../codes.js";
import { createLink, type Shared } from "./link.js";
import { createOutbox } from "./outbox.js";
import type { ClientSession, ClientSessionOptions, Position, SendResult } from "./types.js";

/** How long a send, join or leave waits for its answer. Milliseconds. */
const sendTimeoutMs = 20_000;

/** A session that has no link yet. */
export function createClientSession(options: ClientSessionOptions): ClientSession {
  const { resume } = options;
  const outbox = createOutbox();
  const shared: Shared = {
    options,
    outbox,
    epoch: resume?.epoch,
    received: resume?.positions.slice() ?? [],
    delivered: resume?.positions.slice() ?? [],
    live: undefined,
    ended: false,
  };
  let sends = 0;

  const nextId = (): string => `${options.nonce}-${(++sends).toString(36)}`;
  const position = (positions: readonly number[]): Position | undefined =>
    shared.epoch === undefined ? undefined : { epoch: shared.epoch, positions: positions.slice() };
  const frame = (id: string, channel: string, kind: string, json: string, flags: number): string =>
    `${JSON.stringify([SEND, id, channel, kind]).slice(0, -1)},${json},${flags}]`;
  // `undefined` has no JSON text.
  const encode = (data: unknown): string => JSON.stringify(data) ?? "null";

  function member(t: "join" | "leave", channel: string, settled: (result: SendResult) => void, now: number): string {
    const id = nextId();
    const text = JSON.stringify({ t, channel, id });
    outbox.now = now;
    const item = { id, channel, text, bytes: utf8Length(text), dataBytes: 0, ephemeral: false, chained: false };
    outbox.add({ ...item, deadline: now + sendTimeoutMs, settled }, false);
    return id;
  }

  return {
    attach: (linkNo, wire) => createLink(shared, linkNo, wire),
    send({ channel, kind, data, ephemeral = false, chained = false, queued = false, timeoutMs, settled }, now) {
      const id = nextId();
      const json = encode(data);
      const text = frame(id, channel, kind, json, ephemeral ? 1 : 0);
      const item = { id, channel, text, bytes: utf8Length(text), dataBytes: utf8Length(json), ephemeral, chained };
      outbox.now = now;
      outbox.add({ ...item, deadline: now + (timeoutMs ?? sendTimeoutMs), settled }, queued && !shared.ended);
      return id;
    },
    emit(channel, kind, data) {
      const text = frame("", channel, kind, encode(data), 1);
      const { live } = shared;
      live?.push(text, utf8Length(text));
      return !!live;
    },
    join: (channel, settled, now) => member("join", channel, settled, now),
    leave: (channel, settled, now) => member("leave", channel, settled, now),
    cancel: outbox.fail,
    end(code, message) {
      shared.ended = true;
      outbox.failAll(code, message);
    },
    tick(now) {
      outbox.now = now;
      outbox.tick();
    },
    deadline: outbox.deadline,
    get position() {
      return position(shared.delivered);
    },
    get received() {
      return position(shared.received);
    },
    get unacknowledged() {
      return outbox.unacknowledged;
    },
    get pending() {
      return outbox.size;
    },
  };
}
