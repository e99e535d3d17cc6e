/** `dispose()`: the end of a client, which leaves nothing behind and is no logout. */
import { describe, expect, it } from "vitest";
import { app, createRig, durable } from "./rig.js";

describe("dispose", () => {
  it("[B1.9] closes, cancels and detaches; no timer, no watcher, no callback is left; it does not log out", async () => {
    const rig = createRig();
    await rig.linked();
    const before = rig.log.length;
    await rig.client.dispose();
    await rig.client.dispose();
    expect([rig.clock.pending, rig.lifecycle.watchers, rig.links.live.length]).toEqual([0, 0, 0]);
    rig.lifecycle.emit("foreground");
    rig.last.context.event(durable("late", 9));
    rig.links.last.close();
    await rig.clock.advanceAsync(3_600_000);
    expect([rig.log.slice(before), rig.auth.revoke.calls.length, rig.links.all.length]).toEqual([[], 0, 1]);
    expect(rig.stored("session")).toMatchObject({ user: { uid: "ann" } });
  });

  it("[B1.9] every pending promise rejects ERR_DISPOSED: init, login, connect, send, until, logout", async () => {
    const ready = createRig({ answers: false });
    ready.storage.slowMs = 1_000;
    const init = ready.watch(ready.client.init(app));
    const waiting = ready.watch(ready.client.login("ann", "key"));
    await ready.client.dispose();

    const asking = createRig();
    await asking.client.init(app);
    asking.auth.login.answer = undefined;
    const login = asking.watch(asking.client.login("ann", "key"));
    await asking.clock.advanceAsync(10);
    await asking.client.dispose();

    const saving = createRig();
    await saving.client.init(app);
    saving.storage.slowMs = 60_000;
    const saved = saving.watch(saving.client.login("ann", "key"));
    await saving.clock.advanceAsync(10);
    await saving.client.dispose();

    const linked = createRig();
    await linked.linked();
    linked.auth.revoke.answer = undefined;
    const calls = [
      linked.watch(linked.client.until("featureThrottled")),
      linked.watch(linked.client.send("x")),
      linked.watch(linked.client.checkNow()),
      linked.watch(linked.client.logout()),
    ];
    await linked.clock.advanceAsync(0);
    await linked.client.dispose();

    const leaving = createRig();
    await leaving.linked();
    const logout = leaving.watch(leaving.client.logout());
    await leaving.client.dispose();

    const dialling = createRig({ answers: false });
    await dialling.client.init(app);
    await dialling.client.login("ann", "key");
    const connect = dialling.watch(dialling.client.connect());
    await dialling.client.dispose();

    const sending = createRig();
    await sending.linked();
    const send = sending.watch(sending.client.send("x"));
    await sending.client.dispose();

    for (const { clock } of [ready, asking, saving, linked, leaving, dialling, sending]) await clock.advanceAsync(0);
    expect([send.state, sending.last.ended]).toEqual(["rejected", "ERR_DISPOSED"]);
    // What runs for them is told to stop, and holds no process alive.
    expect([asking.auth.login.calls[0]?.args[2].aborted, linked.auth.revoke.calls[0]?.args[1].aborted]).toEqual([
      true,
      true,
    ]);
    expect([asking, linked, leaving, dialling, sending].map(({ clock }) => clock.pending)).toEqual([0, 0, 0, 0, 0]);
    // Nothing begins after the end.
    expect([logout.code, leaving.auth.revoke.calls]).toEqual(["ERR_DISPOSED", []]);
    expect([init, waiting, login, saved, connect].map(({ code }) => code)).toEqual(Array(5).fill("ERR_DISPOSED"));
    // A logout ends the calls of its session before the end of the client can.
    expect(calls.map(({ state }) => state)).toEqual(Array(4).fill("rejected"));
    expect([calls[0]?.code, calls[3]?.code]).toEqual(["ERR_DISPOSED", "ERR_DISPOSED"]);
    for (const { clock, log } of [asking, linked, dialling]) {
      const length = log.length;
      await clock.advanceAsync(3_600_000);
      expect([clock.held, log.length]).toEqual([0, length]);
    }
    expect([...asking.log, ...saving.log].filter((line) => line.startsWith("login"))).toEqual([]);
  });

  it("[B1.9] after it every call is refused with ERR_DISPOSED", async () => {
    const rig = createRig();
    await rig.linked();
    const { client } = rig;
    await client.dispose();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => client.init(app),
      () => client.login("ann", "key"),
      () => client.logout(),
      () => client.connect(),
      () => client.disconnect(),
      () => client.ping(),
      () => client.checkNow(),
      () => client.reconnect(),
      () => client.until("linked"),
      () => client.send("x"),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "ERR_DISPOSED" });
  });

  it("[B1.9] inside a callback it is the last callback", async () => {
    const rig = createRig();
    const heard: string[] = [];
    rig.client.addLoginListener("a", {
      loginSuccess: () => {
        heard.push("a");
        void rig.client.dispose();
      },
    });
    rig.client.addLoginListener("b", { loginSuccess: () => void heard.push("b") });
    rig.client.on("user", () => void heard.push("user"));
    await rig.client.init(app);
    const login = rig.watch(rig.client.login("ann", "key"));
    await rig.clock.advanceAsync(60_000);
    expect([heard, login.state, rig.links.all.length]).toEqual([["a"], "rejected", 0]);
  });

  it("[B1.9] `await using` disposes, where the runtime knows the symbol", async () => {
    const rig = createRig();
    await rig.linked();
    // Named through the global, for Node 20 has it and older types do not.
    const symbol = Symbol.asyncDispose as unknown as keyof typeof rig.client | undefined;
    if (symbol !== undefined) await (rig.client[symbol] as () => Promise<void>)();
    else await rig.client.dispose();
    await expect(rig.client.connect()).rejects.toMatchObject({ code: "ERR_DISPOSED" });
  });
});
