/**
 * What the contract says of the machine, kept beside it by much simpler means: a few numbers, no state machine.
 *
 * Law: the model reads the inputs and the clock, and of the machine only what is public about a state. It never
 * asks the core's own helpers what should be.
 */
import type { Input, Moment, State } from "@cc/core";

export interface Model {
  /** Nothing may dial: not initialised, logged out, `disconnect()`, manual mode without `connect()`. */
  forbidden: boolean;
  /** The server's floor: monotonic time below which nothing dials. */
  floor: number;
  /** Start of the lease on both clocks, while manual mode is in the background. */
  lease: { now: number; wall: number } | null;
  background: boolean;
  hidden: boolean;
  /** Tokens that the server refused in this session. */
  readonly burnt: Set<string>;
}

export const createModel = (): Model => ({
  forbidden: true,
  floor: Number.NEGATIVE_INFINITY,
  lease: null,
  background: false,
  hidden: false,
  burnt: new Set(),
});

/** Follows one input. `before` is the state that it met, with what was due already settled. */
export function follow(model: Model, input: Input, before: State, m: Moment): void {
  const active = before.session.tag === "active";
  const { auto } = before.mode;
  const { link } = before;
  const current = link.tag === "linked" ? link.link : link.tag === "dialing" ? link.dial.link : undefined;
  const floor = (minDelayMs: number, spreadMs: number): void => {
    model.floor = Math.max(model.floor, m.now + minDelayMs + m.random * spreadMs);
  };
  const burn = (): void => {
    if (before.session.tag === "active" && before.session.token !== null) model.burnt.add(before.session.token.value);
  };
  switch (input.type) {
    case "init":
      model.forbidden = !input.auto || !active;
      return;
    case "login":
      if (before.session.tag === "uninitialized") return;
      model.burnt.clear();
      model.forbidden = !auto;
      return;
    case "logout":
    case "disconnect":
      model.forbidden = true;
      return;
    case "connect":
      if (!active) return;
      model.forbidden = false;
      if (model.background) model.lease = { now: m.now, wall: m.wall };
      return;
    case "ping":
      if (model.background && link.tag === "linked") model.lease = { now: m.now, wall: m.wall };
      return;
    case "background":
      if (!model.background) model.lease = { now: m.now, wall: m.wall };
      model.background = true;
      return;
    case "foreground":
      model.background = false;
      model.lease = null;
      return;
    case "pageHidden":
    case "pageShown":
      model.hidden = input.type === "pageHidden";
      return;
    case "reject":
      if (input.link !== current) return;
      floor(input.info.minDelayMs, input.info.spreadMs);
      if (input.info.retry === "reauth") burn();
      return;
    case "goaway":
      if (input.link === current && link.tag === "linked") floor(input.minDelayMs, input.spreadMs);
      return;
    case "closed":
      if (input.link !== current) return;
      if ([1012, 1013].includes(input.close.code) || [429, 503].includes(input.close.httpStatus ?? 0)) {
        floor(input.close.retryAfterMs ?? 0, 0);
      }
      if (input.close.code === 4401 || input.close.httpStatus === 401) burn();
      return;
    default:
      return;
  }
}
