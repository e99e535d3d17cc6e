/** The app of the tests in tabs of a real Chromium, each with its session of the raw protocol. */
import type { Browser, BrowserContext, CDPSession, Page } from "puppeteer-core";
import { type App, appOf } from "./app.js";
import { evaluate } from "./chromium.js";

export { serveApp } from "./app.js";

export interface AppTab extends App {
  readonly page: Page;
  readonly session: CDPSession;
}

export async function tabOf(page: Page): Promise<AppTab> {
  const session = await page.createCDPSession();
  return { page, session, ...appOf(<T>(expression: string) => evaluate<T>(session, expression)) };
}

/** Opens the app in a new tab; it has called `init`. */
export async function openTab(context: Browser | BrowserContext, url: string): Promise<AppTab> {
  const tab = await tabOf(await context.newPage());
  await tab.page.goto(url, { waitUntil: "load" });
  await tab.ready();
  return tab;
}
