/** Several real tabs of one browser, on one real storage, against a real gateway (2.9). */
import type { Gateway } from "@cc/gateway";
import { poll } from "@cc/testkit/conformance";
import type { Browser, BrowserContext } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AppTab, openTab, serveApp, tabOf } from "../support/app-tabs.js";
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

const url = (options = "", path = "/app"): string =>
  `${site.url}${path}?at=${encodeURIComponent(gateway.url)}${options}`;
const publish = (data: unknown, uid = "ann"): Promise<unknown> =>
  gateway.publish({ channel: `user:${uid}`, kind: "message", data });
const linked = (count: number): Promise<void> => poll(`${count} linked`, async () => gateway.stats().linked === count);
const logIn = (tab: AppTab, uid: string): Promise<unknown> =>
  tab.run(`client.login(${JSON.stringify(uid)}, ${JSON.stringify(keys.authKey)})`);
const user = (tab: AppTab): Promise<unknown> => tab.run("client.getLoggedInUser()?.uid ?? null");
const revokes = (tab: AppTab): Promise<number> =>
  tab.run('performance.getEntriesByType("resource").filter(({ name }) => name.includes("/logout")).length');

/** Two tabs of Ann's, both linked. */
async function two(options = ""): Promise<readonly [AppTab, AppTab]> {
  const first = await openTab(context, url(options));
  await logIn(first, "ann");
  await first.status("connected");
  const second = await openTab(context, url(options));
  await second.status("connected");
  return [first, second];
}

async function nothingUncaught(...tabs: readonly AppTab[]): Promise<void> {
  for (const tab of tabs) expect(await tab.notes("uncaught")).toEqual([]);
}

