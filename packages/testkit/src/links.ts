/**
 * A transport that does what the test says, and remembers all that was done to it.
 *
 * Law: a script can be as hostile as a network (silent, half-open, late, closing without a word) but never breaks
 * the port: nothing is told inside `OpenLink`, nothing before the attempt or after `closed`. A test that asks for
 * that gets a `ScriptMisuse`. By default the far end does nothing at all: it neither answers nor closes, which is
 * the hardest peer to live with.
 */
import type { Clock, Link, LinkClose, LinkHandlers, OpenLink } from "@cc/core";
import { ScriptMisuse } from "./misuse.js";

/**
 * `connecting` and `open` as seen on the wire; `closing`: the client has closed and the far end has not
 * confirmed; `closed`: the client was told, or will never be.
 */
export type ScriptedLinkState = "connecting" | "open" | "closing" | "closed";

/** The far end of one attempt, in the hands of the test. */
export interface ScriptedLink {
  /** Position in `ScriptedLinks.all`, from 0. */
  readonly index: number;
  readonly url: string;
  /** What was offered, best first. */
  readonly subprotocols: readonly string[];
  readonly state: ScriptedLinkState;
  /** Monotonic time of the attempt, in ms; `NaN` without a clock. */
  readonly at: number;
  /** Every message that the client handed over while open, oldest first. */
  readonly sent: readonly (string | Uint8Array)[];
  /** Every call of `Link.close`, with its arguments. */
  readonly closeCalls: readonly { readonly code: number | undefined; readonly reason: string | undefined }[];
  /** What the client reads as `bufferedAmount`, in bytes. */
  bufferedAmount: number;
  /** Called for each message handed over, in a later task when a clock was given (as a real peer would be), else at once. */
  onSent: ((data: string | Uint8Array) => void) | undefined;
  /** The socket opens. Default: the first subprotocol offered, `""` if none. */
  open(subprotocol?: string): void;
  /** A message arrives, also while `closing`. */
  message(data: string | Uint8Array): void;
  /** The connection ends. Default 1006. After the client's own close this is the late confirmation. */
  close(close?: Partial<LinkClose>): void;
  /** The attempt fails before it opened. */
  refuse(close?: Partial<LinkClose>): void;
  /** Half-open: nothing reaches the other side in either direction any more, and no end is told. `false` heals it; what was swallowed stays lost. */
  silence(on?: boolean): void;
}

export interface ScriptedLinks {
  /** The port. */
  readonly open: OpenLink;
  /** Every attempt so far. */
  readonly all: readonly ScriptedLink[];
  /** The newest attempt. Raises `ScriptMisuse` when there was none. */
  readonly last: ScriptedLink;
  /** Attempts that neither side has ended: R20 says at most one. */
  readonly live: readonly ScriptedLink[];
  /** Called with each new attempt, in a later task (needs `clock`): the place for a far end that answers by itself. */
  onAttempt: ((link: ScriptedLink) => void) | undefined;
}

export interface ScriptedLinksOptions {
  /** Stamps the attempts and gives `onAttempt` and `onSent` their later task. */
  readonly clock?: Clock;
}

/** A transport port with a script; see `ScriptedLinks`. */
export function createScriptedLinks(options: ScriptedLinksOptions = {}): ScriptedLinks {
  const { clock } = options;
  const all: ScriptedLink[] = [];
  const soon = (fn: () => void): void => {
    if (clock === undefined) fn();
    else clock.after(0, fn, false);
  };

  const open: OpenLink = (url, { subprotocols }, handlers) => {
    const { far, near } = createPair(all.length, url, subprotocols, handlers, clock?.now() ?? Number.NaN, soon);
    all.push(far);
    const { onAttempt } = links;
    if (onAttempt !== undefined) {
      if (clock === undefined)
        throw new ScriptMisuse("onAttempt needs a clock: a handler is never called inside OpenLink");
      soon(() => onAttempt(far));
    }
    return near;
  };

  const links: ScriptedLinks = {
    open,
    all,
    get last() {
      const link = all.at(-1);
      if (link === undefined) throw new ScriptMisuse("no attempt was made");
      return link;
    },
    get live() {
      return all.filter(({ state }) => state === "connecting" || state === "open");
    },
    onAttempt: undefined,
  };
  return links;
}

function createPair(
  index: number,
  url: string,
  subprotocols: readonly string[],
  handlers: LinkHandlers,
  at: number,
  soon: (fn: () => void) => void,
): { readonly far: ScriptedLink; readonly near: Link } {
  let state: ScriptedLinkState = "connecting";
  let silent = false;
  const sent: (string | Uint8Array)[] = [];
  const closeCalls: { code: number | undefined; reason: string | undefined }[] = [];

  const expect = (what: string, ...allowed: readonly ScriptedLinkState[]): void => {
    if (!allowed.includes(state)) throw new ScriptMisuse(`${what} on link ${index}, which is ${state}`);
  };
  const end = (close: Partial<LinkClose>): void => {
    if (silent) return;
    state = "closed";
    handlers.closed({ code: 1006, reason: "", ...close });
  };

  const far: ScriptedLink = {
    index,
    url,
    subprotocols,
    at,
    sent,
    closeCalls,
    bufferedAmount: 0,
    onSent: undefined,
    get state() {
      return state;
    },
    open(subprotocol = subprotocols[0] ?? "") {
      expect("open", "connecting");
      if (silent) return;
      state = "open";
      handlers.opened(subprotocol);
    },
    message(data) {
      expect("message", "open", "closing");
      if (!silent) handlers.message(data);
    },
    close(close = {}) {
      expect("close", "connecting", "open", "closing");
      end(close);
    },
    refuse(close = {}) {
      expect("refuse", "connecting");
      end(close);
    },
    silence(on = true) {
      silent = on;
    },
  };

  const near: Link = {
    send(data) {
      if (state !== "open") return;
      sent.push(data);
      const { onSent } = far;
      if (onSent !== undefined && !silent) soon(() => onSent(data));
    },
    close(code, reason) {
      closeCalls.push({ code, reason });
      if (state === "connecting" || state === "open") state = "closing";
    },
    get bufferedAmount() {
      return far.bufferedAmount;
    },
  };
  return { far, near };
}
