/**
 * Where the real Chromium is, and how it comes here when it is not.
 *
 * Order: CHROMIUM_PATH, then the PATH, then Playwright's own download. `pnpm test` may also install one: a missing browser must
 * never turn into skipped tests.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright";
import { aptInstall } from "./apt.js";
import { root, run } from "./run.js";

/** Flags that every Chromium of the tests is started with: no sandbox because CI is root, and nothing that calls home. */
export const chromiumFlags: readonly string[] = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * For one that Puppeteer starts, which joins such lists (Playwright's own would be lost): no window makes the pages of its address
 * bar ready, a hundred requests and two seconds of processor for each context, more than any page of ours.
 */
export const bareWindows = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxFullPopup,WebUIOmniboxAimPopup";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const executable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The path of a Chromium on this machine, or nothing. Starts nothing and downloads nothing. */
export const findChromium = (): string | undefined => {
  const told = process.env["CHROMIUM_PATH"];
  if (told) return executable(told) ? told : undefined;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      if (folder !== "" && executable(path)) return path;
    }
  }
  const own = chromium.executablePath();
  return existsSync(own) ? own : undefined;
};

/** A binary can be there and lack the libraries to start, so the one found has to say its version. */
const working = async (path: string | undefined): Promise<string | undefined> => {
  if (path === undefined) return undefined;
  const { code, stdout, stderr } = await run(path, ["--version", "--no-sandbox"], { limitMs: 30_000 });
  if (code === 0) {
    console.log(`browser: ${stdout.trim()} (${path})`);
    return path;
  }
  console.log(`browser: ${path} does not start: ${stderr.trim().split("\n")[0] ?? ""}`);
  return undefined;
};

const byApt = async (): Promise<string | undefined> =>
  (await aptInstall("chromium")) ? working(findChromium()) : undefined;

const byPlaywright = async (): Promise<string | undefined> => {
  console.log("browser: none here; Playwright downloads its own into your cache");
  const cli = join(root, "node_modules/playwright/cli.js");
  await run(process.execPath, [cli, "install", "chromium"], { show: true });
  return working(findChromium());
};

/** A Chromium that starts: the one that is here, else one that this call installs. Nothing if neither worked. */
export const ensureChromium = async (): Promise<string | undefined> => {
  const told = process.env["CHROMIUM_PATH"];
  const here = await working(findChromium());
  // Who names a browser means that one: another in its place would test something else.
  if (here !== undefined || told) return here;
  return (await byApt()) ?? (await byPlaywright());
};
