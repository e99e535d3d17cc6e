/**
 * One link of a session, as the client sees it.
 *
 * Law: what arrives on a stale link changes nothing, and all that a frame causes has happened when `receive` returns.
 * `received` moves before a handler, so that a repeat never reaches it twice; `delivered` after it has returned, so that a
 * process which dies within it is sent the event again. Credit is the news of `delivered`: after a quarter of the window,
 * and with each pong. A frame that is not as the protocol says, or a host that throws, ends the link with 4400: the next
 * one resumes behind what was handled.
 *
 * This is the hot path: no allocation but the event itself, one clock reading (the caller's) per message. A class, for its
 * methods are shared: a process may hold thousands of links.
 */
import { ACK, DELIVERED, EPHEMERAL, EVENT, PING, PROBE } from "../codes.js";
import type { Channel, ServerObject, Welcome } from "../frames.js";
import { isCount, isForLinked, isPositions, isSound } from "./check.js";
import type { Outbox, Sink } from "./outbox.js";
import type { ClientLink, ClientSession, ClientSessionOptions, Position, Wire } from "./types.js";

/** A session, as its links use it: said here, so that the two files do not need each other. */
interface Session extends Pick<ClientSession, "pending"> {
  readonly options: ClientSessionOptions;
  readonly outbox: Outbox;
  readonly ended: boolean;
  epoch: string | undefined;
  arrived: number[];
  delivered: number[];
  live: Link | undefined;
  tell(now?: number): number;
}

function malformed(): never {
  throw new Error("malformed frame");
}

/** A copy that stays as it is; no epoch, no position. */
export function positionOf(epoch: string | undefined, positions: readonly number[]): Position | undefined {
  return epoch === undefined ? undefined : { epoch, positions: positions.slice() };
}

/** A link that has sent nothing yet. */
export class Link implements ClientLink, Sink {
  readonly linkNo: number;
  readonly #session: Session;
  readonly #wire: Wire;
  /** By alias. */
  #channels: Map<unknown, Channel> | undefined;
  #closed = false;
  /** What is said now is flushed by who set this. */
  #receiving = false;
  #scheduled = false;
  #crediting = false;
  /** One frame waits as itself, several as the inside of an array. */
  #out = "";
  #frames = 0;
  #outBytes = 0;
  #batchBytes = 16_384;
  #creditEvents = 0;
  #creditChars = 0;
  // Handled and not yet acknowledged.
  #events = 0;
  #chars = 0;
  #moved = false;
  #probes = 0;
  #probedAt = 0;
  #epoch = "";
  #partitions = 0;
  /** The welcome said `gap`, and nothing moves before the frame that tells it. */
  #owesGap = false;

  constructor(session: Session, linkNo: number, wire: Wire) {
    this.linkNo = linkNo;
    this.#session = session;
    this.#wire = wire;
  }

  get live(): boolean {
    return this.#session.live === this;
  }

