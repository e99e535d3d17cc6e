/** What the promises of the public calls come to, to the last field: an app decides by them. */
import { isConnectionError } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";
import { idleRig, manualRig, waitingRig } from "./states.js";

/** All that an error says but its stack. */
const said = (error: unknown): object =>
  isConnectionError(error) ? { ...error, message: error.message } : { notOurs: error };

describe("connect()", () => {
  test("[B4.2] a timeout tells the last error and when the next dial is", async () => {
    const rig = createRig();
    rig.manual();
    const call = rig.watch(rig.connection.connect());
    while (call.state === "pending" && rig.clock.now() < 15_000) {
      if (rig.links.all.length > 0 && rig.links.last.state === "connecting") rig.links.last.refuse();
      await rig.clock.advanceAsync(1);
    }
    const { retryAt, error } = rig.connection.snapshot();
    expect(rig.phase()).toBe("waiting");
    expect(said(call.error)).toMatchObject({
      code: "ERR_CONNECT_TIMEOUT",
      message: "ERR_CONNECT_TIMEOUT",
      phase: "call",
      retryable: true,
      retryAfterMs: (retryAt ?? 0) - rig.clock.wall(),
      details: { retryAt, lastError: "ERR_WEBSOCKET_ERROR" },
      cause: error,
    });
    expect(call.at).toBe(15_000);
  });

  test("[B4.2] a timeout in the middle of the first attempt has neither", async () => {
    const rig = createRig({ policy: { connectTimeoutMs: 3_000 } });
    rig.manual();
    const call = rig.watch(rig.connection.connect());
    await rig.clock.advanceAsync(2_999);
    expect(call.state).toBe("pending");
    await rig.clock.advanceAsync(1);
    expect(said(call.error)).toMatchObject({ details: { retryAt: null, lastError: undefined }, cause: null });
    expect(said(call.error)).not.toHaveProperty("retryAfterMs");
  });

  test("[B4.2] [R13] a terminal refusal rejects with the error that was told and that the snapshot shows", async () => {
    const rig = createRig();
    rig.manual();
    const call = rig.watch(rig.connection.connect());
    rig.dialled().refuse({ code: 4403 });
    await rig.settle();
    expect(call.error).toBe(rig.errors[0]);
    expect(call.error).toBe(rig.connection.snapshot().error);
  });

  test("[B4.2] who was logged in and no longer is gets ERR_LOGGED_OUT, who never was ERR_NOT_LOGGED_IN", async () => {
    const rig = createRig();
    const early = rig.watch(rig.connection.connect());
    rig.connection.init({ auto: false });
    const nobody = rig.watch(rig.connection.connect());
    rig.connection.login({
      user: "ann",
      token: "T",
      lifeMs: null,
      renewable: false,
      protocol: rig.protocol,
      fetchToken: () => ({ result: rig.getToken(""), abort: () => {} }),
    });
    const call = rig.watch(rig.connection.connect());
    rig.connection.logout();
    await rig.settle();
    expect([early.code, nobody.code, call.code]).toEqual([
      "ERR_NOT_INITIALIZED",
      "ERR_NOT_LOGGED_IN",
      "ERR_LOGGED_OUT",
    ]);
    expect(said(nobody.error)).toMatchObject({ message: "ERR_NOT_LOGGED_IN", phase: "call", retryable: false });
  });

  test("[B4.2] disconnect() rejects it, and the error says so", async () => {
    const rig = idleRig();
    const call = rig.watch(rig.connection.connect());
    void rig.connection.disconnect();
    await rig.settle();
    expect(said(call.error)).toMatchObject({
      code: "ERR_ABORTED",
      message: "ERR_ABORTED: disconnectCalled",
      phase: "call",
      retryable: false,
      details: { reason: "disconnectCalled" },
    });
  });

  test("[B4.2] a signal without a reason, as in React Native, rejects ERR_ABORTED; afterwards nothing is left on it", async () => {
    const rig = idleRig();
    rig.getToken.answer = () => new Promise(() => {});
    const held = new Set<() => void>();
    const signal = {
      aborted: false,
      addEventListener: (_: string, fn: () => void) => void held.add(fn),
      removeEventListener: (_: string, fn: () => void) => void held.delete(fn),
    };
    const call = rig.watch(rig.connection.connect({ signal }));
    expect(held.size).toBe(1);
    signal.aborted = true;
    for (const fn of held) fn();
    await rig.settle();
    expect([call.code, held.size]).toEqual(["ERR_ABORTED", 0]);
  });

  test("[B4.2] while linked it says so; a call that waited for the link says that there was none", async () => {
    const rig = createRig();
    rig.manual();
    const first = rig.watch(rig.connection.connect());
    rig.linkUp();
    const second = rig.watch(rig.connection.connect());
    await rig.settle();
    expect([first.value, second.value]).toEqual([{ alreadyConnected: false }, { alreadyConnected: true }]);
  });
});

