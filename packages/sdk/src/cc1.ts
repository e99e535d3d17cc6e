/**
 * The glue between the core's protocol port and cc.1. Law: nothing is decided here; frames are the protocol's,
 * the link's life is the machine's.
 *
 * Classes, for their methods are shared: a process may hold thousands of clients, and each pays for its own closures.
 */
import { type Capabilities, connectionError, type ErrorCode, type ProtocolHost, type ProtocolLink } from "@cc/core";
import { SUBPROTOCOL } from "@cc/protocol";
import {
  type ClientHost,
  type ClientLink,
  type ClientSession,
  createClientSession,
  featureOf,
  type SendResult,
  type Wire,
} from "@cc/protocol/client";
import type { Cc1Send, Position, ProtocolContext, ProtocolFactory, ProtocolSession, SendAck } from "./types.js";

export interface Cc1Options {
  /** Names the device; a newer instance with the same name replaces this one (`ERR_REPLACED`). Default: none. */
  readonly device?: string;
  /** Topics of the gateway to hear ephemeral events of: `presence`. Read at each login. Default: none. */
  readonly listen?: readonly string[] | undefined;
}

/** The wire protocol of `@cc/gateway`: every capability. */
export function cc1(options: Cc1Options = {}): ProtocolFactory<Cc1Send> {
  return { path: "/v1/connect", login: true, create: (context) => new Session(context, options) };
}

const subprotocols = [SUBPROTOCOL];
const capabilities: Capabilities = { welcome: true, probe: true, positions: true, acknowledgements: true };
const never = Number.POSITIVE_INFINITY;

/** One identity. What the protocol tells goes to the link that it concerns, or to the application. */
class Session implements ProtocolSession<Cc1Send>, ClientHost {
  readonly subprotocols = subprotocols;
  readonly capabilities = capabilities;
  readonly inner: ClientSession;
  readonly #context: ProtocolContext;
  #links: readonly Attached[] = [];
  #current: ProtocolHost | undefined;
  /** Wall clock minus monotonic clock at the start, and the time told last. */
  readonly #ahead: number;
  #reached = 0;
  #armed = never;
  #busy = false;

  constructor(context: ProtocolContext, { device, listen }: Cc1Options) {
    const { appId: app, clock, user, instance, nonce, resume } = context;
    this.#context = context;
    this.#ahead = clock.wall() - clock.now();
    this.inner = createClientSession({ app, user, instance, nonce, device, listen, resume, host: this });
  }

  /** The protocol's time must count sleep, during which a monotonic clock may stand still. */
  time(): number {
    const { clock } = this.#context;
    this.#reached = Math.max(this.#reached, clock.now(), clock.wall() - this.#ahead);
    return this.#reached;
  }

  /** When a message came. Only a link that is new, or on which an answer is awaited, asks for the time. */
  timeOf(link: ClientLink): number {
    return link.live && this.inner.pending === 0 ? this.#reached : this.time();
  }

