/** What takes no step of the machine, no listener, no call and no timer more than it must; and what comes late. */
import { createConnection, type LinkHandlers } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig, type Rig, type RigOptions } from "./rig.js";
import { manualRig } from "./states.js";

/** A rig that counts the machine's steps: each draws one number. */
function counted(options: Parameters<typeof linkedRig>[0] = {}): { readonly rig: Rig; readonly steps: () => number } {
  let draws = 0;
  const random = (): number => {
    draws += 1;
    return 0.5;
  };
  const rig = linkedRig({ ...options, owner: { random } });
  let before = draws;
  const steps = (): number => {
    const taken = draws - before;
    before = draws;
    return taken;
  };
  return { rig, steps };
}

const outbox = (rig: Rig, since: number | null, times = 1): void => {
  rig.protocol.unacked = since === null ? null : { since, bytes: 1 };
  for (let n = 0; n < times; n += 1) rig.protocol.last.host.outbox();
};

describe("steps", () => {
  test("[B6.5] of a hundred sends in a moment: one, and none for those before its look", () => {
    const { rig, steps } = counted({ welcome: { heartbeatMs: 10_000 }, ageMs: 1_000 });
    outbox(rig, rig.clock.now(), 100);
    expect(steps()).toBe(1);
    rig.clock.advance(1_000);
    outbox(rig, rig.clock.now() - 1_000, 100);
    expect(steps()).toBe(0);
  });

  test("[B6.5] none where the protocol has no probe, whatever its heartbeat: there is nothing to look for", () => {
    const { rig, steps } = counted({ welcome: { heartbeatMs: 10_000, probes: false } });
    rig.links.last.message("heartbeat");
    // Its look is the one step; the timer is set anew after it.
    rig.protocol.last.host.outbox();
    rig.clock.advance(20_000);
    steps();
    rig.clock.advance(60_000);
    expect([steps(), rig.status()]).toEqual([0, "connected"]);
  });

  test("[B6.5] none for sends without a link, nor in a lease that they cannot end", () => {
    const { rig, steps } = counted();
    rig.lose();
    steps();
    outbox(rig, rig.clock.now(), 10);
    expect(steps()).toBe(0);
    const leased = counted({ auto: false });
    outbox(leased.rig, leased.rig.clock.now());
    leased.rig.lifecycle.emit("background");
    leased.steps();
    outbox(leased.rig, leased.rig.clock.now(), 10);
    expect(leased.steps()).toBe(0);
  });

  test("[R20] [R7] none for what a link of before still says", () => {
    const { rig, steps } = counted();
    const { host } = rig.protocol.last;
    void rig.connection.disconnect();
    steps();
    host.probeAck();
    host.goaway(0, 0);
    host.fault("late");
    rig.links.last.close();
    expect([steps(), rig.status(), rig.errors]).toEqual([0, "disconnected", []]);
  });

  test("[B4.5] the late close of a link of before is no news of the foreground", () => {
    const { rig, steps } = counted();
    rig.lifecycle.emit("background");
    rig.lifecycle.state = { background: false, online: true };
    steps();
    rig.links.last.close();
    expect([steps(), rig.connection.snapshot().app]).toEqual([0, "background"]);
  });

  test("[B1.6] a call's own time is kept while heartbeats put the next look off", async () => {
    const rig = linkedRig({ welcome: { heartbeatMs: 10_000 }, ageMs: 9_000 });
    rig.links.last.message("heartbeat");
    const until = rig.watch(rig.connection.until("disconnected", { timeoutMs: 3_000 }));
    rig.clock.advance(3_000);
    await rig.settle();
    expect([until.code, rig.status()]).toEqual(["ERR_CONNECT_TIMEOUT", "connected"]);
  });
});

