/**
 * What outlives the process. Law: storage never breaks a connection; whatever it does wrong becomes an `ERR_STORAGE`
 * event. Writes go one after another, so that a purge cannot be overtaken by a save that began before it. Records carry
 * a version; one that cannot be read counts as absent.
 */
import type { Connection, Storage } from "@cc/core";

const VERSION = 1;

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
    return this.#chain<T | undefined>(async () => {
      const text = await this.#storage.get(this.#prefix + key);
      const record = text === undefined ? undefined : (JSON.parse(text) as { v?: number } & T);
      if (record?.v !== VERSION) return undefined;
      if (!valid(record)) throw new Error(`The stored ${key} is corrupt`);
      return record;
    }, undefined);
  }

  write(key: string, value: object | undefined): Promise<boolean> {
    const name = this.#prefix + key;
    return this.#chain(async () => {
      if (value === undefined) await this.#storage.remove(name);
      else await this.#storage.set(name, JSON.stringify({ v: VERSION, ...value }));
      return true;
    }, false);
  }

  /** Runs `act` when those before it have ended. The first runs within the call: a page that is being hidden has no later. */
  #chain<T>(act: () => Promise<T>, otherwise: T): Promise<T> {
    const guarded = async (): Promise<T> => {
      try {
        return await act();
      } catch (cause) {
        this.#errors.report({
          code: "ERR_STORAGE",
          message: "ERR_STORAGE",
          phase: "storage",
          retryable: true,
          cause,
        });
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
