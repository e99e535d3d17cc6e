import { describe, expect, test } from "vitest";
import { createRig, type Rig } from "./rig.js";
import { idleRig, manualRig, tempt } from "./states.js";

describe("connect()", () => {
  test("[B4.2] rejects at once before init and without a user", async () => {
    const rig = createRig();
    const early = rig.watch(rig.connection.connect());
    await rig.settle();
    expect(early.code).toBe("ERR_NOT_INITIALIZED");
    rig.connection.init({ auto: false });
    const nobody = rig.watch(rig.connection.connect());
    await rig.settle();
    expect(nobody.code).toBe("ERR_NOT_LOGGED_IN");
    rig.manual();
    tempt(rig);
    expect(rig.dials, "it left no wish behind").toBe(0);
  });

  test("[B4.2] [R27] rejects on a terminal refusal, disconnect(), logout() and its signal, at once", async () => {
    const outcome = async (act: (rig: Rig) => void, signal?: AbortSignal) => {
      const rig = idleRig();
      const call = rig.watch(rig.connection.connect({ signal }));
      await rig.settle();
      rig.dialled();
      act(rig);
      await rig.settle();
      expect(call.at).toBe(rig.clock.now());
      return call;
    };
    expect((await outcome((rig) => rig.links.last.close({ code: 4403 }))).code).toBe("ERR_AUTH_REJECTED");
    expect((await outcome((rig) => void rig.connection.disconnect())).code).toBe("ERR_ABORTED");
    expect((await outcome((rig) => rig.connection.logout())).code).toBe("ERR_LOGGED_OUT");
    const controller = new AbortController();
    const reason = new Error("the user went away");
    expect((await outcome(() => controller.abort(reason), controller.signal)).error).toBe(reason);
  });

  test("[B4.2] with a signal that is aborted already it rejects with its reason and dials nothing", async () => {
    const rig = idleRig();
    const reason = new Error("no");
    const call = rig.watch(rig.connection.connect({ signal: AbortSignal.abort(reason) }));
    await rig.settle();
    rig.clock.advance(60_000);
    expect([call.error, rig.dials]).toEqual([reason, 0]);
  });

  test("[B4.2] rejects ERR_CONNECT_TIMEOUT after 15 s without a link, and retries go on", async () => {
    const rig = idleRig();
    const call = rig.watch(rig.connection.connect());
    for (let at = 0; at < 14_999; at += 1) {
      rig.clock.advance(1);
      if (rig.links.live.length > 0) rig.links.last.refuse();
      if (at % 500 === 0) await rig.settle();
    }
    await rig.settle();
    expect(call.state).toBe("pending");
    rig.clock.advance(1);
    await rig.settle();
    expect([call.code, call.at]).toEqual(["ERR_CONNECT_TIMEOUT", 15_000]);
    if (rig.links.live.length === 0) rig.dialled(10_000);
    rig.welcome();
    expect(rig.status()).toBe("connected");
  });

  test("[B4.2] offline the same timeout is ERR_NO_INTERNET", async () => {
    const rig = idleRig({ online: false });
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    rig.clock.advance(15_000);
    await rig.settle();
    expect([call.code, call.at]).toEqual(["ERR_NO_INTERNET", 15_000]);
  });

  test("[B4.2] only time during which the mode wanted a link counts", async () => {
    const rig = createRig();
    rig.start();
    const call = rig.watch(rig.connection.connect());
    rig.clock.advance(10_000);
    rig.lifecycle.emit("background");
    rig.clock.advance(3_600_000);
    rig.lifecycle.emit("foreground");
    rig.clock.advance(4_999);
    await rig.settle();
    expect(call.state).toBe("pending");
    rig.clock.advance(1);
    await rig.settle();
    expect(call.code).toBe("ERR_CONNECT_TIMEOUT");
  });

  test("[B4.2] [R27] N concurrent calls share one attempt and all settle, each once", async () => {
    const rig = idleRig();
    const calls = Array.from({ length: 20 }, () => rig.watch(rig.connection.connect()));
    await rig.settle();
    rig.linkUp();
    rig.lose();
    rig.dialled(5_000);
    rig.welcome();
    await rig.settle();
    expect(calls.map(({ state }) => state)).toEqual(new Array(20).fill("resolved"));
    expect([rig.getToken.calls.length, rig.dials]).toEqual([1, 2]);
  });

  test("[B4.2] [R29] connect → disconnect → connect in one tick opens one socket, and none in that tick", async () => {
    const rig = createRig();
    rig.manual();
    const first = rig.watch(rig.connection.connect());
    const between = rig.watch(rig.connection.disconnect());
    const second = rig.watch(rig.connection.connect());
    expect(rig.dials).toBe(0);
    rig.clock.advance(100);
    expect(rig.dials).toBe(1);
    rig.welcome();
    await rig.settle();
    expect([first.code, between.state, second.state]).toEqual(["ERR_ABORTED", "resolved", "resolved"]);
    expect([rig.dials, rig.links.all[0]?.closeCalls]).toEqual([1, []]);
  });

  test("[B4.2] [R27] await disconnect(); await connect() always works, in every state", async () => {
    const rig = manualRig();
    const lose = (): void => rig.lose();
    for (const act of [
      () => {},
      lose,
      () => rig.lose({ code: 4403 }),
      () => {
        lose();
        rig.dialled(5_000);
      },
      () => {
        lose();
        rig.dialled(5_000).open();
      },
    ]) {
      act();
      const gone = rig.watch(rig.connection.disconnect());
      await rig.settle();
      expect(gone.state).toBe("resolved");
      const back = rig.watch(rig.connection.connect());
      rig.linkUp();
      await rig.settle();
      expect(back.state).toBe("resolved");
    }
  });

  test("[B4.2] while linked it resolves and says so", async () => {
    const rig = manualRig();
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    expect([call.value, rig.dials]).toEqual([{ alreadyConnected: true }, 1]);
  });

  test("[R13] starts afresh from a terminal refusal, with counters reset", async () => {
    const rig = idleRig();
    rig.watch(rig.connection.connect());
    await rig.settle();
    for (let n = 0; n < 5; n += 1) rig.dialled(30_000).refuse();
    rig.dialled(30_000).refuse({ code: 4403 });
    expect([rig.phase(), rig.connection.snapshot().attempt]).toEqual(["failed", 6]);
    tempt(rig);
    expect([rig.dials, rig.phase()]).toEqual([6, "failed"]);
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    rig.dialled(0);
    expect(rig.connection.snapshot().attempt).toBe(1);
    rig.welcome();
    await rig.settle();
    expect(call.state).toBe("resolved");
  });

  test("[R27] retries inside never reject anybody who did not ask", async () => {
    const seen: unknown[] = [];
    const note = (error: unknown): void => void seen.push(error);
    process.on("unhandledRejection", note);
    const rig = idleRig();
    rig.watch(rig.connection.connect());
    rig.getToken.answer = () => {
      throw new Error("no token today");
    };
    for (let n = 0; n < 30; n += 1) await rig.clock.advanceAsync(5_000);
    rig.connection.dispose();
    await rig.settle();
    process.off("unhandledRejection", note);
    expect(seen).toEqual([]);
    expect(rig.errors.length).toBeGreaterThanOrEqual(5);
  });
});
