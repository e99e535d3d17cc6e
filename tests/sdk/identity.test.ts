/** Nothing of one user reaches the next (2.4). */
import type { AppEvent } from "@cc/sdk/portable";
import { describe, expect, it } from "vitest";
import { app, createRig, durable } from "./rig.js";

describe("a change of user", () => {
  it("[B2.4] frames of the old user, however late, reach nobody", async () => {
    const rig = createRig();
    await rig.linked();
    const old = rig.last;
    const heard: AppEvent[] = [];
    const gone: string[] = [];
    rig.client.on("*", (event) => void heard.push(event));
    rig.client.on("gap", () => void gone.push("gap"));
    rig.client.on("caughtUp", () => void gone.push("caughtUp"));
    await rig.client.login("bob", "key");
    await rig.clock.advanceAsync(1_000);
    old.context.event(durable("secret", 5));
    old.context.gap({ from: { epoch: "e1", positions: [1] }, to: { epoch: "e1", positions: [5] } });
    old.at = { epoch: "e1", positions: [5] };
    old.context.moved();
    old.protocol.last.host.welcome({
      user: "ann",
      session: "s9",
      recovery: "gap",
      heartbeatMs: null,
      spreadMs: null,
      tokenLifeMs: null,
      probes: true,
    });
    old.context.caughtUp({ epoch: "e1", positions: [5] });
    await rig.clock.advanceAsync(10_000);
    expect([heard, gone]).toEqual([[], []]);
    expect(rig.stored("position", rig.tab)).toBeUndefined();
    expect([rig.client.getConnectionStatus(), rig.client.snapshot().recovery]).toEqual(["connected", "new"]);
    rig.last.context.event(durable("hello bob", 6));
    expect(heard.map(({ data }) => data)).toEqual(["hello bob"]);
  });

  it("[B2.4] positions: the new user brings none, in memory or from storage", async () => {
    const rig = createRig();
    await rig.linked();
    rig.last.at = { epoch: "e1", positions: [41] };
    rig.last.context.moved();
    await rig.clock.advanceAsync(5_000);
    expect(rig.stored("position", rig.tab)).toMatchObject({ epoch: "e1", positions: [41] });
    rig.last.at = { epoch: "e1", positions: [42] };
    rig.last.context.moved();
    await rig.client.login("bob", "key");
    await rig.clock.advanceAsync(5_000);
    expect([rig.last.context.user, rig.last.context.resume]).toEqual(["bob", undefined]);
    expect(rig.stored("position", rig.tab)).toBeUndefined();
    const again = createRig({ shared: rig.storage, tab: rig.tab });
    await again.client.init(app);
    expect([again.last.context.user, again.last.context.resume]).toEqual(["bob", undefined]);
  });

  it("[B2.4] a position that another user left in the tab is not taken up", async () => {
    const first = createRig();
    await first.linked();
    first.last.at = { epoch: "e1", positions: [41] };
    first.last.context.moved();
    await first.client.dispose();
    // Another tab has logged ann out and bob in since; this tab's own storage still holds her position.
    const other = createRig({ shared: first.storage });
    await other.linked("bob");
    const again = createRig({ shared: first.storage, tab: first.tab });
    await again.client.init(app);
    expect([again.last.context.user, again.last.context.resume]).toEqual(["bob", undefined]);
  });

  it("[B2.4][B10.3] resumeFrom is the first session's: the user after it starts at the head", async () => {
    const resumeFrom = { epoch: "e1", positions: [7] };
    const rig = createRig({ resumeFrom });
    await rig.linked();
    expect(rig.last.context.resume).toEqual(resumeFrom);
    await rig.client.login("bob", "key");
    expect(rig.last.context.resume).toBeUndefined();
    await rig.client.logout();
    await rig.client.login("ann", "key");
    expect(rig.last.context.resume).toBeUndefined();
  });

  it("[B2.4] what the old user had sent is settled, and never goes out under the new one", async () => {
    const rig = createRig();
    await rig.linked();
    const old = rig.last;
    const pending = rig.watch(rig.client.send("from ann"));
    await rig.client.login("bob", "key");
    await rig.clock.advanceAsync(1_000);
    expect([pending.state, old.ended]).toEqual(["rejected", "ERR_LOGGED_OUT"]);
    void rig.client.send("from bob").catch(() => {});
    expect(rig.last.pending.map(({ text }) => text)).toEqual(["from bob"]);
  });

  it("[B2.4] a token for the old user that comes late is not sent, not saved, and its request was given up", async () => {
    const rig = createRig();
    const { client, clock, getToken } = rig;
    await client.init(app);
    getToken.answer = () => ({ token: "ann-short", expiresInMs: 1_000 });
    await client.login({ uid: "ann", getToken });
    getToken.answer = undefined;
    await clock.advanceAsync(120_000);
    const asked = getToken.pending[0];
    expect(asked?.args[0].reason).toBe("expiring");
    await client.login("bob", "key");
    await clock.advanceAsync(1_000);
    expect(asked?.args[0].signal.aborted).toBe(true);
    asked?.resolve("ann-late");
    await clock.advanceAsync(60_000);
    expect(rig.hellos).not.toContain("ann-late");
    expect(rig.last.protocol.last.acts.filter((act) => act.startsWith("renew"))).toEqual([]);
    expect(rig.stored("session")).toMatchObject({ user: { uid: "bob" }, token: "bob-1" });
  });

  it("[B2.4] the old user's getToken is never asked for the new one", async () => {
    const rig = createRig();
    const { client, clock, getToken } = rig;
    await client.init(app);
    await client.login({ uid: "ann", getToken });
    await clock.advanceAsync(1_000);
    const asked = getToken.calls.length;
    rig.auth.me.answer = (token) => ({ user: { uid: "bob" }, token, expiresInMs: 60_000 });
    await client.login("bob-static");
    await clock.advanceAsync(3_600_000);
    expect(getToken.calls.length).toBe(asked);
  });

  it("[B2.4] from one getToken to another: only the new user's is asked", async () => {
    const rig = createRig();
    const { client, clock, getToken } = rig;
    await client.init(app);
    getToken.answer = () => ({ token: "ann-t", expiresInMs: 60_000 });
    await client.login({ uid: "ann", getToken });
    await clock.advanceAsync(1_000);
    const asked = getToken.calls.length;
    let mine = 0;
    await client.login({
      uid: "bob",
      getToken: () => {
        mine += 1;
        return { token: `bob-${mine}`, expiresInMs: 60_000 };
      },
    });
    await clock.advanceAsync(600_000);
    expect([getToken.calls.length, mine > 5]).toEqual([asked, true]);
    expect(rig.hellos.at(-1)).toMatch(/^bob/);
  });

  it("[B2.4] a welcome for another user than the session's ends in ERR_AUTH_REJECTED, session kept", async () => {
    const rig = createRig();
    rig.welcomes = () => "mallory";
    await rig.client.init(app);
    await rig.client.login("ann", "key");
    await rig.clock.advanceAsync(600_000);
    expect(rig.client.snapshot()).toMatchObject({
      phase: "failed",
      linked: false,
      error: { code: "ERR_AUTH_REJECTED" },
    });
    expect([rig.links.all.length, rig.links.live.length]).toEqual([1, 0]);
    expect(rig.log).not.toContain("connected");
    expect(rig.client.getLoggedInUser()?.uid).toBe("ann");
  });

  it("[B2.4] the snapshot and getLoggedInUser() never disagree", async () => {
    const rig = createRig();
    const wrong: string[] = [];
    rig.client.subscribe((s) => {
      const mine = rig.client.getLoggedInUser()?.uid ?? null;
      // Between `user = null` and the machine's step nothing may be told.
      if (s.user !== mine) wrong.push(`${s.user} ${mine}`);
    });
    await rig.linked();
    await rig.client.login("bob", "key");
    await rig.clock.advanceAsync(1_000);
    await rig.client.logout();
    expect(wrong).toEqual([]);
  });
});