  push(text: string, bytes: number): void {
    if (this.#gone()) return;
    // Brackets and a comma for each.
    if (this.#outBytes + bytes + this.#frames + 2 > this.#batchBytes) this.#flush();
    this.#out = this.#frames++ ? `${this.#out},${text}` : text;
    this.#outBytes += bytes;
    if (!this.#receiving) this.#schedule();
  }

  hello(token: string | null, heartbeatMs?: number): void {
    const resume = positionOf(this.#session.epoch, this.#session.arrived);
    this.#say({
      t: "hello",
      token: token ?? "",
      app: this.#session.options.app,
      instance: this.#session.options.instance,
      linkNo: this.linkNo,
      nonce: this.#session.options.nonce,
      device: this.#session.options.device,
      resume,
      heartbeatMs,
      listen: this.#session.options.listen,
    });
    this.#flush();
  }

  opened(token: string | null): void {
    this.hello(token);
  }

  message(text: string | Uint8Array): void {
    this.receive(text);
  }

  receive(text: string | Uint8Array, now?: number): void {
    if (this.#gone()) return;
    const session = this.#session;
    if (now !== undefined || !this.live || session.pending) session.tell(now);
    this.#receiving = true;
    try {
      const message = JSON.parse(text as string) as readonly (readonly unknown[])[];
      if (Array.isArray(message) && typeof message[0] === "object") {
        for (const frame of message) {
          if (this.#gone()) return;
          this.#onFrame(frame);
        }
      } else this.#onFrame(message);
      this.#chars += text.length;
      if (this.#owes()) this.#creditSoon();
    } catch (cause) {
      if (!this.#gone()) {
        this.#stop(4400);
        session.options.host.protocolError(this.#wire, { message: "broken protocol", cause });
      }
    } finally {
      this.#receiving = false;
      if (this.#frames) this.#flush();
      // After the end there is nobody left for whom to save it.
      if (this.#moved && !session.ended) {
        this.#moved = false;
        session.options.host.moved();
      }
    }
  }

  probe(now?: number): void {
    this.#probedAt = this.#session.tell(now);
    this.#say([PROBE, ++this.#probes]);
    this.#flush();
  }

  renew(token: string): void {
    this.#say({ t: "token", token });
  }

  heartbeat(ms: number): void {
    this.#say({ t: "heartbeat", ms });
  }

  bye(): void {
    this.#say({ t: "bye" });
    this.#flush();
  }

  lost(): void {
    this.#closed = true;
    if (this.live) {
      this.#session.live = undefined;
      this.#session.outbox.link();
    }
  }

  detach(): void {
    this.lost();
  }

  // ---- what goes out

  #gone(): boolean {
    return this.#closed || this.#session.ended;
  }

  #flush(): void {
    const text = this.#frames > 1 ? `[${this.#out}]` : this.#out;
    this.#out = "";
    this.#frames = this.#outBytes = 0;
    if (text && !this.#gone()) this.#wire.send(text);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#session.options.host.later(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** For frames of ours that are ASCII, or whose exact size does not matter. */
  #say(frame: unknown): void {
    const text = JSON.stringify(frame);
    this.push(text, text.length);
  }

  #owes(): boolean {
    return this.#events >= this.#creditEvents || this.#chars >= this.#creditChars;
  }

  /** What the network brought at once is acknowledged at once: a write for each quarter would be a tenth of the whole cost. */
  #creditSoon(): void {
    if (this.#crediting) return;
    this.#crediting = true;
    const give = (): void => {
      this.#crediting = false;
      if (!this.#owes()) return;
      this.#receiving = true;
      this.#credit();
      this.#receiving = false;
      this.#flush();
    };
    if (this.#session.options.host.idle) this.#session.options.host.idle(give);
    else this.#session.options.host.later(give);
  }

  #credit(): void {
    if (!this.#events) return;
    this.#events = this.#chars = 0;
    this.#say([DELIVERED, ...this.#session.delivered]);
  }

  #stop(code: number): void {
    this.lost();
    this.#wire.close?.(code, "");
  }

  // ---- what comes in

  /** The server vouches that everything up to here was sent: a quiet client keeps up with the log. */
  #advance(heads: readonly unknown[]): void {
    if (!this.#fits(heads) || this.#owesGap) malformed();
    for (let p = 0; p < this.#partitions; p++) {
      const n = heads[p] as number;
      if (n > (this.#session.arrived[p] as number)) {
        this.#session.arrived[p] = this.#session.delivered[p] = n;
        this.#moved = true;
      }
    }
  }

  #fits(positions: readonly unknown[]): positions is readonly number[] {
    return isPositions(positions) && positions.length === this.#partitions;
  }

  #skip(to: readonly number[]): void {
    if (!this.#fits(to)) malformed();
    this.#owesGap = false;
    const session = this.#session;
    const epoch = this.#epoch;
    // A link that is told of a gap was welcomed, so there is an epoch.
    const from = positionOf(session.epoch, session.arrived) as Position;
    session.epoch = epoch;
    session.arrived = to.slice();
    session.options.host.gap({ from, to: { epoch, positions: to.slice() } });
    session.delivered = to.slice();
    this.#moved = true;
  }

  #onWelcome(welcome: Welcome): void {
    const session = this.#session;
    const heads = welcome.positions;
    if (this.live) malformed();
    if (welcome.user !== session.options.user) {
      // Nothing of another identity may enter this session: not a position, not an event.
      this.#stop(4401);
      session.options.host.reject(this.#wire, {
        t: "reject",
        code: "ERR_AUTH_REJECTED",
        message: "another user",
        retry: "never",
        minDelayMs: 0,
        spreadMs: 0,
      });
      return;
    }
    if (welcome.recovery === "resumed" && welcome.epoch !== session.epoch) malformed();
    if (welcome.recovery === "resumed" && heads.length !== session.arrived.length) malformed();
    this.#epoch = welcome.epoch;
    this.#partitions = heads.length;
    this.#owesGap = welcome.recovery === "gap";
    this.#batchBytes = welcome.limits.batchBytes;
    this.#creditEvents = welcome.limits.window / 4;
    this.#creditChars = welcome.limits.windowBytes / 4;
    session.live?.lost();
    session.live = this;
    const fresh = session.epoch === undefined;
    if (fresh) {
      session.epoch = welcome.epoch;
      session.arrived = heads.slice();
      session.delivered = heads.slice();
      this.#moved = true;
    }
    session.outbox.link(this, welcome.limits);
    session.options.host.welcome(this.#wire, welcome);
    // With `gap` nothing moves before the gap frame: if the link dies in between, the next one must be told again.
    // `new` to a client that brought a position breaks the protocol; the loss is told all the same.
    if (welcome.recovery === "new" && !fresh) this.#skip(heads);
  }

  #onObject(frame: { readonly t?: unknown }): void {
    if (!isSound(frame)) malformed();
    const f = frame as ServerObject;
    if (!this.live && isForLinked(f.t)) malformed();
    switch (f.t) {
      case "channel":
        if (f.partition >= this.#partitions) malformed();
        this.#channels ??= new Map();
        this.#channels.set(f.alias, f);
        break;
      case "welcome":
        this.#onWelcome(f);
        break;
      case "reject":
        this.#session.options.host.reject(this.#wire, f);
        break;
      case "gap":
        this.#skip(f.to);
        break;
      case "caughtUp":
        this.#advance(f.positions);
        this.#session.options.host.caughtUp({ epoch: this.#epoch, positions: this.#session.delivered.slice() });
        break;
      case "nack":
        this.#session.outbox.settle({
          ok: false,
          id: f.id,
          code: f.code,
          message: f.message,
          retryAfterMs: f.retryAfterMs,
        });
        break;
      case "throttle":
        this.#session.options.host.throttle(f.features, this.#wire);
        break;
      case "goaway":
        this.#session.options.host.goaway(this.#wire, f);
        break;
      case "tokenOk":
        this.#session.options.host.tokenOk(f.expiresInMs, this.#wire);
        break;
      case "expiring":
        this.#session.options.host.expiring(f.inMs, this.#wire);
    }
  }

  #onFrame(frame: readonly unknown[]): void {
    if (!Array.isArray(frame)) {
      this.#onObject(frame as { readonly t?: unknown });
      return;
    }
    const session = this.#session;
    switch (frame[0]) {
      case EVENT: {
        // By index: taking an array apart by pattern costs an iterator, and this runs for each event.
        const n = frame[1] as number;
        const kind = frame[3];
        const from = frame[4];
        const sentAt = frame[5];
        const data = frame[6];
        const id = frame[7];
        // None before the welcome, for none is announced there.
        const channel = this.#channels?.get(frame[2]);
        const received = session.arrived;
        const p = channel?.partition as number;
        const last = received[p];
        if (!isCount(n) || typeof kind !== "string" || !channel || last === undefined || this.#owesGap) malformed();
        if (typeof from !== "string" || !Number.isFinite(sentAt) || data === undefined) malformed();
        if (id !== undefined && typeof id !== "string") malformed();
        if (n > last) {
          received[p] = n;
          session.options.host.event({
            class: "durable",
            kind,
            channel: channel.channel,
            from,
            data,
            sentAt: sentAt as number,
            position: { epoch: this.#epoch, positions: received.length > 1 ? received.slice() : [n] },
            id,
          });
          session.delivered[p] = n;
          this.#moved = true;
        }
        // A repeat is acknowledged too: it took credit.
        this.#events++;
        break;
      }
      case EPHEMERAL: {
        const kind = frame[2];
        const from = frame[3];
        const data = frame[4];
        const channel = this.#channels?.get(frame[1]);
        if (typeof kind !== "string" || typeof from !== "string" || data === undefined || !channel) malformed();
        session.options.host.ephemeral({
          class: "ephemeral",
          kind,
          channel: channel.channel,
          from,
          data,
        });
        break;
      }
      case ACK: {
        const id = frame[1];
        const n = frame[2] as number;
        if (typeof id !== "string" || !isCount(n) || !this.live) malformed();
        session.outbox.settle({ ok: true, id, n });
        break;
      }
      case PING:
        if (!this.live) malformed();
        if (frame.length > 1) this.#advance(frame.slice(1));
        this.#say([PING]);
        this.#credit();
        break;
      case PROBE:
        if (!Number.isFinite(frame[1]) || !this.live) malformed();
        if (frame[1] === this.#probes) {
          session.options.host.probeAck(this.#wire, session.outbox.now - this.#probedAt);
        }
        break;
      default:
        // An unknown number is a frame of a later version.
        if (typeof frame[0] !== "number") malformed();
    }
  }
}
