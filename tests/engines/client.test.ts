/** The client end to end in this browser, against a real gateway through a proxy that breaks real connections. */
import { poll } from "@cc/testkit/conformance";
import { afterAll, describe, expect, inject, it } from "vitest";
import { startEngine } from "../support/start-engine.js";
import { unable } from "../support/unable.js";
import { openRig, shows } from "./rig.js";

const engine = await startEngine(inject("engine"));
afterAll(() => engine.close());

/** Bounds of the contract are for a quiet machine: here twice as much is granted. */
const SLACK = 2;

/** Stores what fits, down to the last character. */
const fill = `for (const area of [localStorage, sessionStorage])
  for (let size = 1 << 22; size >= 1; size >>= 1)
    for (let n = 0; ; n++)
      try { area.setItem("fill " + size + " " + n, "x".repeat(size)); } catch { break; }`;

const refused = (name: string): string =>
  `Object.defineProperty(globalThis, "${name}", { get() { throw new DOMException("no", "SecurityError"); } });`;

it("runs in the browser that is meant", async ({ task }) => {
  task.meta.version = engine.version;
  const rig = await openRig(engine);
  const { run } = await rig.openEmpty();
  expect(await run("navigator.userAgent")).toMatch(
    engine.name === "firefox" ? /Firefox\/\d+/ : /AppleWebKit.* Version\//,
  );
});

