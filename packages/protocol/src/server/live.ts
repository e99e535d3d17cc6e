/**
 * The living link: what its frames ask for, and what time brings.
 *
 * Law: a request is answered by its id, whatever became of it, as long as the link lives; when nobody can know what became
 * of it the link ends instead, for only the same id on a new link can find out. The server pings, any sound is life, and
 * after more than three heartbeats without one the link is given up.
 */
import { utf8Length } from "../bytes.js";
import { closeCodes } from "../closeCodes.js";
import type { AnyFrame } from "../codec.js";
import { ACK, DELIVERED, PING, PROBE, SEND } from "../codes.js";
import type { Hello } from "../frames.js";
import { settle } from "./awaitable.js";
import { deliveredOf, durationOf, membershipOf, sendOf, tokenOf } from "./check.js";
import type { Core, Line, Link } from "./core.js";
import { createDelivery, type Delivery } from "./delivery.js";
import { type Greeted, refuseToken, verifierFailed } from "./handshake.js";
import type { Answer } from "./inbox.js";
import { userPrefix } from "./log.js";

/** Heartbeats without a sound after which a client is given up. */
const silentHeartbeats = 3;

/** A welcomed link. */
export interface Live {
  readonly user: string;
  readonly hello: Hello;
  readonly delivery: Delivery;
  readonly tokenId: string | undefined;
  /** Says welcome, and begins to deliver. */
  begin(): void;
  /** Something arrived. */
  hear(): void;
  onFrame(frame: AnyFrame, bytes: number): void;
  /** Does what is due; returns when the next thing is. */
  passTime(now: number): number;
  /** This much time has passed in which nobody could be heard. */
  forgive(ms: number): void;
  stop(): void;
}

const overRate: Answer = {
  ok: false,
  code: "ERR_SERVER_OVERLOADED",
  message: "more frames than limits.frameRate",
  retryAfterMs: 2000,
};

