/**
 * Which ids were applied lately, in two generations.
 *
 * Ids are remembered in the young table; when that is `keepMs` old it becomes the old one, and the old one is dropped whole. So
 * an id is known for between one and two `keepMs`, and forgetting costs nothing per id: deleting the oldest key of a Map one by
 * one makes each look at its front walk over the holes that earlier deletions left.
 */

/** What an append asks about its id. `now` is monotonic milliseconds. */
export interface Dedup {
  /** The number under which `id` was applied, if that is known. */
  find(id: string, now: number): number | undefined;
  remember(id: string, n: number): void;
  /** No more ids can be remembered before the next generation: forgetting one early would apply a repeat twice. */
  readonly isFull: boolean;
}

export const createDedup = ({ keepMs, max }: { readonly keepMs: number; readonly max: number }): Dedup => {
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  let bornAt = Number.NEGATIVE_INFINITY;

  const turn = (now: number): void => {
    const age = now - bornAt;
    if (age < keepMs) return;
    // After two lifetimes without a look, the young table is out of date too.
    old = age < 2 * keepMs ? young : new Map();
    young = new Map();
    bornAt = now;
  };

  return {
    find: (id, now) => {
      turn(now);
      return young.get(id) ?? old.get(id);
    },
    remember: (id, n) => {
      young.set(id, n);
    },
    get isFull() {
      return young.size + old.size >= max;
    },
  };
};