describe("ping()", () => {
  test("[B4.6] no answer is an error of the link that may be tried again; a logout one that may not", async () => {
    const rig = manualRig();
    const dead = rig.watch(rig.connection.ping());
    rig.lose();
    await rig.settle();
    expect(said(dead.error)).toMatchObject({
      code: "ERR_WEBSOCKET_ERROR",
      message: "ERR_WEBSOCKET_ERROR",
      phase: "linked",
      retryable: true,
    });
    rig.linkUp();
    const over = rig.watch(rig.connection.ping());
    rig.connection.logout();
    await rig.settle();
    expect(said(over.error)).toMatchObject({ code: "ERR_LOGGED_OUT", phase: "linked", retryable: false });
  });

  test("[B4.6] an answer that comes on the next link is none", async () => {
    const rig = manualRig();
    const call = rig.watch(rig.connection.ping());
    void rig.connection.reconnect();
    rig.linkUp();
    await rig.settle();
    expect(call.code).toBe("ERR_WEBSOCKET_ERROR");
  });

  test("[B4.6] where nothing can be probed it renews the lease and resolves without a round trip", async () => {
    const rig = linkedRig({ auto: false, welcome: { probes: false } });
    rig.lifecycle.emit("background");
    rig.clock.advance(20_000);
    const call = rig.watch(rig.connection.ping());
    await rig.settle();
    expect(call.value).toEqual({ rttMs: null, leaseUntil: rig.clock.wall() + 30_000 });
  });

  test("[B4.6] a ping during a probe of the client's own shares it, and a later one has its own", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("thawed");
    rig.clock.advance(40);
    const shared = rig.watch(rig.connection.ping());
    rig.clock.advance(10);
    rig.protocol.last.host.probeAck();
    const own = rig.watch(rig.connection.ping());
    rig.clock.advance(20);
    rig.protocol.last.host.probeAck();
    await rig.settle();
    expect([shared.value?.rttMs, own.value?.rttMs]).toEqual([50, 20]);
  });
});

describe("checkNow() and reconnect()", () => {
  test("[B5.7] refused, they say why", async () => {
    const rig = linkedRig();
    rig.lifecycle.emit("background");
    const call = rig.watch(rig.connection.checkNow());
    await rig.settle();
    expect(said(call.error)).toMatchObject({
      code: "ERR_ABORTED",
      message: "ERR_ABORTED: background",
      details: { reason: "background" },
    });
  });

  test("[B5.7] under a grace the link may be checked, and is not replaced", async () => {
    const rig = linkedRig({ policy: { background: { graceMs: 60_000 } } });
    rig.lifecycle.emit("background");
    rig.answerProbes(30);
    const [check, replace] = [rig.watch(rig.connection.checkNow()), rig.watch(rig.connection.reconnect())];
    rig.clock.advance(30);
    await rig.settle();
    expect([check.value, replace.code]).toEqual([{ linked: true, rttMs: 30, retryAt: null }, "ERR_ABORTED"]);
    expect(rig.dials).toBe(1);
  });

  test("[B5.4] [B5.7] linked below a floor, reconnect() keeps the link and tells when the floor ends", async () => {
    const rig = linkedRig({ chance: 0 });
    rig.protocol.last.host.goaway(8_000, 0);
    const call = rig.watch(rig.connection.reconnect());
    await rig.settle();
    expect(call.value).toEqual({ linked: true, rttMs: null, retryAt: rig.clock.wall() + 8_000 });
    expect(rig.dials).toBe(1);
  });

  test("[B5.7] a link that dies while it is asked resolves with what came next; what ends the wish rejects", async () => {
    const rig = linkedRig();
    const lost = rig.watch(rig.connection.checkNow());
    rig.lose();
    await rig.settle();
    expect(lost.value).toEqual({ linked: false, rttMs: null, retryAt: rig.connection.snapshot().retryAt });

    for (const [end, code] of [
      ["logout", "ERR_LOGGED_OUT"],
      ["background", "ERR_ABORTED"],
      ["refusal", "ERR_AUTH_REJECTED"],
    ] as const) {
      const asked = waitingRig();
      const call = asked.watch(asked.connection.checkNow());
      asked.dialled(0);
      if (end === "logout") asked.connection.logout();
      else if (end === "background") asked.lifecycle.emit("background");
      else asked.links.last.refuse({ code: 4403 });
      await asked.settle();
      expect(call.code, end).toBe(code);
      if (end === "background") expect(said(call.error)).toMatchObject({ details: { reason: "background" } });
    }
  });

  test("[B5.7] reconnect() of a living link resolves with the new one, without a round trip", async () => {
    const rig = linkedRig();
    const call = rig.watch(rig.connection.reconnect());
    await rig.settle();
    expect(call.state).toBe("pending");
    rig.linkUp();
    await rig.settle();
    expect(call.value).toEqual({ linked: true, rttMs: null, retryAt: null });
  });
});

describe("until()", () => {
  test("[B1.6] no time at all: at once, one way or the other; a time that has gone by is refused", async () => {
    const rig = createRig();
    rig.start();
    const calls = [
      rig.watch(rig.connection.until("disconnected", { timeoutMs: 0 })),
      rig.watch(rig.connection.until("linked", { timeoutMs: 0 })),
      rig.watch(rig.connection.until("linked", { timeoutMs: -1 })),
    ];
    await rig.settle();
    expect(calls.map(({ state, code }) => code ?? state)).toEqual([
      "resolved",
      "ERR_CONNECT_TIMEOUT",
      "ERR_INVALID_ARGUMENT",
    ]);
    expect(said(calls[1]?.error)).toMatchObject({ message: "ERR_CONNECT_TIMEOUT", phase: "call", retryable: true });
  });

  test("[B1.6] a status is that status, and linked is linked, throttled or not", async () => {
    const rig = linkedRig();
    rig.protocol.last.host.throttle([{ feature: "typing", reason: "load", forMs: null }]);
    const linked = rig.watch(rig.connection.until("linked"));
    const throttled = rig.watch(rig.connection.until("featureThrottled"));
    const connected = rig.watch(rig.connection.until("connected"));
    await rig.settle();
    expect([linked.state, throttled.state, connected.state]).toEqual(["resolved", "resolved", "pending"]);
    expect(throttled.value).toBe(rig.connection.snapshot());
  });
});
