/**
 * When time next means something to which link.
 *
 * Law: a tick touches those whose time may have come, and nobody else: of ten thousand idle links forty, not all. One that was
 * put elsewhere or taken out is not found where it stood before.
 */

/** What stands in an agenda. The fields are the agenda's own. */
export interface Dated {
  /** Before this time a tick means nothing to it. */
  dueAt: number;
  slot: number;
}

/** An agenda. */
export interface Agenda<T extends Dated> {
  /** Puts it to this time, wherever it stood; `-Infinity` and all that is past: to the next tick. */
  put(it: T, at: number): void;
  remove(it: T): void;
  /** Those that are due, by their time in steps of the grain and then as they were put. Who is not put elsewhere is due again. */
  due(now: number): readonly T[];
}

/** Milliseconds that share a slot: as often as a gateway ticks. */
const grainMs = 250;

/** Nobody stands in it. */
export function createAgenda<T extends Dated>(): Agenda<T> {
  const slots = new Map<number, Set<T>>();
  /** The earliest slot that a tick may still look at. */
  let first = Number.NEGATIVE_INFINITY;

  function remove(it: T): void {
    const slot = slots.get(it.slot);
    if (slot?.delete(it) && slot.size === 0) slots.delete(it.slot);
  }

  return {
    remove,
    put(it, at) {
      it.dueAt = at;
      const slot = Math.max(first, Math.floor(at / grainMs));
      remove(it);
      it.slot = slot;
      const list = slots.get(slot);
      if (list) list.add(it);
      else slots.set(slot, new Set([it]));
    },
    due(now) {
      first = Math.floor(now / grainMs);
      const due: T[] = [];
      for (const [slot, list] of [...slots].sort(([a], [b]) => a - b)) {
        if (slot > first) break;
        for (const it of list) if (it.dueAt <= now) due.push(it);
      }
      return due;
    },
  };
}
