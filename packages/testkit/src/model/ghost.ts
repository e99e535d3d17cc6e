/**
 * What the contract forbids and allows, remembered by much simpler means than the machine's: one word, three numbers.
 *
 * Law: the ghost reads the inputs, the clocks, and of a state what is public about it. It never asks the core what should be. It
 * is a part of each enumerated state: where the machine remembers rightly, it adds none.
 */
import type { Input, Moment, Policy, Stamp, State } from "@cc/core";
import type { Verdict } from "./scope.js";

/** Why nothing may dial. `off`: not initialised, logged out, `disconnect()`, manual mode without `connect()`. */
export type Ban = "free" | "off" | "leaseEnded" | "lost";
export const bans: readonly Ban[] = ["free", "off", "leaseEnded", "lost"];

export interface Ghost {
  readonly ban: Ban;
  /** Monotonic end of the server's floor; −Infinity for none (B5.4). */
  readonly floor: number;
  /** Start of the lease, while manual mode is in the background and a link is allowed (B4.4). */
  readonly lease: Stamp | null;
  /** A token of this session was refused (B2.7). */
  readonly refused: boolean;
  /** Consecutive rejections of tokens; 2: the second has come. */
  readonly rejections: number;
}

export const newGhost: Ghost = {
  ban: "off",
  floor: Number.NEGATIVE_INFINITY,
  lease: null,
  refused: false,
  rejections: 0,
};

export const current = ({ link }: State): number | undefined =>
  link.tag === "linked" ? link.link : link.tag === "dialing" ? link.dial.link : undefined;

/** Codes and HTTP statuses that set a floor (5.4). */
export const isBusy = (code: number, httpStatus = 0): boolean =>
  [1012, 1013, 4429, 4503].includes(code) || [429, 503].includes(httpStatus);

/** Follows one input from `s`, which it met, to `after`. `verdict`: what `shouldRetry` said in this step, if it was asked. */
export function follow(
  g: Ghost,
  s: State,
  input: Input,
  m: Moment,
  after: State,
  p: Policy,
  verdict: Verdict | undefined,
): Ghost {
  let { ban, floor, lease, refused, rejections } = g;
  const { auto } = s.mode;
  const active = s.session.tag === "active";
  const leases = !auto && s.app.tag === "background" && p.background !== "keep";
  const at: Stamp = { now: m.now, wall: m.wall };
  const raise = (minMs: number, spreadMs: number): void => {
    const ms = minMs + (spreadMs === 0 ? 0 : m.random * spreadMs);
    if (ms > 0) floor = Math.max(floor, m.now + ms);
  };
  const ended =
    lease !== null && Math.max(m.now - lease.now, m.wall - lease.wall) >= p.leaseMs + p.leaseSlackMs && leases;
  if (ended && ban === "free") ban = "leaseEnded";
  const mine = "link" in input && input.link === current(s);
  // Forgotten after so long a life of the link.
  if (s.link.tag === "linked" && m.now - s.link.since.now >= p.stableMs) rejections = 0;

  switch (input.type) {
    case "init":
      if (s.session.tag === "uninitialized") {
        if (input.floor) {
          const left = input.floor.ms - Math.max(0, m.wall - input.floor.from.wall);
          if (left > 0) floor = Math.max(floor, m.now + left);
        }
      } else if (input.auto !== auto) ban = input.auto && active ? "free" : "off";
      break;
    case "login":
      if (s.session.tag === "uninitialized") break;
      [ban, refused, rejections] = [auto ? "free" : "off", false, 0];
      break;
    case "relogin":
      if (active && auto) ban = "free";
      break;
    case "logout":
      [ban, refused, rejections] = ["off", false, 0];
      break;
    case "disconnect":
      if (ban === "free") ban = "off";
      break;
    case "connect":
      if (!active) break;
      ban = "free";
      if (s.link.tag === "failed") rejections = 0;
      if (leases) lease = at;
      break;
    case "ping":
      if (s.link.tag === "linked" && leases) lease = at;
      break;
    case "background":
      if (s.app.tag === "foreground" && !auto) lease = at;
      break;
    case "foreground":
      lease = null;
      break;
    case "goaway":
      if (mine && s.link.tag === "linked") raise(input.minDelayMs, input.spreadMs);
      break;
    case "reject":
      if (mine) raise(input.info.minDelayMs, input.info.spreadMs);
      break;
    case "closed":
      if (mine && isBusy(input.close.code, input.close.httpStatus))
        raise(input.close.retryAfterMs ?? 0, s.ladder.spreadMs);
      break;
    default:
      break;
  }
  if (mine && rejects(input, verdict)) {
    refused ||= s.session.tag === "active" && s.session.token !== null;
    rejections = Math.min(2, rejections + 1);
  }
  // The last word of the app stands above the floor.
  if (typeof verdict === "number") floor = Number.NEGATIVE_INFINITY;
  // Lost is what server, network or time took away, not what a call did (B4.5).
  const byWorld = ["closed", "reject", "fault", "tick"].includes(input.type);
  if (leases && byWorld && s.link.tag === "linked" && after.link.tag !== "linked" && ban === "free") ban = "lost";
  if (ban !== "free" || after.mode.auto || after.app.tag === "foreground" || p.background === "keep") lease = null;
  else if (lease === null) lease = at;
  return { ban, floor, lease, refused, rejections };
}

/** Whether this input, from the current link, says that the token is refused, the app's last word considered. */
export function rejects(input: Input, verdict: Verdict | undefined): boolean {
  if (verdict !== undefined && verdict !== "none") return verdict === "refreshToken";
  if (input.type === "reject") return input.info.retry === "reauth";
  return input.type === "closed" && (input.close.code === 4401 || input.close.httpStatus === 401);
}