describe("what exists no more", () => {
  /** A rig whose transport's handlers and sends are in the test's hand. */
  function bare(): { readonly rig: Rig; readonly handlers: LinkHandlers[]; readonly sent: unknown[] } {
    const handlers: LinkHandlers[] = [];
    const sent: unknown[] = [];
    const openLink: NonNullable<NonNullable<RigOptions["owner"]>["openLink"]> = (_url, _protocol, on) => {
      handlers.push(on);
      return { bufferedAmount: 0, send: (data) => void sent.push(data), close: () => {} };
    };
    const rig = createRig({ owner: { openLink } });
    rig.start();
    rig.clock.advance(0);
    rig.clock.advance(0);
    return { rig, handlers, sent };
  }

  test("[R20] a socket that opens after its end says nothing, is told nothing and sends nothing", () => {
    const { rig, handlers, sent } = bare();
    expect(handlers).toHaveLength(1);
    void rig.connection.disconnect();
    const { acts, host } = rig.protocol.last;
    const before = [[...acts], [...sent]];
    handlers[0]?.opened("scripted");
    host.send("late");
    expect([acts, sent]).toEqual(before);
    expect(acts).not.toContain("opened");
  });

  test("[B4.2] [B2.4] a logout in the tick of connect() leaves the task that would have opened a socket nothing to do", () => {
    const rig = createRig();
    rig.manual();
    rig.watch(rig.connection.connect());
    rig.connection.logout();
    expect(() => rig.clock.advance(0)).not.toThrow();
    expect([rig.dials, rig.status()]).toEqual([0, "disconnected"]);
  });

  test("[B1.9] init() after dispose() watches nothing", () => {
    const rig = createRig();
    rig.connection.dispose();
    rig.connection.init({ auto: true });
    expect(rig.lifecycle.watchers).toBe(0);
  });

  test("[B1.9] a protocol that was due when the end came is not served any more", () => {
    const rig = linkedRig();
    const { ticks } = rig.protocol;
    rig.protocol.due = rig.clock.now();
    rig.protocol.last.host.outbox();
    rig.connection.dispose();
    rig.clock.advance(1_000);
    expect(rig.protocol.ticks).toBe(ticks);
  });

  test("[B1.6] [R34] what is over lets go of its signal by the event that it listened to", async () => {
    const left = new Set<string>();
    const signal = {
      aborted: false,
      addEventListener: (type: "abort", fn: () => void) => void left.add(`${type} ${idOf(fn)}`),
      removeEventListener: (type: "abort", fn: () => void) => void left.delete(`${type} ${idOf(fn)}`),
    };
    const ids = new Map<() => void, number>();
    const idOf = (fn: () => void): number => {
      const id = ids.get(fn) ?? ids.size;
      ids.set(fn, id);
      return id;
    };
    const rig = linkedRig();
    const off = rig.connection.on("status", () => {}, { signal });
    const iterator = rig.connection.events("status", { signal });
    const call = rig.connection.until("connected", { signal });
    off();
    await iterator.return?.();
    await call;
    expect([ids.size > 0, [...left]]).toEqual([true, []]);
  });

  test("[B1.6] a listener that another removed in the round is not called, and nothing is thrown for it", () => {
    const rig = linkedRig();
    const second = (): void => {};
    rig.connection.on("status", () => off());
    const off = rig.connection.on("status", second);
    rig.lose();
    expect(rig.thrown).toEqual([]);
  });

  test("[B1.6] removing a listener before there ever was one is nothing", () => {
    const { clock, links, lifecycle } = createRig();
    const connection = createConnection({
      clock,
      random: () => 0.5,
      openLink: links.open,
      lifecycle,
      url: "ws://gateway.test/",
    });
    expect(() => connection.removeConnectionListener("nobody")).not.toThrow();
  });
});

describe("ports", () => {
  test("[B4.2] what is due at once is a later task by the clock's own means, not a timer that is a millisecond late", () => {
    const rig = createRig();
    const { after } = rig.clock;
    const later = rig.clock.later?.bind(rig.clock);
    let [laters, zeros] = [0, 0];
    Object.assign(rig.clock, {
      later: (fn: () => void) => {
        laters += 1;
        later?.(fn);
      },
      after: (ms: number, fn: () => void, hold: boolean) => {
        if (ms === 0) zeros += 1;
        return after(ms, fn, hold);
      },
    });
    rig.start();
    rig.linkUp();
    expect([laters > 0, zeros]).toEqual([true, 0]);
  });

  test("[B9.2] a logger may have but one of the three", () => {
    const told: unknown[] = [];
    const rig = createRig({ owner: { onListenerError: undefined, logger: { error: (text) => void told.push(text) } } });
    rig.start();
    rig.linkUp();
    rig.lose();
    expect(told).toEqual([]);
  });

  test("[B6.1] [B10.1] a protocol is asked for what is wanted, and for nothing else", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("thawed");
    expect(rig.protocol.last.acts).toEqual(["opened", "probe"]);
  });

  test("[B7.5] a hint is told even where it changes nothing", () => {
    const rig = createRig();
    rig.start();
    rig.dialled();
    rig.connection.hint({ code: "ERR_TRANSPORT_BLOCKED", message: "blocked", phase: "transport", retryable: true });
    rig.connection.hint({ code: "ERR_WEBSOCKET_ERROR", message: "plain", phase: "transport", retryable: true });
    expect(rig.errors.map(({ code }) => code)).toEqual(["ERR_TRANSPORT_BLOCKED", "ERR_WEBSOCKET_ERROR"]);
  });

  test("[B4.6] a ping whose question ended in silence fails, though another question is open already", async () => {
    const rig = manualRig();
    const ping = rig.watch(rig.connection.ping());
    rig.protocol.unacked = { since: rig.clock.now(), bytes: 0 };
    rig.protocol.last.host.outbox();
    rig.clock.advance(1_000);
    rig.links.last.message("no answer, but somebody is there");
    rig.clock.advance(1_500);
    await rig.settle();
    expect([ping.code, rig.status()]).toEqual(["ERR_WEBSOCKET_ERROR", "connected"]);
    expect(rig.protocol.last.acts.filter((act) => act === "probe")).toHaveLength(2);
  });
});
