/** What is derived from the state, asked directly where no connection can bring it about yet, and what the driver makes of it. */
import { type Dialing, deadlines, defaultPolicy, type Linked, links, nextDeadline, without } from "@cc/core";
import { describe, expect, test } from "vitest";
import { createRig, linkedRig } from "./rig.js";
import { manualRig } from "./states.js";

const linkedState = (more: Partial<Linked>): { readonly link: Linked } => {
  const { link } = linkedRig().connection.state();
  if (link.tag !== "linked") throw new Error("the rig is linked");
  return { link: { ...link, ...more } };
};
const dialing = (stage: Dialing["stage"]): Dialing => ({ link: 7, stage, until: 1_000, grace: 0 });

describe("links()", () => {
  test("[R20] the sockets that should exist: none, the dialled one from its transport on, the link, and its successor or its elder beside it", () => {
    expect(links({ link: { tag: "idle" } })).toEqual([]);
    expect(links({ link: { tag: "dialing", dial: dialing("token") } })).toEqual([]);
    expect(links({ link: { tag: "dialing", dial: dialing("transport") } })).toEqual([7]);
    expect(links({ link: { tag: "dialing", dial: dialing("handshake") } })).toEqual([7]);
    expect(links(linkedState({}))).toEqual([1]);
    expect(links(linkedState({ successor: dialing("token") }))).toEqual([1]);
    expect(links(linkedState({ successor: dialing("transport") }))).toEqual([1, 7]);
    expect(links(linkedState({ retiring: 9 }))).toEqual([1, 9]);
  });
});

describe("deadlines()", () => {
  const kinds = (rig: ReturnType<typeof createRig>): readonly string[] =>
    deadlines(rig.connection.state(), defaultPolicy).map(({ kind }) => kind);

  test("no state waits for what cannot come: each has the deadlines that mean something in it", () => {
    const rig = createRig();
    expect(kinds(rig)).toEqual([]);
    const at = { now: rig.clock.now(), wall: rig.clock.wall() };
    expect(nextDeadline(rig.connection.state(), at, defaultPolicy)).toBe(Number.POSITIVE_INFINITY);
    rig.start({ renewable: true, lifeMs: 600_000 });
    expect(kinds(rig)).toEqual(["retry", "notable"]);
    rig.dialled();
    expect(kinds(rig)).toEqual(["attempt", "notable"]);
    rig.clock.advance(5_000);
    expect(kinds(rig), "it is notable by now").toEqual(["attempt"]);
    rig.welcome();
    expect(kinds(rig)).toEqual(["look", "stable", "renew"]);
    rig.clock.advance(5_000);
    rig.lifecycle.emit("thawed");
    expect(kinds(rig), "a question is open").toEqual(["probe", "renew"]);
    rig.protocol.last.host.goaway(60_000, 0);
    rig.protocol.last.host.throttle([
      { feature: "typing", reason: "load", forMs: 1_000 },
      { feature: "presence", reason: "load", forMs: null },
    ]);
    expect(kinds(rig)).toEqual(["probe", "leave", "renew", "throttle"]);
    rig.lifecycle.emit("background");
    expect(kinds(rig), "nothing is to be had in the background").toEqual([]);
  });

  test("[B4.4] the lease is one as long as it can end something", async () => {
    const rig = manualRig();
    rig.lifecycle.emit("background");
    expect(kinds(rig)[0]).toBe("hold");
    expect(rig.connection.snapshot().leaseUntil).toBe(rig.clock.wall() + 30_000);
    void rig.connection.disconnect();
    expect([kinds(rig), rig.connection.snapshot().leaseUntil]).toEqual([[], null]);
  });

  test("[B2.6] [B4.4] the next comes by whichever clock is first, and a renewal never before its spacing", () => {
    const rig = linkedRig({ renewable: true, lifeMs: 600_000 });
    const state = rig.connection.state();
    const renew = deadlines(state, defaultPolicy).find(({ kind }) => kind === "renew");
    const [now, at, wall, from] = [rig.clock.now(), renew?.at ?? 0, renew?.wall ?? 0, renew?.from ?? 0];
    const next = (to: number): number =>
      nextDeadline({ ...state, link: { tag: "idle" }, outage: null }, { now, wall: to }, defaultPolicy);
    expect(next(wall), "no link, no renewal").toBe(Number.POSITIVE_INFINITY);
    const quiet = { ...state, link: { ...(state.link as Linked), lookAt: null, stableAt: null, probe: null } };
    const soonest = (to: number): number => nextDeadline(quiet, { now, wall: to }, defaultPolicy);
    expect(from).toBeGreaterThan(now);
    expect(soonest(rig.clock.wall()), "both clocks alike").toBe(at);
    expect(soonest(wall - 100_000), "the wall has gone on").toBe(now + 100_000);
    expect(soonest(wall - 1_000), "but not before the spacing").toBe(from);
    expect(soonest(wall + 1e9)).toBe(from);
    expect(soonest(rig.clock.wall() - 3_600_000), "set back").toBe(at);
  });

  test("[B2.6] a token that nobody renews, or whose end nobody knows, has none", () => {
    for (const start of [
      { renewable: false, lifeMs: 600_000 },
      { renewable: true, lifeMs: null },
    ]) {
      const rig = linkedRig({ ...start, welcome: { tokenLifeMs: null } });
      expect(kinds(rig)).toEqual([]);
    }
  });
});

