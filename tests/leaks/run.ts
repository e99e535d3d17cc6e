/**
 * One kind of deed, done so many times in processes of their own, and looked at on the way.
 *
 * Law: whatever was started ends with `suite`, by its own id, also when a deed failed; nothing is built twice.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, type CDPSession, launch } from "puppeteer-core";
import { bareWindows, chromiumFlags, findChromium } from "../../scripts/lib/browser.js";
import type { DeedName, Sample } from "./judge.js";
import type { Leak } from "./plants.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const uids = ["ann", "bob"] as const;
/**
 * V8 goes on compiling hot functions, and noting what passes through them, for thousands of rounds: half a kilobyte for each deed at
 * first, in its heap and nobody's leak. Without its compilers, and with the notes made at once, what grows is what the program keeps.
 */
const steady = ["--no-opt", "--no-sparkplug", "--no-maglev", "--no-flush-bytecode", "--no-lazy-feedback-allocation"];
/** How long a revocation is remembered where logins are the deed: longer than a deed takes on a busy machine, shorter than a look waits. */
const briefMs = 8_000;
/** What may take long on a busy machine, and is no gate: a browser's start, two hundred deeds in it. */
const patienceMs = 240_000;
/** Rounds without a change after which a page is at rest; and when it is given up, for then the judge shall see it. */
const restRounds = 8;
const mostRounds = 200;
const roundMs = 25;

/** At which deeds is looked: the first is when what is filled once has been filled. */
export interface Looks {
  readonly first: number;
  readonly last: number;
  /** How many looks, both ends included. */
  readonly count: number;
}

export interface Samples {
  readonly client: readonly Sample[];
  readonly gateway: readonly Sample[];
}

export interface Suite {
  node(deed: DeedName, looks: Looks): Promise<Samples>;
  chromium(deed: DeedName, looks: Looks): Promise<Samples>;
  close(): void;
}

const pointsOf = ({ first, last, count }: Looks): readonly number[] =>
  Array.from({ length: count }, (_, k) => Math.round(first + ((last - first) * k) / (count - 1)));

/** A child and what it says. */
interface Child {
  readonly process: ChildProcess;
  /** Sends, and takes the next message that has `field`. */
  ask<T>(field: string, message?: object): Promise<T>;
  on(field: string, fn: () => void): void;
}

function talk(process: ChildProcess, what: string): Child {
  let over: Error | undefined;
  let stderr = "";
  const failed = new Set<(error: Error) => void>();
  process.stderr?.on("data", (data: Buffer) => {
    stderr += data.toString();
  });
  process.on("close", (code, signal) => {
    over = new Error(`${what} ended (${code ?? signal}): ${stderr.trim()}`);
    for (const fail of failed) fail(over);
  });
  return {
    process,
    ask: <T>(field: string, message?: object) =>
      new Promise<T>((resolve, reject) => {
        if (over !== undefined) return reject(over);
        const hear = (said: Record<string, unknown>): void => {
          if (!(field in said)) return;
          process.off("message", hear as never);
          failed.delete(reject);
          resolve(said[field] as T);
        };
        failed.add(reject);
        process.on("message", hear as never);
        if (message) process.send(message);
      }),
    on: (field, fn) => void process.on("message", (said) => field in (said as object) && fn()),
  };
}

