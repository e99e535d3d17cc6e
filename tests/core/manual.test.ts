import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig, type RigOptions, wallStart } from "./rig.js";

const manualRig = (options: RigOptions = {}): Rig => linkedRig({ ...options, auto: false });

/** In manual mode, logged in, nothing asked for. */
function idleRig(options: RigOptions = {}): Rig {
  const rig = createRig(options);
  rig.manual({ renewable: true, token: null });
  return rig;
}

function tempt(rig: Rig): void {
  const hidden: () => void = () => rig.lifecycle.emit("pageHidden");
  for (const signal of [
    "online",
    "foreground",
    "thawed",
    "networkChange",
    "background",
    "foreground",
    "offline",
    "online",
  ] as const) {
    rig.lifecycle.emit(signal);
    rig.clock.advance(1_000);
  }
  hidden();
  rig.lifecycle.emit({ type: "pageShown", persisted: true });
  rig.lifecycle.emit({ type: "clockJump", ms: 3_600_000 });
  rig.clock.sleep(3_600_000);
  rig.clock.advance(86_400_000);
}

describe("manual mode", () => {
  test("[B4.1] [R19] login alone dials nothing, nor does any timer or signal", () => {
    const rig = idleRig();
    tempt(rig);
    expect([rig.dials, rig.getToken.calls.length, rig.status(), rig.connection.snapshot().reason]).toEqual([
      0,
      0,
      "disconnected",
      "manual",
    ]);
  });

  test("[B4.1] connect() creates the connection", async () => {
    const rig = idleRig();
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    rig.linkUp();
    await rig.settle();
    expect([call.state, rig.status()]).toEqual(["resolved", "connected"]);
  });

  const stages: Readonly<Record<string, (rig: Rig) => Promise<void> | void>> = {
    "fetching a token": () => {},
    "opening a socket": async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.dialled();
    },
    "in the handshake": async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.dialled().open();
    },
    linked: async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.linkUp({ tokenLifeMs: 60_000 });
    },
    "waiting to retry": async (rig) => {
      rig.getToken.calls[0]?.resolve({ token: "T", lifeMs: null });
      await rig.settle();
      rig.dialled().refuse();
    },
  };
  for (const [name, reach] of Object.entries(stages)) {
    test(`[B4.1] [R19] disconnect() while ${name}: ends it and cancels attempts, retries and timers at once; a late token or socket is nothing`, async () => {
      const rig = idleRig();
      rig.getToken.answer = undefined;
      rig.watch(rig.connection.connect());
      await reach(rig);
      const dials = rig.dials;
      void rig.connection.disconnect();
      expect([rig.status(), rig.phase(), rig.links.live.length, rig.clock.pending]).toEqual([
        "disconnected",
        "idle",
        0,
        0,
      ]);
      rig.getToken.pending[0]?.resolve({ token: "late", lifeMs: null });
      const last = rig.links.all.at(-1);
      if (last !== undefined && last.state !== "closed") last.close();
      await rig.settle();
      tempt(rig);
      await rig.settle();
      expect([rig.dials, rig.status()]).toEqual([dials, "disconnected"]);
      expect(rig.clock.pending).toBe(0);
    });
  }

  test("[B4.1] disconnect() says goodbye on the wire before it closes", () => {
    const rig = manualRig();
    void rig.connection.disconnect();
    expect(rig.links.last.sent.at(-1)).toBe("bye");
    expect(rig.links.last.closeCalls).toHaveLength(1);
    expect(rig.links.last.closeCalls[0]?.code).toBe(1000);
  });

  test("[B4.1] a new login in manual mode dials nothing, though the last user was connected", () => {
    const rig = manualRig();
    rig.connection.logout();
    rig.manual({ user: "bob" });
    tempt(rig);
    expect(rig.dials).toBe(1);
  });
});

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

