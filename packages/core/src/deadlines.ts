/**
 * Which deadlines stand, derived from the state, and what happens when one has passed.
 *
 * Law: no timer is ever set or cleared by hand. The driver arms one physical timer for the earliest of
 * `deadlines(state)`; `settle` runs whatever is due before each event, however late the timer was.
 */
import type { Moment } from "./events.js";
import { ackHold, holdMs } from "./facts/app.js";
import { staleAfter } from "./facts/session.js";
import { stillThrottled } from "./facts/throttle.js";
import { attemptDue, dial, loseInBackground, probe, probeDue, replace, stable, steer } from "./link.js";
import type { Policy } from "./policy.js";
import type { State } from "./state.js";
import type { Step } from "./step.js";

export type DeadlineKind =
  | "hold"
  | "retry"
  | "attempt"
  | "probe"
  | "quiet"
  | "ack"
  | "stable"
  | "leave"
  | "renew"
  | "throttle"
  | "notable";

export interface Deadline {
  readonly kind: DeadlineKind;
  /** Monotonic time in ms. */
  readonly at: number;
  /** Wall time in ms, for what is judged by both clocks. */
  readonly wall?: number;
  /** Monotonic time before which the wall does not count. */
  readonly from?: number;
}

/** Every deadline that stands; the hold first, for an expired lease is settled before all else (B4.5). */
export function deadlines(s: State, p: Policy): readonly Deadline[] {
  const list: Deadline[] = [];
  const add = (kind: DeadlineKind, at: number | null | undefined, wall?: number): void => {
    if (at !== null && at !== undefined) list.push(wall === undefined ? { kind, at } : { kind, at, wall });
  };
  // Without a wish there is nothing that a hold could end.
  if (s.app.tag === "background" && s.app.hold !== null && s.mode.wish === "on") {
    const { from } = s.app.hold;
    const ms = holdMs(s.app.hold, p);
    add("hold", from.now + ms, from.wall + ms);
  }
  const l = s.link;
  if (l.tag === "waiting") add("retry", l.until);
  if (l.tag === "dialing") add("attempt", l.dial.until);
  if (l.tag === "linked") {
    add("probe", l.probe?.until);
    // Without an answer to expect, silence means nothing.
    if (l.probe === null && l.welcome.probes) add("quiet", l.quietAt);
    if (s.outbox.tag === "busy") add("ack", s.outbox.check);
    add("stable", l.stableAt);
    add("leave", l.leaveAt);
    if (s.session.tag === "active" && s.session.renewable && s.session.job === null && s.session.token !== null) {
      const { token, refreshFrom } = s.session;
      const ms = staleAfter(token, p);
      if (ms !== null) {
        list.push({
          kind: "renew",
          at: Math.max(token.from.now + ms, refreshFrom),
          wall: token.from.wall + ms,
          from: refreshFrom,
        });
      }
    }
  }
  for (const t of s.throttled) add("throttle", t.ms === null ? null : t.from.now + t.ms);
  if (s.outage !== null && !s.outage.notable) add("notable", s.outage.since.now + p.notableMs);
  return list;
}

/** The first deadline that is due, by either clock where both count. */
export function dueDeadline(s: State, m: Moment, p: Policy): Deadline | undefined {
  let first: Deadline | undefined;
  for (const d of deadlines(s, p)) {
    if (m.now < d.at && (d.wall === undefined || m.wall < d.wall || m.now < (d.from ?? m.now))) continue;
    if (d.kind === "hold") return d;
    if (first === undefined || d.at < first.at) first = d;
  }
  return first;
}

/** What a passed deadline does. Total: a kind that no longer means anything changes nothing. */
export function expire(x: Step, kind: DeadlineKind): void {
  const { s, m, p } = x;
  const l = s.link;
  switch (kind) {
    case "hold":
      if (s.app.tag === "background" && s.app.hold !== null) {
        const { why } = s.app.hold;
        s.app = { ...s.app, hold: why === "grace" ? ackHold(m, p) : null };
        // `keep` lifts the lease: what has run out then bounds nothing (B4.4).
        if (why === "lease" && s.mode.wish === "on" && p.background !== "keep")
          s.mode = { ...s.mode, wish: "leaseExpired" };
        steer(x, s.reason, 0);
      }
      return;
    case "retry":
      if (l.tag === "waiting") dial(x, s.ladder.attempt === 0 ? s.reason : s.reason === "wake" ? "wake" : "retry");
      return;
    case "attempt":
      if (l.tag === "dialing") attemptDue(x, l.dial);
      return;
    case "probe":
      if (l.tag === "linked" && l.probe !== null) probeDue(x, l, l.probe);
      return;
    case "quiet":
      if (l.tag === "linked" && l.heartbeatMs !== null) {
        const quietAt = m.inboundAt + l.heartbeatMs + p.quietSlackMs;
        if (quietAt > m.now) s.link = { ...l, quietAt };
        else probe(x, "quiet");
      }
      return;
    case "ack": {
      const due = m.unackedSince === null ? null : m.unackedSince + p.ackProbeMs;
      s.outbox = due === null ? { tag: "idle" } : { tag: "busy", check: due > m.now ? due : m.now + p.ackProbeMs };
      if (due !== null && due <= m.now) probe(x, "ack");
      return;
    }
    case "stable":
      if (l.tag === "linked") stable(x, l);
      return;
    case "leave":
      if (l.tag === "linked") {
        s.link = { ...l, leaveAt: null };
        loseInBackground(x);
        if (s.mode.wish === "on") replace(x, "goaway");
        else steer(x, "goaway", 0);
      }
      return;
    case "renew":
      if (s.session.tag === "active") s.session = { ...s.session, job: { job: ++s.ids, reason: "expiring" } };
      return;
    case "throttle":
      s.throttled = stillThrottled(s.throttled, m);
      if (s.throttled.length === 0) s.reason = "throttleEnded";
      return;
    case "notable":
      if (s.outage !== null) s.outage = { ...s.outage, notable: true };
      return;
  }
}