/** Sows one leak, or none, into everything that this suite runs. */
export function openSuite(leak?: Leak): Suite {
  const folder = mkdtempSync(join(tmpdir(), "cc-leaks-"));
  const children = new Set<ChildProcess>();
  const built = new Map<string, Promise<string>>();

  const bundle = (url: URL, platform: "node" | "browser"): Promise<string> => {
    const known = built.get(url.href);
    if (known) return known;
    const outfile = join(folder, `${url.pathname.split("/").at(-1)}.mjs`);
    const made = build({
      entryPoints: [fileURLToPath(url)],
      outfile,
      bundle: true,
      format: "esm",
      platform,
      target: "es2022",
      conditions: ["@cc/source"],
      logLevel: "silent",
      ...(platform === "node" && {
        banner: {
          js: 'import { createRequire as bundled } from "node:module"; const require = bundled(import.meta.url);',
        },
      }),
      plugins: leak === undefined ? [] : [sowing(leak)],
    }).then(() => outfile);
    built.set(url.href, made);
    return made;
  };
  const start = async (url: URL, ...args: readonly string[]): Promise<Child> => {
    const file = await bundle(url, "node");
    const child = spawn(process.execPath, ["--expose-gc", ...steady, file, ...args], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    children.add(child);
    child.on("close", () => children.delete(child));
    return talk(child, url.pathname.split("/").at(-1) ?? "");
  };
  const gatewayFor = (deed: DeedName): Promise<Child> =>
    start(new URL("./programs/gateway.ts", import.meta.url), deed === "logins" ? String(briefMs) : "600000", ...uids);
  /** Looks at the gateway when what it remembers for a while is over; at each second point, for that takes its time. */
  const lookAt = async (gateway: Child, samples: Sample[], n: number, k: number): Promise<void> => {
    if (k % 2 === 0) samples.push(await gateway.ask<Sample>("sample", { look: n }));
  };

  return {
    async node(deed, looks) {
      const started: Child[] = [];
      const begin = async (child: Promise<Child>): Promise<Child> => {
        started.push(await child);
        return child;
      };
      try {
        const gateway = await begin(gatewayFor(deed));
        const url = await gateway.ask<string>("url");
        const proxy = await begin(start(new URL("./programs/proxy.ts", import.meta.url), url));
        const through = await proxy.ask<string>("url");
        const client = await begin(start(new URL("./programs/client.ts", import.meta.url), deed, through, ...uids));
        client.on("cut", () => proxy.process.send({}));
        await client.ask("ready");
        const samples: { client: Sample[]; gateway: Sample[] } = { client: [], gateway: [] };
        for (const [k, n] of pointsOf(looks).entries()) {
          samples.client.push(await client.ask<Sample>("sample", { to: n }));
          await lookAt(gateway, samples.gateway, n, k);
        }
        return samples;
      } finally {
        // A second run beside what is left of the first would be another measuring.
        for (const child of started) child.process.kill("SIGKILL");
      }
    },

    async chromium(deed, looks) {
      const executablePath = findChromium();
      if (executablePath === undefined) throw new Error("no Chromium here; `pnpm test` installs one");
      const script = readFileSync(await bundle(new URL("./programs/page.ts", import.meta.url), "browser"), "utf8");
      const gateway = await gatewayFor(deed);
      const at = await gateway.ask<string>("url");
      const site = createServer((request, response) => {
        const isScript = request.url === "/page.js";
        response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
        response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
      });
      await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
      let browser: Browser | undefined;
      try {
        browser = await launch({
          executablePath,
          args: [...chromiumFlags, bareWindows, `--js-flags=${steady.join(",")}`],
          headless: true,
          timeout: patienceMs,
          protocolTimeout: patienceMs,
          userDataDir: mkdtempSync(join(folder, "chromium-")),
        });
        const page = (await browser.pages())[0] ?? (await browser.newPage());
        page.setDefaultTimeout(patienceMs);
        const cdp = await page.createCDPSession();
        const broken = new Promise<never>((_, reject) => page.on("pageerror", (error) => reject(error)));
        broken.catch(() => {});
        const query = new URLSearchParams({ deed, at, uids: uids.join() });
        await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/?${query}`);
        await Promise.race([page.waitForFunction("globalThis.to !== undefined"), broken]);
        const samples: { client: Sample[]; gateway: Sample[] } = { client: [], gateway: [] };
        for (const [k, n] of pointsOf(looks).entries()) {
          await Promise.race([page.evaluate((to) => (globalThis as unknown as Page).to(to), n), broken]);
          samples.client.push({ n, ...(await lookAtPage(cdp)) });
          await lookAt(gateway, samples.gateway, n, k);
        }
        return samples;
      } finally {
        await browser?.close();
        site.close();
        gateway.process.kill("SIGKILL");
      }
    },

    close() {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Page {
  to(n: number): Promise<void>;
}

/** What a page holds when it has come to rest: a socket whose end is still under way has its listeners, and the page its socket. */
async function lookAtPage(cdp: CDPSession): Promise<Omit<Sample, "n">> {
  let heap = Number.POSITIVE_INFINITY;
  let held: Record<string, number> = {};
  for (let rest = 0, round = 0; rest < restRounds && round < mostRounds; round += 1) {
    await sleep(roundMs);
    await cdp.send("HeapProfiler.collectGarbage");
    const { jsEventListeners, nodes, documents } = await cdp.send("Memory.getDOMCounters");
    const { usedSize } = await cdp.send("Runtime.getHeapUsage");
    const now = { "event listeners": jsEventListeners, nodes, documents };
    const still = JSON.stringify(now) === JSON.stringify(held);
    rest = still ? rest + 1 : 0;
    // What was counted before it came to rest is not what is left.
    heap = still ? Math.min(heap, usedSize) : usedSize;
    held = now;
  }
  return { heap, held };
}

/** Patches the one file as it is read. */
function sowing({ file, find, replace, name }: Leak) {
  const path = join(root, file);
  const text = readFileSync(path, "utf8");
  if (text.split(find).length !== 2)
    throw new Error(`the words of the plant "${name}" stand in ${file} ${text.split(find).length - 1} times, not once`);
  return {
    name: "leak",
    setup(builder: import("esbuild").PluginBuild): void {
      builder.onLoad({ filter: /\.ts$/ }, ({ path: loaded }) =>
        loaded === path ? { contents: text.replace(find, () => replace), loader: "ts" } : undefined,
      );
    },
  };
}
