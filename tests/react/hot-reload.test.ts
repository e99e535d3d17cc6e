/**
 * Hot reload, really: Vite's dev server, React Refresh, a file edited on disk, a real gateway that counts. The app is written anew
 * for each run into a folder of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Gateway } from "@cc/gateway";
import react from "@vitejs/plugin-react";
import type { Browser } from "puppeteer-core";
import { createServer, defaultClientConditions, type ViteDevServer } from "vite";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startChromium } from "../support/chromium.js";
import { keys, startGateway } from "../system/world.js";

// Inside tests/, where the packages of the workspace are found.
const folder = mkdtempSync(fileURLToPath(new URL("../.hot-", import.meta.url)));
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

const screen = (word: string, hooks = ""): string => `
  import { useConnectionStatus, useEvent } from "@cc/react";
  import { useState } from "react";
  export function Screen() {
    const status = useConnectionStatus();
    const [n, setN] = useState(0);
    ${hooks}
    useEvent("message", () => setN((n) => n + 1));
    return <p>${word} {status} {n}</p>;
  }
`;

const app = (word: string): string => `
  import { ConnectionProvider } from "@cc/react";
  import { create, start } from "./client.js";
  import { Screen } from "./Screen.jsx";
  export function App() {
    return <ConnectionProvider create={create} start={start}><h1>${word}</h1><Screen /></ConnectionProvider>;
  }
`;

let vite: ViteDevServer;
let browser: Browser;
let gateway: Gateway;

beforeAll(async () => {
  write(
    "index.html",
    '<!doctype html><title>app</title><div id="root"></div><script type="module" src="/main.jsx"></script>',
  );
  write("Screen.jsx", screen("one"));
  write("App.jsx", app("first"));
  write(
    "main.jsx",
    `
    import { StrictMode } from "react";
    import { createRoot } from "react-dom/client";
    import { App } from "./App.jsx";
    createRoot(document.getElementById("root")).render(<StrictMode><App /></StrictMode>);
    `,
  );
  // Vitest's own NODE_ENV is "test"; a dev server is for development.
  vi.stubEnv("NODE_ENV", "development");
  vite = await createServer({
    root: folder,
    configFile: false,
    logLevel: "silent",
    cacheDir: join(folder, ".vite"),
    plugins: [react()],
    server: { host: "127.0.0.1", port: 0, fs: { strict: false } },
    resolve: { conditions: ["@cc/source", ...defaultClientConditions], dedupe: ["react", "react-dom"] },
    optimizeDeps: { include: ["react", "react-dom/client", "react/jsx-dev-runtime"] },
  });
  await vite.listen();
  gateway = await startGateway({ origins: [new URL(vite.resolvedUrls?.local[0] ?? "").origin] });
  write(
    "client.js",
    `
    import { createClient } from "@cc/sdk";
    export const create = () => createClient({ url: ${JSON.stringify(gateway.url)} });
    export const start = async (client) => {
      await client.init("demo");
      if (client.getLoggedInUser() === null) await client.login("ann", ${JSON.stringify(keys.authKey)});
    };
    `,
  );
  browser = await startChromium();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await vite?.close();
  await gateway?.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

it("[R29] an edited component, and an edited parent of the provider, go on with the one socket and miss no event", async () => {
  const page = await browser.newPage();
  let sockets = 0;
  let loads = 0;
  const session = await page.createCDPSession();
  await session.send("Network.enable");
  session.on("Network.webSocketCreated", ({ url }) => {
    if (url.startsWith(gateway.wsUrl)) sockets += 1;
  });
  page.on("domcontentloaded", () => {
    loads += 1;
  });
  const shows = (text: string): Promise<unknown> =>
    page.waitForFunction((t) => document.querySelector("#root")?.textContent === t, { timeout: 15_000 }, text);
  const publish = (): Promise<unknown> => gateway.publish({ channel: "user:ann", kind: "message", data: 1 });
  await page.goto(vite.resolvedUrls?.local[0] ?? "");
  await shows("firstone connected 0");
  await publish();
  await shows("firstone connected 1");

  write("Screen.jsx", screen("two"));
  await shows("firsttwo connected 1");
  await publish();
  await shows("firsttwo connected 2");

  write("App.jsx", app("second"));
  await shows("secondtwo connected 2");

  // Other hooks: React mounts the component anew, with a fresh state.
  write("Screen.jsx", screen("three", "useState(0);"));
  await shows("secondthree connected 0");
  await publish();
  await shows("secondthree connected 1");

  expect({ sockets, loads, connections: gateway.stats().connections }).toEqual({
    sockets: 1,
    loads: 1,
    connections: 1,
  });
}, 60_000);
