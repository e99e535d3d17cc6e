/** Several windows of this browser, on one real storage, against a real gateway (2.9). */
import { poll } from "@cc/testkit/conformance";
import { afterAll, describe, expect, inject, it } from "vitest";
import { startEngine } from "../support/start-engine.js";
import { openRig, type Rig, shows, type Window } from "./rig.js";

const engine = await startEngine(inject("engine"));
afterAll(() => engine.close());

/** Two of Ann's, both linked. */
async function two(rig: Rig, options = ""): Promise<readonly [Window, Window]> {
  const first = await rig.ann(options);
  const second = await rig.open(options);
  await second.status("connected");
  return [first, second];
}

const revokes = (window: Window): Promise<number> =>
  window.run('performance.getEntriesByType("resource").filter(({ name }) => name.includes("/logout")).length');

async function nothingUncaught(...windows: readonly Window[]): Promise<void> {
  for (const window of windows) expect(await window.notes("uncaught")).toEqual([]);
}

describe("tabs", () => {
  it("[B2.9] share the session, not the connection: each has its instance and is told each event once", async () => {
    const rig = await openRig(engine);
    const [first, second] = await two(rig);
    await rig.linked(2);
    expect([await rig.user(second), await second.notes("session")]).toEqual(["ann", ["new"]]);
    expect(await second.instance()).not.toBe(await first.instance());
    for (const n of [1, 2, 3]) await rig.publish(n);
    for (const window of [first, second]) await shows(() => window.notes("event"), [1, 2, 3]);
    await nothingUncaught(first, second);
  });

  for (const options of ["", "&idb"]) {
    const name = options ? "IndexedDB" : "localStorage";

    it(`[B2.9] a logout in one fences the others at once, without a revoke of their own, on ${name}`, async () => {
      const rig = await openRig(engine);
      const [first, second] = await two(rig, options);
      expect(await first.run("client.logout()")).toEqual({ revoked: true });
      await second.status("disconnected");
      await rig.linked(0);
      await shows(() => second.notes("logoutSuccess"), [null]);
      expect([await rig.user(second), await second.notes("user")]).toEqual([null, [null]]);
      expect([await second.notes("status"), await second.notes("error")]).toEqual([
        ["connecting", "connected", "disconnected"],
        [],
      ]);
      expect([await revokes(first), await revokes(second)]).toEqual([1, 0]);
      await second.reload();
      await second.ready();
      expect(await rig.user(second)).toBe(null);
      await nothingUncaught(first, second);
    });

    it(`[B2.9] a login as another in one fences the others; a reload restores the new session, on ${name}`, async () => {
      const rig = await openRig(engine);
      const [first, second] = await two(rig, options);
      await rig.logIn(first, "bob");
      await first.status("connected");
      await second.status("disconnected");
      expect([await rig.user(first), await rig.user(second)]).toEqual(["bob", null]);
      await rig.linked(1);
      await second.reload();
      await second.ready();
      await second.status("connected");
      expect([await rig.user(second), await second.notes("session")]).toEqual(["bob", ["new"]]);
      await rig.publish("to ann");
      await rig.publish("to bob", "bob");
      for (const window of [first, second]) await shows(() => window.notes("event"), ["to bob"]);
      await nothingUncaught(first, second);
    });
  }

  it("[B2.9] a duplicated tab finds the Web Lock taken: another instance, no position, and neither supersedes the other", async () => {
    const rig = await openRig(engine);
    const first = await rig.ann();
    await rig.publish("before");
    await shows(() => first.notes("event"), ["before"]);
    await poll("saved", () => first.run<boolean>('"cc:demo:position" in sessionStorage'), 10_000);
    // What a browser does for a tab that its user duplicates: the new one begins with a copy of the old one's `sessionStorage`.
    const copied = await first.run<Readonly<Record<string, string>>>("({ ...sessionStorage })");
    const copy = await rig.openEmpty();
    await copy.run(`void Object.assign(sessionStorage, ${JSON.stringify(copied)})`);
    await copy.goto(rig.url());
    await copy.ready();
    await copy.status("connected");
    const instance = await copy.instance();
    expect(instance).not.toBe(await first.instance());
    await rig.linked(2);
    await rig.publish("after");
    await shows(() => first.notes("event"), ["before", "after"]);
    await shows(() => copy.notes("event"), ["after"]);
    expect([await first.notes("session"), await copy.notes("session")]).toEqual([["new"], ["new"]]);
    await copy.reload();
    await copy.ready();
    await copy.status("connected");
    expect([await copy.instance(), await copy.notes("session")]).toEqual([instance, ["resumed"]]);
    expect(await first.notes("status")).toEqual(["connecting", "connected"]);
    await nothingUncaught(first, copy);
  });

  it("[B2.9][B10.3] a tab keeps its instance over a reload, and over the other pages of its site, out of the back/forward cache too", async () => {
    const rig = await openRig(engine);
    const [tab] = await two(rig);
    const instance = await tab.instance();
    await rig.publish(1);
    await shows(() => tab.notes("event"), [1]);
    for (const path of ["reload", "/other", "back"]) {
      if (path === "reload") await tab.reload();
      else if (path === "back") await tab.back(rig.url());
      else await tab.goto(rig.url("", path));
      await tab.ready();
      await tab.status("connected");
      expect([path, await tab.instance()]).toEqual([path, instance]);
      expect([path, (await tab.notes("session")).at(-1)]).toEqual([path, "resumed"]);
    }
    expect(await tab.notes("gap")).toEqual([]);
    await rig.linked(2);
  });

  it("[B2.9] a tab that was in the back/forward cache while another logged out comes back logged out, and dials nothing", async () => {
    for (const options of ["", "&idb"]) {
      const rig = await openRig(engine);
      const [first, cached] = await two(rig, options);
      const born = await cached.run("born");
      await cached.goto(`${rig.site.url}/elsewhere`);
      await rig.linked(1);
      await first.run("client.logout()");
      await cached.back(rig.url(options));
      await cached.ready();
      await cached.status("disconnected");
      await poll("nobody", async () => (await rig.user(cached)) === null, 10_000);
      // Chromium drops a page from the cache that is sent a message, others may; then it is loaded anew, to the same end.
      const kept = (await cached.run("born")) === born;
      expect(kept || options !== "" || !engine.keepsLinkedPages).toBe(true);
      const dials = (await cached.notes("status")).filter((status) => status === "connecting");
      expect([options, dials]).toEqual([options, kept ? ["connecting"] : []]);
      await rig.linked(0);
      await nothingUncaught(first, cached);
    }
  });

  it("[B2.9][R30] a worker on IndexedDB shares the session with pages on it, and keeps its own instance and position there", async () => {
    const rig = await openRig(engine);
    const page = await rig.ann("&idb");
    await page.run(`globalThis.start = () => {
      const worker = new Worker("/worker.js?at=${encodeURIComponent(rig.proxy.url("http"))}", { type: "module" });
      let ids = 0;
      const asked = new Map();
      worker.onmessage = ({ data }) => asked.get(data.id)(data.result);
      globalThis.ask = (code) => new Promise((resolve) => { asked.set(++ids, resolve); worker.postMessage({ id: ids, code }); });
      return () => worker.terminate();
    }, void (globalThis.end = start())`);
    const ask = <T>(code: string): Promise<T> => page.run<T>(`ask(${JSON.stringify(code)})`);
    const begin = `client.init("demo").then(() => new Promise((resolve) => {
      client.on("session", ({ recovery }) => resolve([client.getLoggedInUser()?.uid, recovery]));
    }))`;
    expect(await ask(begin)).toEqual(["ann", "new"]);
    await rig.linked(2);
    await rig.publish("seen");
    await page.run(`globalThis.has = (key) => new Promise((resolve) => {
      indexedDB.open("cc", 1).onsuccess = ({ target: { result: db } }) => {
        db.transaction("records").objectStore("records").get(key).onsuccess = ({ target }) => {
          db.close();
          resolve(target.result !== undefined);
        };
      };
    }), void 0`);
    await poll("the worker has saved its position", () => page.run('has("cc:demo:position")'), 10_000);
    await page.run("end(), void (globalThis.end = start())");
    expect(await ask(begin)).toEqual(["ann", "resumed"]);
    await page.run("client.logout()");
    await poll("the worker is fenced", async () => (await ask("client.getLoggedInUser()")) === null, 10_000);
    await rig.linked(0);
    expect(await ask("client.getConnectionStatus()")).toBe("disconnected");
  });
});
