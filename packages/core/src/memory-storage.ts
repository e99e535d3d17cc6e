/** Storage that lives as long as the value itself: the default in Node, and what tests and server rendering use. */
import type { Storage } from "./ports.js";

/** An empty store of its own. Never rejects; `lock` answers `undefined` for a name that is held. */
export function memoryStorage(): Storage {
  const values = new Map<string, string>();
  const held = new Map<string, symbol>();
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    remove: async (key) => void values.delete(key),
    async lock(name) {
      const holder = Symbol(name);
      if (!held.has(name)) held.set(name, holder);
      // A release that comes twice must not take the lock from the next holder.
      return held.get(name) === holder ? () => void (held.get(name) === holder && held.delete(name)) : undefined;
    },
  };
}
