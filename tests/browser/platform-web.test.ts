/** @cc/platform-web where it lives: clock, storage, and the network coming and going, in a real browser. */
import { indexedDbStorage, localStorageStorage, sessionStorageStorage, webClock, webLifecycle } from "@cc/platform-web";
import { clockConformance, lifecycleConformance, nearby, poll, storageConformance } from "@cc/testkit/conformance";
import { describe, expect, it, onTestFinished } from "vitest";
import { commands } from "vitest/browser";
import { countListeners } from "../support/listeners.js";

clockConformance("platform-web in a page", webClock);

/** Long enough to be looked at, short enough for the runner's own channel to survive. */
const OFFLINE_MS = 1000;

lifecycleConformance("platform-web in a page, by the browser's network", ["offline", "online"], async () => {
  const listeners = countListeners(window, document);
  return {
    lifecycle: nearby(webLifecycle(), () => listeners.count),
    provoke: {
      offline: () => commands.offlineFor(OFFLINE_MS),
      online: () => expect.poll(() => navigator.onLine, { timeout: 10_000 }).toBe(true),
    },
    stop: async () => listeners.restore(),
  };
});

describe("lifecycle of platform-web", () => {
  it("[B5.9][R33] never listens to `unload` or `beforeunload`", () => {
    const listeners = countListeners(window, document);
    onTestFinished(() => listeners.restore());
    webLifecycle().watch(() => {})();
    expect(listeners.types.length).toBeGreaterThan(0);
    expect(listeners.types.filter((type) => type.includes("unload"))).toEqual([]);
  });

  it("[B5.5] a clock that moved while nobody looked is told before the signal that shows it", () => {
    const now = Date.now;
    onTestFinished(() => {
      Date.now = now;
    });
    const told: unknown[] = [];
    const lifecycle = webLifecycle();
    onTestFinished(lifecycle.watch((signal) => told.push(signal)));
    window.dispatchEvent(new Event("online"));
    Date.now = () => now() + 3_600_000;
    // One who comes now was not there, but must not hide it from those who were.
    lifecycle.watch(() => {})();
    window.dispatchEvent(new Event("online"));
    window.dispatchEvent(new Event("online"));
    Date.now = () => now() + 3_601_000;
    window.dispatchEvent(new Event("online"));
    expect(told).toEqual([
      { type: "online" },
      { type: "clockJump", ms: expect.closeTo(3_600_000, -2) },
      { type: "online" },
      { type: "online" },
      { type: "online" },
    ]);
  });
});

for (const [area, make] of [
  ["localStorage", localStorageStorage],
  ["sessionStorage", sessionStorageStorage],
] as const) {
  const able = { reopen: true, fill: true, forbidden: true, lock: true, watch: true } as const;
  storageConformance(`platform-web, ${area}`, able, async () => {
    window[area].clear();
    const real = Object.getOwnPropertyDescriptor(window, area) ?? {};
    return {
      storage: make(),
      reopen: make,
      // The quota of browsers is some 5 million characters.
      fill: async () => ({ size: 6_000_000 }),
      forbidden() {
        // What a page sees whose user blocks site data: the mere mention throws. Taken away first, for code that has run
        // goes on reading the old one in WebKit.
        Reflect.deleteProperty(window, area);
        Object.defineProperty(window, area, {
          configurable: true,
          get() {
            throw new DOMException("Access is denied for this document.", "SecurityError");
          },
        });
        return make();
      },
      async stop() {
        Object.defineProperty(window, area, real);
        window[area].clear();
      },
    };
  });
}

const deleted = (name: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });

storageConformance("platform-web, IndexedDB", { reopen: true, forbidden: true, lock: true, watch: true }, async () => {
  const name = crypto.randomUUID();
  const real = Object.getOwnPropertyDescriptor(window, "indexedDB") ?? {};
  return {
    storage: indexedDbStorage({ name }),
    reopen: () => indexedDbStorage({ name }),
    forbidden() {
      // What some browsers do in private windows.
      Object.defineProperty(window, "indexedDB", {
        configurable: true,
        get() {
          throw new DOMException("The operation is insecure.", "SecurityError");
        },
      });
      return indexedDbStorage({ name });
    },
    async stop() {
      Object.defineProperty(window, "indexedDB", real);
      await deleted(name);
    },
  };
});