/** A link that is about to be welcomed. */
export function createLive(core: Core, line: Line, link: Link, greeted: Greeted): Live {
  const { settings, log, inbox } = core;
  const { limits } = settings;
  const { hello } = greeted;
  const { user, expiresInMs } = greeted.verdict;
  const { recovery, cursors } = greeted.resumption;
  const { outflow, rate, say, malformed } = line;
  const author = { user, instance: hello.instance };
  const startedAt = settings.now();
  let { tokenId } = greeted.verdict;
  let expiresAt = startedAt + (expiresInMs ?? Number.POSITIVE_INFINITY);
  let noticed = false;
  let renewals = 0;
  let heartbeatMs = granted(hello.heartbeatMs);
  let pingAt = startedAt + heartbeatMs;
  // The tick before the last sound: no clock is asked for a message.
  let heardAt = startedAt;

  // Only names that the server itself offers: a channel's name here would be a way around membership.
  const topics = hello.listen?.filter((topic) => settings.topics?.includes(topic)) ?? [];

  const delivery = createDelivery({
    log,
    limits,
    user,
    instance: hello.instance,
    outflow,
    failed: line.brokerFailed,
  });

  function granted(askedMs: number | undefined): number {
    if (askedMs === undefined) return settings.heartbeatMs;
    return Math.min(settings.heartbeatMaxMs, Math.max(settings.heartbeatMinMs, askedMs));
  }

  // ---- requests

  function answer(id: string): (what: Answer) => void {
    return (what) => {
      if (!line.isOpen()) return;
      if (!what) {
        const close = closeCodes.tryAgainLater;
        line.refuse("ERR_SERVER_OVERLOADED", "the log did not answer", "later", { close });
      } else if (what.ok) {
        const text = `[${ACK},${JSON.stringify(id)},${what.n}]`;
        outflow.add(text, utf8Length(text));
      } else {
        const { code, message, retryAfterMs } = what;
        say({ t: "nack", id, code, message, retryAfterMs });
      }
    };
  }

  function renew(token: string): void {
    const renewal = ++renewals;
    settle(
      () => settings.verify(token, { app: hello.app, instance: hello.instance }),
      (verdict) => {
        if (!line.isOpen() || renewal !== renewals) return;
        if (!verdict.ok) refuseToken(line, verdict);
        else if (verdict.user !== user) line.refuse("ERR_AUTH_REJECTED", "the token of another user", "reauth");
        else {
          expiresAt = settings.now() + (verdict.expiresInMs ?? Number.POSITIVE_INFINITY);
          noticed = false;
          tokenId = verdict.tokenId;
          core.due(link, dueAt());
          say({ t: "tokenOk", expiresInMs: verdict.expiresInMs });
        }
      },
      () => verifierFailed(line),
    );
  }

  function onObject(frame: { readonly t?: unknown; readonly ms?: unknown }, refused: boolean): void {
    switch (frame.t) {
      case "token": {
        const token = tokenOf(frame);
        if (token === undefined) malformed("token");
        else renew(token);
        return;
      }
      case "heartbeat": {
        const ms = durationOf(frame.ms);
        if (ms === undefined) malformed("heartbeat");
        else {
          heartbeatMs = granted(ms);
          pingAt = Math.min(pingAt, settings.now() + heartbeatMs);
          core.due(link, dueAt());
        }
        return;
      }
      case "join":
      case "leave": {
        const wish = membershipOf(frame);
        if (!wish) malformed(frame.t);
        else if (refused) inbox.refuse(author, wish.id, wish.channel, overRate, answer(wish.id));
        else {
          const change = frame.t === "join" ? "joined" : "left";
          inbox.member(author, wish.id, { channel: wish.channel, user, change }, answer(wish.id));
        }
        return;
      }
      case "bye":
        line.end(closeCodes.normal, "bye");
        return;
      case "hello":
        malformed("a second hello");
        return;
      default:
        if (typeof frame.t !== "string") malformed("neither number nor t");
    }
  }

  function onSend(frame: readonly unknown[], bytes: number, refused: boolean): void {
    const send = sendOf(frame);
    if (!send) malformed("send");
    else if (!send.ephemeral) {
      if (refused) inbox.refuse(author, send.id, send.channel, overRate, answer(send.id));
      else inbox.send(author, send, bytes, answer(send.id));
    } else {
      const cast = refused ? overRate : inbox.cast(author, send, bytes);
      if (send.id !== "") answer(send.id)(cast);
    }
  }

  function onArray(frame: readonly unknown[], bytes: number, refused: boolean): void {
    switch (frame[0]) {
      case PROBE:
        // `1e309` is a number in JSON and none that could be written back.
        if (Number.isFinite(frame[1])) {
          const text = `[${PROBE},${frame[1]}]`;
          outflow.add(text, text.length);
        } else malformed("probe");
        return;
      case DELIVERED: {
        const positions = deliveredOf(frame);
        if (!positions) malformed("delivered");
        else if (delivery.give(positions)) rate.refund();
        return;
      }
      case SEND:
        onSend(frame, bytes, refused);
    }
  }

  // ---- time

  const silentAt = (): number => heardAt + silentHeartbeats * heartbeatMs;
  const noticeAt = (): number => expiresAt - settings.expiryNoticeMs;

  /** When time next means something to this link, so that a tick costs nothing until then. */
  function dueAt(): number {
    // A link that is ahead of this gateway hears of its catching up from nobody.
    if (!delivery.level) return 0;
    return Math.min(pingAt, silentAt(), noticed ? expiresAt : noticeAt());
  }

  function ping(now: number): void {
    pingAt = now + heartbeatMs;
    const text = delivery.level ? `[${PING},${log.heads()}]` : `[${PING}]`;
    outflow.add(text, text.length);
  }

  return {
    user,
    hello,
    delivery,
    get tokenId() {
      return tokenId;
    },
    begin() {
      const positions = cursors ?? log.rings.map(({ last }) => last);
      say({
        t: "welcome",
        session: line.session,
        user,
        recovery,
        epoch: core.broker.epoch,
        positions,
        heartbeatMs,
        reconnectSpreadMs: core.reconnectSpreadMs(),
        limits,
        throttled: core.throttling.current(startedAt),
        expiresInMs,
      });
      if (recovery === "gap" && hello.resume) say({ t: "gap", from: hello.resume.positions, to: positions });
      core.audience.add(userPrefix + user, link);
      for (const channel of log.members.channelsOf(user)) {
        if (log.members.isMember(channel, user)) core.audience.add(channel, link);
      }
      for (const topic of topics) core.audience.add(topic, link);
      // Before the replay, in which the log may fail: whoever counts links must not hear of the end first.
      settings.onNote?.({ note: "welcomed", session: line.session, user, instance: hello.instance, recovery });
      delivery.begin(cursors);
      core.due(link, dueAt());
    },
    hear() {
      heardAt = core.tickedAt();
    },
    onFrame(frame, bytes) {
      const spent = rate.spend();
      if (spent === "cut") {
        const close = closeCodes.rateExceeded;
        line.refuse("ERR_SERVER_OVERLOADED", "far more frames than limits.frameRate", "later", { close });
      } else if (Array.isArray(frame)) onArray(frame as readonly unknown[], bytes, spent === "refuse");
      else onObject(frame as { readonly t?: unknown }, spent === "refuse");
    },
    passTime(now) {
      // More than three, because `heardAt` is the tick before the sound.
      if (now > silentAt()) line.end(closeCodes.silent, "silent for three heartbeats");
      else if (now >= expiresAt) line.refuse("ERR_AUTH_REJECTED", "the token has ended", "reauth");
      else {
        if (!noticed && now >= noticeAt()) {
          noticed = true;
          say({ t: "expiring", inMs: expiresAt - now });
        }
        if (!delivery.level) delivery.pump();
        if (now >= pingAt) ping(now);
      }
      return dueAt();
    },
    forgive(ms) {
      heardAt += ms;
    },
    stop() {
      delivery.stop();
      core.audience.remove(userPrefix + user, link);
      for (const topic of topics) core.audience.remove(topic, link);
      for (const channel of log.members.channelsOf(user)) core.audience.remove(channel, link);
    },
  };
}
