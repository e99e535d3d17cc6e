/**
 * A Chromium of our own, for what a test runner's browser cannot show: real visibility, freezing and the back/forward cache.
 *
 * Law: pages are driven by the raw protocol, for Playwright pins them visible and forbids the cache; and each page is
 * listened to through a binding, because a page that is frozen answers no question.
 */
import { type Browser, type CDPSession, launch } from "puppeteer-core";
import { bareWindows, chromiumFlags, findChromium } from "../../scripts/lib/browser.js";

export { type Site, serveSite } from "./site.js";

/**
 * Puppeteer's own flags that keep hidden pages awake; and the flag that slows the timers of a hidden page down to one a minute
 * after a second, where a user's browser waits for five minutes.
 */
const wakeful = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];
const sleepy = "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1";

/** Starts one; the caller closes it. `throttled`: hidden pages are treated as a user's browser treats them. */
export async function startChromium({ throttled = false } = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error("no Chromium here; `pnpm test` installs one");
  return launch({
    executablePath,
    args: [...chromiumFlags, bareWindows, ...(throttled ? [sleepy] : [])],
    ignoreDefaultArgs: throttled ? wakeful : [],
    headless: true,
  });
}

/** The value of an expression in the page, promises awaited. Rejects with what the page throws. */
export async function evaluate<T>(session: CDPSession, expression: string): Promise<T> {
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value as T;
}
