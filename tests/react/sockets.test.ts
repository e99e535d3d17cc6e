/**
 * Sockets, counted where they arrive: a real gateway, a real Chromium, React 18 and 19, each in its development build, for only
 * that one mounts everything twice.
 */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Gateway } from "@cc/gateway";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { bundle } from "../support/bundle.js";
import { type Site, serveSite, startChromium } from "../support/chromium.js";
import { keys, startGateway } from "../system/world.js";

const app = `
  import { ConnectionProvider, useConnectionStatus, useEvent, useSend } from "@cc/react";
  import { createClient } from "@cc/sdk";
  import { createElement as h, StrictMode, useState, version } from "react";
  import { createRoot, hydrateRoot } from "react-dom/client";
  const at = new URLSearchParams(location.search).get("at");
  const complaints = (globalThis.complaints = []);
  for (const kind of ["error", "unhandledrejection"])
    addEventListener(kind, (event) => complaints.push(String(event.message ?? event.reason)));
  console.error = (...args) => complaints.push(args.join(" "));
  const create = () => createClient({ url: at });
  const start = async (client) => {
    await client.init("demo");
    if (client.getLoggedInUser() === null) await client.login("ann", ${JSON.stringify(keys.authKey)});
  };
  function Screen() {
    const status = useConnectionStatus();
    const [heard, setHeard] = useState([]);
    const { send } = useSend();
    useEvent("message", ({ data }) => setHeard((all) => [...all, data]));
    return h("div", null, h("p", null, version.split(".")[0] + " " + status + " " + heard.join(",")),
      h("button", { onClick: () => send("user:bob", "message", "to bob") }, "send"));
  }
  const tree = (key) => h(StrictMode, null, h(ConnectionProvider, { key, create, start }, h(Screen)));
  const root = globalThis.hydrate
    ? hydrateRoot(document.getElementById("root"), tree("a"))
    : createRoot(document.getElementById("root"));
  globalThis.show = (key) => root.render(key === null ? null : tree(key));
  if (!globalThis.hydrate) show("a");
`;

const page = (script: string, inside = "", hydrate = false): string =>
  `<!doctype html><title>app</title><div id="root">${inside}</div><script>globalThis.hydrate = ${hydrate}</script><script type="module" src="${script}"></script>`;

const require = createRequire(import.meta.url);
const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`));
const versions = [
  { major: 19, react: "react", dom: "react-dom" },
  { major: 18, react: "react-18", dom: "react-dom-18" },
];

let browser: Browser;
let site: Site;
let gateway: Gateway;
let proxy: FaultProxy;

beforeAll(async () => {
  const files: Record<string, string> = {};
  for (const { major, react, dom } of versions) {
    files[`/${major}.js`] = await bundle(app, {
      development: true,
      instead: { react: folderOf(react), "react-dom": folderOf(dom) },
    });
    files[`/${major}`] = page(`/${major}.js`);
    files[`/${major}/hydrate`] = page(
      `/${major}.js`,
      `<div><p>${major} disconnected </p><button>send</button></div>`,
      true,
    );
  }
  site = await serveSite(files);
  browser = await startChromium();
  gateway = await startGateway({ origins: [site.url] });
  proxy = await createFaultProxy({ target: gateway.address });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await site?.close();
  await proxy?.close();
  await gateway?.close();
});

interface Tab {
  readonly page: Page;
  /** WebSockets that the page has opened. */
  readonly sockets: () => number;
  shows(text: string): Promise<unknown>;
}

async function open(path: string): Promise<Tab> {
  const context = await browser.createBrowserContext();
  onTestFinished(() => context.close());
  const tab = await context.newPage();
  let sockets = 0;
  const session = await tab.createCDPSession();
  await session.send("Network.enable");
  session.on("Network.webSocketCreated", () => {
    sockets += 1;
  });
  await tab.goto(`${site.url}${path}?at=${encodeURIComponent(proxy.url("http"))}`);
  return {
    page: tab,
    sockets: () => sockets,
    shows: (text) =>
      tab.waitForFunction((t) => document.querySelector("p")?.textContent === t, { timeout: 10_000 }, text),
  };
}
const complaints = (tab: Tab): Promise<unknown> => tab.page.evaluate("globalThis.complaints");

describe.each(versions)("React $major", ({ major }) => {
  it("[R29] under StrictMode one socket is opened, and events and sends go over it", async () => {
    const tab = await open(`/${major}`);
    await tab.shows(`${major} connected `);
    await gateway.publish({ channel: "user:ann", kind: "message", data: "hello" });
    await tab.shows(`${major} connected hello`);
    await tab.page.click("button");
    expect(tab.sockets()).toBe(1);
    expect(gateway.stats().connections).toBe(1);
    expect(await complaints(tab)).toEqual([]);
  });

  it("[R20] a remount under another key closes the old socket, and at no moment two links stand", async () => {
    const tab = await open(`/${major}`);
    await tab.shows(`${major} connected `);
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, gateway.stats().linked);
    });
    onTestFinished(() => clearInterval(watch));
    await tab.page.evaluate('show("b")');
    await expect.poll(() => tab.sockets()).toBe(2);
    await tab.shows(`${major} connected `);
    expect(gateway.stats().linked).toBe(1);
    expect(most).toBe(1);
    await tab.page.evaluate("show(null)");
    await expect.poll(() => gateway.stats().connections).toBe(0);
    expect(tab.sockets()).toBe(2);
    expect(await complaints(tab)).toEqual([]);
  });

  it("hydrates what a server has rendered without a mismatch, then connects", async () => {
    const tab = await open(`/${major}/hydrate`);
    await tab.shows(`${major} connected `);
    expect(tab.sockets()).toBe(1);
    expect(await complaints(tab)).toEqual([]);
  });
});
