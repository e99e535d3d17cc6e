/**
 * The client end to end in a real Chromium, against a real gateway: login, events, reload, network, tabs that cover each
 * other, the back/forward cache. What the page is told it writes into the tab's storage, which outlives the page.
 */
import type { Gateway } from "@cc/gateway";
import { poll } from "@cc/testkit/conformance";
import type { Browser, CDPSession, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bundle } from "../support/bundle.js";
import { evaluate, type Site, serveSite, startChromium } from "../support/chromium.js";
import { keys, startGateway } from "./world.js";

const pageSource = `
  import { createClient } from "@cc/sdk";
  const query = new URLSearchParams(location.search);
  const note = (what, value) => {
    sessionStorage.notes = JSON.stringify([...JSON.parse(sessionStorage.notes ?? "[]"), [what, value, performance.now()]]);
  };
  const background = query.get("background") ?? undefined;
  const client = createClient({ url: query.get("at"), background });
  client.on("status", ({ current }) => note("status", current));
  client.on("session", ({ recovery }) => note("session", recovery));
  client.on("event", ({ data }) => note("event", data));
  client.on("gap", () => note("gap", null));
  client.on("error", ({ code }) => note("error", code));
  addEventListener("pageshow", ({ persisted }) => note("pageshow", persisted));
  addEventListener("error", ({ message }) => note("uncaught", message));
  addEventListener("unhandledrejection", ({ reason }) => note("uncaught", String(reason)));
  await client.init("demo");
  globalThis.client = client;
  globalThis.born = Math.random();
`;

type Note = readonly [what: string, value: unknown, at: number];

let browser: Browser;
let site: Site;
let gateway: Gateway;

beforeAll(async () => {
  site = await serveSite({
    "/page.js": await bundle(pageSource),
    "/app": '<!doctype html><title>app</title><script type="module" src="/page.js"></script>',
  });
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  gateway = await startGateway({ origins: [site.url] });
});
afterEach(() => gateway?.close());

interface Tab {
  readonly page: Page;
  readonly cover: Page;
  readonly session: CDPSession;
  run<T>(expression: string): Promise<T>;
  /** The values noted under `what` so far. */
  notes(what: string): Promise<unknown[]>;
  all(): Promise<Note[]>;
  offline(on: boolean): Promise<void>;
  status(wanted: string): Promise<void>;
}

const publish = (data: unknown): Promise<unknown> => gateway.publish({ channel: "user:ann", kind: "message", data });
const linked = (count: number): Promise<void> => poll(`${count} linked`, async () => gateway.stats().linked === count);

/** A tab of its own context, with a page of the app that has been logged in and is linked; closed by `use`. */
async function use(options: string, act: (tab: Tab) => Promise<void>): Promise<void> {
  const context = await browser.createBrowserContext();
  try {
    const cover = await context.newPage();
    const page = await context.newPage();
    const session = await page.createCDPSession();
    await session.send("Network.enable");
    await page.bringToFront();
    await page.goto(`${site.url}/app?at=${encodeURIComponent(gateway.url)}${options}`, { waitUntil: "load" });
    const run = <T>(expression: string): Promise<T> => evaluate<T>(session, expression);
    const all = (): Promise<Note[]> => run('JSON.parse(sessionStorage.notes ?? "[]")');
    const tab: Tab = {
      page,
      cover,
      session,
      run,
      all,
      notes: async (what) => (await all()).filter(([name]) => name === what).map(([, value]) => value),
      offline: async (on) => {
        const none = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
        await session.send("Network.emulateNetworkConditions", { offline: on, ...none });
      },
      status: (wanted) => poll(wanted, async () => (await run("globalThis.client?.getConnectionStatus()")) === wanted),
    };
    await poll("the app is ready", () => run<boolean>('"client" in globalThis'));
    await run(`client.login("ann", ${JSON.stringify(keys.authKey)})`);
    await tab.status("connected");
    await act(tab);
    expect(await tab.notes("uncaught")).toEqual([]);
  } finally {
    await context.close();
  }
}

const ready = (tab: Tab): Promise<void> => poll("the app is back", () => tab.run<boolean>('"client" in globalThis'));

