/**
 * Importing a package does nothing, wherever it is imported: no socket, timer, listener, storage access or randomness. Every entry
 * of every package is taken, as its `exports` say, so a new one is under the rule from its first day.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Browser, CDPSession } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "../support/bundle.js";
import { evaluate, type Site, serveSite, startChromium } from "../support/chromium.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const spies = readFileSync(new URL("spies.js", import.meta.url), "utf8");

/** Every entry of every package, as an importer writes it. */
const entries = readdirSync(join(root, "packages"))
  .map((folder) => JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")))
  .flatMap(({ name, exports }: { name: string; exports: Record<string, unknown> }) =>
    Object.keys(exports)
      .filter((path) => path !== "./package.json")
      .map((path) => name + path.slice(1)),
  );

/** Made of modules of Node, so a page cannot load them. */
const nodeOnly = ["@cc/transport-ws", "@cc/platform-node", "@cc/gateway", "@cc/testkit/node"];

/** What can be made without use: that does nothing either. */
const making: Readonly<Record<string, string>> = {
  "@cc/core": "module.memoryStorage()",
  "@cc/transport-ws": 'module.createWsTransport({ headers: { a: "b" } })',
  "@cc/platform-node":
    'module.nodeLifecycle({ suspendSignals: true }); module.fileStorage("/nonexistent/session.json")',
  "@cc/platform-web": "module.webLifecycle(); module.localStorageStorage(); module.sessionStorageStorage()",
};

/** The conformance suites import their runner; what that does is its own affair. */
const instead = { vitest: fileURLToPath(new URL("no-runner.js", import.meta.url)) };

const textOf = (entry: string, platform: "node" | "browser"): Promise<string> =>
  bundle(`export * from ${JSON.stringify(entry)};`, { platform, instead });

describe("[R30][R3] importing does nothing", () => {
  it("there are packages to import", () => {
    expect(entries).toContain("@cc/sdk");
    for (const name of nodeOnly) expect(entries).toContain(name);
  });

  describe("in bare Node", () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "cc-imports-"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each(entries)("%s", async (entry) => {
      expect(await inNode(await textOf(entry, "node"), making[entry])).toEqual({ touched: [], left: [] });
    });

    it("and the spies see one that does something", async () => {
      const bad = 'setTimeout(() => {}, 0); Math.random(); process.on("exit", () => {}); export {};';
      expect((await inNode(bad)).touched).toEqual(["setTimeout", "Math.random", "process.on"]);
    });

    const inNode = async (
      text: string,
      call = "",
    ): Promise<{ touched: string[]; left: string[]; failure?: string }> => {
      const file = join(folder, "bundle.mjs");
      writeFileSync(file, text);
      const program = fileURLToPath(new URL("node.js", import.meta.url));
      // The deadline is for a process that an import keeps from ending.
      const { stdout } = await promisify(execFile)(process.execPath, [program, pathToFileURL(file).href, call], {
        timeout: 10_000,
      });
      return JSON.parse(stdout);
    };
  });

  describe("in a page and in a worker", () => {
    const forBrowsers = entries.filter((entry) => !nodeOnly.includes(entry));
    const files: Record<string, string> = {};
    let browser: Browser;
    let site: Site;
    beforeAll(async () => {
      site = await serveSite(files);
      browser = await startChromium();
    });
    afterAll(async () => {
      await browser?.close();
      await site?.close();
    });

    const script = (bundlePath: string, call: string): string => `
      ${spies}
      globalThis.touched = import(${JSON.stringify(bundlePath)}).then((module) => {
        ${call};
        return [...acts];
      });
    `;
    const inPage = async (call: string): Promise<unknown> => {
      files["/page"] = '<!doctype html><title>page</title><script src="/page.js"></script>';
      files["/page.js"] = script("/bundle.js", call);
      return withPage("/page", (session) => evaluate(session, "touched"));
    };
    const inWorker = async (call: string): Promise<unknown> => {
      files["/worker.js"] = `${script("/bundle.js", call)}
        touched.then((acts) => postMessage({ acts }), (error) => postMessage({ acts: String(error) }));`;
      return withPage("/empty", (session) =>
        evaluate(
          session,
          `new Promise((resolve, reject) => {
            const worker = new Worker("/worker.js", { type: "module" });
            worker.onerror = (event) => reject(new Error(event.message));
            worker.onmessage = ({ data }) => resolve(data.acts);
          })`,
        ),
      );
    };
    const withPage = async <T>(path: string, body: (session: CDPSession) => Promise<T>): Promise<T> => {
      const page = await browser.newPage();
      try {
        await page.goto(site.url + path, { waitUntil: "load" });
        return await body(await page.createCDPSession());
      } finally {
        await page.close();
      }
    };

    it.each(forBrowsers)("%s", async (entry) => {
      files["/bundle.js"] = await textOf(entry, "browser");
      const call = making[entry] ?? "";
      expect({ page: await inPage(call), worker: await inWorker(call) }).toEqual({ page: [], worker: [] });
    });

    it("and the spies see one that does something", async () => {
      files["/bundle.js"] = 'addEventListener("online", () => {}); Math.random(); new MessageChannel(); export {};';
      const touched = ["addEventListener", "Math.random", "MessageChannel"];
      expect(await inPage("localStorage.length")).toEqual([...touched, "localStorage"]);
      expect(await inWorker("")).toEqual(touched);
    });
  });
});
