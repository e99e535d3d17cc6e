/**
 * An app of `@cc/sdk` in pages of any browser. What a page is told it keeps in memory: each load begins with no notes, and a
 * duplicated tab has none of the other's.
 */
import { poll } from "@cc/testkit/conformance";
import { bundle } from "./bundle.js";
import { type Site, serveSite } from "./site.js";

const pageSource = `
  import { createClient, indexedDbStorage } from "@cc/sdk";
  const query = new URLSearchParams(location.search);
  globalThis.notes = [];
  const note = (what, value) => notes.push([what, value, performance.now()]);
  const Socket = WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...how) {
      super(...how);
      note("dial", null);
    }
  };
  const storage = query.has("idb") ? indexedDbStorage() : undefined;
  const heartbeat = query.get("heartbeat");
  const client = createClient({
    url: query.get("at"),
    background: query.get("background") ?? "keep",
    ...(storage && { storage }),
    ...(heartbeat && { policy: { backgroundHeartbeatMs: Number(heartbeat) } }),
  });
  client.on("status", ({ current }) => note("status", current));
  client.on("session", ({ recovery }) => note("session", recovery));
  client.on("event", ({ data }) => note("event", data));
  client.on("gap", () => note("gap", null));
  client.on("error", ({ code }) => note("error", code));
  client.on("user", (user) => note("user", user?.uid ?? null));
  client.addLoginListener("page", { logoutSuccess: () => note("logoutSuccess", null), logoutFailure: ({ code }) => note("logoutFailure", code) });
  addEventListener("pageshow", ({ persisted }) => note("pageshow", persisted));
  addEventListener("error", ({ message }) => note("uncaught", message));
  addEventListener("unhandledrejection", ({ reason }) => note("uncaught", String(reason)));
  await client.init("demo");
  globalThis.client = client;
  globalThis.born = Math.random();
`;

const workerSource = `
  import { createClient, indexedDbStorage } from "@cc/sdk";
  const url = new URLSearchParams(location.search).get("at");
  const client = createClient({ url, storage: indexedDbStorage() });
  globalThis.onmessage = async ({ data: { id, code } }) => {
    let result;
    try {
      result = await new Function("client", "return " + code)(client);
    } catch (error) {
      result = String(error);
    }
    postMessage({ id, result });
  };
`;

/**
 * Serves the app at `/app` and `/other`, and a worker at `/worker.js`; every other path is a page without a client. `before`: paths
 * with the app too, by the script that has run before it.
 */
export const serveApp = async (before: Readonly<Record<string, string>> = {}): Promise<Site> => {
  const page = (script = ""): string =>
    `<!doctype html><title>app</title><script>${script}</script><script type="module" src="/page.js"></script>`;
  return serveSite({
    "/page.js": await bundle(pageSource),
    "/worker.js": await bundle(workerSource),
    "/app": page(),
    "/other": page(),
    ...Object.fromEntries(Object.entries(before).map(([path, script]) => [path, page(script)])),
  });
};

export type Note = readonly [what: string, value: unknown, at: number];

/** One page with the app, at arm's length. */
export interface App {
  run<T>(expression: string): Promise<T>;
  all(): Promise<readonly Note[]>;
  /** The values noted under `what` since the page was loaded. */
  notes(what: string): Promise<unknown[]>;
  /** Waits until the app has called `init`. */
  ready(): Promise<void>;
  status(wanted: string): Promise<void>;
  /** Who this tab is to the server. */
  instance(): Promise<string>;
}

/** The app in the page in which `run` runs. */
export function appOf(run: <T>(expression: string) => Promise<T>): App {
  const all = (): Promise<readonly Note[]> => run("globalThis.notes ?? []");
  return {
    run,
    all,
    notes: async (what) => (await all()).filter(([name]) => name === what).map(([, value]) => value),
    ready: () => poll("the app is ready", () => run<boolean>('"client" in globalThis'), 30_000),
    status: (wanted) =>
      poll(wanted, async () => (await run("globalThis.client?.getConnectionStatus()")) === wanted, 30_000),
    instance: () => run('JSON.parse(sessionStorage["cc:demo:instance"]).id'),
  };
}
