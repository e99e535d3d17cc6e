/**
 * `pnpm screenshots`: the pictures of the playground in docs/, taken anew from the sources. Each below 200 kB, else it fails.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium, type Page } from "playwright";
import { chromiumFlags, findChromium } from "./lib/browser.js";
import { buildPlayground } from "./lib/playground.js";
import { root } from "./lib/run.js";

const MAX_BYTES = 200_000;
const folder = mkdtempSync(join(tmpdir(), "cc-screenshots-"));
await buildPlayground(folder);
const demo = spawn(
  process.execPath,
  [
    ...["--conditions=@cc/source", "--import", "tsx", join(root, "apps/demo/src/main.ts")],
    ...["--serve", "--port", "0", "--page", folder],
  ],
  { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
);
const url = await new Promise<string>((resolve, reject) => {
  demo.once("exit", () => reject(new Error("the demo ended")));
  createInterface({ input: demo.stdout }).on("line", (line) => {
    const at = line.split("demo: playground at ")[1];
    if (at !== undefined) resolve(at);
  });
});
const executablePath = findChromium();
const browser = await chromium.launch({
  args: [...chromiumFlags],
  ...(executablePath === undefined ? {} : { executablePath }),
});

/** Alice is connected and has been through something; Bob waits for his next attempt. */
async function scene(page: Page): Promise<void> {
  const seat = (id: string) => page.locator(`[data-seat=${id}]`);
  const press = (id: string, name: string) => seat(id).getByRole("button", { name, exact: true }).click();
  const becomes = (id: string, status: string) => seat(id).locator(`[data-status=${status}]`).waitFor();
  const say = async (id: string, text: string) => {
    await seat(id).getByRole("textbox", { name: "Message" }).fill(text);
    await press(id, "Send");
  };
  await page.goto(url);
  for (const id of ["left", "right"]) {
    await press(id, "Log in");
    await becomes(id, "connected");
  }
  await say("left", "Are you there?");
  await say("right", "Yes. Cut me off, if you like.");
  // A past for the plot.
  await page.waitForTimeout(9_000);
  await press("left", "Cut");
  await seat("left").getByText("session resumed").waitFor();
  await page.waitForTimeout(6_000);
  await press("left", "Overloaded");
  await page.waitForTimeout(4_000);
  await press("left", "Overloaded");
  await page.waitForTimeout(9_000);
  await becomes("left", "connected");
  await press("right", "reconnect");
  await page.waitForTimeout(8_000);
  await page.getByRole("button", { name: "typing", exact: true }).click();
  await becomes("left", "featureThrottled");
  await press("left", "Typing");
  await press("right", "Refuse");
  await press("right", "Cut");
  await say("left", "And now?");
  await page.waitForTimeout(7_000);
  await page.evaluate("scrollTo(0, 0)");
  await page.mouse.move(0, 0);
  await seat("right").locator(".timer").waitFor();
}

try {
  const pictures = [
    { name: "playground-light.png", colorScheme: "light", width: 1280, height: 1070 },
    { name: "playground-dark.png", colorScheme: "dark", width: 1280, height: 1070 },
    { name: "playground-mobile.png", colorScheme: "light", width: 375, height: 1560 },
  ] as const;
  for (const { name, colorScheme, width, height } of pictures) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, hasTouch: width < 640 });
    const page = await context.newPage();
    await scene(page);
    const path = join(root, "docs", name);
    await page.screenshot({ path });
    const bytes = statSync(path).size;
    console.log(`docs/${name}: ${width} × ${height}, ${Math.round(bytes / 1000)} kB`);
    if (bytes > MAX_BYTES) process.exitCode = 1;
    await page.request.post(`${url}faults/clear`, { data: {} });
    await context.close();
  }
} finally {
  await browser.close();
  demo.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
}
