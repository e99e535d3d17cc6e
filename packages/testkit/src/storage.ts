/**
 * Storage that can be full, broken, slow or shared by several tabs, as told.
 *
 * Law: without a fault it passes the storage conformance suite; a fault never loses what was stored before.
 * Tabs on one machine are several storages over one `records` map.
 */
import type { Cancel, Clock, Storage } from "@cc/core";

/** What every tab or process on one machine shares. */
export interface SharedRecords {
  readonly records: Map<string, string>;
  readonly locks: Set<string>;
}

export interface ScriptedStorage extends Storage, SharedRecords {
  lock(name: string): Promise<Cancel | undefined>;
  watch(key: string, fn: () => void): Cancel;
  /** Every call so far, as `"get key"`, oldest first. */
  readonly calls: readonly string[];
  /** What each method named here rejects with; `undefined` heals it. `set` with a quota error is a full disk. */
  fail:
    | { readonly get?: unknown; readonly set?: unknown; readonly remove?: unknown; readonly lock?: unknown }
    | undefined;
  /** Characters in keys and values that `set` takes altogether before it rejects. Default: no bound. */
  capacity: number;
  /** How long each call takes, in ms (needs `clock`). Default 0: settled in the same turn. */
  slowMs: number;
}

export interface ScriptedStorageOptions {
  /** Needed for `slowMs`. */
  readonly clock?: Clock;
  /** The storage of another tab on the same machine. */
  readonly shared?: SharedRecords;
}

/** Who is told of a change, by the records that are shared. */
const watchers = new WeakMap<SharedRecords["records"], Set<(key: string) => void>>();

/** A storage port with a script; see `ScriptedStorage`. */
export function createScriptedStorage(options: ScriptedStorageOptions = {}): ScriptedStorage {
  const { clock } = options;
  const { records, locks } = options.shared ?? { records: new Map<string, string>(), locks: new Set<string>() };
  const calls: string[] = [];
  const told = watchers.get(records) ?? new Set();
  watchers.set(records, told);
  const changed = (key: string): void => {
    for (const tell of [...told]) tell(key);
  };

  const act = async <T>(method: "get" | "set" | "remove" | "lock", key: string, fn: () => T): Promise<T> => {
    calls.push(`${method} ${key}`);
    const { slowMs } = storage;
    if (slowMs > 0) {
      if (clock === undefined) throw new RangeError("slowMs needs a clock");
      await new Promise<void>((resolve) => clock.after(slowMs, resolve));
    }
    const error = storage.fail?.[method];
    if (error !== undefined) throw error;
    return fn();
  };
  const size = (): number => {
    let sum = 0;
    for (const [key, value] of records) sum += key.length + value.length;
    return sum;
  };

  const storage: ScriptedStorage = {
    records,
    locks,
    calls,
    fail: undefined,
    capacity: Number.POSITIVE_INFINITY,
    slowMs: 0,
    get: (key) => act("get", key, () => records.get(key)),
    set: (key, value) =>
      act("set", key, () => {
        const old = records.get(key);
        const freed = old === undefined ? 0 : key.length + old.length;
        if (size() - freed + key.length + value.length > storage.capacity) {
          throw Object.assign(new Error("the quota has been exceeded"), { name: "QuotaExceededError" });
        }
        records.set(key, value);
        changed(key);
      }),
    remove: (key) =>
      act("remove", key, () => {
        if (records.delete(key)) changed(key);
      }),
    lock: (name) =>
      act("lock", name, (): Cancel | undefined => {
        if (locks.has(name)) return undefined;
        locks.add(name);
        let held = true;
        return () => {
          if (held) locks.delete(name);
          held = false;
        };
      }),
    watch(key, fn) {
      const tell = (other: string): void => {
        if (other === key) fn();
      };
      told.add(tell);
      return () => void told.delete(tell);
    },
  };
  return storage;
}
