/** A rejected token through the client: 2.7. */
import { describe, expect, it } from "vitest";
import { app, byProvider, createRig, type Rig, reasons } from "./rig.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("a rejected token", () => {
  const reject = (rig: Rig): void =>
    rig.last.protocol.last.host.reject({
      code: "ERR_AUTH_REJECTED",
      message: "revoked",
      retry: "reauth",
      minDelayMs: 0,
      spreadMs: 0,
    });

  it("[B2.7][R17] is burnt: one forced refresh at once, within the 30 s too, and it is never sent again", async () => {
    const rig = await byProvider(null);
    reject(rig);
    await rig.clock.advanceAsync(1_000);
    expect(reasons(rig)).toEqual(["login", "rejected"]);
    expect([rig.hellos, rig.client.getConnectionStatus()]).toEqual([["T1", "T2"], "connected"]);
    for (let n = 0; n < 10; n += 1) {
      await rig.clock.advanceAsync(10_000);
      rig.links.last.close();
    }
    expect(rig.hellos.filter((token) => token === "T1").length).toBe(1);
  });

  it("[B2.7] it is not kept in storage either: the next process does not send it", async () => {
    const first = await byProvider(null);
    first.getToken.answer = undefined;
    reject(first);
    await first.clock.advanceAsync(1_000);
    await first.client.dispose();
    const rig = createRig({ shared: first.storage, tab: first.tab, getToken: () => "other" });
    await rig.client.init(app);
    expect(rig.client.getLoggedInUser()?.uid).toBe("ann");
    await rig.clock.advanceAsync(1_000);
    expect(rig.hellos).toEqual(["other"]);
  });

  it("[B2.7][R17] a second consecutive rejection: failed, ERR_AUTH_REJECTED, session kept, no more attempts", async () => {
    const rig = await byProvider(null);
    reject(rig);
    await rig.clock.advanceAsync(1_000);
    reject(rig);
    await rig.clock.advanceAsync(HOUR);
    rig.lifecycle.emit("online");
    rig.lifecycle.emit("foreground");
    await rig.clock.advanceAsync(HOUR);
    expect([rig.hellos, reasons(rig)]).toEqual([
      ["T1", "T2"],
      ["login", "rejected"],
    ]);
    expect(rig.client.snapshot()).toMatchObject({ phase: "failed", error: { code: "ERR_AUTH_REJECTED" } });
    expect([rig.client.getLoggedInUser()?.uid, rig.stored("session")?.["user"]]).toEqual(["ann", { uid: "ann" }]);
    const connected = rig.watch(rig.client.connect());
    await rig.clock.advanceAsync(1_000);
    expect([connected.state, rig.hellos]).toEqual(["resolved", ["T1", "T2", "T3"]]);
  });

  it("[B2.7][R13] out of failed a login of the same user leads too, with a new authentication", async () => {
    const rig = createRig();
    await rig.linked();
    rig.auth.refresh.answer = () => {
      throw Object.assign(new Error("401"), { name: "ConnectionError", code: "ERR_AUTH_REJECTED", retryable: false });
    };
    reject(rig);
    await rig.clock.advanceAsync(MINUTE);
    expect(rig.client.snapshot().phase).toBe("failed");
    await rig.client.login("ann", "key");
    await rig.clock.advanceAsync(1_000);
    expect([rig.auth.login.calls.length, rig.client.getConnectionStatus()]).toEqual([2, "connected"]);
  });

  it("[B2.7] is forgotten after 5 s linked: the next rejection is the first again", async () => {
    const rig = await byProvider(null);
    for (let n = 0; n < 3; n += 1) {
      reject(rig);
      await rig.clock.advanceAsync(6_000);
    }
    expect(rig.client.getConnectionStatus()).toBe("connected");
    expect(rig.hellos).toEqual(["T1", "T2", "T3", "T4"]);
  });
});
