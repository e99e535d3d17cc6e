/**
 * WebKitGTK over W3C WebDriver, on a screen of its own. Hidden is a window that is minimised; offline is a network without a default
 * route, which is what WebKit itself asks the kernel for, so it needs a network namespace of its own.
 *
 * Law: the screen, the driver and the browser are ended by their ids, also when something fails or this process ends; and the browser
 * does not outlive its screen.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { poll } from "@cc/testkit/conformance";
import { findEngine } from "../../scripts/lib/engines.js";
import type { Engine, EngineTab } from "./engine.js";
import { settled } from "./settled.js";
import { beginSession, type DriverSession, type DriverWindow } from "./webdriver.js";

/** Set by `pnpm browsers` where this process is in a network namespace of its own, whose default route is ours to take. */
const cannotOffline = process.env["CC_OWN_NETWORK"]
  ? undefined
  : "WebDriver cannot take the network away, and this process has no network namespace of its own";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Children of this process, and the way to be rid of them. */
function family() {
  const children: ChildProcess[] = [];
  const kill = (): void => {
    // The newest first: a driver ends its browser, a screen its windows.
    for (const child of [...children].reverse()) child.kill("SIGKILL");
  };
  process.on("exit", kill);
  return {
    start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
      const child = spawn(command, args, {
        // What they write is kept for nobody: GTK warns of much that is so by intent. The screen says its name on the fourth.
        stdio: ["ignore", "ignore", "ignore", "pipe"],
        env: { ...process.env, ...env },
      });
      // One that cannot be started tells it here, and is found out by who waits for it.
      child.on("error", () => {});
      children.push(child);
      return child;
    },
    async end(): Promise<void> {
      process.off("exit", kill);
      const gone = children.map((child) =>
        child.exitCode !== null || child.signalCode !== null || child.pid === undefined
          ? undefined
          : new Promise((resolve) => child.once("exit", resolve)),
      );
      kill();
      await Promise.all(gone);
    },
  };
}

/** The number of the screen, which the X server writes when it listens. */
const displayOf = (screen: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    screen.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}`)));
    screen.once("error", reject);
    screen.stdio[3]?.once("data", (data: Buffer) => resolve(`:${data.toString().trim()}`));
  });

async function openTab(session: DriverSession): Promise<EngineTab> {
  const window: DriverWindow = await session.open();
  const seen = (state: string): Promise<void> =>
    poll(state, async () => (await window.evaluate("document.visibilityState")) === state, 30_000);
  return {
    goto: (url) => window.command("POST", "/url", { url }),
    reload: () => window.command("POST", "/refresh", {}),
    async back(url) {
      await window.command("POST", "/back", {});
      await settled(window.evaluate, url);
    },
    run: window.evaluate,
    async hide() {
      await window.command("POST", "/window/minimize", {});
      await seen("hidden");
    },
    async show() {
      await window.command("POST", "/window/rect", { x: 0, y: 0, width: 800, height: 600 });
      await seen("visible");
    },
    async offline(on) {
      if (cannotOffline !== undefined) throw new Error(cannotOffline);
      await promisify(execFile)("ip", ["route", on ? "del" : "add", "default", "dev", "lo"]);
    },
    close: () => window.command("DELETE", "/window"),
  };
}

export async function startWebkit(): Promise<Engine> {
  const found = findEngine("webkit");
  if ("missing" in found) throw new Error(`${found["missing"]}; \`pnpm browsers\` installs it`);
  const { WEBKIT_DRIVER_PATH: driver = "", XVFB_PATH: screen = "" } = found;
  const home = await mkdtemp(join(tmpdir(), "cc-webkit-"));
  const children = family();
  const close = async (): Promise<void> => {
    await children.end();
    // Its processes may still be writing as they go.
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    const display = await displayOf(
      children.start(screen, ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], {}),
    );
    const port = await freePort();
    const base = `http://127.0.0.1:${port}`;
    const child = children.start(driver, [`--port=${port}`, "--host=127.0.0.1"], {
      DISPLAY: display,
      HOME: home,
      XDG_CACHE_HOME: join(home, "cache"),
      XDG_CONFIG_HOME: join(home, "config"),
      XDG_DATA_HOME: join(home, "data"),
      // No desktop: no portal, no settings daemon, no accessibility bus; and the kernel, not a network manager, says whether we are online.
      GDK_BACKEND: "x11",
      GIO_USE_NETWORK_MONITOR: "netlink",
      GSETTINGS_BACKEND: "memory",
      NO_AT_BRIDGE: "1",
      // CI is root, in which its sandbox does not start; and it has no graphics card.
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      WEBKIT_DISABLE_DMABUF_RENDERER: "1",
      LIBGL_ALWAYS_SOFTWARE: "1",
    });
    await poll(
      "the driver listens",
      async () => {
        if (child.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${child.exitCode}`);
        return fetch(`${base}/status`).then(
          ({ ok }) => ok,
          () => false,
        );
      },
      20_000,
    );
    const session = await beginSession(base);
    return {
      name: "webkit",
      version: `WebKitGTK ${session.version}`,
      open: () => openTab(session),
      ...(cannotOffline !== undefined && { cannotOffline }),
      reachableOffline: true,
      keepsLinkedPages: true,
      async close() {
        await session.end().catch(() => {});
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
