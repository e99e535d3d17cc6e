/**
 * What outlives the process. Law: storage never breaks a connection; whatever it does wrong becomes an `ERR_STORAGE`
 * event. Writes go one after another, so that a purge cannot be overtaken by a save that began before it. Records carry
 * a version; one that cannot be read counts as absent.
 */
import type { Cancel, Connection, Storage } from "@cc/core";

const VERSION = 1;
const nothing = (): void => {};

export class Store {
  readonly #storage: Storage;
  readonly #prefix: string;
  readonly #errors: Pick<Connection, "report">;
  #last: Promise<unknown> | undefined;
  #waiting = 0;

  /** `prefix` namespaces the keys by app id. */
  constructor(storage: Storage, prefix: string, errors: Pick<Connection, "report">) {
    this.#storage = storage;
    this.#prefix = prefix;
    this.#errors = errors;
  }

  /** `valid` may throw: a record that it does not accept is corrupt. */
  read<T extends object>(key: string, valid: (record: T) => boolean): Promise<T | undefined> {
    return this.run<T | undefined>(() => this.get(key, valid), undefined);
  }

  write(key: string, value: object | undefined): Promise<boolean> {
    return this.run(async () => {
      await this.put(key, value);
      return true;
    }, false);
  }

  /** Within `run`: rejects when storage cannot be read; a corrupt record is told, and counts as absent. */
  async get<T extends object>(key: string, valid: (record: T) => boolean): Promise<T | undefined> {
    const text = await this.#storage.get(this.#prefix + key);
    try {
      const record = text === undefined ? undefined : (JSON.parse(text) as { v?: number } & T);
      if (record?.v !== VERSION) return undefined;
      if (!valid(record)) throw new Error(`The stored ${key} is corrupt`);
      return record;
    } catch (cause) {
      this.#failed(cause);
      return undefined;
    }
  }

  /** Within `run`. */
  put(key: string, value: object | undefined): Promise<void> {
    const name = this.#prefix + key;
    return value === undefined
      ? this.#storage.remove(name)
      : this.#storage.set(name, JSON.stringify({ v: VERSION, ...value }));
  }

  /** Whether the lock was had: a function that lets it go. Where nobody can tell, it was. */
  async lock(name: string): Promise<Cancel | undefined> {
    try {
      if (this.#storage.lock) return await this.#storage.lock(this.#prefix + name);
    } catch (cause) {
      this.#failed(cause);
    }
    return nothing;
  }

  /** `fn` runs when those before it have ended. */
  watch(key: string, fn: () => Promise<void>): Cancel | undefined {
    return this.#storage.watch?.(this.#prefix + key, () => void this.run(fn, undefined));
  }

  #failed(cause: unknown): void {
    this.#errors.report({
      code: "ERR_STORAGE",
      message: "Storage failed",
      phase: "storage",
      retryable: true,
      cause,
    });
  }

  /** Runs `act` when those before it have ended. The first runs within the call: a page that is being hidden has no later. */
  run<T>(act: () => Promise<T>, otherwise: T): Promise<T> {
    const guarded = async (): Promise<T> => {
      try {
        return await act();
      } catch (cause) {
        this.#failed(cause);
        return otherwise;
      } finally {
        if (--this.#waiting === 0) this.#last = undefined;
      }
    };
    this.#waiting++;
    this.#last = this.#last ? this.#last.then(guarded) : guarded();
    return this.#last as Promise<T>;
  }
}
