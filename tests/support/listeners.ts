/** Counts the listeners that stand at an event target, by looking over the shoulder of its two methods. */

export interface ListenerCount {
  /** Those that were added since and not removed. */
  readonly count: number;
  /** Types that were ever asked for, in order. */
  readonly types: readonly string[];
  /** Puts the target's own methods back. */
  restore(): void;
}

export function countListeners(...targets: readonly EventTarget[]): ListenerCount {
  const standing = new Set<string>();
  const types: string[] = [];
  const ids = new Map<unknown, number>();
  const nameOf = (target: number, type: string, listener: unknown): string => {
    const id = ids.get(listener) ?? ids.size;
    ids.set(listener, id);
    return `${target} ${type} ${id}`;
  };
  targets.forEach((target, n) => {
    const add = target.addEventListener;
    const remove = target.removeEventListener;
    target.addEventListener = (...args: Parameters<typeof add>) => {
      types.push(args[0]);
      standing.add(nameOf(n, args[0], args[1]));
      add.apply(target, args);
    };
    target.removeEventListener = (...args: Parameters<typeof remove>) => {
      standing.delete(nameOf(n, args[0], args[1]));
      remove.apply(target, args);
    };
  });
  return {
    get count() {
      return standing.size;
    },
    types,
    restore() {
      for (const target of targets) {
        // The originals are the prototype's; what shadows them here goes.
        Reflect.deleteProperty(target, "addEventListener");
        Reflect.deleteProperty(target, "removeEventListener");
      }
    },
  };
}
