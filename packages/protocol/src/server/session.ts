/**
 * One link, as the server sees it: awaitingHello → authenticating → live → closed.
 *
 * Law: nothing but `hello` is taken before the welcome; nothing is done for a link that has closed, whatever promise comes
 * late; and every close that the server decides is told with its reason first. What happens before the welcome is in
 * `handshake.ts`, what after it in `live.ts`; here is what leads from one to the next, and the end.
 */
import { utf8Length } from "../bytes.js";
import { closeCodes } from "../closeCodes.js";
import { type AnyFrame, decode } from "../codec.js";
import type { Reject, Retry, ServerObject } from "../frames.js";
import { helloOf } from "./check.js";
import type { Core, Identity, Line, Link } from "./core.js";
import { type Greeted, greet } from "./handshake.js";
import { createLive, type Live } from "./live.js";
import { createOutflow } from "./outflow.js";
import { createRate } from "./rate.js";
import type { SessionHost } from "./types.js";

type State =
  | { readonly at: "awaitingHello" }
  | { readonly at: "authenticating"; readonly identity?: Identity | undefined }
  | { readonly at: "live"; readonly live: Live }
  | { readonly at: "closed" };

const closeFor: Readonly<Record<Retry, number>> = {
  never: closeCodes.forbidden,
  later: closeCodes.overloaded,
  reauth: closeCodes.authRejected,
};

/** A link whose socket has just opened. */
export function openSession(core: Core, host: SessionHost): Link {
  const { settings } = core;
  const { limits } = settings;
  const session = settings.newId();
  const rate = createRate(limits.frameRate, settings.now);
  let handshakeUntil = settings.now() + settings.handshakeMs;
  let state: State = { at: "awaitingHello" };

  const outflow = createOutflow(limits.batchBytes, host.send, () => core.schedule(link));

  function say(frame: ServerObject): void {
    const text = JSON.stringify(frame);
    outflow.add(text, utf8Length(text));
  }

  // Read through a function: the compiler must not believe that a state seen before a callback still holds after it.
  const current = (): State => state;
  const live = (): Live | undefined => (state.at === "live" ? state.live : undefined);

  function closed(code: number, reason: string): void {
    if (state.at === "closed") return;
    const was = live();
    state = { at: "closed" };
    was?.stop();
    core.closed(link);
    settings.onNote?.({ note: "closed", session, user: was?.user, code, reason });
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

  const line: Line = {
    session,
    say,
    end,
    refuse,
    outflow,
    rate,
    isOpen: () => state.at !== "closed",
    identify(identity) {
      if (state.at === "authenticating") state = { at: "authenticating", identity };
    },
    malformed: (what) => refuse("ERR_PROTOCOL", `malformed: ${what}`, "later", { close: closeCodes.malformed }),
    brokerFailed(error) {
      core.brokerFailed(error);
      refuse("ERR_SERVER_OVERLOADED", "the log is out of reach", "later", { close: closeCodes.tryAgainLater });
    },
  };

  function welcome(greeted: Greeted): void {
    const next = createLive(core, line, link, greeted);
    state = { at: "live", live: next };
    host.welcomed?.();
    next.begin();
  }

  function onFrame(frame: AnyFrame, bytes: number): void {
    switch (state.at) {
      case "awaitingHello": {
        const hello = helloOf(frame);
        if (!hello) line.malformed("the first frame is not a hello");
        else {
          state = { at: "authenticating" };
          greet(core, line, hello, welcome);
        }
        return;
      }
      case "authenticating":
        line.malformed("a frame before the welcome");
        return;
      case "live":
        state.live.onFrame(frame, bytes);
    }
  }

  const link: Link = {
    session,
    dueAt: handshakeUntil,
    slot: Number.NaN,
    get user() {
      return live()?.user;
    },
    get hello() {
      return live()?.hello;
    },
    get identity() {
      return state.at === "authenticating" ? state.identity : live();
    },
    receive(text, bytes = text.length) {
      if (state.at === "closed") return;
      live()?.hear();
      if (bytes > limits.frameBytes) {
        refuse("ERR_MESSAGE_TOO_LARGE", `a message above ${limits.frameBytes} bytes`, "later", {
          close: closeCodes.frameTooLarge,
        });
        return;
      }
      const frames = decode(text);
      if (!frames) line.malformed("no message of cc.1");
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
      live()?.delivery.wake(entry);
    },
    cast(alias, channel, text, bytes) {
      // Nobody waits for these: a slow reader is spared them.
      if (link.outboundBytes() > settings.outboundBytes) return;
      const { delivery } = live() ?? {};
      if (!delivery) return;
      delivery.announce(alias, channel);
      outflow.add(text, bytes);
    },
    hold(partition) {
      live()?.delivery.hold(partition);
      core.due(link, 0);
    },
    tick(now) {
      if (state.at === "live") return state.live.passTime(now);
      if (now >= handshakeUntil) {
        refuse("ERR_CONNECT_TIMEOUT", "no welcome within the handshake time", "later", {
          close: closeCodes.handshakeTimeout,
        });
      }
      return handshakeUntil;
    },
    forgive(ms) {
      handshakeUntil += ms;
      live()?.forgive(ms);
    },
    flush: outflow.flush,
    outboundBytes: () => outflow.bytes + (host.buffered?.() ?? 0),
  };
  return link;
}
