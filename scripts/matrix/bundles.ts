/**
 * A page of a user, bundled by Vite, esbuild and webpack from the installed tarballs, and run in a real Chromium: it logs in, sends
 * and receives, in the page and in a module worker, and connects by the familiar interface. Nothing of Node may be in the bundle.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { type Browser, chromium } from "playwright";
import { build as vite } from "vite";
import webpack from "webpack";
import { chromiumFlags, ensureChromium } from "../lib/browser.js";
import { bring, fixtures, put } from "./project.js";
import type { Trial, Verdict } from "./rows.js";

/** Each writes a whole page into `out`. */
const bundlers: Readonly<Record<string, (page: string, out: string) => Promise<void>>> = {
  vite: async (page, out) => {
    await vite({
      root: page,
      configFile: false,
      logLevel: "error",
      base: "./",
      build: { outDir: out, modulePreload: { polyfill: false } },
      worker: { format: "es" },
    });
  },
  esbuild: async (page, out) => {
    await esbuild({
      entryPoints: [join(page, "app.js"), join(page, "worker.js")],
      outdir: out,
      bundle: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      minify: true,
      splitting: true,
      logLevel: "error",
    });
  },
  webpack: (page, out) =>
    new Promise((resolve, reject) => {
      const config = {
        mode: "production",
        context: page,
        entry: "./app.js",
        output: { path: out, filename: "app.js" },
      } as const;
      webpack({ ...config, target: "web" }, (error, stats) => {
        if (error) reject(error);
        // A warning too: webpack warns of a module that it put something else in the place of.
        else if (stats?.hasErrors() || stats?.hasWarnings()) reject(new Error(stats.toString("errors-warnings")));
        else resolve();
      });
    }),
};

/** What a page can have no use for: modules of Node, and `ws` by the words that only it says. */
const forbidden = [
  /["'`]node:[a-z_/]+["'`]/,
  /(from|import|require\()\s*["'`]ws["'`]/,
  /Sec-WebSocket-Key/i,
  /perMessageDeflate/,
];

const kinds: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

const serve = (folder: string): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer((request, response) => {
      const path = (request.url ?? "/").split("?")[0] ?? "/";
      // A browser asks for it by itself, and tells of its absence as of an error.
      if (path === "/favicon.ico") {
        response.writeHead(204).end();
        return;
      }
      try {
        const text = readFileSync(join(folder, path === "/" ? "index.html" : path));
        response.writeHead(200, { "content-type": kinds[extname(path) || ".html"] ?? "application/octet-stream" });
        response.end(text);
      } catch {
        response.writeHead(404).end();
      }
    });
    server.listen(0, "127.0.0.1", () => resolve(server));
  });

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

interface Backend {
  readonly url: string;
  readonly process: ChildProcess;
}

const startGateway = (project: string): Promise<Backend> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["gateway.mjs"], { cwd: project, stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: child.stdout }).once("line", (url) => resolve({ url, process: child }));
    child.once("exit", (code) => reject(new Error(`the gateway ended, exit code ${code}`)));
  });

/** What one bundler made, and what the page says when it is run. */
const tryBundle = async (
  out: string,
  bundle: () => Promise<void>,
  { browser, url }: { readonly browser: Browser; readonly url: string },
): Promise<Verdict> => {
  await bundle();
  const scripts = readdirSync(out, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".js"));
  if (scripts.length < 2) return { problem: `no worker of its own: ${scripts.join(", ")}` };
  let gzip = 0;
  for (const file of scripts) {
    const text = readFileSync(join(out, file), "utf8");
    gzip += gzipSync(text, { level: 9 }).length;
    const found = forbidden.find((pattern) => pattern.test(text));
    if (found !== undefined) return { problem: `${file} holds ${found}: the page got what is for Node` };
  }
  const server = await serve(out);
  const page = await browser.newPage();
  try {
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") wrong.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${portOf(server)}/?gateway=${encodeURIComponent(url)}`);
    await page.waitForFunction("globalThis.outcome !== undefined");
    const { told, error } = (await page.evaluate("globalThis.outcome")) as {
      readonly told?: { readonly page: Said; readonly worker: Said; readonly facade: string };
      readonly error?: string;
    };
    if (told === undefined) return { problem: error ?? "the page says nothing" };
    for (const [where, { status, text }] of [["page", told.page] as const, ["worker", told.worker] as const]) {
      if (status !== "connected" || text !== `hello from ${where}`)
        return { problem: `${where}: ${status}, "${text}"` };
    }
    if (told.facade !== "facade connected") return { problem: `facade: ${told.facade}` };
    if (wrong.length > 0) return { problem: wrong.join("\n") };
    return { detail: `${scripts.length} scripts, ${gzip} bytes gzip in all` };
  } finally {
    await page.close();
    server.close();
  }
};

interface Said {
  readonly status: string;
  readonly text: string;
}

/** One trial for each bundler; they share a browser and a gateway, which the first one starts and `end` ends. */
export const bundleTrials = (project: string): { readonly trials: readonly Trial[]; end(): Promise<void> } => {
  bring(project, "page");
  bring(project, "gateway.mjs");
  const page = join(project, "page");
  let shared: Promise<readonly [Browser, Backend]> | undefined;
  const start = async (): Promise<readonly [Browser, Backend]> => {
    const executablePath = await ensureChromium();
    if (executablePath === undefined) throw new Error("no Chromium works here");
    return Promise.all([chromium.launch({ executablePath, args: [...chromiumFlags] }), startGateway(project)]);
  };
  const trials = Object.entries(bundlers).map(
    ([name, bundle]): Trial => ({
      part: "bundles",
      name,
      try: async () => {
        shared ??= start();
        const [browser, { url }] = await shared;
        const out = join(project, "out", name);
        put(project, join("out", name, "index.html"), readFileSync(join(fixtures, "page/index.html"), "utf8"));
        return tryBundle(out, () => bundle(page, out), { browser, url });
      },
    }),
  );
  const end = async (): Promise<void> => {
    const running = await shared?.catch(() => undefined);
    if (running === undefined) return;
    const [browser, { process: gateway }] = running;
    await browser.close();
    const ended = new Promise((resolve) => gateway.once("exit", resolve));
    gateway.stdin?.end();
    await ended;
  };
  return { trials, end };
};
