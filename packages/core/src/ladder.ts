/**
 * When to try again. Law: jitter on every step, the first and those at the cap included; the server's floor
 * stands below everything; only a stable link resets the ladder (R10, R11, R12).
 */
import type { Moment } from "./events.js";
import { stamp } from "./facts/time.js";
import type { Policy } from "./policy.js";
import type { Floor, Ladder } from "./state.js";

export const freshLadder = (spreadMs: number, floor: Floor | null): Ladder => ({
  attempt: 0,
  step: null,
  spreadMs,
  timeouts: 0,
  online: false,
  floor,
});

/** What caused a loss: the other side or the path (many clients at once), or a diagnosis of this client alone. */
export type Origin = "remote" | "diagnosed";

/** Monotonic end of the floor; −Infinity for none. */
export const floorUntil = (ladder: Ladder): number =>
  ladder.floor === null ? Number.NEGATIVE_INFINITY : ladder.floor.from.now + ladder.floor.ms;

/** The ladder with a floor of `minDelayMs` + random × `spreadMs` from now, if that is later than the one it has (B5.4). */
export function withFloor(ladder: Ladder, minDelayMs: number, spreadMs: number, m: Moment): Ladder {
  const ms = minDelayMs + m.random * spreadMs;
  if (ms <= 0 || m.now + ms <= floorUntil(ladder)) return ladder;
  return { ...ladder, floor: { from: stamp(m), ms } };
}

/** A floor that an earlier process saved: what is left of it by wall time, never longer than its own length. */
export function restoredFloor(floor: Floor | null, m: Moment): Floor | null {
  if (floor === null) return null;
  const ms = Math.min(floor.ms, floor.ms - (m.wall - floor.from.wall));
  return ms > 0 ? { from: stamp(m), ms } : null;
}

function cap(ageMs: number, spreadMs: number, p: Policy): number {
  const stage = p.caps.find(([below]) => ageMs < below) ?? p.caps[p.caps.length - 1];
  return Math.max(2 * spreadMs, stage?.[1] ?? 0);
}

/** The delay before the next dial after a failure, and the ladder one rung further. `ageMs`: age of the outage. */
export function nextDelay(
  ladder: Ladder,
  origin: Origin,
  online: boolean,
  ageMs: number,
  m: Moment,
  p: Policy,
): { readonly delayMs: number; readonly ladder: Ladder } {
  const { step, spreadMs } = ladder;
  if (step === null) {
    const width = origin === "diagnosed" ? p.wakeJitterMs : spreadMs;
    return { delayMs: m.random * width, ladder: { ...ladder, step: 0 } };
  }
  const top = cap(ageMs, spreadMs, p);
  let c = online ? Math.min(2 * Math.max(spreadMs, 250) * 2 ** Math.min(step, 16), top) : top;
  if (ladder.online) c = Math.min(c, p.onlineRetryMs);
  return { delayMs: (c * (1 + m.random)) / 2, ladder: { ...ladder, step: step + 1, online: false } };
}