describe("the client", () => {
  it("[B2.2][B1.1][B9.1][B2.5] logs in over HTTP, connects, receives, sends, and a logout purges what is stored", async () => {
    const rig = await openRig(engine);
    const ann = await rig.ann();
    expect(await ann.notes("status")).toEqual(["connecting", "connected"]);
    for (const n of [1, 2, 3]) await rig.publish(n);
    await shows(() => ann.notes("event"), [1, 2, 3]);
    expect(await ann.run('client.send("user:bob", "message", { text: "hi" }).then(({ n }) => typeof n)')).toBe(
      "number",
    );
    const stored = "[...Object.entries(localStorage), ...Object.entries(sessionStorage)]";
    const keysOf = `${stored}.map(([key]) => key).filter((key) => /session|position/.test(key)).sort()`;
    await shows(() => ann.run(keysOf), ["cc:demo:position", "cc:demo:session"]);
    expect(await ann.run("client.logout()")).toEqual({ revoked: true });
    await rig.linked(0);
    expect(await ann.run(keysOf)).toEqual([]);
    expect(await ann.run(`${stored}.filter(([, value]) => value.includes('"ann"'))`)).toEqual([]);
    expect(await ann.notes("status")).toEqual(["connecting", "connected", "disconnected"]);
    expect(await ann.notes("uncaught")).toEqual([]);
  });

  it("[B5.2][B10.3] a link that is cut is replaced, and what came meanwhile is there, once and in order", async () => {
    const rig = await openRig(engine);
    const ann = await rig.ann();
    for (let n = 1; n <= 3; n++) {
      await rig.publish(`before ${n}`);
      rig.proxy.cut();
      await rig.linked(0);
      await rig.publish(`while ${n}`);
      await shows(async () => (await ann.notes("session")).length, n + 1);
      await rig.publish(`after ${n}`);
    }
    await shows(
      () => ann.notes("event"),
      [1, 2, 3].flatMap((n) => [`before ${n}`, `while ${n}`, `after ${n}`]),
    );
    expect(await ann.notes("session")).toEqual(["new", "resumed", "resumed", "resumed"]);
    expect([await ann.notes("gap"), await ann.notes("uncaught")]).toEqual([[], []]);
  });

  it("[B6.3][B10.6] a black hole with a send under way is found out in time, and the send is applied once", async () => {
    const rig = await openRig(engine);
    const ann = await rig.ann();
    const other = await rig.open();
    await other.status("connected");
    rig.proxy.blackhole(true);
    const from = performance.now();
    await ann.run('void (globalThis.sent = client.send("group:team", "message", "once"))');
    await poll("found out", async () => (await ann.notes("status")).length > 2, 20_000);
    expect(performance.now() - from).toBeLessThan(SLACK * 5_000);
    rig.proxy.blackhole(false);
    expect(await ann.run("sent.then(({ n }) => typeof n)")).toBe("number");
    await shows(() => other.notes("event"), ["once"]);
    await ann.status("connected");
    expect((await ann.notes("session")).at(-1)).toBe("resumed");
    for (const window of [ann, other]) expect(await window.notes("uncaught")).toEqual([]);
  });

  it("[B6.3] a black hole in which nothing is under way is found out by the heartbeat, and its end is the end of the outage", async () => {
    const rig = await openRig(engine);
    const ann = await rig.ann();
    rig.proxy.blackhole(true);
    const from = performance.now();
    await poll("found out", async () => (await ann.notes("status")).length > 2, 40_000);
    expect(performance.now() - from).toBeLessThan(SLACK * 13_000);
    expect(await ann.notes("error")).toContain("ERR_HEARTBEAT_TIMEOUT");
    await rig.publish("while away");
    rig.proxy.blackhole(false);
    await ann.status("connected");
    await shows(() => ann.notes("event"), ["while away"]);
    expect(await ann.notes("session")).toEqual(["new", "resumed"]);
  });

  const offlineName =
    "[B5.6][B5.5][R26] offline is a hint: a link that lives stays, a silent one is found out; online, it is back with nothing missed";
  if (engine.cannotOffline !== undefined) unable(offlineName, engine.cannotOffline);
  else
    it(offlineName, async () => {
      const rig = await openRig(engine);
      const ann = await rig.ann();
      const online = (wanted: boolean): Promise<void> => shows(() => ann.run("client.snapshot().online"), wanted);
      // Loopback outlives the network in both browsers, as a link through another interface would.
      await ann.offline(true);
      await online(false);
      expect(await ann.run("client.checkNow().then(({ linked }) => linked)")).toBe(true);
      expect(await ann.notes("status")).toEqual(["connecting", "connected"]);
      rig.proxy.blackhole(true);
      await ann.run("void client.checkNow().catch(() => {})");
      await poll("found out", async () => (await ann.notes("error")).includes("ERR_NO_INTERNET"), 20_000);
      await rig.publish("while away");
      rig.proxy.blackhole(false);
      await ann.offline(false);
      await online(true);
      await ann.status("connected");
      await shows(() => ann.notes("event"), ["while away"]);
      expect(await ann.notes("session")).toEqual(["new", "resumed"]);
      expect(await ann.notes("uncaught")).toEqual([]);
    });

  it("[B3.2][B3.3] hidden, the default policy closes at once; seen again, it dials at once and resumes", async () => {
    const rig = await openRig(engine);
    const ann = await rig.ann("&background=disconnect");
    await ann.hide();
    await rig.linked(0);
    expect(await ann.run("[client.getConnectionStatus(), client.snapshot().reason]")).toEqual([
      "disconnected",
      "background",
    ]);
    await rig.publish("while hidden");
    const shown = performance.now();
    await ann.show();
    await ann.status("connected");
    expect(performance.now() - shown).toBeLessThan(SLACK * 1_000);
    await shows(() => ann.notes("event"), ["while hidden"]);
    expect(await ann.notes("session")).toEqual(["new", "resumed"]);
  });

  it("[B3.2][R1] hidden under `keep`, the link stays and goes on receiving", async () => {
    const rig = await openRig(engine);
    const ann = await rig.ann();
    await ann.hide();
    await rig.publish("while hidden");
    await shows(() => ann.notes("event"), ["while hidden"]);
    await ann.show();
    expect(await ann.run("client.checkNow().then(({ linked }) => linked)")).toBe(true);
    expect([await ann.notes("status"), await ann.notes("session")]).toEqual([["connecting", "connected"], ["new"]]);
  });

  const cacheName =
    "[B5.9][R33] into the back/forward cache without a socket, out of it and dialling within 1 s, resumed";
  if (engine.keepsLinkedPages)
    it(cacheName, async () => {
      for (const options of ["", "&background=disconnect"]) {
        const rig = await openRig(engine);
        const ann = await rig.ann(options);
        const born = await ann.run("born");
        await ann.goto(`${rig.site.url}/elsewhere`);
        await rig.linked(0);
        await rig.publish("while away");
        await ann.back(rig.url(options));
        await ann.status("connected");
        expect(await ann.run("born")).toBe(born);
        const notes = await ann.all();
        const shown = notes.find(([what, value]) => what === "pageshow" && value === true)?.[2] ?? Number.NaN;
        const dialled = notes.findLast(([what, value]) => what === "status" && value === "connecting")?.[2];
        expect((dialled ?? Number.NaN) - shown).toBeLessThan(SLACK * 1_000);
        await shows(() => ann.notes("event"), ["while away"]);
        expect(await ann.notes("session")).toEqual(["new", "resumed"]);
        expect(await ann.notes("uncaught")).toEqual([]);
      }
    });
  else {
    unable(
      cacheName,
      "it keeps no page that had an open WebSocket or a Web Lock when it was left, whatever `pagehide` closes",
    );
    it("[B5.9][B10.3] left and come back to, the page is loaded anew: resumed, with what was missed", async () => {
      const rig = await openRig(engine);
      const ann = await rig.ann();
      const born = await ann.run("born");
      await ann.goto(`${rig.site.url}/elsewhere`);
      await rig.linked(0);
      await rig.publish("while away");
      await ann.back(rig.url());
      await ann.ready();
      await ann.status("connected");
      // Once it is kept, the test above is to be run here too.
      expect(await ann.run("born")).not.toBe(born);
      await shows(() => ann.notes("event"), ["while away"]);
      expect([await ann.notes("session"), await ann.notes("uncaught")]).toEqual([["resumed"], []]);
    });
  }

  it("[B2.1][B10.3] a reload keeps session and position: resumed, nothing skipped, nothing twice", async () => {
    const rig = await openRig(engine);
    const ann = await rig.ann();
    for (const n of [1, 2, 3]) await rig.publish(n);
    await shows(() => ann.notes("event"), [1, 2, 3]);
    const born = await ann.run("born");
    await rig.proxy.refuse(true);
    await ann.reload();
    await ann.ready();
    await rig.linked(0);
    await rig.publish(4);
    await rig.proxy.refuse(false);
    await ann.status("connected");
    await rig.publish(5);
    await shows(() => ann.notes("event"), [4, 5]);
    expect(await ann.run("born")).not.toBe(born);
    expect([await rig.user(ann), await ann.notes("session"), await ann.notes("gap")]).toEqual(["ann", ["resumed"], []]);
  });

  it("[B2.8] storage that is full, or refused, costs no login and no link", async () => {
    const paths = {
      "/full": fill,
      "/refused": refused("localStorage") + refused("sessionStorage"),
      "/refused-idb": refused("indexedDB"),
    };
    const rig = await openRig(engine, paths);
    for (const path of Object.keys(paths)) {
      const ann = await rig.ann(path === "/refused-idb" ? "&idb" : "", path);
      await rig.publish(path);
      await shows(() => ann.notes("event"), [path]);
      await poll("the position was to be saved", async () => (await ann.notes("error")).length > 0);
      expect([path, new Set(await ann.notes("error"))]).toEqual([path, new Set(["ERR_STORAGE"])]);
      expect(await ann.notes("status")).toEqual(["connecting", "connected"]);
      expect(await ann.run("client.logout()")).toEqual({ revoked: true });
      expect(await ann.notes("uncaught")).toEqual([]);
    }
  });
});
