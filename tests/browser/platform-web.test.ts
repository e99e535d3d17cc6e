/** @cc/platform-web where it lives: clock, storage, and the network coming and going, in real Chromium. */
import { localStorageStorage, sessionStorageStorage, webClock, webLifecycle } from "@cc/platform-web";
import { clockConformance, lifecycleConformance, nearby, storageConformance } from "@cc/testkit/conformance";
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
      online: () => expect.poll(() => navigator.onLine, { timeout: 5000 }).toBe(true),
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
  storageConformance(`platform-web, ${area}`, { reopen: true, fill: true, forbidden: true, lock: true }, async () => {
    window[area].clear();
    const real = Object.getOwnPropertyDescriptor(window, area) ?? {};
    return {
      storage: make(),
      reopen: make,
      // The quota of Chromium is some 5 million characters.
      fill: async () => ({ size: 6_000_000 }),
      forbidden() {
        // What a page sees whose user blocks site data: the mere mention throws.
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
