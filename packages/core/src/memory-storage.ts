/** Storage that lives as long as the value itself: the default in Node, and what tests and server rendering use. */
import type { Cancel, Storage } from "./ports.js";

/** An empty store of its own. Never rejects; `lock` answers `undefined` for a name that is held. */
export const memoryStorage = (): Storage => new MemoryStorage();

class MemoryStorage implements Storage {
  readonly #values = new Map<string, string>();
  /** Made when the first lock is asked for: most clients never do. */
  #held: Map<string, symbol> | undefined;

  async get(key: string): Promise<string | undefined> {
    return this.#values.get(key);
  }
  async set(key: string, value: string): Promise<void> {
    this.#values.set(key, value);
  }
  async remove(key: string): Promise<void> {
    this.#values.delete(key);
  }
  async lock(name: string): Promise<Cancel | undefined> {
    this.#held ??= new Map();
    const held = this.#held;
    const holder = Symbol(name);
    if (!held.has(name)) held.set(name, holder);
    // A release that comes twice must not take the lock from the next holder.
    return held.get(name) === holder ? () => void (held.get(name) === holder && held.delete(name)) : undefined;
  }
}
