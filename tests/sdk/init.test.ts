/** `init()`: what a start of the app does, and what it restores. */
import { describe, expect, it } from "vitest";
import { app, createRig } from "./rig.js";

/** What an earlier process left behind: ann, logged in. */
async function left(): Promise<{
  shared: ReturnType<typeof createRig>["storage"];
  tab: ReturnType<typeof createRig>["tab"];
}> {
  const before = createRig();
  await before.linked();
  await before.client.dispose();
  return { shared: before.storage, tab: before.tab };
}

describe("init", () => {
  it("[B2.1] is idempotent for equal arguments, however they are written, also after disconnect()", async () => {
    const { client, clock, links, storage } = createRig();
    const first = client.init(app);
    await clock.advanceAsync(0);
    const reads = storage.calls.length;
    await Promise.all([
      first,
      client.init(app, {}),
      client.init(app, { autoEstablishSocketConnection: true }),
      client.init(app, { region: undefined }),
    ]);
    expect(storage.calls.length).toBe(reads);
    await client.login("ann", "key");
    await clock.advanceAsync(10_000);
    await client.disconnect();
    await client.init(app);
    await clock.advanceAsync(60_000);
    expect([links.all.length, client.getConnectionStatus()]).toEqual([1, "disconnected"]);
  });

  it("[B2.1] equal settings are equal in any order of their fields", async () => {
    const { client } = createRig({ regions: { eu: "https://eu.test" } });
    await client.init(app, { region: "eu", background: "keep" });
    await expect(client.init(app, { background: "keep", region: "eu" })).resolves.toBeUndefined();
  });

  it("[B2.1] another app id or other settings are refused, and nothing changes", async () => {
    const { client } = createRig();
    await client.init(app);
    await expect(client.init("other")).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" });
    await expect(client.init(app, { autoEstablishSocketConnection: false })).rejects.toMatchObject({
      code: "ERR_INVALID_ARGUMENT",
    });
    expect(client.snapshot().mode).toBe("auto");
  });

  it("[B2.1][B7.1] a missing app id or a useless URL is one typed refusal, and init() may be called again", async () => {
    const { client } = createRig({ url: undefined, regions: { eu: "wss://eu.test/" } });
    await expect(client.init("")).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" });
    await expect(client.init(app)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" });
    await expect(client.init(app, { region: "us" })).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" });
    await expect(client.init(app, { region: "eu" })).resolves.toBeUndefined();
  });

  it("[B2.1] restores the saved session: the same user, the same token, without asking the server", async () => {
    const { client, clock, hellos, auth } = createRig(await left());
    await client.init(app);
    expect(client.getLoggedInUser()).toEqual({ uid: "ann", name: "ANN" });
    await clock.advanceAsync(1_000);
    expect(hellos).toEqual(["ann-1"]);
    expect([auth.login.calls.length, auth.me.calls.length]).toEqual([0, 0]);
    expect(client.getConnectionStatus()).toBe("connected");
  });

  it.each(["before it", "while storage is read"])(
    "[B3.4] a disconnect() %s holds for the session that is restored, until connect()",
    async (when) => {
      const { client, clock, hellos, storage } = createRig(await left());
      storage.slowMs = 2_000;
      if (when === "before it") await client.disconnect();
      const ready = client.init(app);
      await clock.advanceAsync(1_000);
      if (when !== "before it") await client.disconnect();
      await clock.advanceAsync(30_000);
      await ready;
      expect([client.getLoggedInUser()?.uid, client.getConnectionStatus(), hellos]).toEqual([
        "ann",
        "disconnected",
        [],
      ]);
      expect(client.snapshot()).toMatchObject({ mode: "auto", reason: "disconnectCalled" });
      const linked = client.connect();
      await clock.advanceAsync(1_000);
      await linked;
      expect([client.getConnectionStatus(), hellos]).toEqual(["connected", ["ann-1"]]);
    },
  );

  it.each([false, true])(
    "[B5.9] a page that is hidden while storage is read dials nothing until it is shown again; anonymous: %s",
    async (anonymous) => {
      const { client, clock, links, lifecycle, storage } = createRig({ anonymous, ...(await left()) });
      storage.slowMs = 2_000;
      const ready = client.init(app, { background: "keep" });
      await clock.advanceAsync(1_000);
      lifecycle.emit("pageHidden");
      lifecycle.emit("background");
      await clock.advanceAsync(60_000);
      await ready;
      expect([links.all.length, client.getConnectionStatus(), client.snapshot().reason]).toEqual([
        0,
        "disconnected",
        "pageHidden",
      ]);
      storage.slowMs = 0;
      lifecycle.emit({ type: "pageShown", persisted: true });
      await clock.advanceAsync(1_000);
      expect(client.getConnectionStatus()).toBe("connected");
    },
  );

  it("[B5.9] a page that is hidden and shown again while storage is read dials as any other", async () => {
    const { client, clock, links, lifecycle, storage } = createRig(await left());
    storage.slowMs = 2_000;
    const ready = client.init(app);
    await clock.advanceAsync(1_000);
    lifecycle.emit("pageHidden");
    lifecycle.emit({ type: "pageShown", persisted: true });
    await clock.advanceAsync(30_000);
    await ready;
    expect([links.all.length, client.getConnectionStatus(), lifecycle.watchers]).toEqual([1, "connected", 1]);
  });

  it("[B1.9][R34] dispose() while storage is read stops watching the page", async () => {
    const { client, clock, lifecycle, storage } = createRig();
    storage.slowMs = 2_000;
    const ready = client.init(app).catch(() => {});
    await clock.advanceAsync(1_000);
    expect(lifecycle.watchers).toBe(1);
    await client.dispose();
    expect(lifecycle.watchers).toBe(0);
    await clock.advanceAsync(30_000);
    await ready;
    expect(lifecycle.watchers).toBe(0);
  });

  it("[B2.1] a listener added right after `await init()` misses nothing of a restored session", async () => {
    const { client, clock } = createRig(await left());
    await client.init(app);
    const heard: string[] = [];
    client.addConnectionListener("late", {
      onConnecting: () => void heard.push("connecting"),
      onConnected: () => void heard.push("connected"),
    });
    await clock.advanceAsync(1_000);
    expect(heard).toEqual(["connecting", "connected"]);
  });

  it("[B2.1][B4.1] in manual mode a restored session dials nothing until connect()", async () => {
    const { client, clock, links } = createRig(await left());
    await client.init(app, { autoEstablishSocketConnection: false });
    await clock.advanceAsync(3_600_000);
    expect(links.all.length).toBe(0);
    const connected = client.connect();
    await clock.advanceAsync(1_000);
    await expect(connected).resolves.toEqual({ alreadyConnected: false });
  });

  it("[B2.1] stored keys are namespaced by app id: another app on the same storage sees no user", async () => {
    const { shared, tab } = await left();
    expect([...shared.records.keys(), ...tab.records.keys()].every((key) => key.includes(app))).toBe(true);
    const other = createRig({ shared, tab });
    await other.client.init("bakery");
    expect(other.client.getLoggedInUser()).toBeNull();
    const same = createRig({ shared, tab });
    await same.client.init(app);
    expect(same.client.getLoggedInUser()?.uid).toBe("ann");
  });

  it("[B2.1] what is left of a token's life is judged by the time that passed meanwhile", async () => {
    const before = createRig();
    before.auth.login.answer = () => ({ user: { uid: "ann" }, token: "ann-old", expiresInMs: 600_000 });
    await before.linked();
    await before.client.dispose();
    const { clock } = before;
    clock.advance(3_600_000);
    const after = createRig({ shared: before.storage, tab: before.tab, clock });
    await after.client.init(app);
    await clock.advanceAsync(1_000);
    expect(after.hellos).not.toContain("ann-old");
  });

  it("[B3.4] disconnect() does not survive a restart of the app", async () => {
    const before = createRig();
    await before.linked();
    await before.client.disconnect();
    await before.client.dispose();
    const after = createRig({ shared: before.storage, tab: before.tab });
    await after.client.init(app);
    await after.clock.advanceAsync(1_000);
    expect(after.client.getConnectionStatus()).toBe("connected");
  });

  it("[B2.5] a logout() while the saved session is still being read wins", async () => {
    const { shared, tab } = await left();
    const { client, clock, links, storage, watch, stored } = createRig({ shared, tab });
    storage.slowMs = 50;
    const ready = watch(client.init(app));
    const out = watch(client.logout());
    await clock.advanceAsync(10_000);
    expect([ready.state, out.state]).toEqual(["resolved", "resolved"]);
    expect(client.getLoggedInUser()).toBeNull();
    expect(stored("session")).toBeUndefined();
    expect(links.all.length).toBe(0);
  });
});
