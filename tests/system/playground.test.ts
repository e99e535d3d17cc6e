/**
 * The playground as a person uses it: the page in a real Chromium, served by the demo, over its gateway and fault proxies. What is
 * pressed is found by its accessible name, so a control without one cannot be used here either. Screenshots stay in `.reports/`.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import { build, defaultClientConditions } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startChromium } from "../support/chromium.js";
import { type Program, startProgram } from "../support/program.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const playground = join(root, "apps/playground");
const shots = join(root, ".reports");

let folder: string;
let demo: Program;
let url: string;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cc-playground-"));
  mkdirSync(shots, { recursive: true });
  // Vitest's own NODE_ENV would build React for development, which is not what people get.
  vi.stubEnv("NODE_ENV", "production");
  await build({
    root: playground,
    configFile: join(playground, "vite.config.ts"),
    logLevel: "silent",
    resolve: { conditions: ["@cc/source", ...defaultClientConditions] },
    build: { outDir: folder, emptyOutDir: true, sourcemap: false },
  });
  vi.unstubAllEnvs();
  demo = startProgram(new URL("../../apps/demo/src/main.ts", import.meta.url), {
    args: ["--serve", "--port", "0", "--page", folder],
    withTest: false,
  });
  url = (await demo.line((line) => line.startsWith("demo: playground at "))).split(" at ")[1] ?? "";
  browser = await startChromium();
}, 90_000);

afterAll(async () => {
  await browser?.close();
  demo?.process.kill("SIGINT");
  expect((await demo?.ended())?.code, "Ctrl-C ends the demo in order").toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  page = await (await browser.createBrowserContext()).newPage();
  await page.setViewport({ width: 1280, height: 1440 });
  problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // Chromium itself reports each socket that a fault has cost, and each answer that was a refusal.
    const { url: from = "" } = message.location();
    if (message.type() === "error" && !/WebSocket|net::|status of 4/.test(`${message.text()} ${from}`)) {
      problems.push(message.text());
    }
  });
  await page.goto(url);
});

afterEach(async () => {
  for (const seat of ["left", "right"]) {
    for (const fault of ["blackhole", "refuse"]) await post(`faults/${fault}`, { seat, on: false });
    await post("faults/delay", { seat, ms: 0 });
  }
  await post("faults/throttle", { on: false });
  await page.browserContext().close();
  expect(problems).toEqual([]);
});

const post = (path: string, body: object): Promise<Response> =>
  fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const press = (seat: string, name: string): Promise<void> =>
  page.locator(`[data-seat=${seat}] ::-p-aria([name="${name}"][role="button"])`).click();
const becomes = (seat: string, status: string, ms = 15_000): Promise<unknown> =>
  page.waitForSelector(`[data-seat=${seat}] [data-status=${status}]`, { timeout: ms });
const shows = (selector: string, text: string): Promise<unknown> =>
  page.waitForFunction(
    (s, t) => document.querySelector(s)?.textContent.includes(t),
    { timeout: 15_000 },
    selector,
    text,
  );
const timeline = (seat: string, text: string): Promise<unknown> => shows(`[data-seat=${seat}] [role=log]`, text);
const messages = (seat: string, text: string): Promise<unknown> => shows(`[data-seat=${seat}] .thread ol`, text);
const snapshot = (seat: string, name: string): Promise<string | undefined> =>
  page.$eval(
    `[data-seat=${seat}] .snapshot dl`,
    (list, wanted) =>
      [...list.querySelectorAll("div")]
        .find((row) => row.querySelector("dt")?.textContent === wanted)
        ?.querySelector("dd")?.textContent,
    name,
  );

async function logIn(...seats: string[]): Promise<void> {
  for (const seat of seats) {
    await press(seat, "Log in");
    await becomes(seat, "connected");
  }
}

async function say(seat: string, text: string): Promise<void> {
  await page.locator(`[data-seat=${seat}] ::-p-aria([name="Message"][role="textbox"])`).fill(text);
  await press(seat, "Send");
}

describe("the playground", () => {
  it("[B10.3] two users log in, and what one sends the other sees, also after a cut and while he was away", async () => {
    await logIn("left", "right");
    await say("left", "Hello, Bob");
    await messages("right", "Hello, Bob");

    await press("right", "Refuse");
    await press("right", "Cut");
    await becomes("right", "disconnected");
    await timeline("right", "linkLost");
    await say("left", "Are you there?");
    await messages("left", "Are you there?#");
    await page.screenshot({ path: join(shots, "playground-cut.png") });
    await press("right", "Refuse");
    await becomes("right", "connected");
    await messages("right", "Are you there?");
    await timeline("right", "session resumed");
    expect(await snapshot("right", "recovery")).toBe("resumed");
    const seen = await page.$$eval("[data-seat=right] .thread li .text", (all) => all.map((e) => e.textContent));
    expect(seen, "each message once").toEqual(["Hello, Bob", "Are you there?"]);

    await press("left", "Cut");
    await timeline("left", "session resumed");
    await becomes("left", "connected");
    await page.screenshot({ path: join(shots, "playground.png") });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await page.screenshot({ path: join(shots, "playground-dark.png") });
  });

  it("[B1.8] while it waits, it says why, counts down to the next attempt, and what the user can do", async () => {
    await logIn("left");
    await press("left", "Refuse");
    await press("left", "Cut");
    await shows("[data-seat=left] .status", "The last attempt failed.");
    await page.waitForFunction(
      () =>
        /Attempt \d+ is made\. \d+\.\d s/.test(document.querySelector("[data-seat=left] .status")?.textContent ?? ""),
      { timeout: 10_000 },
    );
    await shows("[data-seat=left] .status", "Wait, or try again.");
    await shows("[data-seat=left] .snapshot", "ERR_WEBSOCKET_ERROR");
    expect(await snapshot("left", "reason")).toMatch(/attemptFailed|retry/);
  });

  it("[B4.1] [B4.4] in manual mode nothing connects by itself; the background shows its lease, and ping() renews it", async () => {
    await logIn("left");
    await press("left", "manual");
    await becomes("left", "disconnected");
    await shows("[data-seat=left] .status", "Manual mode");
    await press("left", "Connect");
    await becomes("left", "connected");
    await press("left", "background");
    await page.waitForFunction(() =>
      /lease\d\d\.\d s/.test(document.querySelector("[data-seat=left] .snapshot dl")?.textContent ?? ""),
    );
    await press("left", "Ping");
    await page.waitForFunction(() =>
      /lease for (30\.0|29\.\d) s/.test(document.querySelector("[data-seat=left] [role=log]")?.textContent ?? ""),
    );
    await press("left", "foreground");
    expect(await snapshot("left", "mode")).toBe("manual");
  });

  it("[B3.2] in auto mode the background disconnects and the foreground connects", async () => {
    await logIn("left");
    await press("left", "background");
    await becomes("left", "disconnected");
    await press("left", "foreground");
    await becomes("left", "connected");
  });

  it("[B2.7] a rejected token ends a login by auth key, and says so; one by getToken comes back by itself", async () => {
    await logIn("left");
    await press("left", "Reject token");
    await shows("[data-seat=left] .status", "The server refused this client for good.");
    await shows("[data-seat=left] .snapshot", "ERR_AUTH_REJECTED");
    await press("left", "Log out");
    await page.locator('[data-seat=left] ::-p-aria([name="Token from"])').fill("getToken");
    await logIn("left");
    await press("left", "Reject token");
    await timeline("left", "session resumed");
    await becomes("left", "connected");
  });

  it("[B8.2] throttling is shown with its end, and what it sheds is refused with the reason", async () => {
    await logIn("left");
    await page.locator('::-p-aria([name="Throttle typing 15 s"])').click();
    await becomes("left", "featureThrottled");
    await press("left", "Typing");
    await timeline("left", "ERR_FEATURE_THROTTLED");
    await page.locator('::-p-aria([name="Lift it"])').click();
    await becomes("left", "connected");
    await timeline("left", "throttleEnded");
  });

  it("a session outlives a reload of the page", async () => {
    await logIn("left");
    await page.reload();
    await becomes("left", "connected");
    await shows("[data-seat=left] .status", "Alice");
    await shows("[data-seat=right] .status", "Nobody");
  });

  it("logs in by keyboard, and needs no sideways scrolling at 375 px", async () => {
    await page.setViewport({ width: 375, height: 800 });
    await page.waitForSelector(".login");
    // Tab until the first login button has the focus, as a hand would.
    for (let i = 0; i < 20; i += 1) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement?.textContent)) === "Log in") break;
    }
    await page.keyboard.press("Enter");
    await becomes("left", "connected");
    await press("right", "Log in");
    await becomes("right", "connected");
    await page.screenshot({ path: join(shots, "playground-375.png"), fullPage: true });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
  });
});
