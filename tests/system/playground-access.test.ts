/** The playground for everybody: axe in both themes and on a phone, the main job by keyboard alone, less motion, no sideways scrolling. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { describe, expect, it } from "vitest";
import { openPlayground } from "./playground-rig.js";

const play = openPlayground();
const { press, becomes, shows, told, lit, logIn, say } = play;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds on the page as it stands, in short. */
async function violations(): Promise<string[]> {
  if (!(await play.page.evaluate(() => "axe" in globalThis))) await play.page.evaluate(axe);
  const found = (await play.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResults;
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

/** Without transitions: between two colours there is any contrast. */
const theme = (value: "light" | "dark"): Promise<void> =>
  play.page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value },
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
const sideways = (): Promise<number> =>
  play.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe.each([
  { width: 1280, scheme: "light" },
  { width: 1280, scheme: "dark" },
  { width: 375, scheme: "light" },
  { width: 375, scheme: "dark" },
] as const)("at $width px, $scheme", ({ width, scheme }) => {
  it("axe finds nothing: logged out, with errors and faults, in each tab, in the dialog; and nothing scrolls sideways", async () => {
    await theme(scheme);
    await play.page.setViewport({ width, height: 900 });
    expect(await violations()).toEqual([]);
    expect(await sideways()).toBe(0);
    await play.page.locator('[data-seat=left] ::-p-aria([name="Log in"][role="button"])').click();
    await becomes("left", "connected");
    await say("left", "Hello");
    await press("left", "Refuse");
    await press("left", "Cut");
    await lit("left", "waiting");
    await press("page", "typing");
    expect(await violations()).toEqual([]);
    expect(await sideways()).toBe(0);
    for (const tab of ["Snapshot", "Code"]) {
      await play.page.locator(`[data-seat=left] ::-p-aria([name="${tab}"][role="tab"])`).click();
      expect(await violations()).toEqual([]);
      expect(await sideways()).toBe(0);
    }
    await press("page", "Keyboard");
    await play.page.waitForSelector("dialog[open]");
    expect(await violations()).toEqual([]);
  });
});

describe("by keyboard alone", () => {
  /** What has the focus, by its accessible words. */
  const focused = (): Promise<string> =>
    play.page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      return element?.textContent?.trim() || element?.getAttribute("aria-label") || element?.tagName || "";
    });
  const key = async (...keys: string[]): Promise<void> => {
    for (const one of keys) await play.page.keyboard.press(one as "Tab");
  };
  const tabTo = async (wanted: string): Promise<void> => {
    for (let i = 0; i < 80; i += 1) {
      await key("Tab");
      if ((await focused()) === wanted) return;
    }
    throw new Error(`Tab never reached ${wanted}`);
  };

  it("logs in, breaks the connection, writes a message, reads the tabs, and nothing is a trap", async () => {
    await tabTo("Log in");
    await key("Enter");
    await becomes("left", "connected");
    await tabTo("Refuse");
    await key("Space");
    await key("1");
    expect(await play.page.evaluate(() => (document.activeElement as HTMLElement).dataset["seat"])).toBe("left");
    await key("x");
    await lit("left", "waiting");
    await tabTo("Refuse");
    await key("Space");
    await key("k");
    await becomes("left", "connected");
    await key("m");
    // A letter in a text is a letter.
    await play.page.keyboard.type("dx?");
    await key("Enter");
    await shows("[data-seat=left] .thread ol", "dx?#");
    await tabTo("Events");
    await key("ArrowRight");
    expect(await focused()).toBe("Snapshot");
    await play.page.waitForSelector("[data-seat=left] .snapshot", { visible: true });
    await key("End");
    expect(await focused()).toBe("Code");
    await key("ArrowRight");
    expect(await focused()).toBe("Events");
    await key("2");
    expect(await play.page.evaluate(() => (document.activeElement as HTMLElement).dataset["seat"])).toBe("right");

    await key("?");
    await play.page.waitForSelector("dialog[open]");
    await key("x");
    await key("Escape");
    await play.page.waitForSelector("dialog:not([open])");
    expect(await play.page.evaluate(() => (document.activeElement as HTMLElement).dataset["seat"])).toBe("right");
  });

  it("every stop can be seen, stands in the order of the page, and the last leads out", async () => {
    await logIn("left");
    await play.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    const stops: { readonly name: string; readonly outline: boolean; readonly forward: boolean }[] = [];
    for (let i = 0; i < 200; i += 1) {
      await key("Tab");
      const stop = await play.page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        if (element === document.body || element === null) return null;
        const before = (globalThis as { before?: Element }).before;
        const forward =
          before === undefined || (before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
        Object.assign(globalThis, { before: element });
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const name = element.textContent?.trim().slice(0, 30) || element.getAttribute("aria-label") || element.id;
        return { name, forward, outline: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 };
      });
      if (stop === null) break;
      stops.push(stop);
    }
    expect(stops.length).toBeGreaterThan(60);
    expect(stops.length, "it led out").toBeLessThan(200);
    expect(stops.filter(({ outline }) => !outline)).toEqual([]);
    expect(stops.filter(({ forward }) => !forward)).toEqual([]);
  });

  it("single-key shortcuts can be turned off, and stay off", async () => {
    await logIn("left");
    await press("page", "Keyboard");
    await play.page.waitForSelector("dialog[open]");
    await play.page.locator("dialog input[type=checkbox]").click();
    await key("Escape");
    await play.page.reload();
    await becomes("left", "connected");
    await play.page.focus("[data-seat=left]");
    await key("x", "d");
    await press("left", "checkNow");
    await told("left", "checkNow() resolved linked");
    expect(await play.page.$eval("[data-seat=left] .stream ol", (e) => e.textContent)).not.toContain("is reset");
  });
});

describe("light, dark, less motion", () => {
  const background = (): Promise<string> => play.page.evaluate(() => getComputedStyle(document.body).backgroundColor);

  it("the theme follows the system, until the page is told otherwise; that outlives a reload", async () => {
    await theme("light");
    const light = await background();
    await theme("dark");
    const dark = await background();
    expect(dark).not.toBe(light);
    await press("page", "light");
    expect(await background()).toBe(light);
    await play.page.reload();
    await play.page.waitForSelector("[data-seat=left]");
    expect(await background()).toBe(light);
    await press("page", "auto");
    expect(await background()).toBe(dark);
  });

  it("who wishes for less motion gets none", async () => {
    await play.page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
    await press("left", "Refuse");
    await press("left", "Log in");
    await logIn("right");
    const moving = await play.page.evaluate(() =>
      [...document.querySelectorAll("*")]
        .map((element) => getComputedStyle(element))
        .filter(({ animationName, transitionDuration }) => animationName !== "none" || !/^0s/.test(transitionDuration)),
    );
    expect(moving).toEqual([]);
  });

  it("the status is announced, and nothing else talks over it", async () => {
    const live = await play.page.$$eval(
      "[data-seat=left] [role=status], [data-seat=left] [role=alert], [data-seat=left] [aria-live]:not([aria-live=off])",
      (all) => all.map((element) => `${element.className} ${element.textContent}`),
    );
    expect(live).toEqual(["pill disconnected", " "]);
  });
});
