/** Storage that is full, failing, corrupt or slow is told, and costs no connection (2.8). */
import { describe, expect, it } from "vitest";
import { app, createRig, durable } from "./rig.js";

const broken = new Error("the disk is on fire");

describe("storage", () => {
  it("[B2.8] failing from the first read on: told as ERR_STORAGE, and init, login, link and logout work", async () => {
    const rig = createRig();
    rig.storage.fail = { get: broken, set: broken, remove: broken };
    rig.tab.fail = { get: broken, set: broken, remove: broken };
    await rig.client.init(app);
    await rig.client.login("ann", "key");
    await rig.clock.advanceAsync(10_000);
    expect(rig.client.getConnectionStatus()).toBe("connected");
    expect(new Set(rig.errors.map(({ code }) => code))).toEqual(new Set(["ERR_STORAGE"]));
    expect(rig.errors[0]).toMatchObject({ name: "ConnectionError", phase: "storage", cause: broken });
    await expect(rig.client.logout()).resolves.toMatchObject({ revoked: true });
  });

  it("[B2.8] that throws instead of rejecting, or answers something else than a string, is the same", async () => {
    const rig = createRig();
    rig.storage.get = () => {
      throw broken;
    };
    rig.tab.get = () => Promise.resolve(7 as unknown as string);
    await rig.client.init(app);
    await rig.client.login("ann", "key");
    await rig.clock.advanceAsync(1_000);
    expect(rig.client.getConnectionStatus()).toBe("connected");
  });

  it("[B2.8] that breaks while linked never loses the live connection, and events go on", async () => {
    const rig = createRig();
    await rig.linked();
    const heard: unknown[] = [];
    rig.client.on("message", ({ data }) => void heard.push(data));
    rig.tab.capacity = 0;
    rig.storage.capacity = 0;
    for (let n = 1; n < 6; n += 1) {
      rig.last.context.event(durable(`m${n}`, n));
      rig.last.at = { epoch: "e1", positions: [n] };
      rig.last.context.moved();
      await rig.clock.advanceAsync(2_000);
    }
    expect(heard).toEqual(["m1", "m2", "m3", "m4", "m5"]);
    expect(rig.errors.map(({ code }) => code)).toContain("ERR_STORAGE");
    expect([rig.client.getConnectionStatus(), rig.links.all.length]).toEqual(["connected", 1]);
    rig.tab.capacity = Number.POSITIVE_INFINITY;
    rig.last.at = { epoch: "e1", positions: [6] };
    rig.last.context.moved();
    await rig.clock.advanceAsync(2_000);
    expect(rig.stored("position", rig.tab)).toMatchObject({ positions: [6] });
  });

  it("[B2.8] the status never turns for a storage error, and onConnectionError is not called for one", async () => {
    const rig = createRig();
    await rig.linked();
    const heard: string[] = [];
    rig.client.addConnectionListener("l", {
      onConnectionError: ({ code }) => void heard.push(code),
      onDisconnected: () => void heard.push("disconnected"),
    });
    rig.tab.fail = { set: broken };
    rig.last.at = { epoch: "e1", positions: [1] };
    rig.last.context.moved();
    await rig.clock.advanceAsync(5_000);
    expect(rig.log).toEqual(["! ERR_STORAGE"]);
    expect(heard).toEqual([]);
  });

  it("[B2.8] corrupt records of every kind count as absent: nobody is logged in, nothing is thrown", async () => {
    const rubbish = [
      "",
      "{",
      "null",
      "[]",
      "7",
      '{"v":1}',
      '{"v":1,"user":null,"token":1,"from":3,"id":4,"epoch":5,"positions":{}}',
      '{"v":1,"user":{},"token":[],"from":{},"ms":"x","id":"","epoch":"e","positions":[]}',
      '{"v":1,"user":{"uid":7},"token":"t","at":1,"lifeMs":null,"epoch":"e","positions":["1"]}',
      '{"v":1,"user":{"uid":"ann"},"token":"t","at":"now"}',
    ];
    for (const text of rubbish) {
      const rig = createRig();
      for (const key of ["session", "floor"]) rig.storage.records.set(`cc:${app}:${key}`, text);
      for (const key of ["instance", "position"]) rig.tab.records.set(`cc:${app}:${key}`, text);
      await rig.client.init(app);
      expect([text, rig.client.getLoggedInUser()]).toEqual([text, null]);
      await rig.client.login("ann", "key");
      await rig.clock.advanceAsync(1_000);
      expect([text, rig.client.getConnectionStatus()]).toEqual([text, "connected"]);
      expect(rig.last.context.resume).toBeUndefined();
      expect(rig.last.context.instance).toMatch(/^[a-z0-9]{8,}$/);
    }
  });

  it("[B2.8] a corrupt position beside a good session: restored, without a position", async () => {
    const first = createRig();
    await first.linked();
    await first.client.dispose();
    first.tab.records.set(`cc:${app}:position`, '{"v":1,"user":"ann","epoch":"e1","positions":"41"}');
    const rig = createRig({ shared: first.storage, tab: first.tab });
    await rig.client.init(app);
    expect([rig.last.context.user, rig.last.context.resume]).toEqual(["ann", undefined]);
    expect(rig.errors.map(({ code }) => code)).toEqual(["ERR_STORAGE"]);
  });

  it("[B2.8] every record carries a version, and one of another version counts as absent", async () => {
    const rig = createRig();
    await rig.linked();
    rig.last.at = { epoch: "e1", positions: [1] };
    rig.last.context.moved();
    await rig.clock.advanceAsync(5_000);
    await rig.client.dispose();
    for (const { records } of [rig.storage, rig.tab]) {
      for (const [key, text] of records) {
        const record = JSON.parse(text) as Record<string, unknown>;
        expect([key, record["v"]]).toEqual([key, 1]);
        records.set(key, JSON.stringify({ ...record, v: 2 }));
      }
    }
    const next = createRig({ shared: rig.storage, tab: rig.tab });
    await next.client.init(app);
    expect([next.client.getLoggedInUser(), next.played.length]).toEqual([null, 0]);
  });

  it("[B2.8] writes keep their order: a slow save never comes after the purge that followed it", async () => {
    const rig = createRig();
    await rig.linked();
    rig.tab.slowMs = 500;
    rig.last.at = { epoch: "e1", positions: [3] };
    rig.last.context.moved();
    await rig.clock.advanceAsync(1_100);
    // The save is on its way; what comes after it would be quicker.
    rig.tab.slowMs = 0;
    const out = rig.watch(rig.client.logout());
    await rig.clock.advanceAsync(10_000);
    expect(out.state).toBe("resolved");
    expect([rig.stored("session"), rig.stored("position", rig.tab)]).toEqual([undefined, undefined]);
  });

  it("[B5.4][B2.8] the server's floor survives a reload: nothing dials below what is left of it", async () => {
    const first = createRig();
    await first.linked();
    first.last.protocol.last.host.reject({
      code: "ERR_SERVER_OVERLOADED",
      message: "full",
      retry: "later",
      minDelayMs: 40_000,
      spreadMs: 0,
    });
    await first.clock.advanceAsync(10_000);
    await first.client.dispose();
    const rig = createRig({ shared: first.storage, tab: first.tab, clock: first.clock });
    await rig.client.init(app);
    await rig.clock.advanceAsync(29_000);
    expect(rig.links.all.length).toBe(0);
    await rig.clock.advanceAsync(2_000);
    expect(rig.links.all.length).toBe(1);
  });
});

