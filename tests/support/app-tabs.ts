/**
 * An app of `@cc/sdk` in tabs of a real Chromium. What a page is told it keeps in memory: each load begins with no notes, and
 * a duplicated tab has none of the other's.
 */
import { poll } from "@cc/testkit/conformance";
import type { Browser, BrowserContext, CDPSession, Page } from "puppeteer-core";
import { bundle } from "./bundle.js";
import { evaluate, type Site, serveSite } from "./chromium.js";

const pageSource = `
  import { createClient, indexedDbStorage } from "@cc/sdk";
  const query = new URLSearchParams(location.search);
  globalThis.notes = [];
  const note = (what, value) => notes.push([what, value, performance.now()]);
  const storage = query.has("idb") ? indexedDbStorage() : undefined;
  const heartbeat = query.get("heartbeat");
  const client = createClient({
    url: query.get("at"),
    background: query.get("background") ?? "keep",
    ...(storage && { storage }),
    ...(heartbeat && { policy: { backgroundHeartbeatMs: Number(heartbeat) } }),
  });
  client.on("status", ({ current }) => note("status", current));
  client.on("session", ({ recovery }) => note("session", recovery));
  client.on("event", ({ data }) => note("event", data));
  client.on("gap", () => note("gap", null));
  client.on("error", ({ code }) => note("error", code));
  client.on("user", (user) => note("user", user?.uid ?? null));
  client.addLoginListener("page", { logoutSuccess: () => note("logoutSuccess", null), logoutFailure: ({ code }) => note("logoutFailure", code) });
  addEventListener("pageshow", ({ persisted }) => note("pageshow", persisted));
  addEventListener("error", ({ message }) => note("uncaught", message));
  addEventListener("unhandledrejection", ({ reason }) => note("uncaught", String(reason)));
  await client.init("demo");
  globalThis.client = client;
  globalThis.born = Math.random();
`;

const workerSource = `
  import { createClient, indexedDbStorage } from "@cc/sdk";
  const url = new URLSearchParams(location.search).get("at");
  const client = createClient({ url, storage: indexedDbStorage() });
  globalThis.onmessage = async ({ data: { id, code } }) => {
    let result;
    try {
      result = await new Function("client", "return " + code)(client);
    } catch (error) {
      result = String(error);
    }
    postMessage({ id, result });
  };
`;

/** Serves the app at `/app` and `/other`, and a worker at `/worker.js`; every other path is a page without a client. */
export const serveApp = async (): Promise<Site> => {
  const page = '<!doctype html><title>app</title><script type="module" src="/page.js"></script>';
  return serveSite({
    "/page.js": await bundle(pageSource),
    "/worker.js": await bundle(workerSource),
    "/app": page,
    "/other": page,
  });
};

export type Note = readonly [what: string, value: unknown, at: number];

export interface AppTab {
  readonly page: Page;
  readonly session: CDPSession;
  run<T>(expression: string): Promise<T>;
  all(): Promise<readonly Note[]>;
  /** The values noted under `what` since the page was loaded. */
  notes(what: string): Promise<unknown[]>;
  /** Waits until the app has called `init`. */
  ready(): Promise<void>;
  status(wanted: string): Promise<void>;
  /** Who this tab is to the server. */
  instance(): Promise<string>;
}

export async function tabOf(page: Page): Promise<AppTab> {
  const session = await page.createCDPSession();
  const run = <T>(expression: string): Promise<T> => evaluate<T>(session, expression);
  const all = (): Promise<readonly Note[]> => run("globalThis.notes ?? []");
  const tab: AppTab = {
    page,
    session,
    run,
    all,
    notes: async (what) => (await all()).filter(([name]) => name === what).map(([, value]) => value),
    ready: () => poll("the app is ready", () => run<boolean>('"client" in globalThis'), 10_000),
    status: (wanted) =>
      poll(wanted, async () => (await run("globalThis.client?.getConnectionStatus()")) === wanted, 10_000),
    instance: () => run('JSON.parse(sessionStorage["cc:demo:instance"]).id'),
  };
  return tab;
}

/** Opens the app in a new tab; it has called `init`. */
export async function openTab(context: Browser | BrowserContext, url: string): Promise<AppTab> {
  const tab = await tabOf(await context.newPage());
  await tab.page.goto(url, { waitUntil: "load" });
  await tab.ready();
  return tab;
}
