/**
 * Locks of pages and workers: Web Locks, which the platform lets go when the tab dies.
 *
 * Law: a page in the back/forward cache holds none, for the page that came after it in the same tab is the same instance
 * and must find it free. There are none in insecure contexts and old browsers (Safari before 15.4): then nobody can tell
 * a duplicated tab, and no other way is tried.
 */
import type { Cancel, Storage } from "@cc/core";

/** For a lock whose holder is just being left: the page before this one in the same tab, say. In ms; only a taken lock is waited for. */
const WAIT_MS = 200;

/** `lock` of the port, where the platform has it. */
export function webLock(): Pick<Storage, "lock"> {
  return globalThis.navigator?.locks ? { lock } : {};
}

function lock(name: string): Promise<Cancel | undefined> {
  return new Promise((resolve, reject) => {
    const { locks } = navigator;
    let over = false;
    let letGo = (): void => {};
    // The lock lasts as long as this promise.
    const held = (): Promise<void> =>
      new Promise((end) => {
        letGo = end;
        if (over) end();
      });
    const onPage = (event: Event): void => {
      if (event.type === "pagehide") letGo();
      else if ((event as PageTransitionEvent).persisted) void locks.request(name, held);
    };
    const release = (): void => {
      over = true;
      letGo();
      globalThis.removeEventListener?.("pagehide", onPage);
      globalThis.removeEventListener?.("pageshow", onPage);
    };
    const had = (): Promise<void> => {
      globalThis.addEventListener?.("pagehide", onPage);
      globalThis.addEventListener?.("pageshow", onPage);
      resolve(release);
      return held();
    };
    const wait = (): void => {
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), WAIT_MS);
      locks
        .request(name, { signal: late.signal }, () => {
          clearTimeout(timer);
          return had();
        })
        .catch((error) => (late.signal.aborted ? resolve(undefined) : reject(error)));
    };
    // Asked without a limit first: a busy browser may take longer than the wait to hand out a lock that is free, and who takes
    // that for a taken one gives up its instance and its position.
    locks.request(name, { ifAvailable: true }, (free) => (free ? had() : wait())).catch(reject);
  });
}
