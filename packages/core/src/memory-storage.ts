/** Storage that lives as long as the value itself: the default in Node, and what tests and server rendering use. */

import type { Cancel, Storage } from "./ports.js";
import { NONE, without } from "./step.js";

/** An empty store of its own. Never rejects; whoever shares the value shares what is stored, its locks and its changes. */
export const memoryStorage = (): Storage => new MemoryStorage();

class MemoryStorage implements Storage {
  /** Not a map, for the names of an object are one string for all stores of the process. A space before each, so that none is `__proto__`. */
  readonly #values: Record<string, string> = {};
  /** Lists, for nearly all stores serve one client: a thousand of them would have a thousand maps with one entry. */
  #held: readonly string[] = NONE;
  #watchers: readonly { readonly key: string; readonly fn: () => void }[] = NONE;

  async get(key: string): Promise<string | undefined> {
    return this.#values[` ${key}`];
  }
  async set(key: string, value: string): Promise<void> {
    this.#values[` ${key}`] = value;
    this.#tell(key);
  }
  async remove(key: string): Promise<void> {
    if (!(` ${key}` in this.#values)) return;
    delete this.#values[` ${key}`];
    this.#tell(key);
  }
  async lock(name: string): Promise<Cancel | undefined> {
    if (this.#held.includes(name)) return undefined;
    this.#held = this.#held.concat(name);
    let mine = true;
    return () => {
      // A release that comes twice must not take the lock from the next holder.
      if (mine) this.#held = without(this.#held, name);
      mine = false;
    };
  }
  watch(key: string, fn: () => void): Cancel {
    const watcher = { key, fn };
    this.#watchers = this.#watchers.concat(watcher);
    return () => {
      this.#watchers = without(this.#watchers, watcher);
    };
  }
  #tell(key: string): void {
    for (const watcher of this.#watchers) if (watcher.key === key) watcher.fn();
  }
}
