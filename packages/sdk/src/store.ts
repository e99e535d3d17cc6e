/**
 * What outlives the process. Law: storage never breaks a connection; whatever it does wrong becomes an `ERR_STORAGE`
 * event. Writes go one after another, so that a purge cannot be overtaken by a save that began before it. Records carry
 * a version; one that cannot be read counts as absent.
 */
import type { Fault, Storage } from "@cc/core";

export interface Store {
  /** `valid` may throw: a record that it does not accept is corrupt. */
  read<T extends object>(key: string, valid: (record: T) => boolean): Promise<T | undefined>;
  write(key: string, value: object | undefined): Promise<boolean>;
}

const VERSION = 1;

/** `prefix` namespaces the keys by app id. */
export function createStore(storage: Storage, prefix: string, report: (fault: Fault) => void): Store {
  let last: Promise<unknown> = Promise.resolve();
  /** Runs `act` when those before it have ended. The first runs within the call: a page that is being hidden has no later. */
  let waiting = 0;
  function chain<T>(act: () => Promise<T>, otherwise: T): Promise<T> {
    const guarded = async (): Promise<T> => {
      try {
        return await act();
      } catch (cause) {
        report({ code: "ERR_STORAGE", message: "Storage failed", phase: "storage", retryable: true, cause });
        return otherwise;
      } finally {
        waiting--;
      }
    };
    const next = waiting++ === 0 ? guarded() : last.then(guarded);
    last = next;
    return next;
  }
  return {
    read: <T extends object>(key: string, valid: (record: T) => boolean) =>
      chain<T | undefined>(async () => {
        const text = await storage.get(prefix + key);
        const record = text === undefined ? undefined : (JSON.parse(text) as { v?: number } & T);
        if (record?.v !== VERSION) return undefined;
        if (!valid(record)) throw new Error(`The stored ${key} is corrupt`);
        return record;
      }, undefined),
    write: (key, value) =>
      chain(async () => {
        if (value === undefined) await storage.remove(prefix + key);
        else await storage.set(prefix + key, JSON.stringify({ v: VERSION, ...value }));
        return true;
      }, false),
  };
}
