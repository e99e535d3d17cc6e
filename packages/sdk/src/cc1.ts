/**
 * The glue between the core's protocol port and cc.1. Law: nothing is decided here; frames are the protocol's,
 * the link's life is the machine's.
 *
 * Classes, for their methods are shared: a process may hold thousands of clients, and each pays for its own closures.
 */
import {
  type Capabilities,
  connectionError,
  type ErrorCode,
  type ProtocolHost,
  type ProtocolLink,
  type RejectInfo,
  type ThrottledFeature,
} from "@cc/core";
import { SUBPROTOCOL } from "@cc/protocol";
import {
  type ClientHost,
  type ClientSession,
  createClientSession,
  featureOf,
  type Goaway,
  type ProtocolFault,
  type Reject,
  type SendResult,
  type Welcome,
} from "@cc/protocol/client";
import type {
  AppEvent,
  Cc1Send,
  Gap,
  Position,
  ProtocolContext,
  ProtocolFactory,
  ProtocolSession,
  SendAck,
} from "./types.js";

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
/** A wall clock that falls behind by more was set back. */
const setBackMs = 1_000;

/** One identity. What the protocol tells goes to the link that it concerns, or to the application. */
class Session implements ProtocolSession<Cc1Send>, ClientHost<ProtocolHost> {
  readonly subprotocols = subprotocols;
  readonly capabilities = capabilities;
  readonly #inner: ClientSession<ProtocolHost>;
  readonly #context: ProtocolContext;
  #current: ProtocolHost | undefined;
  /** Wall clock minus monotonic clock without sleep, and how long the machine has slept since the start, ms. */
  #ahead: number;
  #slept = 0;
  #armed = never;
  #busy = false;

