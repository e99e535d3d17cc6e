/** Firefox over WebDriver BiDi, by puppeteer-core. Hidden is a tab behind another one; offline is the browser's own emulation. */
import { type Browser, launch, type Page } from "puppeteer-core";
import { findEngine } from "../../scripts/lib/engines.js";
import type { Engine, EngineTab } from "./engine.js";
import { settled } from "./settled.js";

/** How long an orderly end may take, in ms. */
const END_MS = 10_000;

async function openTab(browser: Browser): Promise<EngineTab> {
  const page = await browser.newPage({ type: "window" });
  let cover: Page | undefined;
  const run = async <T>(expression: string): Promise<T> => (await page.evaluate(expression)) as T;
  const seen = async (state: string): Promise<void> => {
    await page.waitForFunction(`document.visibilityState === ${JSON.stringify(state)}`, { polling: 20 });
  };
  return {
    async goto(url) {
      await page.goto(url, { waitUntil: "load" });
    },
    async reload() {
      await page.reload({ waitUntil: "load" });
    },
    async back(url) {
      // Not `goBack`: puppeteer waits for a load event, which a page out of the back/forward cache has not.
      await page.evaluate("void setTimeout(() => history.back())");
      await settled(run, url);
    },
    run,
    async hide() {
      // A new tab opens in the window that was seen last.
      await page.bringToFront();
      cover ??= await browser.newPage();
      await cover.bringToFront();
      await seen("hidden");
    },
    async show() {
      await page.bringToFront();
      await seen("visible");
    },
    offline: (on) => page.setOfflineMode(on),
    async close() {
      await cover?.close();
      await page.close();
    },
  };
}

export async function startFirefox(): Promise<Engine> {
  const found = findEngine("firefox");
  const executablePath = "FIREFOX_PATH" in found ? found["FIREFOX_PATH"] : undefined;
  if (executablePath === undefined) throw new Error("no Firefox here; `pnpm browsers` installs one");
  const browser = await launch({ browser: "firefox", executablePath, headless: true });
  return {
    name: "firefox",
    version: (await browser.version()).replace("firefox/", "Firefox "),
    open: () => openTab(browser),
    reachableOffline: false,
    // It decides before `pagehide`, by what is open then (seen in 153).
    keepsLinkedPages: false,
    async close() {
      const process = browser.process();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, END_MS);
      });
      await Promise.race([browser.close(), late]);
      clearTimeout(timer);
      process?.kill("SIGKILL");
    },
  };
}