describe("positions over a reload", () => {
  it("[B10.3] what was delivered is saved within a second, and at once when the page is hidden or the link goes", async () => {
    const ends: readonly ((rig: ReturnType<typeof createRig>) => unknown)[] = [
      (rig) => rig.clock.advanceAsync(1_000),
      (rig) => rig.lifecycle.emit("pageHidden"),
      (rig) => rig.lifecycle.emit("background"),
      (rig) => rig.links.last.close(),
      (rig) => rig.client.dispose(),
    ];
    for (const [n, end] of ends.entries()) {
      const rig = createRig();
      await rig.linked();
      rig.last.at = { epoch: "e1", positions: [41] };
      rig.last.context.moved();
      rig.last.at = { epoch: "e1", positions: [42] };
      rig.last.context.moved();
      await end(rig);
      // No time passes and no promise gets a turn: a page that is being hidden has neither.
      // The page is gone, and its lock with it.
      const next = createRig({ shared: rig.storage, tab: { records: rig.tab.records, locks: new Set() } });
      await next.client.init(app);
      expect([n, next.last.context.resume]).toMatchObject([n, { epoch: "e1", positions: [42] }]);
    }
  });

  it("[B10.3] under keep, going to the background saves too: timers are slow there", async () => {
    const rig = createRig({ background: "keep" });
    await rig.linked();
    rig.last.at = { epoch: "e1", positions: [42] };
    rig.last.context.moved();
    rig.lifecycle.emit("background");
    expect(rig.tab.calls.at(-1)).toBe(`set cc:${app}:position`);
  });

  it("[B10.3][R36] the instance id stays over a reload, the word of the process does not", async () => {
    const first = createRig();
    await first.linked();
    await first.client.dispose();
    const rig = createRig({ shared: first.storage, tab: first.tab, random: () => 0.123 });
    await rig.client.init(app);
    expect(rig.last.context.instance).toBe(first.last.context.instance);
    expect(rig.last.context.nonce).not.toBe(first.last.context.nonce);
    const elsewhere = createRig({ shared: first.storage, random: () => 0.123 });
    await elsewhere.client.init(app);
    expect(elsewhere.last.context.instance).not.toBe(first.last.context.instance);
  });

  it("[B10.3] resumeFrom goes before the stored position", async () => {
    const first = createRig();
    await first.linked();
    first.last.at = { epoch: "e1", positions: [42] };
    first.last.context.moved();
    await first.client.dispose();
    const resumeFrom = { epoch: "e1", positions: [40] };
    const rig = createRig({ shared: first.storage, tab: first.tab, resumeFrom });
    await rig.client.init(app);
    expect(rig.last.context.resume).toEqual(resumeFrom);
  });
});
