/**
 * Which deadlines stand, derived from the state, and what happens when one has passed.
 *
 * Law: no timer is ever set or cleared by hand. The driver arms one physical timer for the earliest of
 * `deadlines(state)`; whatever is due is run before each event, however late the timer was.
 */
import { ackHold, holdMs } from "./facts/app.js";
import { needToken, staleAfter } from "./facts/session.js";
import { attemptDue, dial, type LinkedStep, look, loseInBackground, probeDue, replace, stable, steer } from "./link.js";
import type { Policy } from "./policy.js";
import type { Stamp, State } from "./state.js";
import { NEVER, type Step } from "./step.js";

export type DeadlineKind =
  /** A lease, a grace or a wait for acknowledgements ends. */
  | "hold"
  | "retry"
  /** The budget of an attempt is used up. */
  | "attempt"
  | "probe"
  /** Time to look whether the peer is quiet or an acknowledgement late. */
  | "look"
  | "stable"
  /** A `goaway`'s time. */
  | "leave"
  /** The token should be renewed. */
  | "renew"
  | "throttle"
  | "notable";

export interface Deadline {
  readonly kind: DeadlineKind;
  /** Monotonic time in ms. */
  readonly at: number;
  /** Wall time in ms, for what is judged by both clocks. */
  readonly wall?: number | undefined;
  /** Monotonic time before which the wall does not count. */
  readonly from?: number | undefined;
}

/** Gives every deadline that stands; the hold first, for an expired lease is settled before all else (B4.5). */
function each(
  x: State,
  p: Policy,
  add: (kind: DeadlineKind, at: number, wall?: number | undefined, from?: number | undefined) => void,
  lookAt?: number | undefined,
): void {
  // Without a wish there is nothing that a hold could end.
  if (x.app.tag === "background" && x.app.hold && x.mode.wish === "on") {
    const ms = holdMs(x.app.hold, p);
    add("hold", x.app.hold.from.now + ms, x.app.hold.from.wall + ms);
  }
  if (x.link.tag === "waiting") add("retry", x.link.until);
  if (x.link.tag === "dialing") add("attempt", x.link.dial.until);
  if (x.link.tag === "linked") {
    if (x.link.probe) add("probe", x.link.probe.until);
    else if (x.link.lookAt !== null) add("look", lookAt ?? x.link.lookAt);
    if (x.link.stableAt !== null) add("stable", x.link.stableAt);
    if (x.link.leaveAt !== null) add("leave", x.link.leaveAt);
    if (x.session.tag === "active" && x.session.renewable && !x.session.job && x.session.token) {
      const ms = staleAfter(x.session.token, p);
      if (ms !== null && x.session.refreshFrom < NEVER)
        add(
          "renew",
          Math.max(x.session.token.from.now + ms, x.session.refreshFrom),
          x.session.token.from.wall + ms,
          x.session.refreshFrom,
        );
    }
  }
  for (const t of x.throttled) if (t.ms !== null) add("throttle", t.from.now + t.ms);
  if (x.outage && !x.outage.notable) add("notable", x.outage.since.now + p.notableMs);
}

/** Every deadline that stands; the hold first. */
export function deadlines(x: State, p: Policy): readonly Deadline[] {
  const list: Deadline[] = [];
  each(x, p, (kind, at, wall, from) => list.push({ kind, at, wall, from }));
  return list;
}

/**
 * The monotonic time of the next deadline, `Infinity` for none: as the clocks stand at `m`, for the wall may have gone on while
 * the monotonic one stood still, and whoever is judged by both (B4.4) is due before a timer set in the time of one. `lookAt`:
 * instead of the state's own.
 */
export function nextDeadline(x: State, m: Stamp, p: Policy, lookAt?: number): number {
  let next = NEVER;
  each(
    x,
    p,
    (_, at, wall = NEVER, from = m.now) => {
      next = Math.min(next, at, Math.max(from, m.now + (wall - m.wall)));
    },
    lookAt,
  );
  return next;
}

/**
 * The kind of the first deadline that is due, by either clock where both count; `undefined` for none. The driver then runs a `tick`
 * of its own first, so that its outcome is told before the input's. `lookAt`: instead of the state's own.
 */
export function dueDeadline(s: State, m: Stamp, p: Policy, lookAt?: number): DeadlineKind | undefined {
  let due: DeadlineKind | undefined;
  let first = NEVER;
  each(
    s,
    p,
    (kind, at, wall = NEVER, from = m.now) => {
      if (due === "hold" || at >= first || (m.now < at && (m.wall < wall || m.now < from))) return;
      due = kind;
      first = at;
    },
    lookAt,
  );
  return due;
}

/** What a passed deadline does. Total: a kind that no longer means anything changes nothing. */
export function expire(x: Step, kind: DeadlineKind): void {
  if (kind === "hold" && x.app.tag === "background" && x.app.hold) {
    const { why } = x.app.hold;
    x.app.hold = why === "grace" ? ackHold(x) : null;
    // `keep` lifts the lease: what has run out then bounds nothing (B4.4).
    if (why === "lease" && x.p.background !== "keep") x.mode.wish = "leaseExpired";
    steer(x, x.reason, 0);
  }
  if (kind === "retry") dial(x, x.reason === "wake" || x.ladder.attempt === 0 ? x.reason : "retry");
  if (kind === "attempt" && x.link.tag === "dialing") attemptDue(x, x.link.dial);
  if (x.link.tag === "linked") {
    if (kind === "probe" && x.link.probe) probeDue(x as LinkedStep, x.link.probe);
    if (kind === "look") look(x as LinkedStep);
    if (kind === "stable") stable(x as LinkedStep);
    if (kind === "renew") needToken(x, "expiring");
    if (kind === "leave") {
      x.link.leaveAt = null;
      loseInBackground(x);
      if (x.mode.wish === "on") replace(x, "goaway");
      else steer(x, "goaway", 0);
    }
  }
  if (kind === "throttle") {
    x.throttled = x.throttled.filter((t) => t.ms === null || x.m.now < t.from.now + t.ms);
    if (x.throttled.length === 0) x.reason = "throttleEnded";
  }
  if (kind === "notable" && x.outage) x.outage = { since: x.outage.since, notable: true };
}
