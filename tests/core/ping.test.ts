import { describe, expect, test } from "vitest";
import { createRig } from "./rig.js";
import { manualRig, tempt } from "./states.js";

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
    expect(lost.error).toMatchObject({ code: "ERR_WEBSOCKET_ERROR", retryable: true });
  });

  test("[B4.6][B7.1] by a logout it ends with ERR_LOGGED_OUT, which the same call cannot mend", async () => {
    const rig = manualRig();
    const ping = rig.watch(rig.connection.ping());
    rig.connection.logout();
    await rig.settle();
    expect(ping.error).toMatchObject({ code: "ERR_LOGGED_OUT", retryable: false });
  });
});
