/**
 * What a browser does to a page that is not looked at, done by the browser itself: frozen, thrown out of memory, its timers
 * slowed down to one a minute, put to sleep with the whole machine. After each: the status is true, the link is alive or replaced
 * in time, nothing is lost and nothing is told twice. The back/forward cache is in client-chromium.test.ts and tabs.test.ts.
 */
import type { Gateway } from "@cc/gateway";
import { poll } from "@cc/testkit/conformance";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import type { Browser, BrowserContext, CDPSession, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AppTab, openTab, serveApp } from "../support/app-tabs.js";
import { type Site, startChromium } from "../support/chromium.js";
import { keys, startGateway, upTo } from "./world.js";

/** The server gives up a silent client after three of these; in the background too, where 30 s would be asked for. */
const HEARTBEAT_MS = 1_000;

let browser: Browser;
let root: CDPSession;
let site: Site;
let gateway: Gateway;
let proxy: FaultProxy;
let context: BrowserContext;
let cover: Page;

beforeAll(async () => {
  site = await serveApp();
  browser = await startChromium({ throttled: true });
  root = await browser.target().createCDPSession();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});
beforeEach(async () => {
  gateway = await startGateway({ origins: [site.url], heartbeatMs: HEARTBEAT_MS });
  proxy = await createFaultProxy({ target: gateway.address });
  context = await browser.createBrowserContext();
  cover = await context.newPage();
});
afterEach(async () => {
  await context?.close();
  await proxy?.close();
  await gateway?.close();
});

const publish = (data: unknown): Promise<unknown> => gateway.publish({ channel: "user:ann", kind: "message", data });
const linked = (count: number): Promise<void> =>
  poll(`${count} linked`, async () => gateway.stats().linked === count, 30_000);
const told = (tab: AppTab, data: readonly unknown[]): Promise<void> =>
  expect.poll(() => tab.notes("event"), { timeout: 30_000 }).toEqual(data);

/** Ann's page, seen and linked. */
async function open(background: string): Promise<AppTab> {
  const options = `&background=${background}&heartbeat=${HEARTBEAT_MS}`;
  const tab = await openTab(context, `${site.url}/app?at=${encodeURIComponent(proxy.url("http"))}${options}`);
  await tab.page.bringToFront();
  await tab.run(`client.login("ann", ${JSON.stringify(keys.authKey)})`);
  await tab.status("connected");
  await publish("first");
  await told(tab, ["first"]);
  return tab;
}

const seen = async (tab: AppTab, yes: boolean): Promise<void> => {
  await (yes ? tab.page : cover).bringToFront();
  await poll(yes ? "shown" : "hidden", () => tab.run<boolean>(`document.hidden === ${!yes}`));
};

const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Hides the page and waits until its timers are slowed down: ten a second were asked for, and none comes in one and a half. */
async function slowed(tab: AppTab): Promise<void> {
  await tab.run("globalThis.ticks = 0, setInterval(() => ticks++, 100), void 0");
  await seen(tab, false);
  const still = async (): Promise<boolean> => {
    const before = await tab.run<number>("ticks");
    await pass(1_500);
    return (await tab.run<number>("ticks")) === before;
  };
  await poll("timers are slowed down", still, 30_000);
}

interface Process {
  readonly type: string;
  readonly id: number;
}
const processes = async (): Promise<readonly Process[]> => (await root.send("SystemInfo.getProcessInfo")).processInfo;

/** The end of the process that runs the page, as far as the page can tell; nobody is left who could answer. */
const ended = async (tab: AppTab): Promise<void> => {
  const gone = new Promise<void>((resolve) => tab.session.once("Inspector.targetCrashed", () => resolve()));
  await tab.session.send("Inspector.enable");
  void tab.session.send("Page.crash").catch(() => {});
  await gone;
};