  constructor(context: ProtocolContext, { device, listen }: Cc1Options) {
    this.#context = context;
    this.#ahead = context.clock.wall() - context.clock.now();
    this.#inner = createClientSession({
      app: context.appId,
      user: context.user,
      instance: context.instance,
      nonce: context.nonce,
      device,
      listen,
      resume: context.resume,
      host: this,
    });
  }

  /** The protocol's time must count sleep, during which a monotonic clock may stand still. It never stands still itself. */
  time(): number {
    const now = this.#context.clock.now();
    const ahead = this.#context.clock.wall() - now;
    const slept = ahead - this.#ahead;
    if (slept > this.#slept) this.#slept = slept;
    // A wall clock that was set back takes nothing away of what was counted, and hides no later sleep. Less than that is the two clocks' jitter.
    else if (slept < this.#slept - setBackMs) this.#ahead = ahead - this.#slept;
    return now + this.#slept;
  }

  #local(at: number): number {
    return at - this.time() + this.#context.clock.now();
  }

  /** Tells the driver when it has something new to wait for. */
  look(): void {
    const pending = this.#inner.pending > 0;
    const due = this.#inner.deadline();
    if (pending === this.#busy && due >= this.#armed) return;
    this.#busy = pending;
    this.#armed = due;
    this.#current?.outbox();
  }

  // ---- what the driver asks

  attach(no: number, host: ProtocolHost): ProtocolLink {
    return this.#inner.attach(no, host);
  }

  unackedSince(): number | null {
    const since = this.#inner.unacknowledged?.since;
    return since === undefined ? null : this.#local(since);
  }

  unackedBytes(): number {
    return this.#inner.unacknowledged?.bytes ?? 0;
  }

  deadline(): number | undefined {
    this.#armed = this.#inner.deadline();
    return this.#inner.pending ? this.#local(this.#armed) : undefined;
  }

  tick(): void {
    this.#inner.tick(this.time());
  }

  position(): Position | undefined {
    return this.#inner.position;
  }

  end(code: "ERR_LOGGED_OUT" | "ERR_DISPOSED"): void {
    this.#inner.end(code, code);
  }

  async send(...[channel, kind, data, options]: Parameters<Cc1Send>): Promise<SendAck | null> {
    const { ephemeral, volatile, chained, timeoutMs, signal } = options ?? {};
    if (signal?.aborted) throw notSent("ERR_ABORTED", undefined, signal.reason);
    if (timeoutMs !== undefined && !(timeoutMs >= 0)) throw notSent("ERR_INVALID_ARGUMENT", `timeoutMs: ${timeoutMs}`);
    const limit = this.#context.throttled().find((t) => t.feature === featureOf(kind));
    if (volatile) {
      if (!limit) json(() => this.#inner.emit(channel, kind, data));
      return null;
    }
    if (limit) {
      throw connectionError("ERR_FEATURE_THROTTLED", `${kind} is throttled`, "send", {
        retryable: true,
        ...(limit.until !== null && { retryAfterMs: Math.max(0, limit.until - this.#context.clock.wall()) }),
      });
    }
    return new Promise<SendAck>((resolve, reject) => {
      const abort = (): void => this.#inner.cancel(id, "ERR_ABORTED", "ERR_ABORTED");
      const off = (): void => signal?.removeEventListener("abort", abort);
      const settled = (result: SendResult): void => {
        off();
        if (result.ok) resolve({ id: result.id, n: result.n });
        else reject(sendError(result));
        this.look();
      };
      signal?.addEventListener("abort", abort);
      const request = { channel, kind, data, ephemeral, chained, timeoutMs, settled };
      const id =
        kind === "member"
          ? this.#inner[data === "left" ? "leave" : "join"](channel, settled, this.time())
          : json(() => this.#inner.send(request, this.time()), off);
      this.look();
    });
  }

  // ---- what the protocol tells

  later(fn: () => void): void {
    void Promise.resolve().then(fn);
  }

  idle(fn: () => void): void {
    if (this.#context.clock.later) this.#context.clock.later(fn);
    else this.#context.clock.after(0, fn);
  }

  welcome(host: ProtocolHost, w: Welcome): void {
    this.#current = host;
    host.welcome({
      user: w.user,
      session: w.session,
      recovery: w.recovery,
      heartbeatMs: w.heartbeatMs,
      spreadMs: w.reconnectSpreadMs,
      probes: true,
      tokenLifeMs: w.expiresInMs ?? null,
    });
    if (w.throttled.length > 0) host.throttle(w.throttled);
  }

  reject(host: ProtocolHost, refusal: Reject): void {
    host.reject(refusal as RejectInfo);
  }

  throttle(features: readonly ThrottledFeature[], host: ProtocolHost): void {
    host.throttle(features);
  }

  goaway(host: ProtocolHost, { minDelayMs, spreadMs }: Goaway): void {
    host.goaway(minDelayMs, spreadMs);
  }

  expiring(inMs: number, host: ProtocolHost): void {
    host.expiring(inMs);
  }

  tokenOk(lifeMs: number | undefined, host: ProtocolHost): void {
    host.tokenOk(lifeMs ?? null);
  }

  probeAck(host: ProtocolHost): void {
    host.probeAck();
  }

  protocolError(host: ProtocolHost, { message }: ProtocolFault): void {
    host.fault(message);
  }

  event(event: AppEvent): void {
    this.#context.event(event);
  }

  ephemeral(event: AppEvent): void {
    this.#context.event(event);
  }

  gap(gap: Gap): void {
    this.#context.gap(gap);
  }

  caughtUp(position: Position): void {
    this.#context.caughtUp(position);
  }

  moved(): void {
    this.#context.moved();
  }
}

const notSent = (code: ErrorCode, message?: string, cause?: unknown): unknown =>
  connectionError(code, message, "send", { cause, details: { outcome: "notSent" } });

/** What cannot be written as JSON was not sent. */
function json<T>(act: () => T, failed?: () => void): T {
  try {
    return act();
  } catch (cause) {
    failed?.();
    throw notSent("ERR_INVALID_ARGUMENT", "not JSON", cause);
  }
}

function sendError(r: Extract<SendResult, { ok: false }>): unknown {
  return connectionError(r.code as ErrorCode, r.message, "send", {
    // What was not sent for another reason will not be the next time either.
    retryable: (r.outcome === "notSent" && /SOCKET|TIMEOUT/.test(r.code)) || r.retryAfterMs !== undefined,
    details: { id: r.id, ...(r.outcome && { outcome: r.outcome }) },
    ...(r.retryAfterMs !== undefined && { retryAfterMs: r.retryAfterMs }),
  });
}