describe("manual mode, link lost", () => {
  test("[B4.3] in the foreground: reconnects by itself", () => {
    const rig = manualRig();
    rig.lose();
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B4.5] in the background: no reconnection, also not on return; connect() brings it back", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.lose();
    expect([rig.status(), rig.connection.snapshot().reason]).toEqual(["disconnected", "lostInBackground"]);
    tempt(rig);
    expect(rig.dials).toBe(1);
    const call = rig.watch(rig.connection.connect());
    rig.linkUp();
    await rig.settle();
    expect(call.state).toBe("resolved");
  });

  test("[B4.5] found dead in the background is lost in the background", () => {
    const rig = manualRig({});
    rig.lifecycle.emit("background");
    rig.watch(rig.connection.ping());
    rig.clock.advance(3_000);
    expect(rig.status()).toBe("disconnected");
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.5] after disconnect() in the background: not on return either", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    void rig.connection.disconnect();
    rig.lifecycle.emit("foreground");
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.1] [B4.5] a goaway in the background does not make a timer dial: the link is left and not replaced", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.protocol.last.host.goaway(5_000, 0);
    rig.clock.advance(10_000);
    expect([rig.dials, rig.links.live.length]).toEqual([1, 0]);
  });

  test("[B4.5] after a suspension the expired lease is settled first, then the signal, then the queued close", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.sleep(36_000);
    rig.lifecycle.emit("foreground");
    expect([rig.status(), rig.connection.snapshot().reason]).toEqual(["disconnected", "leaseExpired"]);
    rig.links.last.close();
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.5] a close that comes first after a suspension does not hide the expired lease", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.sleep(36_000);
    rig.lose();
    expect(rig.connection.snapshot().reason).toBe("leaseExpired");
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.5] of several things that are due at once the expired lease is the first", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.advance(32_400);
    rig.lifecycle.emit("networkChange");
    // The probe's deadline is 34.9 s, the lease's end 35 s; the timer that finds both comes a little later.
    rig.clock.stall(2_700);
    rig.clock.advance(0);
    expect([rig.connection.snapshot().reason, rig.log]).toEqual(["leaseExpired", ["disconnected"]]);
  });

  test("[B4.5] within the lease a close that overtakes the return to the foreground is a foreground loss", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.sleep(20_000);
    // The page is visible again, its event still stands behind the socket's in the queue.
    rig.lifecycle.state = { background: false, online: true };
    rig.lose();
    rig.lifecycle.emit("foreground");
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B4.5] [B5.9] a lease that ran out in the back/forward cache is over on return", () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.lifecycle.emit("pageHidden");
    rig.clock.sleep(600_000);
    rig.lifecycle.emit("foreground");
    rig.lifecycle.emit({ type: "pageShown", persisted: true });
    tempt(rig);
    expect(rig.dials).toBe(1);
    expect(rig.connection.snapshot().leaseUntil).toBeNull();
  });
});

