/**
 * A real gateway, a fault proxy before it, and the app in windows of this browser. Each test has all of its own, an origin included, so
 * nothing that one has stored is another's.
 */
import type { Gateway } from "@cc/gateway";
import { poll } from "@cc/testkit/conformance";
import { createFaultProxy, type FaultProxy } from "@cc/testkit/node";
import { expect, onTestFinished } from "vitest";
import { type App, appOf, serveApp } from "../support/app.js";
import type { Engine, EngineTab } from "../support/engine.js";
import type { Site } from "../support/site.js";
import { keys, startGateway } from "../system/world.js";

export interface Window extends App, Omit<EngineTab, "run"> {}

export interface Rig {
  readonly gateway: Gateway;
  readonly proxy: FaultProxy;
  readonly site: Site;
  /** The app's address; it reaches the gateway through the proxy. */
  url(options?: string, path?: string): string;
  /** Opens the app in a window of its own; it has called `init`. */
  open(options?: string, path?: string): Promise<Window>;
  /** A window of the app's origin without the app. */
  openEmpty(): Promise<Window>;
  /** Opens it, and Ann is logged in and linked. */
  ann(options?: string, path?: string): Promise<Window>;
  logIn(window: Window, uid: string): Promise<unknown>;
  user(window: Window): Promise<unknown>;
  publish(data: unknown, uid?: string): Promise<unknown>;
  /** So many clients are linked, as the gateway sees it. */
  linked(count: number): Promise<void>;
}

/** Opens all of it for the test that runs; `before` as for `serveApp`. No window may have seen an error that nobody caught. */
export async function openRig(engine: Engine, before: Readonly<Record<string, string>> = {}): Promise<Rig> {
  const site = await serveApp(before);
  onTestFinished(() => site.close());
  const gateway = await startGateway({ origins: [site.url] });
  onTestFinished(() => gateway.close());
  const proxy = await createFaultProxy({ target: gateway.address });
  onTestFinished(() => proxy.close());
  const rig: Rig = {
    gateway,
    proxy,
    site,
    url: (options = "", path = "/app") => `${site.url}${path}?at=${encodeURIComponent(proxy.url("http"))}${options}`,
    async openEmpty() {
      const tab = await engine.open();
      onTestFinished(() => tab.close());
      await tab.goto(`${site.url}/elsewhere`);
      return { ...tab, ...appOf(tab.run) };
    },
    async open(options, path) {
      const window = await rig.openEmpty();
      await window.goto(rig.url(options, path));
      await window.ready();
      return window;
    },
    async ann(options, path) {
      const window = await rig.open(options, path);
      await rig.logIn(window, "ann");
      await window.status("connected");
      return window;
    },
    logIn: (window, uid) => window.run(`client.login(${JSON.stringify(uid)}, ${JSON.stringify(keys.authKey)})`),
    user: (window) => window.run("client.getLoggedInUser()?.uid ?? null"),
    publish: (data, uid = "ann") => gateway.publish({ channel: `user:${uid}`, kind: "message", data }),
    linked: (count) => poll(`${count} linked`, async () => gateway.stats().linked === count, 10_000),
  };
  return rig;
}

/** How long a look may take to come true, in ms: only what a broken test may cost. */
const PATIENCE_MS = 15_000;

/** Waits until the look shows it. */
export const shows = (look: () => unknown, wanted: unknown): Promise<void> =>
  expect.poll(look, { timeout: PATIENCE_MS, interval: 20 }).toEqual(wanted);