describe("a page that nobody looks at", () => {
  it("[B5.5][B3.2] frozen and thawed under keep: what came meanwhile is told once, and the status is true all along", async () => {
    const tab = await open("keep");
    await seen(tab, false);
    await tab.session.send("Page.setWebLifecycleState", { state: "frozen" });
    await publish("while frozen");
    // A frozen page answers no ping.
    await linked(0);
    await tab.session.send("Page.setWebLifecycleState", { state: "active" });
    await seen(tab, true);
    const shown = performance.now();
    await tab.status("connected");
    await told(tab, ["first", "while frozen"]);
    expect(performance.now() - shown).toBeLessThan(2 * 2_500);
    await linked(1);
    await publish("after");
    await told(tab, ["first", "while frozen", "after"]);
    expect(await tab.notes("session")).toEqual(["new", "resumed"]);
    expect([await tab.notes("gap"), await tab.notes("uncaught")]).toEqual([[], []]);
  });

  it("[B3.2][B3.3] frozen and thawed under disconnect: no link while hidden, thawed or not; shown, it dials at once and resumes", async () => {
    const tab = await open("disconnect");
    await seen(tab, false);
    await linked(0);
    await tab.session.send("Page.setWebLifecycleState", { state: "frozen" });
    await publish("while frozen");
    await tab.session.send("Page.setWebLifecycleState", { state: "active" });
    expect(await tab.run("[client.getConnectionStatus(), client.snapshot().reason]")).toEqual([
      "disconnected",
      "background",
    ]);
    const shown = performance.now();
    await seen(tab, true);
    await tab.status("connected");
    expect(performance.now() - shown).toBeLessThan(2 * 1_000);
    await told(tab, ["first", "while frozen"]);
    expect(await tab.notes("session")).toEqual(["new", "resumed"]);
  });

  it("[B2.1][B2.9][B10.3] thrown out of memory without a word: looked at again, it is the same instance, resumed, nothing skipped", async () => {
    const tab = await open("keep");
    const instance = await tab.instance();
    await poll("saved", () => tab.run('"cc:demo:position" in sessionStorage'));
    await seen(tab, false);
    // What a browser does to save memory: the process is ended, the tab stays, and is loaded when it is looked at.
    await ended(tab);
    await linked(0);
    await publish("while away");
    await tab.page.bringToFront();
    await tab.session.send("Page.reload");
    await tab.ready();
    await tab.status("connected");
    await told(tab, ["while away"]);
    expect([await tab.instance(), await tab.notes("session")]).toEqual([instance, ["resumed"]]);
    expect(await tab.run("client.getLoggedInUser().uid")).toBe("ann");
  });

  it("[B6.1][B3.2][B1.4][B5.5] hidden for long with timers slowed to one a minute, under keep: the link stays, events come as they are sent, a loss is told", async () => {
    const tab = await open("keep");
    await slowed(tab);
    const ticks = await tab.run<number>("ticks");
    // Longer than the server waits for a silent client.
    for (const n of upTo(1, 4)) {
      await publish(n);
      await told(tab, ["first", ...upTo(1, n)]);
      await pass(HEARTBEAT_MS);
    }
    expect((await tab.run<number>("ticks")) - ticks).toBeLessThan(20);
    expect([await tab.notes("status"), await tab.notes("session")]).toEqual([["connecting", "connected"], ["new"]]);
    // A link that is lost meanwhile is told at once, and dialled at once when the page is shown.
    proxy.cut();
    await poll("told", async () => (await tab.notes("status")).includes("disconnected"));
    await publish("meanwhile");
    const shown = performance.now();
    await seen(tab, true);
    await tab.status("connected");
    expect(performance.now() - shown).toBeLessThan(2 * 1_000);
    await told(tab, ["first", ...upTo(1, 4), "meanwhile"]);
    expect((await tab.notes("session")).slice(0, 2)).toEqual(["new", "resumed"]);
  });
});

describe("a machine that sleeps", () => {
  /** Every process of the browser stands still while `act` runs. */
  async function asleep(act: () => Promise<unknown>): Promise<void> {
    const ids = (await processes()).map(({ id }) => id);
    try {
      for (const id of ids) process.kill(id, "SIGSTOP");
      await act();
    } finally {
      for (const id of ids) process.kill(id, "SIGCONT");
    }
  }

  it("[B5.5][B6.1] longer than the server waits: awake, the link is replaced and what came meanwhile is told once", async () => {
    const tab = await open("disconnect");
    await asleep(async () => {
      await linked(0);
      await publish("while asleep");
    });
    const awake = performance.now();
    await told(tab, ["first", "while asleep"]);
    expect(performance.now() - awake).toBeLessThan(2 * 2_500);
    await tab.status("connected");
    expect((await tab.notes("session")).slice(0, 2)).toEqual(["new", "resumed"]);
    expect([await tab.notes("gap"), await tab.notes("uncaught"), gateway.stats().linked]).toEqual([[], [], 1]);
  });

  it("[B6.1] shorter than that: the link is alive, late timers call nothing dead", async () => {
    const tab = await open("keep");
    await asleep(async () => {
      await publish("while asleep");
      await pass(1.5 * HEARTBEAT_MS);
    });
    await told(tab, ["first", "while asleep"]);
    expect(await tab.run("client.checkNow().then(({ linked }) => linked)")).toBe(true);
    expect([await tab.notes("status"), await tab.notes("session")]).toEqual([["connecting", "connected"], ["new"]]);
  });
});
