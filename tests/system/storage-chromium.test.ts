/** Real storage of a real Chromium, full, refused and corrupt: told as ERR_STORAGE, and it costs no login and no link (2.8). */
import type { Gateway } from "@cc/gateway";
import { poll } from "@cc/testkit/conformance";
import type { Browser, BrowserContext } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AppTab, serveApp, tabOf } from "../support/app-tabs.js";
import { type Site, startChromium } from "../support/chromium.js";
import { keys, startGateway } from "./world.js";

let browser: Browser;
let site: Site;
let gateway: Gateway;
let context: BrowserContext;

beforeAll(async () => {
  site = await serveApp();
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  gateway = await startGateway({ origins: [site.url] });
  context = await browser.createBrowserContext();
});
afterEach(async () => {
  await context?.close();
  await gateway?.close();
});

const publish = (data: unknown): Promise<unknown> => gateway.publish({ channel: "user:ann", kind: "message", data });

/** The app in a page in which `before` ran first. */
async function open(options: string, before: string, quota?: { readonly quotaSize: number }): Promise<AppTab> {
  const page = await context.newPage();
  await page.goto(`${site.url}/elsewhere`, { waitUntil: "load" });
  const tab = await tabOf(page);
  if (quota) await tab.session.send("Storage.overrideQuotaForOrigin", { origin: site.url, ...quota });
  await page.evaluateOnNewDocument(`if (location.pathname === "/app") { ${before} }`);
  await page.goto(`${site.url}/app?at=${encodeURIComponent(gateway.url)}${options}`, { waitUntil: "load" });
  await tab.ready();
  return tab;
}

/** It logs in, connects, receives and logs out, whatever its storage does. */
async function works(tab: AppTab): Promise<void> {
  await tab.run(`client.login("ann", ${JSON.stringify(keys.authKey)})`);
  await tab.status("connected");
  for (const n of [1, 2]) await publish(n);
  await expect.poll(() => tab.notes("event")).toEqual([1, 2]);
  await poll("the position was to be saved", async () => (await tab.notes("error")).length > 0);
  expect(new Set(await tab.notes("error"))).toEqual(new Set(["ERR_STORAGE"]));
  expect([await tab.notes("status"), await tab.notes("session")]).toEqual([["connecting", "connected"], ["new"]]);
  expect(await tab.run("client.logout()")).toEqual({ revoked: true });
  expect(await tab.notes("uncaught")).toEqual([]);
}

/** Stores what fits, down to the last character. */
const fill = `for (const area of [localStorage, sessionStorage])
  for (let size = 1 << 22; size >= 1; size >>= 1)
    for (let n = 0; ; n++)
      try { area.setItem("fill " + size + " " + n, "x".repeat(size)); } catch { break; }`;

const refused = (name: string, error: string): string =>
  `Object.defineProperty(globalThis, "${name}", { get() { throw new DOMException("no", "${error}"); } });`;

describe("storage in Chromium", () => {
  it("[B2.8] localStorage and sessionStorage filled to the last character", async () => {
    await works(await open("", fill));
  });

  it("[B2.8] localStorage and sessionStorage that are refused at their mere mention, as where site data is blocked", async () => {
    await works(await open("", refused("localStorage", "SecurityError") + refused("sessionStorage", "SecurityError")));
  });

  it("[B2.8] IndexedDB that is refused, as in some private windows", async () => {
    await works(await open("&idb", refused("indexedDB", "SecurityError")));
    await works(await open("&idb", 'indexedDB.open = () => { throw new DOMException("no", "InvalidStateError"); };'));
  });

  it("[B2.8] an IndexedDB without room", async () => {
    await works(await open("&idb", "", { quotaSize: 1 }));
  });

  it("[B2.8] corrupt records under every key: told, nobody is logged in, and a login writes them anew", async () => {
    for (const bad of ["", "{", '{"v":1,"user":7,"login":{},"id":[],"epoch":0,"positions":"x","from":1}']) {
      const tab = await open(
        "",
        `for (const key of ["session", "floor", "logout"]) localStorage.setItem("cc:demo:" + key, ${JSON.stringify(bad)});
         for (const key of ["instance", "position"]) sessionStorage.setItem("cc:demo:" + key, ${JSON.stringify(bad)});`,
      );
      expect([bad, await tab.run("client.getLoggedInUser()")]).toEqual([bad, null]);
      await works(tab);
      expect(await tab.instance()).toMatch(/^[a-z0-9]{8,}$/);
      await tab.page.close();
    }
  });

  it("[B2.8][B2.9] storage that is cleared under a live link costs neither link nor login, in this tab and in others", async () => {
    const tab = await open("", "");
    await tab.run(`client.login("ann", ${JSON.stringify(keys.authKey)})`);
    await tab.status("connected");
    const other = await open("", "");
    await other.status("connected");
    await tab.run("localStorage.clear(), sessionStorage.clear()");
    await publish(1);
    for (const one of [tab, other]) {
      await expect.poll(() => one.notes("event")).toEqual([1]);
      expect(await one.notes("status")).toEqual(["connecting", "connected"]);
    }
  });
});
