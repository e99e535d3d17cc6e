import { describe, expect, it } from "vitest";
import { createMembers } from "../src/server/members.js";
import { createWorld } from "./support/world.js";

describe("membership", () => {
  it("[B10.5] replay holds what was said between joining and leaving, markers included, and nothing before or after", () => {
    const world = createWorld();
    const bob = world.client("bob");
    bob.connect();
    bob.cut();
    world.publish("group:g", "before");
    void world.hub.member("group:g", "bob", "joined", "ann");
    world.publish("group:g", "during");
    void world.hub.member("group:g", "bob", "kicked", "ann");
    world.publish("group:g", "after");
    void world.hub.member("group:g", "bob", "joined");
    world.publish("group:g", "again");
    bob.connect();
    expect(bob.events.map(({ kind, data }) => [kind, data])).toEqual([
      ["member", { user: "bob", change: "joined", by: "ann" }],
      ["message", "during"],
      ["member", { user: "bob", change: "kicked", by: "ann" }],
      ["member", { user: "bob", change: "joined" }],
      ["message", "again"],
    ]);
  });

  it("[B10.5] live it is the same", () => {
    const world = createWorld();
    const bob = world.client("bob");
    bob.connect();
    world.publish("group:g", "before");
    void world.hub.member("group:g", "bob", "joined");
    world.publish("group:g", "during");
    world.hub.cast({ channel: "group:g", kind: "typing", from: "ann", data: 1 });
    void world.hub.member("group:g", "bob", "left");
    world.publish("group:g", "after");
    world.hub.cast({ channel: "group:g", kind: "typing", from: "ann", data: 2 });
    world.turn();
    expect(
      bob.events.map(({ data }) => (typeof data === "string" ? data : (data as { change: string }).change)),
    ).toEqual(["joined", "during", "left"]);
    expect(bob.ephemeral.map(({ data }) => data)).toEqual([1]);
  });

  it("[B10.5] a client joins and leaves by itself; a send right behind the join finds the membership", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const bob = world.client("bob");
    ann.connect();
    bob.connect();
    bob.session.join("group:g", (result) => bob.results.push(result), 0);
    world.turn();
    ann.session.join("group:g", (result) => ann.results.push(result), 0);
    ann.send("group:g", "hello");
    world.turn();
    expect(ann.results.map(({ ok }) => ok)).toEqual([true, true]);
    expect(bob.data()).toEqual([{ user: "ann", change: "joined" }, "hello"]);
    expect(world.hub.membersOf("group:g")).toEqual(["bob", "ann"]);
    ann.session.leave("group:g", (result) => ann.results.push(result), 0);
    ann.send("group:g", "too late");
    world.turn();
    expect(ann.results.slice(2)).toMatchObject([{ ok: true }, { ok: false, code: "ERR_SEND_REJECTED" }]);
  });

  it("[B10.5] a join is acknowledged when it is in force at this gateway, not when the log has it", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    world.log.lags = true;
    ann.session.join("group:g", (result) => ann.results.push(result), 0);
    ann.send("group:g", "right behind");
    world.turn();
    expect(ann.results).toEqual([]);
    world.log.catchUp();
    world.turn();
    expect(ann.results.map(({ ok }) => ok)).toEqual([true, true]);
  });

  it("[B10.5] the joiner's own instance is not echoed its marker, its other instances are", () => {
    const world = createWorld();
    const phone = world.client("ann", { instance: "phone", nonce: "nonce-phone" });
    const laptop = world.client("ann", { instance: "laptop", nonce: "nonce-laptop" });
    phone.connect();
    laptop.connect();
    phone.session.join("group:g", () => {}, 0);
    world.turn();
    expect(phone.events).toEqual([]);
    expect(laptop.data()).toEqual([{ user: "ann", change: "joined" }]);
    world.publish("group:g", "for both");
    world.turn();
    expect(phone.data()).toEqual(["for both"]);
  });

  it("[B10.5] a sender instance's own durable events are not echoed to it, in replay neither", () => {
    const world = createWorld();
    const ann = world.client("ann");
    void world.hub.member("group:g", "ann", "joined");
    ann.connect();
    ann.send("group:g", "mine");
    ann.send("user:ann", "to myself");
    world.turn();
    ann.cut();
    world.publish("group:g", "theirs");
    ann.connect();
    expect(ann.data()).toEqual(["theirs"]);
  });

  it("an instance of the same name that belongs to another user is no echo", () => {
    const world = createWorld();
    const ann = world.client("ann", { instance: "tab" });
    const bob = world.client("bob", { instance: "tab" });
    ann.connect();
    bob.connect();
    ann.send("user:bob", "hi");
    ann.session.emit("user:bob", "typing", 1);
    world.turn();
    expect(bob.data()).toEqual(["hi"]);
    expect(bob.ephemeral).toHaveLength(1);
  });

  it("[B10.5] who is no member may not send; nobody may send a marker, or to a channel that is none", () => {
    const world = createWorld();
    const ann = world.client("ann");
    void world.hub.member("group:g", "bob", "joined");
    ann.connect();
    ann.send("group:g", 1);
    ann.send("user:bob", { user: "ann", change: "joined" }, { kind: "member" });
    ann.send("elsewhere", 1);
    ann.session.join("user:bob", (result) => ann.results.push(result), 0);
    world.turn();
    expect(ann.results.map((result) => (result.ok ? "ok" : result.code))).toEqual(Array(4).fill("ERR_SEND_REJECTED"));
    expect(world.log.entries).toHaveLength(1);
  });

  it("mayJoin and maySend decide, at once or by promise", async () => {
    const world = createWorld({
      mayJoin: (_, channel) => Promise.resolve(channel === "group:open"),
      maySend: (user) => user !== "ann",
    });
    const ann = world.client("ann");
    ann.connect();
    ann.session.join("group:open", (result) => ann.results.push(result), 0);
    ann.session.join("group:closed", (result) => ann.results.push(result), 0);
    ann.send("user:bob", 1);
    world.turn();
    await Promise.resolve();
    world.turn();
    expect(ann.results.map(({ id, ok }) => [id, ok])).toEqual([
      ["nonce-ann-3", false],
      ["nonce-ann-1", true],
      ["nonce-ann-2", false],
    ]);
  });

  it("a change that changes nothing writes nothing", () => {
    const world = createWorld();
    expect(world.hub.member("group:g", "ann", "left")).toEqual({ ok: true, n: 0 });
    expect(world.hub.member("group:g", "ann", "joined")).toEqual({ ok: true, n: 1 });
    expect(world.hub.member("group:g", "ann", "joined")).toEqual({ ok: true, n: 0 });
    expect(world.log.entries).toHaveLength(1);
  });

  it("membership of before the start comes from the broker's records; markers told again change nothing", () => {
    const world = createWorld();
    void world.hub.member("group:g", "ann", "joined");
    world.publish("group:g", "x");
    world.log.records = [
      { channel: "group:g", user: "ann", intervals: [{ after: 0, until: Number.POSITIVE_INFINITY }] },
    ];
    const restarted = createWorld({ log: world.log });
    expect(restarted.hub.membersOf("group:g")).toEqual(["ann"]);
    const ann = restarted.client("ann", { resume: { epoch: "e1", positions: [0] } });
    ann.connect();
    expect(ann.data()).toEqual([{ user: "ann", change: "joined" }, "x"]);
  });

  it("[B10.5] a leave right behind the join counts, also where the broker's records begin behind the marker", () => {
    const members = createMembers();
    const until = Number.POSITIVE_INFINITY;
    members.load([
      { channel: "group:g", user: "ann", intervals: [{ after: 0, until }] },
      { channel: "group:g", user: "bob", intervals: [{ after: 2, until }] },
    ]);
    for (const [user, n] of [
      ["ann", 2],
      ["bob", 3],
    ] as const) {
      members.apply("group:g", user, "joined", n - 1);
      members.apply("group:g", user, "left", n);
      expect(members.isMember("group:g", user)).toBe(false);
      expect([members.sees("group:g", user, n), members.sees("group:g", user, n + 1)]).toEqual([true, false]);
    }
    members.apply("group:g", "ann", "joined", 4);
    members.apply("group:g", "ann", "left", 2);
    expect(members.isMember("group:g", "ann")).toBe(true);
  });

  it("[B10.4] [B10.5] a log that forgets before the ring does takes nobody's past: who resumes from the ring is told it", () => {
    const world = createWorld();
    const bob = world.client("bob");
    bob.connect();
    bob.cut();
    void world.hub.member("group:g", "bob", "joined");
    world.publish("group:g", "during");
    void world.hub.member("group:g", "bob", "left");
    world.publish("group:g", "after");
    world.log.trim(0, 4);
    world.advance(6_000);
    bob.connect();
    expect(bob.welcomes.at(-1)?.recovery).toBe("resumed");
    expect(bob.data()).toEqual([{ user: "bob", change: "joined" }, "during", { user: "bob", change: "left" }]);
  });

  it("intervals are forgotten when the log no longer reaches them, and not before", () => {
    const members = createMembers();
    members.apply("group:g", "ann", "joined", 5);
    members.apply("group:g", "ann", "left", 9);
    members.apply("group:g", "bob", "joined", 6);
    members.forget("group:g", 8);
    expect(members.sees("group:g", "ann", 9)).toBe(true);
    members.forget("group:g", 9);
    expect(members.sees("group:g", "ann", 9)).toBe(false);
    expect([...members.channelsOf("ann")]).toEqual([]);
    expect(members.membersOf("group:g")).toEqual(["bob"]);
    expect([...members.channelsWithPast]).toEqual([]);
    expect(members.sees("group:g", "bob", 5)).toBe(false);
    expect(members.sees("group:g", "bob", 6)).toBe(true);
  });
});
