/**
 * Which deadlines stand, derived from the state, and what happens when one has passed.
 *
 * Law: no timer is ever set or cleared by hand. The driver arms one physical timer for the earliest of
 * `deadlines(state)`; whatever is due is run before each event, however late the timer was.
 */
import { ackHold, holdMs } from "./facts/app.js";
import { needToken, staleAfter } from "./facts/session.js";
import { attemptDue, dial, look, loseInBackground, probeDue, replace, stable, steer } from "./link.js";
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

/** Every deadline that stands; the hold first, for an expired lease is settled before all else (B4.5). */
export function deadlines({ app, mode, link: l, session, throttled, outage }: State, p: Policy): readonly Deadline[] {
  const list: Deadline[] = [];
  const add = (kind: DeadlineKind, at: number | null | undefined, wall?: number, from?: number): void => {
    if (at != null) list.push({ kind, at, wall, from });
  };
  // Without a wish there is nothing that a hold could end.
  if (app.tag === "background" && app.hold && mode.wish === "on") {
    const { now, wall } = app.hold.from;
    const ms = holdMs(app.hold, p);
    add("hold", now + ms, wall + ms);
  }
  if (l.tag === "waiting") add("retry", l.until);
  if (l.tag === "dialing") add("attempt", l.dial.until);
  if (l.tag === "linked") {
    if (l.probe) add("probe", l.probe.until);
    else add("look", l.lookAt);
    add("stable", l.stableAt);
    add("leave", l.leaveAt);
    if (session.tag === "active" && session.renewable && !session.job && session.token) {
      const { token, refreshFrom } = session;
      const ms = staleAfter(token, p);
      if (ms !== null && refreshFrom < NEVER)
        add("renew", Math.max(token.from.now + ms, refreshFrom), token.from.wall + ms, refreshFrom);
    }
  }
  for (const t of throttled) if (t.ms !== null) add("throttle", t.from.now + t.ms);
  if (outage && !outage.notable) add("notable", outage.since.now + p.notableMs);
  return list;
}

/** The first deadline that is due, by either clock where both count. */
export function dueDeadline(s: State, m: Stamp, p: Policy): Deadline | undefined {
  const due = deadlines(s, p).filter(
    ({ at, wall, from }) => m.now >= at || (wall !== undefined && m.wall >= wall && m.now >= (from ?? m.now)),
  );
  return due[0]?.kind === "hold" ? due[0] : due.sort((a, b) => a.at - b.at)[0];
}

/** What a passed deadline does. Total: a kind that no longer means anything changes nothing. */
export function expire(x: Step, kind: DeadlineKind): void {
  const { app, link: l, outage } = x;
  if (kind === "hold" && app.tag === "background" && app.hold) {
    const { why } = app.hold;
    app.hold = why === "grace" ? ackHold(x) : null;
    // `keep` lifts the lease: what has run out then bounds nothing (B4.4).
    if (why === "lease" && x.p.background !== "keep") x.mode.wish = "leaseExpired";
    steer(x, x.reason, 0);
  }
  if (kind === "retry") dial(x, x.reason === "wake" || x.ladder.attempt === 0 ? x.reason : "retry");
  if (kind === "attempt" && l.tag === "dialing") attemptDue(x, l.dial);
  if (l.tag === "linked") {
    if (kind === "probe" && l.probe) probeDue(x, l, l.probe);
    if (kind === "look") look(x, l);
    if (kind === "stable") stable(x, l);
    if (kind === "renew") needToken(x, "expiring");
    if (kind === "leave") {
      l.leaveAt = null;
      loseInBackground(x);
      if (x.mode.wish === "on") replace(x, "goaway");
      else steer(x, "goaway", 0);
    }
  }
  if (kind === "throttle") {
    x.throttled = x.throttled.filter((t) => t.ms === null || x.m.now < t.from.now + t.ms);
    if (x.throttled.length === 0) x.reason = "throttleEnded";
  }
  if (kind === "notable" && outage) x.outage = { since: outage.since, notable: true };
}