describe("tabs", () => {
  it("[B2.9] share the session, not the connection: each has its instance and is told each event once", async () => {
    const [first, second] = await two();
    await linked(2);
    expect([await user(second), await second.notes("session")]).toEqual(["ann", ["new"]]);
    expect(await second.instance()).not.toBe(await first.instance());
    for (const n of [1, 2, 3]) await publish(n);
    for (const tab of [first, second]) await expect.poll(() => tab.notes("event")).toEqual([1, 2, 3]);
    await nothingUncaught(first, second);
  });

  for (const options of ["", "&idb"]) {
    const name = options ? "IndexedDB" : "localStorage";

    it(`[B2.9] a logout in one fences the others at once, without a revoke of their own, on ${name}`, async () => {
      const [first, second] = await two(options);
      expect(await first.run("client.logout()")).toEqual({ revoked: true });
      await second.status("disconnected");
      await linked(0);
      expect([await user(second), await second.notes("user"), await second.notes("logoutSuccess")]).toEqual([
        null,
        [null],
        [null],
      ]);
      // Storage's news and the gateway's refusal of the token race; who hears the refusal first looks at storage before all else.
      const refused = ["ERR_AUTH_REJECTED"];
      expect([
        [["connecting", "connected", "disconnected"], []],
        [["connecting", "connected", "disconnected"], refused],
        [["connecting", "connected", "disconnected", "connecting", "disconnected"], refused],
      ]).toContainEqual([await second.notes("status"), await second.notes("error")]);
      expect(await second.notes("dial")).toEqual([null]);
      expect([await revokes(first), await revokes(second)]).toEqual([1, 0]);
      await second.page.reload({ waitUntil: "load" });
      await second.ready();
      expect(await user(second)).toBe(null);
      await nothingUncaught(first, second);
    });

    it(`[B2.9] a login as another in one fences the others; a reload restores the new session, on ${name}`, async () => {
      const [first, second] = await two(options);
      await logIn(first, "bob");
      await first.status("connected");
      await second.status("disconnected");
      expect([await user(first), await user(second)]).toEqual(["bob", null]);
      await linked(1);
      await second.page.reload({ waitUntil: "load" });
      await second.ready();
      await second.status("connected");
      expect([await user(second), await second.notes("session")]).toEqual(["bob", ["new"]]);
      await publish("to ann");
      await publish("to bob", "bob");
      for (const tab of [first, second]) await expect.poll(() => tab.notes("event")).toEqual(["to bob"]);
      await nothingUncaught(first, second);
    });
  }

  it("[B2.9] a duplicated tab is another instance without a position, and neither supersedes the other", async () => {
    const first = await openTab(context, url());
    await logIn(first, "ann");
    await first.status("connected");
    await publish("before");
    await expect.poll(() => first.notes("event")).toEqual(["before"]);
    await poll("saved", () => first.run('"cc:demo:position" in sessionStorage'));
    const opened = new Promise<AppTab>((resolve) => first.page.once("popup", (page) => resolve(tabOf(page as never))));
    // A window that a page opens begins with a copy of its `sessionStorage`, as a tab does that the user duplicates.
    await first.run("void open(location.href)");
    const copy = await opened;
    await copy.ready();
    await copy.status("connected");
    const instance = await copy.instance();
    expect(instance).not.toBe(await first.instance());
    await linked(2);
    await publish("after");
    for (const [tab, events] of [
      [first, ["before", "after"]],
      [copy, ["after"]],
    ] as const)
      await expect.poll(() => tab.notes("event")).toEqual(events);
    expect([await first.notes("session"), await copy.notes("session")]).toEqual([["new"], ["new"]]);
    await copy.page.reload({ waitUntil: "load" });
    await copy.ready();
    await copy.status("connected");
    expect([await copy.instance(), await copy.notes("session")]).toEqual([instance, ["resumed"]]);
    expect(await first.notes("status")).toEqual(["connecting", "connected"]);
    await nothingUncaught(first, copy);
  });

  it("[B2.9][B10.3] a tab keeps its instance over a reload, and over the other pages of its site, out of the back/forward cache too", async () => {
    const [tab] = await two();
    const instance = await tab.instance();
    await publish(1);
    await expect.poll(() => tab.notes("event")).toEqual([1]);
    const born = await tab.run("born");
    for (const path of ["reload", "/other", "back"]) {
      if (path === "reload") await tab.page.reload({ waitUntil: "load" });
      else if (path === "back") await tab.run("void history.back()");
      else await tab.page.goto(url("", path), { waitUntil: "load" });
      await poll("another page", async () => (await tab.run("globalThis.born")) !== born, 30_000);
      await tab.ready();
      await tab.status("connected");
      expect([path, await tab.instance()]).toEqual([path, instance]);
      expect([path, (await tab.notes("session")).at(-1)]).toEqual([path, "resumed"]);
    }
    expect(await tab.notes("gap")).toEqual([]);
    await linked(2);
  });

  it("[B2.9][B10.3] positions are each tab's own: one that was closed for a while misses nothing that the other had", async () => {
    const [first, second] = await two();
    await publish(1);
    for (const tab of [first, second]) await expect.poll(() => tab.notes("event")).toEqual([1]);
    await second.page.goto(`${site.url}/elsewhere`, { waitUntil: "load" });
    await linked(1);
    for (const n of [2, 3]) await publish(n);
    await expect.poll(() => first.notes("event")).toEqual([1, 2, 3]);
    await second.page.goto(url(), { waitUntil: "load" });
    await second.ready();
    await expect.poll(() => second.notes("event")).toEqual([2, 3]);
    expect(await second.notes("session")).toEqual(["resumed"]);
  });

  it("[B2.9] a tab that was frozen or in the back/forward cache while another logged out comes back logged out, and dials nothing", async () => {
    for (const options of ["", "&idb"]) {
      const [first, frozen] = await two(options);
      const cached = await openTab(context, url(options));
      await cached.status("connected");
      const born = await cached.run("born");
      await cached.page.goto(`${site.url}/elsewhere`, { waitUntil: "load" });
      await first.page.bringToFront();
      await frozen.session.send("Page.setWebLifecycleState", { state: "frozen" });
      await first.run("client.logout()");
      await frozen.session.send("Page.setWebLifecycleState", { state: "active" });
      await cached.run("void history.back()");
      await cached.ready();
      for (const tab of [frozen, cached]) {
        await tab.status("disconnected");
        await poll("nobody", async () => (await user(tab)) === null);
        // Chromium drops a page from the cache that is sent a message; then it is loaded anew, to the same end.
        const kept = tab === frozen || (await cached.run("born")) === born;
        expect(kept || options !== "").toBe(true);
        // Its token is refused, and storage tells why: whichever it hears first, no second socket is opened.
        expect([options, (await tab.notes("dial")).length]).toEqual([options, kept ? 1 : 0]);
      }
      await linked(0);
      await nothingUncaught(first, frozen, cached);
    }
  });

  it("[B2.9][R30] a worker on IndexedDB shares the session with pages on it, and keeps its own instance and position there", async () => {
    const page = await openTab(context, url("&idb"));
    await logIn(page, "ann");
    await page.status("connected");
    await page.run(`globalThis.start = () => {
      const worker = new Worker("/worker.js?at=${encodeURIComponent(gateway.url)}", { type: "module" });
      let ids = 0;
      const asked = new Map();
      worker.onmessage = ({ data }) => asked.get(data.id)(data.result);
      globalThis.ask = (code) => new Promise((resolve) => { asked.set(++ids, resolve); worker.postMessage({ id: ids, code }); });
      return () => worker.terminate();
    }, void (globalThis.end = start())`);
    const ask = <T>(code: string): Promise<T> => page.run<T>(`ask(${JSON.stringify(code)})`);
    const begin = `client.init("demo").then(() => new Promise((resolve) => {
      client.on("session", ({ recovery }) => resolve([client.getLoggedInUser()?.uid, recovery]));
    }))`;
    expect(await ask(begin)).toEqual(["ann", "new"]);
    await linked(2);
    await publish("seen");
    await page.run(`globalThis.has = (key) => new Promise((resolve) => {
      indexedDB.open("cc", 1).onsuccess = ({ target: { result: db } }) => {
        db.transaction("records").objectStore("records").get(key).onsuccess = ({ target }) => {
          db.close();
          resolve(target.result !== undefined);
        };
      };
    }), void 0`);
    await poll("the worker has saved its position", () => page.run('has("cc:demo:position")'));
    await page.run("end(), void (globalThis.end = start())");
    expect(await ask(begin)).toEqual(["ann", "resumed"]);
    await page.run("client.logout()");
    await poll("the worker is fenced", async () => (await ask("client.getLoggedInUser()")) === null);
    await linked(0);
    expect(await ask("client.getConnectionStatus()")).toBe("disconnected");
  });
});