describe("lease", () => {
  test("[B4.4] 30 s from entering the background are shown, and the link is closed 5 s after they end", () => {
    const rig = manualRig();
    rig.clock.advance(123);
    rig.lifecycle.emit("background");
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.clock.advance(34_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect([rig.status(), rig.connection.snapshot().reason, rig.connection.snapshot().leaseUntil]).toEqual([
      "disconnected",
      "leaseExpired",
      null,
    ]);
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.4] leaseSlackMs 0 gives the documented 30 s to the millisecond", () => {
    const rig = manualRig({ policy: { leaseSlackMs: 0 } });
    rig.lifecycle.emit("background");
    rig.clock.advance(29_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B4.4] ping() renews it to 30 s from the call, whatever the pong, until the very end", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.advance(34_999);
    const ping = rig.watch(rig.connection.ping());
    const until = rig.clock.wall() + 30_000;
    expect(rig.connection.snapshot().leaseUntil).toBe(until);
    rig.clock.advance(700);
    rig.protocol.last.host.probeAck();
    await rig.settle();
    expect(ping.value).toEqual({ rttMs: 700, leaseUntil: until });
    rig.clock.advance(34_299);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
    const late = rig.watch(rig.connection.ping());
    await rig.settle();
    expect(late.code, "and no later").toBe("ERR_WEBSOCKET_ERROR");
  });

  test("[B4.4] a timer of every 30 s keeps it alive", () => {
    const rig = manualRig();
    rig.answerProbes(100);
    rig.lifecycle.emit("background");
    for (let n = 0; n < 120; n += 1) {
      // A timer is as late as it likes, within the slack.
      rig.clock.advance(30_000 + (n % 5) * 1_000);
      expect(rig.status()).toBe("connected");
      rig.watch(rig.connection.ping());
    }
  });

  test("[B4.4] judged by the greater of monotonic and wall time: asleep, awake, and with the wall set back", () => {
    const slept = manualRig();
    slept.lifecycle.emit("background");
    slept.clock.sleep(35_000, "stopped");
    slept.lifecycle.emit("thawed");
    expect([slept.status(), slept.connection.snapshot().reason]).toEqual(["disconnected", "leaseExpired"]);

    const late = manualRig();
    late.lifecycle.emit("background");
    late.clock.sleep(35_000, "late");
    expect(late.connection.snapshot().reason).toBe("leaseExpired");

    const back = manualRig();
    back.lifecycle.emit("background");
    back.clock.setWall(wallStart - 3_600_000);
    back.clock.advance(34_999);
    expect(back.status()).toBe("connected");
    back.clock.advance(1);
    expect(back.status()).toBe("disconnected");

    const half = manualRig();
    half.lifecycle.emit("background");
    half.clock.sleep(20_000, "stopped");
    half.clock.advance(14_999);
    half.lifecycle.emit("thawed");
    expect(half.status(), "20 s asleep and 15 s awake are 35 s").toBe("connected");
    half.clock.sleep(1, "stopped");
    half.lifecycle.emit("frozen");
    expect(half.status()).toBe("disconnected");
  });

  test("[B4.4] connect() in the background starts a fresh one, after the end and before it", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    rig.clock.advance(60_000);
    const call = rig.watch(rig.connection.connect());
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.linkUp({ heartbeatMs: null });
    await rig.settle();
    expect(call.state).toBe("resolved");
    rig.clock.advance(20_000);
    rig.watch(rig.connection.connect());
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.clock.advance(34_999);
    expect(rig.status()).toBe("connected");
    rig.clock.advance(1);
    expect(rig.status()).toBe("disconnected");
  });

  test("[B4.4] attempts in the background end with the lease, and the promise with them", async () => {
    const rig = idleRig();
    rig.lifecycle.emit("background");
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    let last = 0;
    for (let n = 0; n < 120; n += 1) {
      rig.clock.advance(1_000);
      await rig.settle();
      if (rig.links.live.length > 0) {
        last = rig.clock.now();
        rig.links.last.refuse();
      }
    }
    expect(last).toBeLessThanOrEqual(35_000);
    expect([rig.phase(), call.state]).toEqual(["idle", "rejected"]);
  });

  test("[B4.4] keep lifts it: linked for hours, no leaseUntil", () => {
    const rig = manualRig({ policy: { background: "keep" } });
    rig.answerProbes(10);
    rig.lifecycle.emit("background");
    expect(rig.connection.snapshot().leaseUntil).toBeNull();
    rig.clock.advance(6 * 3_600_000);
    expect([rig.status(), rig.dials]).toEqual(["connected", 1]);
  });

  test("[B4.4] the foreground ends it; the next background begins anew", () => {
    const rig = manualRig();
    rig.answerProbes(10);
    rig.lifecycle.emit("background");
    rig.clock.advance(34_000);
    rig.lifecycle.emit("foreground");
    expect(rig.connection.snapshot().leaseUntil).toBeNull();
    rig.clock.advance(600_000);
    expect(rig.status()).toBe("connected");
    rig.lifecycle.emit("background");
    rig.lifecycle.emit("background");
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    rig.clock.advance(34_999);
    expect(rig.status()).toBe("connected");
  });
});

