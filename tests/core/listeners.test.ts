import type { Snapshot } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";

describe("listeners", () => {
  test("[B1.5] are called in the order of registration, after state and effects", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.on("status", () => void seen.push(`a ${rig.status()} ${rig.links.live.length}`));
    rig.connection.addConnectionListener("b", { onConnecting: () => void seen.push("b") });
    rig.connection.on("status", () => void seen.push("c"));
    const old = rig.links.last;
    void rig.connection.reconnect();
    expect(seen, "the old socket was let go of before anybody was told").toEqual(["a connecting 0", "b", "c"]);
    expect(old.state).toBe("closing");
  });

  test("[B1.5] what a listener calls is queued and runs after the current step", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.on("status", ({ current }) => {
      if (current === "disconnected") void rig.connection.disconnect();
      seen.push(`first ${current}, wished ${rig.connection.state().mode.wish}`);
    });
    rig.connection.on("status", ({ current }) => void seen.push(`second ${current}, phase ${rig.phase()}`));
    rig.lose();
    expect(seen).toEqual(["first disconnected, wished on", "second disconnected, phase waiting"]);
    expect([rig.phase(), rig.connection.state().mode.wish]).toEqual(["idle", "disconnectCalled"]);
  });

  test("[B1.5] calls that listeners make run in the order in which they were made, each to its end", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.on("status", ({ current, reason }) => {
      seen.push(`${current}/${reason}`);
      if (seen.length !== 1) return;
      void rig.connection.disconnect();
      void rig.connection.connect().catch(() => {});
      void rig.connection.disconnect();
    });
    rig.lose();
    rig.clock.advance(60_000);
    expect(rig.status()).toBe("disconnected");
    expect(rig.dials, "the last word is disconnect()").toBe(1);
  });

  test("[B1.5] [R28] a thrower stops nobody: not the others, not the connection; its error goes to onListenerError", () => {
    const rig = linkedRig();
    const boom = new Error("mine");
    const seen: string[] = [];
    rig.connection.on("status", () => {
      throw boom;
    });
    rig.connection.subscribe(() => {
      throw boom;
    });
    rig.connection.addConnectionListener("x", {
      onDisconnected: () => {
        throw boom;
      },
      onConnectionError: () => {
        throw boom;
      },
    });
    rig.connection.on("status", ({ current }) => void seen.push(current));
    rig.lose();
    expect(seen).toEqual(["disconnected"]);
    expect(rig.thrown.length).toBeGreaterThanOrEqual(4);
    expect(new Set(rig.thrown)).toEqual(new Set([boom]));
    rig.linkUp();
    expect(rig.status()).toBe("connected");
  });

  test("[B1.6] [R21] the same function registered twice is called once; each registration gives an idempotent unsubscribe", () => {
    const rig = linkedRig();
    let calls = 0;
    const listener = (): void => {
      calls += 1;
    };
    const one = rig.connection.on("status", listener);
    const two = rig.connection.on("status", listener);
    rig.lose();
    expect(calls).toBe(1);
    one();
    one();
    two();
    rig.linkUp();
    expect(calls).toBe(1);
    const again = rig.connection.on("status", listener);
    one();
    rig.lose();
    expect(calls, "an old unsubscribe does not end a new registration").toBe(2);
    again();
  });

  test("[B1.6] the same id replaces in place; removal by id; no replay; every callback is optional", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.addConnectionListener("a", { onDisconnected: () => void seen.push("a1") });
    rig.connection.addConnectionListener("b", { onDisconnected: () => void seen.push("b") });
    rig.connection.addConnectionListener("none", {});
    const off = rig.connection.addConnectionListener("a", {
      onDisconnected: () => void seen.push("a2"),
      onConnected: () => void seen.push("replayed"),
    });
    expect(seen, "no replay").toEqual([]);
    rig.lose();
    expect(seen, "in the old one's place").toEqual(["a2", "b"]);
    rig.connection.removeConnectionListener("b");
    off();
    off();
    rig.linkUp();
    rig.lose();
    expect(seen).toEqual(["a2", "b"]);
  });

  test("[B1.6] inConnecting is called like onConnecting", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.addConnectionListener("x", { inConnecting: () => void seen.push("in") });
    rig.lose();
    rig.dialled(1_000);
    expect(seen).toEqual(["in"]);
  });

  test("[B1.6] once and signal: told once, told never again; an aborted signal registers nothing", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.on("status", () => void seen.push("once"), { once: true });
    const controller = new AbortController();
    rig.connection.on("status", () => void seen.push("signal"), { signal: controller.signal });
    rig.connection.on("status", () => void seen.push("never"), { signal: AbortSignal.abort() });
    rig.lose();
    controller.abort();
    rig.linkUp();
    expect(seen).toEqual(["once", "signal"]);
  });

  test("[B1.6] a listener removed during a round is not called any more; one added waits for the next", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    rig.connection.on("status", () => {
      seen.push("first");
      off();
      rig.connection.on("status", late);
    });
    const off = rig.connection.on("status", () => void seen.push("removed"));
    const late = (): void => void seen.push("late");
    rig.lose();
    expect(seen).toEqual(["first"]);
    rig.dialled(1_000);
    expect(seen).toEqual(["first", "first", "late"]);
  });

  test("[B1.6] unsubscribing works with using, where the runtime has it", () => {
    const rig = linkedRig();
    const off = rig.connection.on("status", () => {});
    const symbol: symbol | undefined = Symbol.dispose;
    expect(symbol === undefined || typeof (off as unknown as Record<symbol, unknown>)[symbol] === "function").toBe(
      true,
    );
  });

  test("[B1.6] events is the same as an async iterable, ended by its signal", async () => {
    const rig = linkedRig();
    const controller = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { current } of rig.connection.events("status", { signal: controller.signal }))
        seen.push(current);
    })();
    rig.lose();
    rig.dialled(1_000);
    await rig.settle();
    expect(seen).toEqual(["disconnected", "connecting"]);
    controller.abort();
    await reading;
    rig.welcome();
    expect(seen).toHaveLength(2);
  });

  test("[B1.6] leaving the loop ends the registration", async () => {
    const rig = linkedRig();
    const reading = (async () => {
      for await (const change of rig.connection.events("status")) return change.current;
      return "none";
    })();
    rig.lose();
    expect(await reading).toBe("disconnected");
  });

  test("[B1.6] until: a status, linked or a predicate; at once when it holds; a signal and a timeout end it", async () => {
    const rig = createRig();
    const linked = rig.watch(rig.connection.until("linked"));
    const phase = rig.watch(rig.connection.until((snapshot: Snapshot) => snapshot.phase === "transport"));
    const timed = rig.watch(rig.connection.until("featureThrottled", { timeoutMs: 5_000 }));
    const controller = new AbortController();
    const aborted = rig.watch(rig.connection.until("linked", { signal: controller.signal }));
    const reason = new Error("enough");
    controller.abort(reason);
    rig.start();
    rig.dialled();
    await rig.settle();
    expect([phase.state, linked.state, aborted.error]).toEqual(["resolved", "pending", reason]);
    rig.welcome();
    const already = rig.watch(rig.connection.until("connected"));
    await rig.settle();
    expect([linked.value?.linked, already.state]).toEqual([true, "resolved"]);
    rig.clock.advance(5_000);
    await rig.settle();
    expect([timed.state, timed.at]).toEqual(["rejected", 5_000]);
    expect(timed.error).toMatchObject({ code: "ERR_CONNECT_TIMEOUT", retryable: true });
    const thrower = rig.watch(
      rig.connection.until(() => {
        throw reason;
      }),
    );
    await rig.settle();
    expect(thrower.error, "a predicate that throws rejects its own promise").toBe(reason);
  });

  test("[B1.6][B1.9][R34] a listener that is over leaves nothing on its signal: called once, unsubscribed, or disposed of", async () => {
    const rig = linkedRig();
    const { signal } = new AbortController();
    const held = new Set<unknown>();
    signal.addEventListener = (_: string, fn: unknown) => void held.add(fn);
    signal.removeEventListener = (_: string, fn: unknown) => void held.delete(fn);
    rig.connection.on("status", () => {}, { signal, once: true });
    rig.lose();
    expect(held.size).toBe(0);
    const off = rig.connection.on("status", () => {}, { signal });
    off();
    expect(held.size).toBe(0);
    rig.connection.on("status", () => {}, { signal });
    rig.connection.dispose();
    expect(held.size).toBe(0);
  });

  test("[B1.6] the unsubscribe of a listener that was removed leaves alone the same listener under the same id, added since", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    const listener = { onDisconnected: () => void seen.push("told") };
    const stale = rig.connection.addConnectionListener("a", listener);
    rig.connection.removeConnectionListener("a");
    rig.connection.addConnectionListener("a", listener);
    stale();
    rig.lose();
    expect(seen).toEqual(["told"]);
  });

  test("[B1.6] removing one leaves the others, a replaced one's unsubscribe leaves its successor, and one without callbacks hears nothing", () => {
    const rig = linkedRig();
    const seen: string[] = [];
    const replaced = rig.connection.addConnectionListener("a", { onDisconnected: () => void seen.push("a1") });
    rig.connection.addConnectionListener("a", { onDisconnected: () => void seen.push("a2") });
    rig.connection.addConnectionListener("b", { onDisconnected: () => void seen.push("b") });
    rig.connection.addConnectionListener("none", {});
    replaced();
    rig.connection.removeConnectionListener("b");
    rig.lose();
    expect([seen, rig.thrown]).toEqual([["a2"], []]);
  });
});
