/**
 * What becomes of the position that a client brings.
 *
 * Law: `new` only if it brought none. If the log still holds everything behind it, `resumed`; else `gap`, and the replay
 * begins where the log does, for what is left must not be lost as well. A position ahead of this gateway is no gap: another
 * gateway was quicker.
 */
import type { Recovery } from "../frames.js";
import type { Position } from "../position.js";
import { chain } from "./awaitable.js";
import type { Awaitable } from "./broker.js";
import type { Log } from "./log.js";

/** How a link begins. */
export interface Resumption {
  readonly recovery: Recovery;
  /** Where its events begin; `undefined`: at the heads. */
  readonly cursors: readonly number[] | undefined;
}

/** Judges a position. Rejects with the broker's error. */
export function resumption(log: Log, epoch: string, resume: Position | undefined): Awaitable<Resumption> {
  if (!resume) return { recovery: "new", cursors: undefined };
  const floors = log.rings.map(({ floor }) => floor);
  const { positions } = resume;
  if (resume.epoch !== epoch || positions.length !== floors.length) return { recovery: "gap", cursors: floors };

  function judge(p: number, cursors: readonly number[], recovery: Recovery): Awaitable<Resumption> {
    const position = positions[p];
    const ring = log.rings[p];
    if (position === undefined || !ring) return { recovery, cursors };
    if (position >= ring.floor) return judge(p + 1, [...cursors, position], recovery);
    return chain(log.behind(p, position, 1), (entries) =>
      entries ? judge(p + 1, [...cursors, position], recovery) : judge(p + 1, [...cursors, ring.floor], "gap"),
    );
  }
  return judge(0, [], "resumed");
}