describe("ping()", () => {
  test("[B4.6] while linked resolves with the round trip; the lease is null in the foreground", async () => {
    const rig = manualRig();
    rig.answerProbes(42);
    const ping = rig.watch(rig.connection.ping());
    rig.clock.advance(42);
    await rig.settle();
    expect(ping.value).toEqual({ rttMs: 42, leaseUntil: null });
  });

  test("[B4.6] concurrent pings all resolve, and cost one probe", async () => {
    const rig = manualRig();
    const pings = Array.from({ length: 10 }, () => rig.watch(rig.connection.ping()));
    rig.clock.advance(30);
    rig.protocol.last.host.probeAck();
    await rig.settle();
    expect(pings.map(({ state }) => state)).toEqual(new Array(10).fill("resolved"));
    expect(rig.protocol.last.acts.filter((act) => act === "probe")).toHaveLength(1);
  });

  test("[B4.6] no pong in time: ERR_WEBSOCKET_ERROR, the link replaced in the foreground", async () => {
    const rig = manualRig();
    const ping = rig.watch(rig.connection.ping());
    rig.clock.advance(2_499);
    await rig.settle();
    expect(ping.state).toBe("pending");
    rig.clock.advance(1);
    await rig.settle();
    expect([ping.code, rig.status()]).toEqual(["ERR_WEBSOCKET_ERROR", "disconnected"]);
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B4.6] no pong in time: closed in the background", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    const ping = rig.watch(rig.connection.ping());
    rig.clock.advance(2_500);
    await rig.settle();
    expect([ping.code, rig.status()]).toEqual(["ERR_WEBSOCKET_ERROR", "disconnected"]);
    tempt(rig);
    expect(rig.dials).toBe(1);
  });

  test("[B4.6] [B6.1] other messages but no pong: the ping fails, the link is alive and stays", async () => {
    const rig = manualRig();
    const ping = rig.watch(rig.connection.ping());
    rig.clock.advance(1_000);
    rig.links.last.message("news");
    rig.clock.advance(9_000);
    await rig.settle();
    expect([ping.code, rig.status(), rig.dials]).toEqual(["ERR_WEBSOCKET_ERROR", "connected", 1]);
  });

  test("[B4.6] precedence: not initialised, not logged in, auto mode, not linked", async () => {
    const rig = createRig();
    const code = async (): Promise<string | undefined> => {
      const ping = rig.watch(rig.connection.ping());
      await rig.settle();
      return ping.code;
    };
    expect(await code()).toBe("ERR_NOT_INITIALIZED");
    rig.connection.init({ auto: false });
    expect(await code()).toBe("ERR_NOT_LOGGED_IN");
    rig.manual();
    expect(await code()).toBe("ERR_WEBSOCKET_ERROR");
    const auto = createRig();
    auto.start();
    const ping = auto.watch(auto.connection.ping());
    await auto.settle();
    expect(ping.code).toBe("ERROR_PING_NOT_AVAILABLE");
    const out = createRig();
    out.connection.init({ auto: true });
    const nobody = out.watch(out.connection.ping());
    await out.settle();
    expect(nobody.code, "without a user, whatever the mode").toBe("ERR_NOT_LOGGED_IN");
  });

  test("[B4.6] ends with its signal, and with the link", async () => {
    const rig = manualRig();
    const reason = new Error("stop");
    const controller = new AbortController();
    const aborted = rig.watch(rig.connection.ping({ signal: controller.signal }));
    const lost = rig.watch(rig.connection.ping());
    controller.abort(reason);
    await rig.settle();
    expect(aborted.error).toBe(reason);
    rig.lose();
    await rig.settle();
    expect(lost.code).toBe("ERR_WEBSOCKET_ERROR");
  });
});