describe("the client in Chromium", () => {
  it("[B2.2][B1.1][B9.1] logs in over HTTP, connects, receives, sends, and logs out", async () => {
    await use("", async (tab) => {
      expect(await tab.notes("status")).toEqual(["connecting", "connected"]);
      for (const n of [1, 2, 3]) await publish(n);
      await expect.poll(() => tab.notes("event")).toEqual([1, 2, 3]);
      expect(await tab.run('client.send("user:bob", "message", { text: "hi" }).then(({ n }) => typeof n)')).toBe(
        "number",
      );
      expect(await tab.run("client.logout()")).toEqual({ revoked: true });
      await linked(0);
      expect(await tab.run("Object.keys(localStorage).filter((key) => key.includes('session'))")).toEqual([]);
      expect(await tab.notes("status")).toEqual(["connecting", "connected", "disconnected"]);
    });
  });

  it("[B2.1][B10.3] a real reload keeps session and position: resumed, nothing skipped, little repeated", async () => {
    await use("", async (tab) => {
      for (const n of [1, 2, 3]) await publish(n);
      await expect.poll(() => tab.notes("event")).toEqual([1, 2, 3]);
      const born = await tab.run<number>("born");
      const reloaded = tab.page.reload({ waitUntil: "load" });
      await publish(4);
      await reloaded;
      await ready(tab);
      await tab.status("connected");
      await publish(5);
      await expect.poll(async () => (await tab.notes("event")).at(-1)).toBe(5);
      expect(await tab.run<number>("born")).not.toBe(born);
      expect(await tab.run("client.getLoggedInUser().uid")).toBe("ann");
      // What was delivered before the page went was saved as it went, so nothing at all is repeated here.
      expect(await tab.notes("event")).toEqual([1, 2, 3, 4, 5]);
      expect(await tab.notes("session")).toEqual(["new", "resumed"]);
      expect(await tab.notes("gap")).toEqual([]);
    });
  });

  it("[B5.6][B5.5][R26] offline is a hint: the silent link is found out; online, it is back, with nothing missed", async () => {
    await use("", async (tab) => {
      const from = performance.now();
      await tab.offline(true);
      await poll("found out", async () => (await tab.notes("error")).includes("ERR_NO_INTERNET"));
      expect(performance.now() - from).toBeLessThan(2 * 2_500);
      expect(await tab.run("client.snapshot().online")).toBe(false);
      await publish("while away");
      await tab.offline(false);
      const back = performance.now();
      await tab.status("connected");
      // The first dial within 250 ms of `online`; should that fail, again within 2 s.
      expect(performance.now() - back).toBeLessThan(2 * 2_250);
      await expect.poll(() => tab.notes("event")).toEqual(["while away"]);
      expect(await tab.notes("session")).toEqual(["new", "resumed"]);
    });
  });

  it("[B3.2][B3.3] really hidden, the default policy closes at once; visible, it dials at once and resumes", async () => {
    await use("", async (tab) => {
      await tab.cover.bringToFront();
      await linked(0);
      expect(await tab.run("[client.getConnectionStatus(), client.snapshot().reason]")).toEqual([
        "disconnected",
        "background",
      ]);
      await publish("while hidden");
      const shown = performance.now();
      await tab.page.bringToFront();
      await tab.status("connected");
      expect(performance.now() - shown).toBeLessThan(2 * 1_000);
      await expect.poll(() => tab.notes("event")).toEqual(["while hidden"]);
      expect(await tab.notes("session")).toEqual(["new", "resumed"]);
    });
  });

  it("[B3.2][R1] really hidden under `keep`, the link stays and goes on receiving", async () => {
    await use("&background=keep", async (tab) => {
      await tab.cover.bringToFront();
      await poll("hidden", () => tab.run<boolean>("document.hidden"));
      await publish("while hidden");
      await expect.poll(() => tab.notes("event")).toEqual(["while hidden"]);
      await tab.page.bringToFront();
      await poll("shown", () => tab.run<boolean>("!document.hidden"));
      expect(await tab.run("client.checkNow().then(({ linked }) => linked)")).toBe(true);
      expect([await tab.notes("status"), await tab.notes("session")]).toEqual([["connecting", "connected"], ["new"]]);
    });
  });

  it("[B5.9][R33] into the back/forward cache without a socket, out of it and dialling within 1 s, resumed", async () => {
    for (const options of ["", "&background=keep"]) {
      await use(options, async (tab) => {
        const born = await tab.run<number>("born");
        await tab.page.goto(`${site.url}/elsewhere`, { waitUntil: "load" });
        await linked(0);
        await publish("while away");
        await tab.run("void history.back()");
        await ready(tab);
        await tab.status("connected");
        expect(await tab.run<number>("born")).toBe(born);
        const notes = await tab.all();
        const shown = notes.find(([what, value]) => what === "pageshow" && value === true)?.[2] ?? Number.NaN;
        const dialled = notes.find(
          ([what, value, at]) => what === "status" && value === "connecting" && at >= shown - 50,
        )?.[2];
        expect((dialled ?? Number.NaN) - shown).toBeLessThan(2 * 1_000);
        await expect.poll(() => tab.notes("event")).toEqual(["while away"]);
        expect(await tab.notes("session")).toEqual(["new", "resumed"]);
      });
    }
  });

  it("[B3.4] disconnect() holds over hiding and showing, and not over a reload", async () => {
    await use("", async (tab) => {
      await tab.run("client.disconnect()");
      await linked(0);
      await tab.cover.bringToFront();
      await poll("hidden", () => tab.run<boolean>("document.hidden"));
      await tab.page.bringToFront();
      await poll("shown", () => tab.run<boolean>("!document.hidden"));
      expect(await tab.run("client.snapshot().reason")).toBe("disconnectCalled");
      expect(await tab.notes("status")).toEqual(["connecting", "connected", "disconnected"]);
      await tab.page.reload({ waitUntil: "load" });
      await ready(tab);
      await tab.status("connected");
    });
  });

  it("[B2.8] storage that is full or forbidden costs no connection", async () => {
    await use("", async (tab) => {
      await tab.run("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }");
      await tab.run(
        "globalThis.got = []; client.on('event', ({ data }) => got.push(data)); client.on('error', ({ code }) => got.push(code))",
      );
      await publish("on");
      await expect.poll(() => tab.run("got")).toEqual(expect.arrayContaining(["on", "ERR_STORAGE"]));
      expect(await tab.run("client.getConnectionStatus()")).toBe("connected");
      expect(await tab.run("client.logout()")).toMatchObject({ revoked: true });
    });
  });
});
