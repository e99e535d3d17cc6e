/**
 * One link of a session, as the client sees it.
 *
 * Law: what arrives on a stale link changes nothing, and all that a frame causes has happened when `receive` returns.
 * `received` moves before a handler, so that a repeat never reaches it twice; `delivered` after it has returned, so that a
 * process which dies within it is sent the event again. Credit is the news of `delivered`: after a quarter of the window,
 * and with each pong. A frame that is not as the protocol says, or a host that throws, ends the link with 4400: the next
 * one resumes behind what was handled.
 *
 * This is the hot path: no allocation but the event itself, one clock reading (the caller's) per message.
 */
import { ACK, DELIVERED, EPHEMERAL, EVENT, PING, PROBE } from "../codes.js";
import type { Channel, GapFrame, ServerObject, Welcome } from "../frames.js";
import type { Outbox } from "./outbox.js";
import type { ClientLink, ClientSessionOptions, Position, Wire } from "./types.js";

/** What the links of one session share. */
export interface Shared {
  readonly options: ClientSessionOptions;
  readonly outbox: Outbox;
  epoch: string | undefined;
  received: number[];
  delivered: number[];
  /** The link whose welcome came last, while it lives. */
  live: InnerLink | undefined;
  ended: boolean;
}

/** A link as its own session knows it. */
export interface InnerLink extends ClientLink {
  push(text: string, bytes: number): void;
}

/** A frame whose fields nobody has checked: any of them may be missing. */
type Loose<T> = { readonly [K in keyof T]?: unknown };

function malformed(): never {
  throw new Error("malformed frame");
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) && value.every(Number.isFinite) ? value.slice() : malformed();
}

/** A copy that stays as it is; no epoch, no position. */
export function positionOf(epoch: string | undefined, positions: readonly number[]): Position | undefined {
  return epoch === undefined ? undefined : { epoch, positions: positions.slice() };
}