  #local(at: number): number {
    return at - this.time() + this.#context.clock.now();
  }

  /** Tells the driver when it has something new to wait for. */
  look(): void {
    const pending = this.inner.unacknowledged !== undefined;
    const due = this.inner.deadline();
    if (pending === this.#busy && due >= this.#armed) return;
    this.#busy = pending;
    this.#armed = due;
    this.#current?.outbox();
  }

  // ---- what the driver asks

  attach(no: number, host: ProtocolHost): ProtocolLink {
    const link = new Attached(this, no, host);
    this.#links = this.#links.concat(link);
    return link;
  }

  detach(link: Attached): void {
    this.#links = this.#links.filter((other) => other !== link);
    this.look();
  }

  unackedSince(): number | null {
    const since = this.inner.unacknowledged?.since;
    return since === undefined ? null : this.#local(since);
  }

  unackedBytes(): number {
    return this.inner.unacknowledged?.bytes ?? 0;
  }

  deadline(): number | undefined {
    this.#armed = this.inner.deadline();
    return this.#armed === never ? undefined : this.#local(this.#armed);
  }

  tick(): void {
    this.inner.tick(this.time());
  }

  position(): Position | undefined {
    return this.inner.position;
  }

  end(code: "ERR_LOGGED_OUT" | "ERR_DISPOSED"): void {
    this.inner.end(code, code);
  }

  async send(...[channel, kind, data, options]: Parameters<Cc1Send>): Promise<SendAck | null> {
    const { ephemeral, volatile, chained, timeoutMs, signal } = options ?? {};
    if (signal?.aborted) throw notSent("ERR_ABORTED", undefined, signal.reason);
    if (timeoutMs !== undefined && !(timeoutMs >= 0)) throw notSent("ERR_INVALID_ARGUMENT", `timeoutMs: ${timeoutMs}`);
    const limit = this.#context.throttled().find((t) => t.feature === featureOf(kind));
    if (volatile) {
      if (!limit) json(() => this.inner.emit(channel, kind, data));
      return null;
    }
    if (limit) {
      throw connectionError("ERR_FEATURE_THROTTLED", `${kind} is throttled`, "send", {
        retryable: true,
        ...(limit.until !== null && { retryAfterMs: Math.max(0, limit.until - this.#context.clock.wall()) }),
      });
    }
    return new Promise<SendAck>((resolve, reject) => {
      const abort = (): void => this.inner.cancel(id, "ERR_ABORTED", "ERR_ABORTED");
      const settled = (result: SendResult): void => {
        signal?.removeEventListener("abort", abort);
        if (result.ok) resolve({ id: result.id, n: result.n });
        else reject(sendError(result));
        this.look();
      };
      signal?.addEventListener("abort", abort);
      const request = { channel, kind, data, ephemeral, chained, timeoutMs, settled };
      const id =
        kind === "member"
          ? this.inner[data === "left" ? "leave" : "join"](channel, settled, this.time())
          : json(() => this.inner.send(request, this.time()));
      this.look();
    });
  }

  // ---- what the protocol tells

  #host(no: number): ProtocolHost | undefined {
    return this.#links.find((link) => link.no === no)?.host;
  }

  later(fn: () => void): void {
    void Promise.resolve().then(fn);
  }

  idle(fn: () => void): void {
    const { clock } = this.#context;
    if (clock.later) clock.later(fn);
    else clock.after(0, fn);
  }

  welcome(...[no, w]: Parameters<ClientHost["welcome"]>): void {
    this.#current = this.#host(no);
    this.#current?.welcome({
      user: w.user,
      session: w.session,
      recovery: w.recovery,
      heartbeatMs: w.heartbeatMs,
      spreadMs: w.reconnectSpreadMs,
      probes: true,
      tokenLifeMs: w.expiresInMs ?? null,
    });
    if (w.throttled.length > 0) this.#current?.throttle(w.throttled);
  }

  reject(...[no, r]: Parameters<ClientHost["reject"]>): void {
    this.#host(no)?.reject({ ...r, code: r.code as ErrorCode });
  }

  event(event: Parameters<ClientHost["event"]>[0]): void {
    this.#context.event(event);
  }

  ephemeral(event: Parameters<ClientHost["ephemeral"]>[0]): void {
    this.#context.event(event);
  }

  gap(gap: Parameters<ClientHost["gap"]>[0]): void {
    this.#context.gap(gap);
  }

  caughtUp(position: Position): void {
    this.#context.caughtUp(position);
  }

  throttle(features: Parameters<ClientHost["throttle"]>[0]): void {
    this.#current?.throttle(features);
  }

  goaway(...[no, g]: Parameters<ClientHost["goaway"]>): void {
    this.#host(no)?.goaway(g.minDelayMs, g.spreadMs);
  }

  expiring(inMs: number): void {
    this.#current?.expiring(inMs);
  }

  tokenOk(lifeMs: number | undefined): void {
    this.#current?.tokenOk(lifeMs ?? null);
  }

  probeAck(no: number): void {
    this.#host(no)?.probeAck();
  }

  protocolError(...[no, fault]: Parameters<ClientHost["protocolError"]>): void {
    this.#host(no)?.fault(fault.message);
  }

  moved(): void {
    this.#context.moved();
  }
}

/** One link, between the driver and the protocol. */
class Attached implements ProtocolLink, Wire {
  readonly no: number;
  readonly host: ProtocolHost;
  readonly #session: Session;
  readonly #link: ClientLink;

  constructor(session: Session, no: number, host: ProtocolHost) {
    this.no = no;
    this.host = host;
    this.#session = session;
    this.#link = session.inner.attach(no, this);
  }

  send(text: string): void {
    this.host.send(text);
  }

  // The driver closes what is at fault.
  close(): void {}

  opened(token: string | null): void {
    this.#link.hello(token ?? "");
  }

  message(data: string | Uint8Array): void {
    if (typeof data === "string") this.#link.receive(data, this.#session.timeOf(this.#link));
    else this.host.fault("A binary message");
  }

  probe(): void {
    this.#link.probe(this.#session.time());
  }

  renew(token: string): void {
    this.#link.renew(token);
  }

  heartbeat(ms: number): void {
    this.#link.heartbeat(ms);
  }

  bye(): void {
    this.#link.bye();
  }

  detach(): void {
    this.#link.lost();
    this.#session.detach(this);
  }
}

const notSent = (code: ErrorCode, message?: string, cause?: unknown): unknown =>
  connectionError(code, message, "send", { cause, details: { outcome: "notSent" } });

/** What cannot be written as JSON was not sent. */
function json<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw notSent("ERR_INVALID_ARGUMENT", "not JSON", cause);
  }
}

function sendError(r: Extract<SendResult, { ok: false }>): unknown {
  return connectionError(r.code as ErrorCode, r.message, "send", {
    retryable: r.outcome === "notSent" || r.retryAfterMs !== undefined,
    details: { id: r.id, ...(r.outcome && { outcome: r.outcome }) },
    ...(r.retryAfterMs !== undefined && { retryAfterMs: r.retryAfterMs }),
  });
}
