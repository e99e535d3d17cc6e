import { ConnectionError, isConnectionError, type Snapshot } from "@cc/core";
import { explain } from "@cc/core/explain";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, wallStart } from "./rig.js";

describe("status", () => {
  test("[B1.2] is disconnected before init, after init and without a user", () => {
    const rig = createRig();
    expect(rig.status()).toBe("disconnected");
    rig.connection.init({ auto: true });
    expect(rig.status()).toBe("disconnected");
    rig.clock.advance(60_000);
    expect([rig.status(), rig.dials]).toEqual(["disconnected", 0]);
  });

  test("[B1.1] [R6] connecting through token, transport and handshake; connected only by the welcome", async () => {
    const rig = createRig();
    rig.getToken.answer = undefined;
    rig.start({ token: null, renewable: true });
    expect(rig.status()).toBe("disconnected");
    rig.clock.advance(0);
    expect([rig.status(), rig.phase(), rig.dials]).toEqual(["connecting", "token", 0]);
    rig.getToken.calls[0]?.resolve({ token: "T1", lifeMs: null });
    await rig.settle();
    rig.clock.advance(0);
    expect([rig.status(), rig.phase(), rig.dials]).toEqual(["connecting", "transport", 1]);
    rig.links.last.open();
    expect([rig.status(), rig.phase()], "an open socket is not enough").toEqual(["connecting", "handshake"]);
    rig.links.last.message("anything at all");
    expect(rig.status()).toBe("connecting");
    rig.protocol.last.welcome();
    expect([rig.status(), rig.phase()]).toEqual(["connected", "linked"]);
    expect(rig.log).toEqual(["connecting", "connected"]);
  });

  test("[B1.1] disconnected while waiting, offline and waiting, in the background, after disconnect(), failed and logged out", () => {
    const waiting = linkedRig();
    waiting.lose();
    expect([waiting.status(), waiting.phase()]).toEqual(["disconnected", "waiting"]);
    waiting.lifecycle.emit("offline");
    expect(waiting.status()).toBe("disconnected");

    const background = linkedRig();
    background.lifecycle.emit("background");
    expect(background.status()).toBe("disconnected");

    const called = linkedRig();
    void called.connection.disconnect();
    expect(called.status()).toBe("disconnected");

    const failed = linkedRig();
    failed.lose({ code: 4403 });
    expect([failed.status(), failed.phase()]).toEqual(["disconnected", "failed"]);

    const out = linkedRig();
    out.connection.logout();
    expect([out.status(), out.log]).toEqual(["disconnected", ["disconnected"]]);
  });

  test("[B1.1] an error is told before the status callback of the change that it causes, when the state is already committed", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.addConnectionListener("probe", {
      onConnectionError: ({ code }) => void seen.push(`${code} while ${rig.status()}`),
      onDisconnected: () => void seen.push("disconnected"),
    });
    rig.lose();
    expect(seen).toEqual(["ERR_WEBSOCKET_ERROR while disconnected", "disconnected"]);
    expect(rig.changes[0]?.error).toBe(rig.errors[0]);
  });

  test("[B1.1] [B1.7] a throttled welcome tells connected, then featureThrottled; its end tells connected with its reason", () => {
    const rig = createRig();
    rig.start();
    rig.dialled();
    rig.welcome({ heartbeatMs: null });
    rig.protocol.last.host.throttle([{ feature: "typing", reason: "load", forMs: 4_000 }]);
    expect(rig.log).toEqual(["connecting", "connected", "featureThrottled"]);
    const { throttled } = rig.connection.snapshot();
    expect(throttled).toMatchObject([{ feature: "typing", reason: "load" }]);
    const until = throttled[0]?.until ?? 0;
    expect(until, "never earlier than the server said").toBeGreaterThanOrEqual(wallStart + rig.clock.now() + 4_000);
    rig.clock.advance(until - rig.clock.wall() - 1);
    expect(rig.status()).toBe("featureThrottled");
    rig.clock.advance(2);
    expect([rig.status(), rig.log.at(-1), rig.changes.at(-1)?.reason]).toEqual([
      "connected",
      "connected",
      "throttleEnded",
    ]);
    rig.protocol.last.host.throttle([{ feature: "presence", reason: "load", forMs: null }]);
    rig.clock.advance(86_400_000);
    expect(rig.status(), "without an end it lasts until the server says otherwise").toBe("featureThrottled");
    rig.protocol.last.host.throttle([]);
    expect([rig.status(), rig.changes.at(-1)?.reason]).toEqual(["connected", "throttleEnded"]);
  });

  test("[B1.4] [R7] a link found dead changes the status at once, whether or not the socket ever closes, and its late events are nothing", () => {
    const rig = linkedRig({ welcome: { heartbeatMs: 10_000 } });
    const dead = rig.links.last;
    dead.silence();
    // Linked 10 s ago: 3 s more make the 13 s of B6.3.
    rig.clock.advance(3_000);
    expect(rig.status()).not.toBe("connected");
    expect(rig.log).toContain("disconnected");
    expect(dead.closeCalls.length, "the driver lets go of the socket").toBeGreaterThan(0);
    rig.linkUp();
    const log = [...rig.log];
    dead.silence(false);
    dead.message("late");
    dead.close({ code: 1006 });
    rig.clock.advance(20);
    expect([rig.status(), rig.log, rig.links.live.length]).toEqual(["connected", log, 1]);
    expect(rig.protocol.links[0]?.messages, "not even a late message").toEqual([]);
  });

  test("[B1.4] a replaced link goes connected → connecting, with no disconnected between", () => {
    const rig = linkedRig();
    void rig.connection.reconnect();
    expect(rig.log).toEqual(["connecting"]);
  });

  test("[B1.7] [R39] a change tells previous, current, reason, attempt, retryAt and its error, frozen", () => {
    const rig = linkedRig({ chance: 0.5 });
    rig.lose({ code: 1001 });
    const [change] = rig.changes;
    expect(change).toMatchObject({ previous: "connected", current: "disconnected", reason: "linkLost", attempt: 0 });
    expect(change?.retryAt, "half of S, which is 1 s").toBe(rig.clock.wall() + 500);
    expect(isConnectionError(change?.error)).toBe(true);
    expect(Object.isFrozen(change)).toBe(true);
    rig.dialled(500);
    expect(rig.changes[1]).toMatchObject({
      previous: "disconnected",
      current: "connecting",
      attempt: 1,
      retryAt: null,
    });
    expect(rig.changes[1]).not.toHaveProperty("error");
    rig.welcome();
    expect(rig.changes[2]).toMatchObject({ previous: "connecting", current: "connected", reason: "welcome" });
  });

  test("[B1.7] each welcome tells a session event with its recovery and the time without a link", () => {
    const rig = createRig();
    const sessions: unknown[] = [];
    rig.connection.on("session", (event) => void sessions.push([event.recovery, event.downtimeMs, rig.status()]));
    rig.start();
    rig.linkUp({ recovery: "new" });
    rig.clock.advance(10_000);
    rig.lose();
    rig.dialled(1_000);
    rig.clock.advance(700);
    rig.welcome({ recovery: "resumed" });
    expect(sessions).toEqual([
      ["new", 0, "connected"],
      ["resumed", 1_200, "connected"],
    ]);
  });
});

