/**
 * The playground as a person uses it: the page in a real Chromium, served by the demo on one port, over its gateways and fault
 * proxies. What is pressed is found by its accessible name, so a control without one cannot be used here either.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { BUILT_PAGE, buildPlayground } from "../../scripts/lib/playground.js";
import { startChromium } from "../support/chromium.js";
import { builtProgram, type Program, startProgram } from "../support/program.js";

const built = process.env[BUILT_PAGE];
/** A person's patience with the page, and no deadline of anybody: what those are is asserted by other tests. */
const patienceMs = 30_000;

export type Seat = "left" | "right";

export interface Playground {
  readonly page: Page;
  readonly url: string;
  readonly browser: Browser;
  /** Presses the button of that name; without a seat, one of the page's head. */
  press(seat: Seat | "page", name: string): Promise<void>;
  becomes(seat: Seat, status: string, ms?: number): Promise<unknown>;
  /** Waits until the text stands within what the selector finds. */
  shows(selector: string, text: string, ms?: number): Promise<unknown>;
  /** Waits for an entry of the event stream. */
  told(seat: Seat, text: string, ms?: number): Promise<unknown>;
  /** Waits until the diagram's node is lit. */
  lit(seat: Seat, node: string, ms?: number): Promise<unknown>;
  snapshot(seat: Seat, name: string): Promise<string | undefined>;
  logIn(...seats: Seat[]): Promise<void>;
  say(seat: Seat, text: string): Promise<void>;
  choose(seat: Seat, label: string, value: string): Promise<void>;
  fault(name: string, input: object): Promise<Response>;
}

/** Sets it up for the tests of a file, a fresh page for each; what a page complains of fails its test. */
export function openPlayground(): Playground {
  // A dozen clicks, each of which the page has to draw: minutes on a machine that is busy.
  vi.setConfig({ testTimeout: 180_000 });
  let folder: string;
  let demo: Program;
  let url = "";
  let browser: Browser;
  let page: Page;
  let problems: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "cc-playground-"));
    if (built === undefined) await buildPlayground(folder);
    demo = startProgram(await builtProgram(new URL("../../apps/demo/src/main.ts", import.meta.url)), {
      args: ["--serve", "--port", "0", "--page", built ?? folder],
      withTest: false,
    });
    url = (await demo.line((line) => line.startsWith("demo: playground at "))).split(" at ")[1] ?? "";
    browser = await startChromium();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    demo?.process.kill("SIGINT");
    expect((await demo?.ended())?.code, "Ctrl-C ends the demo in order").toBe(0);
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    page = await (await browser.createBrowserContext()).newPage();
    await page.setViewport({ width: 1280, height: 1500 });
    problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      // Chromium itself reports each socket that a fault has cost, and each answer that was a refusal.
      const { url: from = "" } = message.location();
      if (message.type() === "error" && !/WebSocket|net::|status of 4/.test(`${message.text()} ${from}`)) {
        problems.push(message.text());
      }
    });
    page.setDefaultTimeout(patienceMs);
    await page.goto(url);
    await page.waitForSelector("[data-seat=right] .session");
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") {
      console.error(`the faults, and the page:\n${await (await fetch(`${url}faults`)).text()}`);
      console.error(await page.$$eval("[data-seat]", (seats) => seats.map((seat) => seat.textContent).join("\n")));
    }
    await play.fault("clear", {});
    await page.browserContext().close();
    expect(problems).toEqual([]);
  });

  const play: Playground = {
    get page() {
      return page;
    },
    get url() {
      return url;
    },
    get browser() {
      return browser;
    },
    async press(seat, name) {
      const at = `${seat === "page" ? ".top" : `[data-seat=${seat}]`} ::-p-aria([name="${name}"][role="button"])`;
      const button = await page.waitForSelector(at);
      const pressed = await button?.evaluate((it) => (it.matches(".fault") ? it.getAttribute("aria-pressed") : null));
      if (!button || typeof pressed !== "string") return page.locator(at).click();
      // A fault that is switched: a pointer that comes twice, or hits its neighbour because the page has moved, leaves another fault than the test means.
      await page.waitForFunction((element) => !(element as HTMLButtonElement).disabled, {}, button);
      await button.evaluate((element) => (element as HTMLElement).click());
      await page.waitForFunction((element, was) => element.getAttribute("aria-pressed") !== was, {}, button, pressed);
    },
    becomes: (seat, status, ms = patienceMs) =>
      page.waitForSelector(`[data-seat=${seat}] [data-status=${status}]`, { timeout: ms }),
    shows: (selector, text, ms = patienceMs) =>
      page.waitForFunction(
        (s, t) => document.querySelector(s)?.textContent.includes(t),
        { timeout: ms },
        selector,
        text,
      ),
    told: (seat, text, ms) => play.shows(`[data-seat=${seat}] .stream ol`, text, ms),
    lit: (seat, node, ms = patienceMs) =>
      page.waitForSelector(`[data-seat=${seat}] [data-node=${node}][data-lit]`, { timeout: ms }),
    snapshot: (seat, name) =>
      page.$eval(
        `[data-seat=${seat}] .snapshot dl`,
        (list, wanted) =>
          [...list.querySelectorAll("div")]
            .find((row) => row.querySelector("dt")?.textContent === wanted)
            ?.querySelector("dd")?.textContent,
        name,
      ),
    async logIn(...seats) {
      for (const seat of seats) {
        await play.press(seat, "Log in");
        await play.becomes(seat, "connected");
      }
    },
    async say(seat, text) {
      await page.locator(`[data-seat=${seat}] ::-p-aria([name="Message"][role="textbox"])`).fill(text);
      await play.press(seat, "Send");
    },
    choose: (seat, label, value) => page.locator(`[data-seat=${seat}] ::-p-aria([name="${label}"])`).fill(value),
    fault: (name, input) =>
      fetch(`${url}faults/${name}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(input),
      }),
  };
  return play;
}

/** What the app's own server would do. */
export const publishTo = (play: Playground, uid: string, text: string): Promise<Response> =>
  fetch(`${play.url}publish`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uid, text }),
  });
