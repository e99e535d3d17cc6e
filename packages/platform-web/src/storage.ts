/**
 * Storage of pages over `localStorage` and `sessionStorage`.
 *
 * Law: the global is looked up inside each call, because its mere mention throws where the user forbids storage or the
 * document is sandboxed; what throws rejects, a full store (`QuotaExceededError`) too. Where there is no such global, as
 * in workers, nothing is kept and nothing fails.
 */
import type { Cancel, Storage } from "@cc/core";
import { webLock } from "./lock.js";

type Area = "localStorage" | "sessionStorage";

/** The `storage` event is told to every page but the one that wrote: these are told by the writer, for a page may hold several clients. */
const here = new Set<(key: string) => void>();

/** Shared by all tabs of the origin, kept until it is removed. Rejects with what the platform throws. */
export function localStorageStorage(): Storage {
  return storageOf("localStorage");
}

/** One tab's own, kept over reloads; a duplicated tab begins with a copy. Rejects with what the platform throws. */
export function sessionStorageStorage(): Storage {
  return storageOf("sessionStorage");
}

function storageOf(area: Area): Storage {
  const changed = (key: string): void => {
    for (const tell of here) tell(key);
  };
  return {
    get: async (key) => globalThis[area]?.getItem(key) ?? undefined,
    set: async (key, value) => {
      globalThis[area]?.setItem(key, value);
      changed(key);
    },
    remove: async (key) => {
      globalThis[area]?.removeItem(key);
      changed(key);
    },
    ...webLock(),
    watch(key, fn) {
      const tell = (other: string | null): void => {
        // `clear()` names no key.
        if (other === key || other === null) fn();
      };
      const stop = watchPage("storage", (event) => tell((event as StorageEvent).key), fn);
      here.add(tell);
      return () => {
        here.delete(tell);
        stop();
      };
    },
  };
}

/** Listens to the global, and looks again when the page is shown: in the back/forward cache it was told nothing. */
export function watchPage(type: string, listener: (event: Event) => void, look: () => void): Cancel {
  globalThis.addEventListener?.(type, listener);
  globalThis.addEventListener?.("pageshow", look);
  return () => {
    globalThis.removeEventListener?.(type, listener);
    globalThis.removeEventListener?.("pageshow", look);
  };
}
