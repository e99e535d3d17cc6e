/** A login of the user who is logged in already, above all right after a start that restored the session (2.3, 2.6). */
import { describe, expect, it } from "vitest";
import { app, createRig, type Rig, reasons } from "./rig.js";

const HOUR = 3_600_000;

/** A process that starts `hours` after one in which `login` was called. */
async function restarted(login: (rig: Rig) => Promise<unknown>, hours: number): Promise<Rig> {
  const first = createRig();
  first.auth.login.answer = (uid) => ({ user: { uid }, token: `${uid}-first`, expiresInMs: 2 * HOUR });
  first.auth.me.answer = (token) => ({ user: { uid: "ann" }, token, expiresInMs: 2 * HOUR });
  first.getToken.answer = () => ({ token: "ann-first", expiresInMs: 2 * HOUR });
  await first.client.init(app);
  await login(first);
  await first.clock.advanceAsync(10_000);
  await first.client.dispose();
  first.clock.advance(hours * HOUR);
  const rig = createRig({ shared: first.storage, tab: first.tab, clock: first.clock });
  // A server refuses what has run out.
  rig.welcomes = (token, { user }) => (hours > 2 && token === "ann-first" ? undefined : user);
  rig.auth.refresh.answer = (token) => {
    if (hours > 2 && token === "ann-first")
      throw Object.assign(new Error("401"), { name: "ConnectionError", code: "ERR_AUTH_REJECTED", retryable: false });
    return { user: { uid: "ann" }, token: "ann-refreshed", expiresInMs: 2 * HOUR };
  };
  await rig.client.init(app);
  rig.log.length = 0;
  return rig;
}

const byKey = ({ client }: Rig): Promise<unknown> => client.login("ann", "key");
const byToken = ({ client }: Rig): Promise<unknown> => client.login("ann-first");
const byProvider = ({ client, getToken }: Rig): Promise<unknown> => client.login({ uid: "ann", getToken });

describe("login after a restart", () => {
  it("[B2.3] with a session that serves: resolved at once, nobody is asked, one link with the saved token", async () => {
    for (const [first, again] of [
      [byKey, byKey],
      [byProvider, byProvider],
      [byKey, byProvider],
    ] as const) {
      const rig = await restarted(first, 1);
      await again(rig);
      await rig.clock.advanceAsync(10_000);
      expect([rig.auth.login.calls.length, rig.auth.me.calls.length, rig.getToken.calls.length]).toEqual([0, 0, 0]);
      expect([rig.hellos, rig.client.getConnectionStatus()]).toEqual([["ann-first"], "connected"]);
    }
  });

  it("[B2.6] by getToken, whatever the saved session came by: the stale token is replaced by it, never by hope", async () => {
    for (const first of [byKey, byToken, byProvider]) {
      const rig = await restarted(first, 3);
      rig.getToken.answer = () => "ann-new";
      await byProvider(rig);
      await rig.clock.advanceAsync(10_000);
      expect([rig.hellos, rig.client.getConnectionStatus()]).toEqual([["ann-new"], "connected"]);
      expect(rig.auth.refresh.calls.length).toBe(0);
    }
  });

  it("[B2.6] by getToken over a session that had nothing to renew with: from now on it has", async () => {
    const rig = await restarted(byToken, 1);
    rig.getToken.answer = () => ({ token: `ann-${rig.getToken.calls.length}`, expiresInMs: HOUR });
    await byProvider(rig);
    await rig.clock.advanceAsync(3 * HOUR);
    expect(reasons(rig).filter((reason) => reason === "expiring").length).toBeGreaterThanOrEqual(3);
    expect([rig.client.getConnectionStatus(), rig.links.live.length]).toEqual(["connected", 1]);
  });

  it("[B2.2] by uid and authKey when the saved token has run out: a new one is had, not a failure later", async () => {
    const rig = await restarted(byKey, 3);
    await byKey(rig);
    await rig.clock.advanceAsync(10_000);
    expect([rig.auth.login.calls.length, rig.client.getConnectionStatus()]).toEqual([1, "connected"]);
    expect(rig.hellos).not.toContain("ann-first");
  });

  it("[B2.2] by another token: that one is sent", async () => {
    const rig = await restarted(byToken, 3);
    rig.auth.me.answer = (token) => ({ user: { uid: "ann" }, token, expiresInMs: 2 * HOUR });
    await rig.client.login("ann-second");
    await rig.clock.advanceAsync(10_000);
    expect([rig.hellos, rig.client.getConnectionStatus()]).toEqual([["ann-second"], "connected"]);
  });

  it("[B10.3][B2.3] a session begun anew for the same user goes on from its position", async () => {
    const first = createRig();
    await first.client.init(app);
    await first.client.login("ann-first");
    await first.clock.advanceAsync(10_000);
    first.last.at = { epoch: "e1", positions: [42] };
    first.last.context.moved();
    await first.client.dispose();
    const rig = createRig({ shared: first.storage, tab: first.tab });
    await rig.client.init(app);
    rig.last.at = rig.last.context.resume;
    await rig.client.login({ uid: "ann", getToken: rig.getToken });
    expect(rig.last.context.resume).toMatchObject({ epoch: "e1", positions: [42] });
  });

  it("[B3.4] by a token, after disconnect(): it dials again", async () => {
    const rig = createRig();
    await rig.linked();
    await rig.client.disconnect();
    await rig.client.login("ann-other");
    await rig.clock.advanceAsync(1_000);
    expect([rig.client.getConnectionStatus(), rig.played.length]).toEqual(["connected", 1]);
  });
});