describe("storage of platform-web over IndexedDB", () => {
  it("[B2.8] lets a database go that somebody deletes, and begins anew", async () => {
    const name = crypto.randomUUID();
    const storage = indexedDbStorage({ name });
    await storage.set("a", "1");
    await deleted(name);
    expect(await storage.get("a")).toBe(undefined);
    await storage.set("a", "2");
    expect(await storage.get("a")).toBe("2");
    await deleted(name);
  });

  it("[B2.8] a database that cannot be opened rejects each call, until it can", async () => {
    const name = crypto.randomUUID();
    // That of another program, in a version that ours does not know.
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.open(name, 2);
      request.onsuccess = () => resolve(request.result.close());
      request.onerror = () => reject(request.error);
    });
    const storage = indexedDbStorage({ name });
    for (let n = 0; n < 2; n++) await expect(storage.get("a")).rejects.toMatchObject({ name: "VersionError" });
    await deleted(name);
    await storage.set("a", "1");
    expect(await storage.get("a")).toBe("1");
    await deleted(name);
  });

  it("[B2.8] a transaction that the platform aborts, as on a full disk, rejects, and the old value stands", async () => {
    const name = crypto.randomUUID();
    const storage = indexedDbStorage({ name });
    await storage.set("a", "old");
    const { put } = IDBObjectStore.prototype;
    onTestFinished(() => {
      IDBObjectStore.prototype.put = put;
    });
    IDBObjectStore.prototype.put = function (value, key) {
      const request = put.call(this, value, key);
      // After the request has succeeded: a full disk is found out when the whole is written.
      request.addEventListener("success", () => this.transaction.abort());
      return request;
    };
    await expect(storage.set("a", "new")).rejects.toBeInstanceOf(Error);
    expect(await storage.get("a")).toBe("old");
    await deleted(name);
  });

  it("[B2.9] without a BroadcastChannel it stores all the same, and tells nothing", async () => {
    const real = Object.getOwnPropertyDescriptor(window, "BroadcastChannel") ?? {};
    onTestFinished(() => void Object.defineProperty(window, "BroadcastChannel", real));
    Reflect.deleteProperty(window, "BroadcastChannel");
    const name = crypto.randomUUID();
    const storage = indexedDbStorage({ name });
    const stop = storage.watch?.("a", () => {});
    await storage.set("a", "1");
    expect(await storage.get("a")).toBe("1");
    stop?.();
    await deleted(name);
  });
});

const shown = (type: string): boolean => window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));

describe("watches of platform-web", () => {
  for (const make of [localStorageStorage, () => indexedDbStorage({ name: "watches" })]) {
    it("[B2.9] clients that share one storage in one page are told of each other, and of their own keys alone", async () => {
      const storage = make();
      const told: string[] = [];
      const stops = ["a", "b"].map((key) => storage.watch?.(key, () => told.push(key)));
      await storage.set("a", crypto.randomUUID());
      await poll("told", () => told.length > 0);
      await storage.remove("b");
      await poll("told of the other", () => told.length > 1);
      expect(told).toEqual(["a", "b"]);
      for (const stop of stops) stop?.();
    });

    it("[B2.9][B5.9] a page that comes out of the back/forward cache looks again: it was told nothing there", () => {
      let looks = 0;
      const stop = make().watch?.("a", () => looks++);
      shown("pageshow");
      expect(looks).toBeGreaterThan(0);
      stop?.();
      const before = looks;
      shown("pageshow");
      expect(looks).toBe(before);
    });
  }
});

describe("locks of platform-web", () => {
  it("[B2.9] a free lock that a busy browser is slow to hand out is no taken one", async () => {
    const { request } = LockManager.prototype;
    onTestFinished(() => {
      LockManager.prototype.request = request;
    });
    const slow = async (...args: readonly unknown[]): Promise<unknown> => {
      // The platform's own delay, longer than any that a taken lock is waited for.
      await new Promise((resolve) => setTimeout(resolve, 400));
      return Reflect.apply(request, navigator.locks, args);
    };
    LockManager.prototype.request = slow as typeof request;
    const release = await localStorageStorage().lock?.("slow");
    expect(release).toBeTypeOf("function");
    release?.();
  });

  it("[B2.9] a page in the back/forward cache holds none, and has it again when it comes out", async () => {
    const [one, other] = [localStorageStorage(), localStorageStorage()];
    const release = await one.lock?.("bfcache");
    expect(await other.lock?.("bfcache")).toBe(undefined);
    shown("pagehide");
    let next: Awaited<ReturnType<NonNullable<typeof other.lock>>>;
    await poll("free", async () => {
      next = await other.lock?.("bfcache");
      return next !== undefined;
    });
    shown("pageshow");
    next?.();
    await poll("held again", async () => {
      const again = await other.lock?.("bfcache");
      again?.();
      return again === undefined;
    });
    release?.();
    shown("pageshow");
    await poll("free for good", async () => {
      const last = await other.lock?.("bfcache");
      last?.();
      return last !== undefined;
    });
  });
});
