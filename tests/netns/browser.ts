/**
 * A Chromium inside a place, driven through pipes: what is done to the place's network does not cut it from its test.
 *
 * Law: the page comes from no server. Its one address is answered by the browser's own interception, so only the clients' own
 * traffic is on the wire.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "puppeteer-core";
import { chromiumFlags, findChromium } from "../../scripts/lib/browser.js";
import { bundle } from "../support/bundle.js";
import type { Line } from "./programs/line.js";
import { authKey, type Gate, openPeer, type Peer, type Place, patienceMs, port } from "./world.js";

export interface Tab extends Peer {
  tell(act: object): void;
  close(): Promise<void>;
}

const origin = "http://localhost";

/** Opens the page with its seats; resolves when each is linked. */
export async function openTab(place: Place, gate: Gate, crew: string, names: readonly string[]): Promise<Tab> {
  const script = await bundle(
    `import ${JSON.stringify(fileURLToPath(new URL("./programs/page.ts", import.meta.url)))};`,
  );
  const executable = findChromium();
  if (executable === undefined) throw new Error("no Chromium here; `pnpm test` installs one");
  const profile = mkdtempSync(join(tmpdir(), "cc-netns-chromium-"));
  const browser = await launch({
    executablePath: "/bin/sh",
    // A shell, for the browser's own flags must stand behind the command that enters the place.
    args: [
      "-c",
      'exec ip netns exec "$@"',
      "sh",
      place.ns,
      executable,
      ...chromiumFlags,
      // An intercepted page counts as one from the internet, which would have to ask for leave to reach a private address.
      "--disable-features=LocalNetworkAccessChecks",
      `--user-data-dir=${profile}`,
      "--remote-debugging-pipe",
      "about:blank",
    ],
    ignoreDefaultArgs: true,
    timeout: patienceMs,
    protocolTimeout: patienceMs,
    pipe: true,
  });
  const peer = openPeer();
  const page = (await browser.pages())[0] ?? (await browser.newPage());
  page.on("console", (message) => {
    const text = message.text();
    if (text.startsWith("{")) peer.add(JSON.parse(text) as Line);
  });
  browser.on("disconnected", () => peer.end("the browser ended"));
  page.on("pageerror", (error) => peer.add({ at: Date.now(), seat: "page", what: "uncaught", value: String(error) }));
  await page.setRequestInterception(true);
  page.on("request", (request) => {
    const { origin: to, pathname } = new URL(request.url());
    if (to !== origin) void request.continue();
    else if (pathname === "/page.js") void request.respond({ contentType: "text/javascript", body: script });
    else
      void request.respond({
        contentType: "text/html",
        body: '<!doctype html><script type="module" src="/page.js"></script>',
      });
  });
  const query = new URLSearchParams({
    at: `http://${gate.place.address}:${port}`,
    crew,
    key: authKey,
    names: names.join(),
  });
  await page.goto(`${origin}/?${query}`, { timeout: patienceMs });
  for (const name of names)
    await peer.line(`${crew} linked`, ({ seat, what }) => seat === name && what === "linked", patienceMs);
  return {
    ...peer,
    tell: (act) => void page.evaluate((what) => (globalThis as unknown as { act(a: object): void }).act(what), act),
    async close() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
