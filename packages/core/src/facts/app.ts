/** Foreground, background, and what holds a link there. Law: a hold ends by the greater of monotonic and wall time elapsed. */
import type { Moment } from "../events.js";
import type { Policy } from "../policy.js";
import type { App, Hold, Mode } from "../state.js";
import { stamp } from "./time.js";

/** The app as it enters the background: manual mode starts its lease, auto mode its grace, or a short hold for unacknowledged sends. */
export function enterBackground(mode: Mode, m: Moment, p: Policy): App {
  return { tag: "background", since: stamp(m), hold: firstHold(mode, m, p) };
}

function firstHold(mode: Mode, m: Moment, p: Policy): Hold | null {
  if (!mode.auto) return lease(m, p);
  if (typeof p.background === "object") return { why: "grace", from: stamp(m), ms: p.background.graceMs };
  return ackHold(m, p);
}

/** A hold of at most `deferMs` while a send is unacknowledged (B3.2, R32), else none. */
export function ackHold(m: Moment, p: Policy): Hold | null {
  return m.unackedSince === null ? null : { why: "acks", from: stamp(m), ms: p.deferMs };
}

export const lease = (m: Moment, p: Policy): Hold => ({ why: "lease", from: stamp(m), ms: p.leaseMs });

/** A fresh lease from now on, where leases exist: in the background of manual mode. */
export function renewLease(app: App, mode: Mode, m: Moment, p: Policy): App {
  return app.tag === "background" && !mode.auto ? { ...app, hold: lease(m, p) } : app;
}

/** When a hold ends, in ms after `hold.from`: the lease is closed `leaseSlackMs` after its end (B4.4). */
export const holdMs = (hold: Hold, p: Policy): number => hold.ms + (hold.why === "lease" ? p.leaseSlackMs : 0);