describe("the snapshot's error", () => {
  test("[B1.3] [R39] is the newest, though it says the same as the one before", () => {
    const rig = createRig();
    rig.start();
    rig.dialled();
    const fault = { code: "ERR_TRANSPORT_BLOCKED", message: "proxy", phase: "transport", retryable: true } as const;
    rig.connection.hint({ ...fault });
    const before = rig.connection.snapshot();
    rig.connection.hint({ ...fault });
    expect(rig.errors).toHaveLength(2);
    expect(rig.connection.snapshot().error).toBe(rig.errors[1]);
    expect(rig.connection.snapshot()).not.toBe(before);
  });
});

describe("the driver", () => {
  test("[B4.2] a clock without a task of its own for soon: a timer of 0 ms is one", () => {
    const rig = createRig();
    const { now, wall, after } = rig.clock;
    const plain = createRig({ owner: { clock: { now, wall, after } } });
    plain.start();
    rig.clock.advance(0);
    rig.clock.advance(0);
    expect(plain.links.all).toHaveLength(1);
  });

  test("[B5.4] a refusal without a delay sets no floor and saves nothing", () => {
    const rig = linkedRig();
    rig.protocol.last.host.reject({
      code: "ERR_SERVER_OVERLOADED",
      message: "",
      retry: "later",
      minDelayMs: 0,
      spreadMs: 0,
    });
    expect([rig.saved, rig.connection.state().ladder.floor]).toEqual([[], null]);
  });

  test("[R20] what an old link still says or is told reaches nobody", () => {
    const rig = linkedRig();
    const [old, far] = [rig.links.last, rig.protocol.last];
    const { messages, acts } = far;
    void rig.connection.reconnect();
    const had = acts.length;
    old.message("late");
    far.host.send("late");
    far.host.fault("late");
    far.host.probeAck();
    far.host.goaway(0, 0);
    old.close();
    expect([messages, old.sent.includes("late"), old.closeCalls.length]).toEqual([[], false, 1]);
    expect([rig.errors, acts.length, rig.phase()]).toEqual([[], had, "transport"]);
  });

  test("[B6.5] the last message of the present link is what counts as life", () => {
    const rig = linkedRig();
    rig.lifecycle.emit("thawed");
    rig.clock.advance(1);
    rig.links.last.message("event");
    expect(rig.protocol.last.messages).toEqual(["event"]);
    rig.clock.advance(10_000);
    expect(rig.connection.snapshot().linked).toBe(true);
  });
});

test("without() takes out every one of them, and an empty list is always the same", () => {
  expect(without([1, 2, 1, 3], 1)).toEqual([2, 3]);
  expect(without([1], 1)).toBe(without(["a"], "a"));
});
