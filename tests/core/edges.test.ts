/** What calls, listeners and numbers do at their worst moment. */

import { createConnection } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig } from "./rig.js";

describe("in the middle of a step", () => {
  test("[B1.9] [R27] a listener that disposes in the call's own step leaves no promise pending", async () => {
    const rig = createRig();
    rig.manual();
    rig.connection.on("status", ({ current }) => {
      if (current === "connecting") rig.connection.dispose();
    });
    const call = rig.watch(rig.connection.connect());
    await rig.settle();
    expect(call.code).toBe("ERR_DISPOSED");
    // The task in which a socket would have been opened finds nothing to do.
    rig.clock.advance(0);
    expect([rig.clock.pending, rig.dials]).toEqual([0, 0]);
  });

  test("[B4.2] [R27] a listener that aborts the call's signal in its own step rejects it with the signal's reason", async () => {
    const rig = createRig();
    rig.manual();
    const abort = new AbortController();
    rig.connection.on("status", ({ current }) => {
      if (current === "connecting") abort.abort("changed my mind");
    });
    const call = rig.watch(rig.connection.connect({ signal: abort.signal }));
    await rig.settle();
    expect([call.state, call.error]).toEqual(["rejected", "changed my mind"]);
  });

  test("[B1.5] [R28] who is told of what listeners throw, and the logger, may throw too: the connection goes on", () => {
    const rig = createRig();
    const worst = (): never => {
      throw new Error("worst");
    };
    const { clock, lifecycle, links, protocol } = rig;
    const connection = createConnection({
      clock,
      random: () => 0.5,
      openLink: links.open,
      lifecycle,
      url: "ws://gateway.test/",
      onListenerError: worst,
      logger: { info: worst, warn: worst, error: worst },
    });
    connection.on("status", worst);
    connection.init({ auto: true });
    const fetchToken = (): never => worst();
    connection.login({ user: "ann", token: "T0", lifeMs: null, renewable: false, fetchToken, protocol });
    rig.dialled(1_000);
    rig.welcome();
    expect(connection.status()).toBe("connected");
    rig.lose();
    rig.dialled(2_000);
    expect(connection.status()).toBe("connecting");
    connection.dispose();
  });
});

describe("a login of the same user", () => {
  test("[B3.4] [R19] takes a disconnect() back on a later task, and a disconnect() after it wins", () => {
    const rig = createRig();
    rig.start();
    rig.linkUp();
    void rig.connection.disconnect();
    rig.connection.relogin(false);
    expect(rig.status()).toBe("disconnected");
    void rig.connection.disconnect();
    rig.clock.advance(60_000);
    expect([rig.status(), rig.dials]).toEqual(["disconnected", 1]);
    rig.connection.relogin(false);
    rig.dialled(1_000);
    expect([rig.status(), rig.dials]).toEqual(["connecting", 2]);
  });

  test("[B2.6] may bring a way to renew the token: it is used when the token ends", () => {
    const rig = createRig();
    rig.start({ lifeMs: 600_000 });
    rig.answerProbes(10);
    rig.linkUp();
    rig.connection.relogin(true);
    rig.clock.advance(600_000);
    expect(rig.getToken.calls.map(({ args }) => args[0])).toContain("expiring");
  });
});

describe("tokens", () => {
  test("[B2.6] an error marked terminal is not asked again, though the link stands", async () => {
    const rig = createRig();
    rig.getToken.answer = () => {
      throw Object.assign(new Error("no more"), { terminal: true });
    };
    rig.answerProbes(10);
    rig.start({ lifeMs: 100_000, renewable: true });
    rig.linkUp();
    for (let n = 0; n < 60; n += 1) await rig.clock.advanceAsync(5_000);
    expect(rig.getToken.calls).toHaveLength(1);
    expect(rig.status()).toBe("connected");
  });
});

describe("bad numbers and late calls", () => {
  test("[B7.3] a wait of NaN ms is refused, and spins nothing", async () => {
    const rig = createRig();
    rig.start();
    const wait = rig.watch(rig.connection.until("linked", { timeoutMs: Number.NaN }));
    await rig.settle();
    expect(wait.code).toBe("ERR_INVALID_ARGUMENT");
  });

  test("[B1.9] an iteration begun after dispose() ends at once", async () => {
    const rig = createRig();
    rig.connection.dispose();
    expect(await rig.connection.events("status").next()).toEqual({ done: true, value: undefined });
  });
});
