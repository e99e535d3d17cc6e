/**
 * @cc/platform-web's lifecycle in this browser, told by the browser itself: a window that nobody sees, a page that goes into the
 * back/forward cache and comes out of it, a network that goes.
 */
import type { LifecycleNow, LifecycleSignal } from "@cc/core";
import { type LifecycleHarness, lifecycleConformance } from "@cc/testkit/conformance";
import { afterAll, describe, expect, inject, it } from "vitest";
import { bundle } from "../support/bundle.js";
import type { EngineTab } from "../support/engine.js";
import { serveSite } from "../support/site.js";
import { startEngine } from "../support/start-engine.js";
import { unable } from "../support/unable.js";

const engine = await startEngine(inject("engine"));
afterAll(() => engine.close());
const site = await serveSite({
  "/": '<!doctype html><title>page</title><script type="module" src="/page.js"></script>',
  "/page.js": await bundle('import "./engines/pages/lifecycle.js";'),
  "/worker.js": await bundle('import "./engines/pages/worker.js";'),
});
afterAll(() => site.close());

interface Told {
  readonly watcher: number;
  readonly signal: LifecycleSignal;
}

interface PageHarness extends LifecycleHarness {
  readonly tab: EngineTab;
}

async function openPage(): Promise<PageHarness> {
  const tab = await engine.open();
  const home = `${site.url}/`;
  await tab.goto(home);
  return {
    tab,
    lifecycle: {
      async watch() {
        const watcher = await tab.run<number>("page.watch()");
        return {
          async signals() {
            const told = await tab.run<Told[]>('JSON.parse(sessionStorage.getItem("told") ?? "[]")');
            return told.filter((one) => one.watcher === watcher).map(({ signal }) => signal);
          },
          cancel: () => tab.run<void>(`page.cancel(${watcher})`),
        };
      },
      current: () => tab.run<LifecycleNow>("page.current()"),
      attached: () => tab.run<number>("page.attached()"),
    },
    provoke: {
      background: () => tab.hide(),
      foreground: () => tab.show(),
      pageHidden: () => tab.goto(`${site.url}/elsewhere`),
      pageShown: () => tab.back(home),
      offline: () => tab.offline(true),
      online: () => tab.offline(false),
    },
    stop: () => tab.close(),
  };
}

const byItself = ["background", "foreground", "pageHidden", "pageShown"] as const;
const { cannotOffline } = engine;
const able = cannotOffline === undefined ? ([...byItself, "offline", "online"] as const) : byItself;
lifecycleConformance("platform-web in a page, by the browser's own doing", able, openPage);
if (cannotOffline !== undefined) unable("[B5.5][B5.6] tells offline and online as they happen", cannotOffline);
unable("[B5.5] tells frozen and thawed as they happen", "no freeze and resume events: only Chromium has them");

describe("lifecycle of platform-web", () => {
  it("[B5.9][R33] a page with a watcher goes into the back/forward cache and comes out of it alive", async () => {
    const { tab, lifecycle, provoke, stop } = await openPage();
    try {
      const born = await tab.run("globalThis.born = Math.random()");
      const watching = await lifecycle.watch();
      await provoke.pageHidden?.();
      await provoke.pageShown?.();
      expect(await tab.run("globalThis.born")).toBe(born);
      const wanted: LifecycleSignal[] = [{ type: "pageHidden" }, { type: "pageShown", persisted: true }];
      await expect.poll(() => watching.signals()).toEqual(expect.arrayContaining(wanted));
      const signals = (await watching.signals()).map(({ type }) => type);
      expect(signals.indexOf("pageHidden")).toBeLessThan(signals.indexOf("pageShown"));
      expect((await lifecycle.current()).background).toBe(false);
      expect((await tab.run<string[]>("page.types()")).filter((type) => type.includes("unload"))).toEqual([]);
    } finally {
      await stop();
    }
  });

  it("[R30] in a worker, which has no document, lifecycle, clock and transport work", async () => {
    const { tab, stop } = await openPage();
    try {
      const answer = await tab.run(
        `new Promise((resolve, reject) => {
          const worker = new Worker("/worker.js", { type: "module" });
          worker.onerror = (event) => reject(new Error(event.message));
          worker.onmessage = ({ data }) => (worker.terminate(), resolve(data));
        })`,
      );
      expect(answer).toEqual({ current: { background: false, online: true }, attached: 4, after: 0, code: 1006 });
    } finally {
      await stop();
    }
  });
});
