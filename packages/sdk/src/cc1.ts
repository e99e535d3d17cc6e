/**
 * The glue between the core's protocol port and cc.1. Law: nothing is decided here; frames are the protocol's,
 * the link's life is the machine's.
 */
import { connectionError, type ErrorCode, type ProtocolHost } from "@cc/core";
import { SUBPROTOCOL } from "@cc/protocol";
import { createClientSession, featureOf, type SendResult } from "@cc/protocol/client";
import type { Cc1Send, ProtocolFactory, SendAck } from "./types.js";

export interface Cc1Options {
  /** Names the device; a newer instance with the same name replaces this one (`ERR_REPLACED`). Default: none. */
  readonly device?: string;
}

/** The wire protocol of `@cc/gateway`: every capability. */
export function cc1({ device }: Cc1Options = {}): ProtocolFactory<Cc1Send> {
  return {
    path: "/v1/connect",
    login: true,
    create(context) {
      const { clock } = context;
      const start = { now: clock.now(), wall: clock.wall() };
      let reached = start.now;
      // The protocol's time must count sleep, during which a monotonic clock may stand still.
      const time = (): number => {
        reached = Math.max(reached, clock.now(), start.now + clock.wall() - start.wall);
        return reached;
      };
      const local = (at: number): number => at - time() + clock.now();

      const hosts = new Map<number, ProtocolHost>();
      let current: ProtocolHost | undefined;
      const session = createClientSession({
        app: context.appId,
        user: context.user,
        instance: context.instance,
        nonce: context.nonce,
        device,
        resume: context.resume,
        host: {
          later: (fn) => void Promise.resolve().then(fn),
          welcome: (link, w) => {
            current = hosts.get(link);
            current?.welcome({
              user: w.user,
              session: w.session,
              recovery: w.recovery,
              heartbeatMs: w.heartbeatMs,
              spreadMs: w.reconnectSpreadMs,
              probes: true,
              tokenLifeMs: w.expiresInMs ?? null,
            });
            if (w.throttled.length > 0) current?.throttle(w.throttled);
          },
          reject: (link, r) => hosts.get(link)?.reject({ ...r, code: r.code as ErrorCode }),
          event: context.event,
          ephemeral: context.event,
          gap: context.gap,
          caughtUp: context.caughtUp,
          throttle: (features) => current?.throttle(features),
          goaway: (link, g) => hosts.get(link)?.goaway(g.minDelayMs, g.spreadMs),
          expiring: (inMs) => current?.expiring(inMs),
          tokenOk: (lifeMs) => current?.tokenOk(lifeMs ?? null),
          probeAck: (link) => hosts.get(link)?.probeAck(),
          protocolError: (link, fault) => hosts.get(link)?.fault(fault.message),
          moved: () => {
            if (session.position) context.moved(session.position);
          },
        },
      });

      let armed = Number.POSITIVE_INFINITY;
      let busy = false;
      /** Tells the driver when it has something new to wait for. */
      const look = (): void => {
        const pending = session.unacknowledged !== undefined;
        const due = session.deadline();
        if (pending === busy && due >= armed) return;
        busy = pending;
        armed = due;
        current?.outbox();
      };

      const send: Cc1Send = async (channel, kind, data, { ephemeral, volatile, chained, timeoutMs, signal } = {}) => {
        if (signal?.aborted) throw notSent("ERR_ABORTED", "Aborted by its signal", signal.reason);
        const limit = context.throttled().find((t) => t.feature === featureOf(kind));
        if (volatile) {
          if (!limit) json(() => session.emit(channel, kind, data));
          return null;
        }
        if (limit) {
          throw connectionError("ERR_FEATURE_THROTTLED", `${kind} is throttled`, "send", {
            retryable: true,
            ...(limit.until !== null && { retryAfterMs: Math.max(0, limit.until - clock.wall()) }),
          });
        }
        return new Promise<SendAck>((resolve, reject) => {
          const abort = (): void => session.cancel(id, "ERR_ABORTED", "Aborted by its signal");
          const settled = (result: SendResult): void => {
            signal?.removeEventListener("abort", abort);
            if (result.ok) resolve({ id: result.id, n: result.n });
            else reject(sendError(result));
            look();
          };
          signal?.addEventListener("abort", abort);
          const request = { channel, kind, data, ephemeral, chained, timeoutMs, settled };
          const id = json(() => session.send(request, time()));
          look();
        });
      };

      return {
        subprotocols: [SUBPROTOCOL],
        capabilities: { welcome: true, probe: true, positions: true, acknowledgements: true },
        attach(link, host) {
          hosts.set(link, host);
          const wire = session.attach(link, { send: (text) => host.send(text), close: () => {} });
          return {
            opened: (token) => wire.hello(token ?? ""),
            message: (data) => {
              if (typeof data === "string") wire.receive(data, time());
              else host.fault("A binary message");
            },
            probe: () => wire.probe(time()),
            renew: wire.renew,
            heartbeat: wire.heartbeat,
            bye: wire.bye,
            detach: () => {
              hosts.delete(link);
              wire.lost();
              look();
            },
          };
        },
        unackedSince: () => {
          const since = session.unacknowledged?.since;
          return since === undefined ? null : local(since);
        },
        unackedBytes: () => session.unacknowledged?.bytes ?? 0,
        deadline: () => {
          armed = session.deadline();
          return armed === Number.POSITIVE_INFINITY ? undefined : local(armed);
        },
        tick: () => session.tick(time()),
        send,
        position: () => session.position,
        end: (code) =>
          session.end(code, code === "ERR_LOGGED_OUT" ? "The user was logged out" : "The client was disposed"),
      };
    },
  };
}

const notSent = (code: ErrorCode, message: string, cause: unknown): unknown =>
  connectionError(code, message, "send", { cause, details: { outcome: "notSent" } });

/** What cannot be written as JSON was not sent. */
function json<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw notSent("ERR_INVALID_ARGUMENT", "The data is not JSON", cause);
  }
}

function sendError(r: Extract<SendResult, { ok: false }>): unknown {
  return connectionError(r.code as ErrorCode, r.message, "send", {
    retryable: r.outcome === "notSent" || r.retryAfterMs !== undefined,
    details: { id: r.id, ...(r.outcome && { outcome: r.outcome }) },
    ...(r.retryAfterMs !== undefined && { retryAfterMs: r.retryAfterMs }),
  });
}
