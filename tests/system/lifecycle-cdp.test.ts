/**
 * @cc/platform-web's lifecycle in a real Chromium, told by the browser itself: tabs that cover each other, a page that is frozen,
 * one that goes into the back/forward cache and comes out of it, a network that goes.
 */
import type { LifecycleNow, LifecycleSignal } from "@cc/core";
import { type LifecycleHarness, lifecycleConformance, poll } from "@cc/testkit/conformance";
import type { Browser, CDPSession } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "../support/bundle.js";
import { evaluate, type Site, serveSite, startChromium } from "../support/chromium.js";

/**
 * Runs in the page. It speaks twice: through the binding `told`, which a frozen page has still used, and into the tab's storage,
 * which the next page can read when this one was left so fast that the binding was cut.
 */
const pageSource = `
  import { webLifecycle } from "@cc/platform-web";
  import { countListeners } from "./support/listeners.js";
  const listeners = countListeners(globalThis, document);
  const lifecycle = webLifecycle();
  const cancels = [];
  globalThis.page = {
    watch() {
      const watcher = cancels.length;
      cancels.push(lifecycle.watch((signal) => {
        globalThis.told(JSON.stringify({ watcher, signal }));
        sessionStorage.told = JSON.stringify([...JSON.parse(sessionStorage.told ?? "[]"), { watcher, signal }]);
      }));
      return watcher;
    },
    cancel: (watcher) => cancels[watcher](),
    current: () => lifecycle.current(),
    attached: () => listeners.count,
    types: () => listeners.types,
  };
`;

const workerSource = `
  import { openWebSocket } from "@cc/transport-browser";
  import { webClock, webLifecycle } from "@cc/platform-web";
  import { countListeners } from "./support/listeners.js";
  const listeners = countListeners(globalThis);
  const lifecycle = webLifecycle();
  const cancel = lifecycle.watch(() => {});
  const attached = listeners.count;
  cancel();
  webClock.later(() => {
    openWebSocket("ws://[", { subprotocols: [] }, {
      opened() {},
      message() {},
      closed: ({ code }) => postMessage({ current: lifecycle.current(), attached, after: listeners.count, code }),
    });
  });
`;

let browser: Browser;
let site: Site;

beforeAll(async () => {
  site = await serveSite({
    "/": '<!doctype html><title>page</title><script type="module" src="/page.js"></script>',
    "/page.js": await bundle(pageSource),
    "/worker.js": await bundle(workerSource),
  });
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

interface Told {
  readonly watcher: number;
  readonly signal: LifecycleSignal;
}

interface PageHarness extends LifecycleHarness {
  readonly session: CDPSession;
}

async function openPage(): Promise<PageHarness> {
  const page = await browser.newPage();
  const cover = await browser.newPage();
  const session = await page.createCDPSession();
  const heard: Told[] = [];
  let frozen = false;
  session.on("Runtime.bindingCalled", ({ payload }) => void heard.push(JSON.parse(payload)));
  await session.send("Runtime.enable");
  await session.send("Runtime.addBinding", { name: "told" });
  await session.send("Network.enable");
  await page.bringToFront();
  await page.goto(site.url, { waitUntil: "load" });
  const ready = (): Promise<void> =>
    poll("the page is complete", () =>
      evaluate<boolean>(session, '"page" in globalThis && document.readyState === "complete"'),
    );
  await ready();
  const offline = (on: boolean) => async () => {
    await session.send("Network.emulateNetworkConditions", {
      offline: on,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
  };
  return {
    session,
    lifecycle: {
      async watch() {
        const watcher = await evaluate<number>(session, "page.watch()");
        return {
          async signals() {
            const told = frozen ? heard : await evaluate<Told[]>(session, 'JSON.parse(sessionStorage.told ?? "[]")');
            return told.filter((one) => one.watcher === watcher).map(({ signal }) => signal);
          },
          cancel: () => evaluate<void>(session, `page.cancel(${watcher})`),
        };
      },
      current: () => evaluate<LifecycleNow>(session, "page.current()"),
      attached: () => evaluate<number>(session, "page.attached()"),
    },
    provoke: {
      background: () => cover.bringToFront(),
      foreground: () => page.bringToFront(),
      // A browser freezes only pages that nobody sees.
      async frozen() {
        await cover.bringToFront();
        frozen = true;
        await session.send("Page.setWebLifecycleState", { state: "frozen" });
      },
      async thawed() {
        await session.send("Page.setWebLifecycleState", { state: "active" });
        frozen = false;
        await page.bringToFront();
        await poll("the page is seen", () => evaluate<boolean>(session, "!document.hidden"));
      },
      offline: offline(true),
      online: offline(false),
      async pageHidden() {
        await evaluate(session, 'void (location.href = "/elsewhere")');
        await poll("the other page", async () => (await evaluate(session, "document.title")) === "empty");
      },
      async pageShown() {
        await evaluate(session, "history.back()");
        await ready();
      },
    },
    async stop() {
      await cover.close();
      await page.close();
    },
  };
}

const able = ["background", "foreground", "frozen", "thawed", "offline", "online", "pageHidden", "pageShown"] as const;
lifecycleConformance("platform-web in a page, by the browser's own doing", able, openPage);

describe("lifecycle of platform-web in Chromium", () => {
  it("[B5.9][R33] a page with a watcher goes into the back/forward cache and comes out of it alive", async () => {
    const { lifecycle, provoke, session, stop } = await openPage();
    try {
      const watching = await lifecycle.watch();
      await provoke.pageHidden?.();
      await provoke.pageShown?.();
      const wanted: LifecycleSignal[] = [{ type: "pageHidden" }, { type: "pageShown", persisted: true }];
      await expect.poll(() => watching.signals()).toEqual(expect.arrayContaining(wanted));
      const signals = (await watching.signals()).map(({ type }) => type);
      expect(signals.indexOf("pageHidden")).toBeLessThan(signals.indexOf("pageShown"));
      expect(signals.at(-1)).not.toBe("background");
      expect(await evaluate<string[]>(session, "page.types()")).not.toContain("unload");
    } finally {
      await stop();
    }
  });

  it("[R30] in a worker, which has no document, lifecycle, clock and transport work", async () => {
    const { session, stop } = await openPage();
    try {
      const answer = await evaluate(
        session,
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