describe("snapshot", () => {
  test("[B1.3] tells phase, reason, attempt, retryAt, since, recovery, app, online, error, outage", () => {
    const rig = createRig({ chance: 0.5 });
    expect(rig.connection.snapshot()).toMatchObject({
      phase: "idle",
      reason: "notInitialized",
      attempt: 0,
      retryAt: null,
      linked: false,
      recovery: null,
      error: null,
      outage: null,
    });
    rig.start();
    rig.linkUp({ recovery: "gap" });
    expect(rig.connection.snapshot()).toMatchObject({
      phase: "linked",
      linked: true,
      recovery: "gap",
      reason: "welcome",
      online: true,
      app: "foreground",
      mode: "auto",
      background: "disconnect",
      leaseUntil: null,
      outage: null,
      since: rig.clock.wall(),
    });
    rig.clock.advance(10_000);
    rig.lose({ code: 1006 });
    expect(rig.connection.snapshot()).toMatchObject({
      phase: "waiting",
      reason: "linkLost",
      linked: false,
      retryAt: rig.clock.wall() + 500,
      since: rig.clock.wall(),
    });
    expect(rig.connection.snapshot().error).toMatchObject({ code: "ERR_WEBSOCKET_ERROR", closeCode: 1006 });
    rig.lifecycle.emit("offline");
    expect(rig.connection.snapshot().online).toBe(false);
  });

  test("[B1.3] an outage is notable after 5 s without a link, however often the raw status flips meanwhile, and over with the welcome", () => {
    const rig = linkedRig({ chance: 0.5 });
    const lost = rig.clock.wall();
    rig.lose();
    expect(rig.connection.snapshot().outage).toEqual({ since: lost, notable: false });
    rig.dialled(1_000).refuse();
    rig.clock.advance(lost + 4_999 - rig.clock.wall());
    expect(rig.connection.snapshot().outage).toEqual({ since: lost, notable: false });
    rig.clock.advance(1);
    expect(rig.connection.snapshot().outage).toEqual({ since: lost, notable: true });
    if (rig.links.live.length === 0) rig.dialled(5_000);
    rig.welcome();
    expect(rig.connection.snapshot().outage).toBeNull();
  });

  test("[B1.3] the last error stays until the link has lived for 5 s", () => {
    const rig = linkedRig();
    rig.lose();
    rig.linkUp();
    rig.clock.advance(4_999);
    expect(rig.connection.snapshot().error).not.toBeNull();
    rig.clock.advance(1);
    expect(rig.connection.snapshot().error).toBeNull();
  });

  test("[R39] is frozen, told on subscribing, and the same object as long as nothing in it changed", () => {
    const rig = createRig();
    const seen: Snapshot[] = [];
    const off = rig.connection.subscribe((snapshot) => void seen.push(snapshot));
    expect(seen).toEqual([rig.connection.snapshot()]);
    rig.start();
    rig.linkUp();
    const snapshot = rig.connection.snapshot();
    expect(seen.at(-1)).toBe(snapshot);
    expect(Object.isFrozen(snapshot) && Object.isFrozen(snapshot.throttled)).toBe(true);
    const count = seen.length;
    rig.protocol.last.host.outbox();
    rig.lifecycle.emit("frozen");
    rig.clock.advance(3_000);
    expect(rig.connection.snapshot()).toBe(snapshot);
    expect(seen).toHaveLength(count);
    expect(new Set(seen).size, "told only when something changed").toBe(seen.length);
    off();
    rig.lose();
    expect(seen).toHaveLength(count);
  });

  test("the app's own policy object is not frozen by being shown", () => {
    const background = { graceMs: 1_000 };
    const rig = createRig({ policy: { background } });
    rig.start();
    rig.linkUp();
    expect(rig.connection.snapshot().background).toEqual({ graceMs: 1_000 });
    expect(Object.isFrozen(background)).toBe(false);
  });

  test("[B1.8] explain says why, what comes next, when, what would change it, what the user can do", () => {
    const rig = linkedRig({ chance: 0.5 });
    for (const act of [
      () => {},
      () => rig.lose(),
      () => rig.dialled(1_000),
      () => rig.lifecycle.emit("background"),
      () => rig.connection.logout(),
    ]) {
      act();
      const told = explain(rig.connection.snapshot());
      for (const text of [told.why, told.next, told.change, told.user]) expect(text).toMatch(/\w{2,}/);
      expect(told.when).toBe(rig.connection.snapshot().retryAt);
    }
    const waiting = linkedRig({ chance: 0.5 });
    waiting.lose();
    expect(explain(waiting.connection.snapshot()).when).toBe(waiting.clock.wall() + 500);
  });
});

