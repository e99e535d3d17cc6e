/** Who is told that somebody came or went, and when. */
import { describe, expect, it } from "vitest";
import { createPresence } from "../src/chat/presence.js";
import { linkOf } from "./support/chat.js";
import { manualClock } from "./support/manualClock.js";
import { linked, start } from "./support/start.js";

const graceMs = 1_000;

const rig = () => {
  const clock = manualClock();
  const told: string[] = [];
  const state = { throttled: false };
  const presence = createPresence({
    now: clock.now,
    wall: clock.wall,
    graceMs: () => graceMs,
    throttled: () => state.throttled,
    nameOf: (uid) => uid.toUpperCase(),
    tell: (uid, { status, name, lastActiveAt }) => told.push(`${uid} ${name} ${status} ${lastActiveAt}`),
  });
  const pass = (ms: number): void => {
    clock.advance(ms);
    presence.tick();
  };
  return { presence, told, state, pass };
};

describe("presence", () => {
  it("[B9.5] the first link is told at once, the last one's end after the grace, with the time at which it ended", () => {
    const { presence, told, pass } = rig();
    presence.welcomed("ann");
    presence.welcomed("ann");
    presence.closed("ann");
    pass(graceMs * 2);
    expect(told).toEqual(["ann ANN online 1000000"]);
    presence.closed("ann");
    pass(graceMs - 1);
    expect(told).toHaveLength(1);
    pass(1);
    expect(told.slice(1)).toEqual(["ann ANN offline 1002000"]);
    presence.welcomed("ann");
    expect(told).toHaveLength(3);
  });

  it("[B9.5] a reconnect within the grace is not told, however often", () => {
    const { presence, told, pass } = rig();
    presence.welcomed("ann");
    for (let i = 0; i < 5; i++) {
      presence.closed("ann");
      pass(graceMs - 1);
      presence.welcomed("ann");
      pass(graceMs * 3);
    }
    expect(told).toHaveLength(1);
  });

  it("[B8.3] [B9.5] while it is throttled nothing is told, and afterwards what is true by then", () => {
    const { presence, told, state, pass } = rig();
    presence.welcomed("ann");
    presence.welcomed("dan");
    state.throttled = true;
    presence.welcomed("bob");
    presence.welcomed("cat");
    presence.closed("cat");
    presence.closed("ann");
    presence.closed("dan");
    presence.welcomed("dan");
    pass(graceMs * 5);
    expect(told).toHaveLength(2);
    state.throttled = false;
    pass(1);
    expect(
      told
        .slice(2)
        .map((line) => line.split(" ").slice(0, 3).join(" "))
        .sort(),
    ).toEqual(["ann ANN offline", "bob BOB online"]);
  });
});

describe("presence on links", () => {
  it("[B9.5] goes to the links that asked for it in hello, with the user's name, and to no others", async () => {
    const gateway = await start({ presenceGraceMs: 0 });
    const ear = await linked(gateway, "eve", { hello: { listen: ["presence"] } });
    const deaf = linkOf(await linked(gateway, "bob"));
    const alice = await linked(gateway, "alice");
    const says = (uid: string, status: string) => (frame: unknown) =>
      Array.isArray(frame) && frame[3] === uid && (frame[4] as { status?: string }).status === status;
    expect(await ear.frame(says("alice", "online"))).toMatchObject([
      2,
      expect.any(Number),
      "presence",
      "alice",
      { status: "online", name: "Alice", lastActiveAt: expect.any(Number) },
    ]);
    alice.socket.terminate();
    await ear.frame(says("alice", "offline"));
    await deaf.ask("user:bob", "end", 1, true);
    expect(deaf.heard()).toEqual([]);
  });

  it("[B9.5] the grace is the spread in which clients come back, and more, unless it is set", async () => {
    const clock = manualClock();
    const gateway = await start({ clock });
    const ear = linkOf(await linked(gateway, "eve", { hello: { listen: ["presence"], heartbeatMs: 60_000 } }));
    const alice = await linked(gateway, "alice");
    alice.send({ t: "bye" });
    await alice.closed;
    clock.advance(2_500);
    await ear.ask("user:eve", "end", 1, true);
    const lines = (): unknown[] => ear.heard().map((each) => JSON.stringify(each).slice(0, 40));
    expect(ear.heard().filter((each) => JSON.stringify(each).includes("offline"))).toEqual([]);
    clock.advance(gateway.stats().reconnectSpreadMs + 250);
    await ear.ask("user:eve", "end", 2, true);
    expect(
      ear.heard().filter((each) => JSON.stringify(each).includes("offline")),
      lines().join(),
    ).toHaveLength(1);
  });
});
