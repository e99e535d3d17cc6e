/**
 * When to try again. Law: jitter on every step, the first and those at the cap included; the server's floor
 * stands below everything; only a stable link resets the ladder (R10, R11, R12).
 */
import type { Floor, Ladder } from "./state.js";
import { elapsed, type Step } from "./step.js";

export const freshLadder = (spreadMs: number, floor: Floor | null): Ladder => ({
  attempt: 0,
  step: null,
  spreadMs,
  timeouts: 0,
  online: false,
  floor,
});

/** Monotonic end of the floor; 0 for none. */
export const floorUntil = ({ floor }: Ladder): number => (floor ? floor.from.now + floor.ms : 0);

/** Sets a floor of `minDelayMs` + random × `spreadMs` from now, if that is later than the one that stands (B5.4). It is saved, for it survives a reload. */
export function raiseFloor(x: Step, minDelayMs: number, spreadMs: number): void {
  const ms = minDelayMs + x.m.random * spreadMs;
  if (ms <= 0 || x.m.now + ms <= floorUntil(x.ladder)) return;
  x.ladder.floor = { from: x.at, ms };
  x.out.push({ type: "save" });
}

/** A floor that an earlier process saved: what is left of it by wall time, never longer than its own length. */
export function restoredFloor(x: Step, floor: Floor | null): Floor | null {
  const ms = floor ? floor.ms - Math.max(0, x.m.wall - floor.from.wall) : 0;
  return ms > 0 ? { from: x.at, ms } : null;
}

/**
 * The delay before the next dial after a failure; the ladder is one rung further then. `diagnosed`: by this client alone,
 * not a loss that many clients may have at once.
 */
export function nextDelay(x: Step, diagnosed: boolean): number {
  const { step } = x.ladder;
  x.ladder.step = (step ?? -1) + 1;
  if (step === null) return x.m.random * (diagnosed ? x.p.wakeJitterMs : x.ladder.spreadMs);
  const age = x.outage === null ? 0 : elapsed(x.m, x.outage.since);
  const cap = Math.max(2 * x.ladder.spreadMs, x.p.caps.find(([below]) => age < below)?.[1] ?? 0);
  // Offline, attempts go on at the cap (B5.6).
  const c = Math.min(
    x.network.online ? 2 * Math.max(x.ladder.spreadMs, 250) * 2 ** step : cap,
    cap,
    x.ladder.online ? x.p.onlineRetryMs : cap,
  );
  x.ladder.online = false;
  return (c * (1 + x.m.random)) / 2;
}