describe("errors", () => {
  test("[R28] [B1.1] every failure is a ConnectionError with code, phase, retryable, and close code and cause where there are any", async () => {
    const boom = new Error("boom");
    const made: [string, (rig: ReturnType<typeof createRig>) => void | Promise<void>, object][] = [
      [
        "refused",
        (rig) => rig.dialled().refuse({ code: 1006, cause: boom }),
        { code: "ERR_WEBSOCKET_ERROR", retryable: true, closeCode: 1006, cause: boom },
      ],
      [
        "lost",
        (rig) => {
          rig.linkUp();
          rig.lose({ code: 1011, reason: "oops" });
        },
        { code: "ERR_WEBSOCKET_ERROR", phase: "linked", retryable: true, closeCode: 1011 },
      ],
      [
        "no answer",
        (rig) => {
          rig.dialled();
          rig.clock.advance(10_000);
        },
        { code: "ERR_CONNECT_TIMEOUT", retryable: true },
      ],
      [
        "overloaded",
        (rig) => rig.dialled().refuse({ httpStatus: 503, retryAfterMs: 7_000 }),
        { code: "ERR_SERVER_OVERLOADED", retryable: true, retryAfterMs: 7_000 },
      ],
      [
        "forbidden",
        (rig) => {
          rig.linkUp();
          rig.lose({ code: 4403 });
        },
        { code: "ERR_AUTH_REJECTED", retryable: false, closeCode: 4403 },
      ],
      [
        "replaced",
        (rig) => {
          rig.linkUp();
          rig.lose({ code: 4409 });
        },
        { code: "ERR_REPLACED", retryable: false },
      ],
      [
        "broken protocol",
        (rig) => {
          rig.linkUp();
          rig.protocol.last.host.fault("bad frame");
        },
        { code: "ERR_PROTOCOL" },
      ],
      [
        "another user",
        (rig) => {
          rig.dialled();
          rig.welcome({ user: "eve" });
        },
        { code: "ERR_AUTH_REJECTED", retryable: false },
      ],
    ];
    for (const [name, act, expected] of made) {
      const rig = createRig();
      rig.start();
      await act(rig);
      const error = rig.errors[0];
      expect(error, name).toBeInstanceOf(ConnectionError);
      expect(error, name).toBeInstanceOf(Error);
      expect(isConnectionError(error), name).toBe(true);
      expect(error, name).toMatchObject(expected);
      expect(error?.message, name).toMatch(/\w/);
      expect(rig.connection.snapshot().error, "the snapshot's is the listener's").toBe(error);
    }
  });

  test("[R28] without any listener an error throws nothing and the connection goes on", () => {
    const rig = createRig();
    rig.connection.removeConnectionListener("rig");
    rig.start();
    rig.dialled().refuse({ cause: { type: "error" } });
    expect(() => rig.dialled(3_000)).not.toThrow();
  });

  test("[B1.1] offline, a lost link is told as no internet", () => {
    const rig = linkedRig({ online: false });
    rig.lose();
    expect(rig.log[0]).toBe("! ERR_NO_INTERNET");
  });
});