/** A link that has sent nothing yet. */
export function createLink(shared: Shared, linkNo: number, wire: Wire): InnerLink {
  const { host } = shared.options;
  const { outbox } = shared;
  const channels = new Map<unknown, Loose<Channel>>();
  let closed = false;
  let receiving = false;
  let scheduled = false;
  let out: string[] = [];
  let outBytes = 0;
  let batchBytes = 16_384;
  let epoch = "";
  let creditEvents = 0;
  let creditChars = 0;
  // Handled and not yet acknowledged.
  let events = 0;
  let chars = 0;
  let moved = false;
  let probes = 0;
  let probedAt = 0;

  const gone = (): boolean => closed || shared.ended;

  function flush(): void {
    scheduled = false;
    if (out.length && !gone()) {
      const text = out.length > 1 ? `[${out.join()}]` : (out[0] as string);
      out = [];
      outBytes = 0;
      wire.send(text);
    }
  }

  function push(text: string, bytes: number): void {
    if (gone()) return;
    // Brackets and a comma for each.
    if (outBytes + bytes + out.length + 2 > batchBytes) flush();
    out.push(text);
    outBytes += bytes;
    if (!receiving && !scheduled) {
      scheduled = true;
      host.later(flush);
    }
  }

  /** For frames of ours that are ASCII, or whose exact size does not matter. */
  function say(frame: unknown): void {
    const text = JSON.stringify(frame);
    push(text, text.length);
  }

  function credit(): void {
    if (!events) return;
    events = chars = 0;
    say([DELIVERED, ...shared.delivered]);
  }

  /** The server vouches that everything up to here was sent: a quiet client keeps up with the log. */
  function advance(heads: readonly unknown[], offset: number): void {
    for (let p = 0; p < shared.received.length; p++) {
      const n = heads[p + offset];
      if (typeof n === "number" && n > (shared.received[p] as number)) {
        shared.received[p] = shared.delivered[p] = n;
        moved = true;
      }
    }
  }

  function skip(to: number[]): void {
    // A link that is told of a gap was welcomed, so there is an epoch.
    const from = positionOf(shared.epoch, shared.received) as Position;
    shared.epoch = epoch;
    shared.received = to;
    host.gap({ from, to: { epoch, positions: to.slice() } });
    shared.delivered = to.slice();
    moved = true;
  }

  function onWelcome(frame: Loose<Welcome>): void {
    const welcome = frame as Welcome;
    const heads = numbers(welcome.positions);
    const { limits, recovery } = welcome;
    if (typeof welcome.epoch !== "string" || link.live) malformed();
    if (welcome.user !== shared.options.user) {
      // Nothing of another identity may enter this session: not a position, not an event.
      stop(4401);
      host.reject(linkNo, {
        t: "reject",
        code: "ERR_AUTH_REJECTED",
        message: "another user",
        retry: "never",
        minDelayMs: 0,
        spreadMs: 0,
      });
      return;
    }
    if (recovery === "resumed" && welcome.epoch !== shared.epoch) malformed();
    epoch = welcome.epoch;
    batchBytes = limits.batchBytes;
    creditEvents = limits.window / 4;
    creditChars = limits.windowBytes / 4;
    shared.live?.lost();
    shared.live = link;
    const fresh = shared.epoch === undefined;
    if (fresh) {
      shared.epoch = epoch;
      shared.received = heads;
      shared.delivered = heads.slice();
      moved = true;
    }
    outbox.link(push, limits);
    host.welcome(linkNo, welcome);
    // With `gap` nothing moves before the gap frame: if the link dies in between, the next one must be told again.
    // `new` to a client that brought a position breaks the protocol; the loss is told all the same.
    if (recovery === "new" && !fresh) skip(heads);
  }

  function onObject(frame: { readonly t?: unknown }): void {
    // One assertion for all: each branch checks what it uses, and what is missing throws or is the host's to read.
    const f = frame as ServerObject;
    switch (f.t) {
      case "channel":
        channels.set(f.alias, f);
        break;
      case "welcome":
        onWelcome(f);
        break;
      case "reject":
        host.reject(linkNo, f);
        break;
      case "gap":
        skip(numbers((f as Loose<GapFrame>).to));
        break;
      case "caughtUp":
        advance(f.positions, 0);
        host.caughtUp({ epoch, positions: shared.delivered.slice() });
        break;
      case "nack":
        outbox.settle({ ok: false, id: f.id, code: f.code, message: f.message, retryAfterMs: f.retryAfterMs });
        break;
      case "throttle":
        host.throttle(f.features);
        break;
      case "goaway":
        host.goaway(linkNo, f);
        break;
      case "tokenOk":
        host.tokenOk(f.expiresInMs);
        break;
      case "expiring":
        host.expiring(f.inMs);
        break;
      default:
        if (typeof frame.t !== "string") malformed();
    }
  }

  function onFrame(frame: readonly unknown[]): void {
    switch (frame[0]) {
      case EVENT: {
        // By index: taking an array apart by pattern costs an iterator, and this runs for each event.
        const n = frame[1];
        const kind = frame[3];
        const channel = channels.get(frame[2]) as Channel | undefined;
        const { received } = shared;
        const p = channel?.partition as number;
        const last = received[p];
        if (typeof n !== "number" || typeof kind !== "string" || !channel || last === undefined) malformed();
        if (n > last) {
          received[p] = n;
          host.event({
            class: "durable",
            kind,
            channel: channel.channel,
            from: frame[4] as string,
            data: frame[6],
            sentAt: frame[5] as number,
            position: { epoch, positions: received.length > 1 ? received.slice() : [n] },
            id: frame[7] as string | undefined,
          });
          shared.delivered[p] = n;
          moved = true;
        }
        // A repeat is acknowledged too: it took credit.
        events++;
        break;
      }
      case EPHEMERAL: {
        const kind = frame[2];
        const channel = channels.get(frame[1]) as Channel | undefined;
        if (typeof kind !== "string" || !channel) malformed();
        host.ephemeral({
          class: "ephemeral",
          kind,
          channel: channel.channel,
          from: frame[3] as string,
          data: frame[4],
        });
        break;
      }
      case ACK:
        outbox.settle({ ok: true, id: frame[1] as string, n: frame[2] as number });
        break;
      case PING:
        say([PING]);
        advance(frame, 1);
        credit();
        break;
      case PROBE:
        if (frame[1] === probes) host.probeAck(linkNo, outbox.now - probedAt);
        break;
      default:
        // An unknown number is a frame of a later version. Everything else that is not an object with `t` is a fault.
        if (typeof frame[0] !== "number") {
          if (typeof frame !== "object") malformed();
          onObject(frame as { readonly t?: unknown });
        }
    }
  }

  function stop(code: number): void {
    link.lost();
    wire.close(code, "");
  }

  const link: InnerLink = {
    linkNo,
    get live() {
      return shared.live === link;
    },
    push,
    hello(token, heartbeatMs) {
      const { app, instance, nonce, device } = shared.options;
      const resume = positionOf(shared.epoch, shared.received);
      say({ t: "hello", token, app, instance, linkNo, nonce, device, resume, heartbeatMs });
      flush();
    },
    receive(text, now) {
      if (gone()) return;
      outbox.now = now;
      receiving = true;
      try {
        const message = JSON.parse(text) as readonly (readonly unknown[])[];
        if (typeof message[0] === "object") {
          for (const frame of message) {
            if (gone()) return;
            onFrame(frame);
          }
        } else onFrame(message);
        chars += text.length;
        if (events >= creditEvents || chars >= creditChars) credit();
      } catch (cause) {
        if (!gone()) {
          stop(4400);
          host.protocolError(linkNo, { message: "broken protocol", cause });
        }
      } finally {
        receiving = false;
        flush();
        // After the end there is nobody left for whom to save it.
        if (moved && !shared.ended) {
          moved = false;
          host.moved();
        }
      }
    },
    probe(now) {
      outbox.now = now;
      probedAt = now;
      say([PROBE, ++probes]);
      flush();
    },
    renew(token) {
      say({ t: "token", token });
    },
    heartbeat(ms) {
      say({ t: "heartbeat", ms });
    },
    bye() {
      say({ t: "bye" });
      flush();
    },
    lost() {
      closed = true;
      if (link.live) {
        shared.live = undefined;
        outbox.link();
      }
    },
  };
  return link;
}
