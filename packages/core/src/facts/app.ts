/** Foreground, background, and what holds a link there. Law: a hold ends by the greater of monotonic and wall time elapsed. */
import type { Policy } from "../policy.js";
import type { Hold } from "../state.js";
import type { Step } from "../step.js";

const hold = (x: Step, why: Hold["why"], ms: number): Hold => ({ why, from: x.at, ms });

/** A hold of at most `deferMs` while a send is unacknowledged (B3.2, R32), else none. */
export const ackHold = (x: Step): Hold | null => (x.m.unackedSince === null ? null : hold(x, "acks", x.p.deferMs));

/** The app enters the background: manual mode starts its lease, auto mode its grace, or a short hold for unacknowledged sends. */
export function enterBackground(x: Step): void {
  x.app = {
    tag: "background",
    since: x.at,
    hold: x.mode.auto && typeof x.p.background === "object" ? hold(x, "grace", x.p.background.graceMs) : ackHold(x),
  };
  renewLease(x);
}

/** A fresh lease from now on, where leases exist: in the background of manual mode. */
export function renewLease(x: Step): void {
  if (x.app.tag === "background" && !x.mode.auto) x.app.hold = hold(x, "lease", x.p.leaseMs);
}

/** When a hold ends, in ms after `hold.from`: a link is closed `leaseSlackMs` after the lease's end (B4.4). */
export const holdMs = ({ why, ms }: Hold, p: Policy): number => (why === "lease" ? ms + p.leaseSlackMs : ms);
