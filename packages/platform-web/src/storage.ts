/**
 * Storage of pages over `localStorage` and `sessionStorage`.
 *
 * Law: the global is looked up inside each call, because its mere mention throws where the user forbids storage or the
 * document is sandboxed; what throws rejects, a full store (`QuotaExceededError`) too.
 */
import type { Cancel, Storage } from "@cc/core";

type Area = "localStorage" | "sessionStorage";

/** Shared by all tabs of the origin, kept until it is removed. Rejects with what the platform throws. */
export function localStorageStorage(): Storage {
  return storageOf("localStorage");
}

/** One tab's own, kept over reloads; a duplicated tab begins with a copy. Rejects with what the platform throws. */
export function sessionStorageStorage(): Storage {
  return storageOf("sessionStorage");
}

function storageOf(area: Area): Storage {
  return {
    get: async (key) => globalThis[area].getItem(key) ?? undefined,
    set: async (key, value) => globalThis[area].setItem(key, value),
    remove: async (key) => globalThis[area].removeItem(key),
    // Only in secure contexts; without it nobody can tell a duplicated tab.
    ...(globalThis.navigator?.locks && { lock }),
  };
}

/** A Web Lock: held across the tabs of the origin, and let go by the platform when the tab dies. */
function lock(name: string): Promise<Cancel | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (held) => {
        if (!held) return resolve(undefined);
        // The lock lasts as long as this inner promise.
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}
