/** Law: what must not outlive its length is judged by the greater of monotonic and wall time elapsed (early is safe). */
import type { Stamp } from "../state.js";

export const stamp = (m: Stamp): Stamp => ({ now: m.now, wall: m.wall });

/** Milliseconds since `from` on whichever clock moved more: a monotonic clock may stand still in sleep, a wall clock may be set back. */
export const elapsed = (m: Stamp, from: Stamp): number => Math.max(m.now - from.now, m.wall - from.wall);
