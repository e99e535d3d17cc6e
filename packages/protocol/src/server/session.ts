/**
 * One link, as the server sees it: awaitingHello → authenticating → live → closed.
 *
 * Law: nothing but `hello` is taken before the welcome; nothing is done for a link that has closed, whatever promise comes
 * late; and every close that the server decides is told with its reason first. Time passes in `tick` only.
 */
import { utf8Length } from "../bytes.js";
import { closeCodes } from "../closeCodes.js";
import { type AnyFrame, decode } from "../codec.js";
import { ACK, DELIVERED, PING, PROBE, SEND } from "../codes.js";
import type { Hello, Reject, Retry, ServerObject, Welcome } from "../frames.js";
import { settle } from "./awaitable.js";
import { deliveredOf, durationOf, helloOf, membershipOf, sendOf, tokenOf } from "./check.js";
import type { Core, Link } from "./core.js";
import { createDelivery, type Delivery } from "./delivery.js";
import type { Answer } from "./inbox.js";
import { userPrefix } from "./log.js";
import { createOutflow } from "./outflow.js";
import { createRate } from "./rate.js";
import { type Resumption, resumption } from "./resume.js";
import type { SessionHost, Verdict } from "./types.js";

/** Heartbeats without a sound after which a client is given up. */
const silentHeartbeats = 3;

/** What a welcomed link is. */
interface Live {
  readonly hello: Hello;
  readonly user: string;
  readonly delivery: Delivery;
  tokenId: string | undefined;
  expiresAt: number;
  noticed: boolean;
  heartbeatMs: number;
  pingAt: number;
  heardAt: number;
}

type State =
  | { readonly at: "awaitingHello" }
  | { readonly at: "authenticating" }
  | ({ readonly at: "live" } & Live)
  | { readonly at: "closed" };

const closeFor: Readonly<Record<Retry, number>> = {
  never: closeCodes.forbidden,
  later: closeCodes.overloaded,
  reauth: closeCodes.authRejected,
};

