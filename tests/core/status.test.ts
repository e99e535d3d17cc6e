import { isConnectionError } from "@cc/core";
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
