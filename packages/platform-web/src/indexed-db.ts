/**
 * Storage over IndexedDB: for workers, which have no `localStorage`, and for who wants the session off the main thread.
 *
 * Law: `set` and `remove` resolve when their transaction is complete, never earlier, for a full disk is told at its end.
 * The database is opened by the first call, given up when another tab wants to delete it, and opened again by the next call.
 */
import type { Cancel, Storage } from "@cc/core";
import { webLock } from "./lock.js";
import { watchPage } from "./storage.js";

export interface IndexedDbOptions {
  /** Of the database; default `"cc"`. */
  readonly name?: string;
}

const STORE = "records";

/**
 * Shared by all tabs and workers of the origin, kept until it is removed. Rejects with what the platform reports: a full disk
 * (`QuotaExceededError`), a private window that refuses, a deletion under way. Changes are told through a `BroadcastChannel`.
 */
export function indexedDbStorage({ name = "cc" }: IndexedDbOptions = {}): Storage {
  let opened: Promise<IDBDatabase> | undefined;
  const watchers = new Set<(event: MessageEvent) => void>();
  /** Open while somebody watches. */
  let channel: BroadcastChannel | undefined;

  const open = (): Promise<IDBDatabase> => {
    opened ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onerror = () => reject(request.error);
      // Somebody deletes it and somebody else will not let go: told, and tried again by the next call.
      request.onblocked = () => reject(new Error(`The database ${name} is blocked`));
      request.onsuccess = () => {
        const db = request.result;
        const gone = (): void => {
          opened = undefined;
          db.close();
        };
        db.onversionchange = gone;
        db.onclose = gone;
        resolve(db);
      };
    });
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };

  const act = async <T>(mode: IDBTransactionMode, fn: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const db = await open();
    return new Promise((resolve, reject) => {
      const transaction = db.transaction(STORE, mode);
      const request = fn(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error("The transaction was aborted"));
    });
  };

  const write = async <T>(key: string, fn: (store: IDBObjectStore) => IDBRequest<T>): Promise<void> => {
    await act("readwrite", fn);
    if (typeof BroadcastChannel === "undefined") return;
    // A channel does not hear itself; watchers of this very storage do.
    for (const watcher of watchers) watcher({ data: key } as MessageEvent);
    const to = channel ?? new BroadcastChannel(`cc:${name}`);
    to.postMessage(key);
    if (to !== channel) to.close();
  };

  return {
    get: (key) => act<string | undefined>("readonly", (store) => store.get(key)),
    set: (key, value) => write(key, (store) => store.put(value, key)),
    remove: (key) => write(key, (store) => store.delete(key)),
    ...webLock(),
    watch(key, fn): Cancel {
      const watcher = ({ data }: MessageEvent): void => {
        if (data === key) fn();
      };
      if (typeof BroadcastChannel !== "undefined") channel ??= new BroadcastChannel(`cc:${name}`);
      watchers.add(watcher);
      channel?.addEventListener("message", watcher);
      const stop = watchPage("pageshow", fn, fn);
      return () => {
        stop();
        channel?.removeEventListener("message", watcher);
        if (!watchers.delete(watcher) || watchers.size > 0) return;
        channel?.close();
        channel = undefined;
      };
    },
  };
}