/** A link whose socket has just opened. */
export function openSession(core: Core, host: SessionHost): Link {
  const { settings, log, inbox } = core;
  const { limits } = settings;
  const session = settings.newId();
  const rate = createRate(limits.frameRate, settings.now);
  let handshakeUntil = settings.now() + settings.handshakeMs;
  let state: State = { at: "awaitingHello" };
  let renewals = 0;

  const outflow = createOutflow(limits.batchBytes, host.send, () => core.schedule(link));

  function say(frame: ServerObject): void {
    const text = JSON.stringify(frame);
    outflow.add(text, utf8Length(text));
  }

  // Read through a function: the compiler must not believe that a state seen before a callback still holds after it.
  const current = (): State => state;

  function closed(code: number, reason: string): void {
    const was = state;
    if (was.at === "closed") return;
    state = { at: "closed" };
    if (was.at === "live") {
      was.delivery.stop();
      for (const channel of [userPrefix + was.user, ...log.members.channelsOf(was.user)])
        core.audience.remove(channel, link);
    }
    core.closed(link);
    settings.onNote?.({ note: "closed", session, user: was.at === "live" ? was.user : undefined, code, reason });
  }

  function end(code: number, reason: string): void {
    if (state.at === "closed") return;
    outflow.flush();
    closed(code, reason);
    host.close(code, reason);
  }

  function refuse(
    code: string,
    message: string,
    retry: Retry,
    more: { readonly close?: number; readonly floor?: Pick<Reject, "minDelayMs" | "spreadMs"> } = {},
  ): void {
    if (state.at === "closed") return;
    const floor =
      more.floor ??
      (retry === "later" ? { minDelayMs: 1000, spreadMs: core.reconnectSpreadMs() } : { minDelayMs: 0, spreadMs: 0 });
    say({ t: "reject", code, message, retry, ...floor });
    if (state.at !== "live") settings.onNote?.({ note: "refused", code, message });
    end(more.close ?? closeFor[retry], message);
  }

  const malformed = (what: string): void =>
    refuse("ERR_PROTOCOL", `malformed: ${what}`, "later", { close: closeCodes.malformed });

  const brokerFailed = (error: unknown): void => {
    core.brokerFailed(error);
    refuse("ERR_SERVER_OVERLOADED", "the log is out of reach", "later", { close: closeCodes.tryAgainLater });
  };

  function refuseToken(verdict: Extract<Verdict, { ok: false }>): void {
    const retry = verdict.retry ?? "reauth";
    refuse(verdict.code ?? (retry === "later" ? "ERR_SERVER_OVERLOADED" : "ERR_AUTH_REJECTED"), verdict.message, retry);
  }

  const verifierFailed = (): void => refuse("ERR_SERVER_OVERLOADED", "tokens cannot be verified now", "later");

  const granted = (askedMs: number | undefined): number =>
    askedMs === undefined
      ? settings.heartbeatMs
      : Math.min(settings.heartbeatMaxMs, Math.max(settings.heartbeatMinMs, askedMs));

  // ---- handshake

  function onHello(hello: Hello): void {
    state = { at: "authenticating" };
    core.whenReady(() => {
      if (current().at !== "authenticating") return;
      const draining = core.draining();
      if (draining) {
        refuse("ERR_SERVER_OVERLOADED", "this gateway is draining", "later", {
          close: closeCodes.restart,
          floor: draining,
        });
        return;
      }
      settle(
        () => settings.verify(hello.token, { app: hello.app, instance: hello.instance }),
        (verdict) => {
          if (!verdict.ok) refuseToken(verdict);
          else {
            settle(
              () => resumption(log, core.broker.epoch, hello.resume),
              (how) => {
                if (current().at === "authenticating") welcome(hello, verdict, how);
              },
              brokerFailed,
            );
          }
        },
        verifierFailed,
      );
    });
  }

  /** Links that this one replaces. False if it is itself the older one, come late. */
  function takeOver(hello: Hello, user: string): boolean {
    const others = [...core.audience.of(userPrefix + user)];
    const same = others.filter((other) => other.hello?.instance === hello.instance);
    // A reloaded tab counts its links from 1 again: numbers are compared within one process only.
    if (
      same.some(
        ({ hello: other }) => other?.nonce === hello.nonce && other !== undefined && other.linkNo > hello.linkNo,
      )
    ) {
      return false;
    }
    for (const other of same) other.end(closeCodes.superseded, "a newer link of this instance");
    for (const other of others) {
      if (
        hello.device !== undefined &&
        other.hello?.device === hello.device &&
        other.hello.instance !== hello.instance
      ) {
        other.refuse("ERR_REPLACED", "a newer instance on this device", "never", { close: closeCodes.replaced });
      }
    }
    return true;
  }

  function welcome(hello: Hello, verdict: Extract<Verdict, { ok: true }>, { recovery, cursors }: Resumption): void {
    const { user, expiresInMs, tokenId } = verdict;
    if (!takeOver(hello, user)) {
      refuse("ERR_ABORTED", "a newer link of this instance stands", "later", { close: closeCodes.superseded });
      return;
    }
    const now = settings.now();
    const delivery = createDelivery({ log, limits, user, instance: hello.instance, outflow, failed: brokerFailed });
    const heartbeatMs = granted(hello.heartbeatMs);
    const expiresAt = now + (expiresInMs ?? Number.POSITIVE_INFINITY);
    state = {
      at: "live",
      hello,
      user,
      delivery,
      tokenId,
      expiresAt,
      noticed: false,
      heartbeatMs,
      pingAt: now + heartbeatMs,
      heardAt: now,
    };
    const positions = cursors ?? log.rings.map(({ last }) => last);
    const frame: Welcome = {
      t: "welcome",
      session,
      user,
      recovery,
      epoch: core.broker.epoch,
      positions,
      heartbeatMs,
      reconnectSpreadMs: core.reconnectSpreadMs(),
      limits,
      throttled: core.throttling.current(now),
      expiresInMs,
    };
    say(frame);
    if (recovery === "gap" && hello.resume) say({ t: "gap", from: hello.resume.positions, to: positions });
    for (const channel of [userPrefix + user, ...log.members.channelsOf(user)]) {
      if (channel.startsWith(userPrefix) || log.members.isMember(channel, user)) core.audience.add(channel, link);
    }
    delivery.begin(cursors);
    if (state.at === "live") arm(state, now);
    settings.onNote?.({ note: "welcomed", session, user, instance: hello.instance, recovery });
  }

  // ---- the living link

  function answer(id: string): (what: Answer) => void {
    return (what) => {
      if (current().at !== "live") return;
      if (!what) {
        // Perhaps applied: only the same id on a new link can find out.
        refuse("ERR_SERVER_OVERLOADED", "the log did not answer", "later", { close: closeCodes.tryAgainLater });
      } else if (what.ok) {
        const text = `[${ACK},${JSON.stringify(id)},${what.n}]`;
        outflow.add(text, utf8Length(text));
      } else {
        const { code, message, retryAfterMs } = what;
        say({ t: "nack", id, code, message, retryAfterMs });
      }
    };
  }

  const overRate = {
    ok: false,
    code: "ERR_SERVER_OVERLOADED",
    message: "more frames than limits.frameRate",
    retryAfterMs: 2000,
  } as const;

  function renew(live: Live, token: string): void {
    const renewal = ++renewals;
    settle(
      () => settings.verify(token, { app: live.hello.app, instance: live.hello.instance }),
      (verdict) => {
        if (current().at !== "live" || renewal !== renewals) return;
        if (!verdict.ok) refuseToken(verdict);
        else if (verdict.user !== live.user) refuse("ERR_AUTH_REJECTED", "the token of another user", "reauth");
        else {
          live.expiresAt = settings.now() + (verdict.expiresInMs ?? Number.POSITIVE_INFINITY);
          live.noticed = false;
          live.tokenId = verdict.tokenId;
          arm(live, settings.now());
          say({ t: "tokenOk", expiresInMs: verdict.expiresInMs });
        }
      },
      verifierFailed,
    );
  }

  function onObject(live: Live, frame: AnyFrame & { readonly t?: unknown }, refused: boolean): void {
    switch (frame.t) {
      case "token": {
        const token = tokenOf(frame);
        if (token === undefined) malformed("token");
        else renew(live, token);
        return;
      }
      case "heartbeat": {
        const ms = durationOf((frame as { readonly ms?: unknown }).ms);
        if (ms === undefined) malformed("heartbeat");
        else {
          live.heartbeatMs = granted(ms);
          live.pingAt = Math.min(live.pingAt, settings.now() + live.heartbeatMs);
          arm(live, settings.now());
        }
        return;
      }
      case "join":
      case "leave": {
        const wish = membershipOf(frame);
        if (!wish) malformed(frame.t);
        else if (refused) answer(wish.id)(overRate);
        else {
          const change = frame.t === "join" ? "joined" : "left";
          const author = { user: live.user, instance: live.hello.instance };
          inbox.member(author, wish.id, { channel: wish.channel, user: live.user, change }, answer(wish.id));
        }
        return;
      }
      case "bye":
        end(closeCodes.normal, "bye");
        return;
      case "hello":
        malformed("a second hello");
        return;
      default:
        if (typeof frame.t !== "string") malformed("neither number nor t");
    }
  }

  function onArray(live: Live, frame: readonly unknown[], bytes: number, refused: boolean): void {
    switch (frame[0]) {
      case PING:
        return;
      case PROBE:
        if (typeof frame[1] === "number") say4(frame[1]);
        else malformed("probe");
        return;
      case DELIVERED: {
        const positions = deliveredOf(frame);
        if (!positions) malformed("delivered");
        else if (live.delivery.give(positions)) rate.refund();
        return;
      }
      case SEND: {
        const send = sendOf(frame);
        if (!send) {
          malformed("send");
          return;
        }
        const author = { user: live.user, instance: live.hello.instance };
        if (!send.ephemeral) {
          if (refused) answer(send.id)(overRate);
          else inbox.send(author, send, bytes, answer(send.id));
          return;
        }
        const cast = refused ? overRate : inbox.cast(author, send, bytes);
        if (send.id !== "") answer(send.id)(cast);
      }
    }
  }

  function say4(k: number): void {
    const text = `[${PROBE},${k}]`;
    outflow.add(text, text.length);
  }

  function onFrame(frame: AnyFrame, bytes: number): void {
    if (state.at === "awaitingHello") {
      const hello = helloOf(frame);
      if (hello) onHello(hello);
      else malformed("the first frame is not a hello");
      return;
    }
    if (state.at !== "live") {
      malformed("a frame before the welcome");
      return;
    }
    const spent = rate.spend();
    if (spent === "cut") {
      refuse("ERR_SERVER_OVERLOADED", "far more frames than limits.frameRate", "later", {
        close: closeCodes.rateExceeded,
      });
      return;
    }
    if (Array.isArray(frame)) onArray(state, frame as readonly unknown[], bytes, spent === "refuse");
    else onObject(state, frame, spent === "refuse");
  }

  function ping(live: Live, now: number): void {
    live.pingAt = now + live.heartbeatMs;
    const text = live.delivery.level ? `[${[PING, ...log.rings.map(({ last }) => last)].join()}]` : `[${PING}]`;
    outflow.add(text, text.length);
  }

  const silentAt = (live: Live): number => live.heardAt + silentHeartbeats * live.heartbeatMs;

  /** When time next means something to this link, so that a tick costs nothing until then. */
  function arm(live: Live, now: number): void {
    const expiryAt = live.noticed ? live.expiresAt : live.expiresAt - settings.expiryNoticeMs;
    // A link that is ahead of this gateway hears of its catching up from nobody.
    const pumpAt = live.delivery.level ? Number.POSITIVE_INFINITY : now;
    link.dueAt = Math.min(live.pingAt, silentAt(live), expiryAt, pumpAt);
  }

  function passTime(live: Live, now: number): void {
    // `heardAt` is the tick before the sound, so only more than three heartbeats are surely three.
    if (now > silentAt(live)) {
      end(closeCodes.silent, "silent for three heartbeats");
      return;
    }
    if (now >= live.expiresAt) {
      refuse("ERR_AUTH_REJECTED", "the token has ended", "reauth");
      return;
    }
    if (!live.noticed && now >= live.expiresAt - settings.expiryNoticeMs) {
      live.noticed = true;
      say({ t: "expiring", inMs: live.expiresAt - now });
    }
    if (!live.delivery.level) live.delivery.pump();
    if (now >= live.pingAt) ping(live, now);
    arm(live, now);
  }

  const link: Link = {
    session,
    dueAt: handshakeUntil,
    get user() {
      return state.at === "live" ? state.user : undefined;
    },
    get hello() {
      return state.at === "live" ? state.hello : undefined;
    },
    get tokenId() {
      return state.at === "live" ? state.tokenId : undefined;
    },
    receive(text, bytes = text.length) {
      if (state.at === "closed") return;
      if (state.at === "live") state.heardAt = core.tickedAt();
      if (bytes > limits.frameBytes) {
        refuse("ERR_MESSAGE_TOO_LARGE", `a message above ${limits.frameBytes} bytes`, "later", {
          close: closeCodes.frameTooLarge,
        });
        return;
      }
      const frames = decode(text);
      if (!frames) malformed("no message of cc.1");
      for (const frame of frames ?? []) {
        if (current().at === "closed") return;
        onFrame(frame, bytes);
      }
    },
    closed: () => closed(closeCodes.normal, "the socket closed"),
    end,
    refuse,
    say(frame) {
      if (state.at === "live") say(frame);
    },
    show(entry) {
      if (state.at === "live") state.delivery.wake(entry);
    },
    cast(alias, channel, text, bytes) {
      if (state.at !== "live") return;
      // Nobody waits for these: a slow reader is spared them.
      if (outflow.bytes + (host.buffered?.() ?? 0) > settings.outboundBytes) return;
      state.delivery.announce(alias, channel);
      outflow.add(text, bytes);
    },
    hold(partition) {
      if (state.at === "live") state.delivery.hold(partition);
      link.dueAt = 0;
    },
    tick(now) {
      if (state.at === "live") passTime(state, now);
      else if (state.at !== "closed" && now >= handshakeUntil) {
        refuse("ERR_CONNECT_TIMEOUT", "no welcome within the handshake time", "later", {
          close: closeCodes.handshakeTimeout,
        });
      }
    },
    forgive(ms) {
      handshakeUntil += ms;
      if (state.at === "live") state.heardAt += ms;
      else link.dueAt = handshakeUntil;
    },
    flush: outflow.flush,
  };
  return link;
}
