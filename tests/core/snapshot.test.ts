import { ConnectionError, isConnectionError, type Snapshot } from "@cc/core";
import { explain } from "@cc/core/explain";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";

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
