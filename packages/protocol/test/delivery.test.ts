import { describe, expect, it } from "vitest";
import { createMemoryLog } from "./support/memoryLog.js";
import { createWorld, framesIn, ofType } from "./support/world.js";

describe("durable and ephemeral events", () => {
  it("[B10.1] a durable event arrives positioned, in order, once, with what its sender said", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const bob = world.client("bob");
    ann.connect();
    bob.connect();
    for (let i = 1; i <= 5; i++) ann.send("user:bob", i);
    world.turn();
    expect(bob.data()).toEqual([1, 2, 3, 4, 5]);
    expect(bob.events[0]).toEqual({
      class: "durable",
      kind: "message",
      channel: "user:bob",
      from: "ann",
      data: 1,
      sentAt: world.log.wall,
      position: { epoch: "e1", positions: [1] },
      id: "nonce-ann-1",
    });
  });

  it("[B10.1] an ephemeral event has no position, reaches who is there, and is never replayed", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const bob = world.client("bob");
    ann.connect();
    bob.connect();
    expect(ann.session.emit("user:bob", "typing", { on: true })).toBe(true);
    world.turn();
    expect(bob.ephemeral).toEqual([
      { class: "ephemeral", kind: "typing", channel: "user:bob", from: "ann", data: { on: true } },
    ]);
    bob.cut();
    ann.session.emit("user:bob", "typing", { on: false });
    world.turn();
    bob.connect();
    expect(bob.ephemeral).toHaveLength(1);
    expect(world.log.entries).toEqual([]);
  });

  it("[B10.1] what is ready in one turn shares a message, and its order is the order of the log", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    const before = pipe.fromServer.length;
    for (let i = 0; i < 20; i++) world.publish("user:ann", i);
    world.turn();
    expect(pipe.fromServer.length - before).toBe(1);
    expect(ann.data()).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it("a slow reader is spared ephemeral events, not durable ones", () => {
    const world = createWorld({ outboundBytes: 1000 });
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.buffered = 1001;
    world.hub.cast({ channel: "user:ann", kind: "typing", from: "bob", data: 1 });
    world.publish("user:ann", 2);
    world.turn();
    expect(ann.ephemeral).toEqual([]);
    expect(ann.data()).toEqual([2]);
  });

  it("a direct message belongs to the sender's other instances too, live and in replay", () => {
    const world = createWorld();
    const phone = world.client("ann", { instance: "phone", nonce: "nonce-phone" });
    const laptop = world.client("ann", { instance: "laptop", nonce: "nonce-laptop" });
    phone.connect();
    laptop.connect();
    phone.send("user:bob", "live");
    world.turn();
    laptop.cut();
    phone.send("user:bob", "replayed");
    world.turn();
    laptop.connect();
    expect(laptop.data()).toEqual(["live", "replayed"]);
    expect(phone.data()).toEqual([]);
  });
});

describe("positions", () => {
  it("[B10.2] numbers need not be dense: a hole is no gap, and duplicates are told by number", () => {
    const world = createWorld({ log: createMemoryLog({ stride: 7 }) });
    const ann = world.client("ann");
    ann.connect();
    world.publish("user:ann", "a");
    world.publish("user:bob", "not hers");
    world.publish("user:ann", "b");
    world.turn();
    expect(ann.events.map(({ position }) => position.positions)).toEqual([[7], [21]]);
    ann.cut();
    world.publish("user:ann", "c");
    ann.connect();
    expect(ann.data()).toEqual(["a", "b", "c"]);
    expect(ann.gaps).toEqual([]);
  });

  it("[R22] [B10.2] a repeat from an overlapping replay is dropped, and acknowledged all the same", () => {
    const world = createWorld({ limits: { window: 8 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.publish("user:ann", "a");
    world.turn();
    const event = framesIn(pipe.fromServer).find((frame) => Array.isArray(frame) && frame[0] === 1);
    const before = pipe.fromClient.length;
    ann.link?.receive(JSON.stringify(event), world.now);
    world.turn();
    expect(ann.data()).toEqual(["a"]);
    expect(pipe.fromClient.slice(before)).toEqual(["[5,1]"]);
  });

  it("[B10.2] a server that resumes in another epoch breaks the protocol: its numbers mean nothing here", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    const welcome = ofType(pipe, "welcome")[0];
    ann.cut();
    const next = ann.dial();
    next.held = true;
    ann.link?.receive(JSON.stringify({ ...welcome, recovery: "resumed", epoch: "e9" }), world.now);
    expect(next.closed).toEqual({ code: 4400, by: "client" });
    expect(ann.session.position?.epoch).toBe("e1");
  });

  it("[B10.2] with several partitions each has its number, and a channel stays in order", () => {
    const world = createWorld({ log: createMemoryLog({ partitions: 3 }) });
    const ann = world.client("ann");
    const groups = ["group:a", "group:b", "group:c"];
    for (const group of groups) void world.hub.member(group, "ann", "joined");
    ann.connect();
    expect(ann.welcomes[0]?.positions).toHaveLength(3);
    for (let i = 0; i < 9; i++) world.publish(groups[i % 3] ?? "", i);
    world.turn();
    ann.cut();
    for (let i = 9; i < 18; i++) world.publish(groups[i % 3] ?? "", i);
    ann.connect();
    expect(ann.welcomes[1]?.recovery).toBe("resumed");
    for (let g = 0; g < 3; g++) {
      const said = ann.events.filter(({ channel }) => channel === groups[g]).map(({ data }) => data);
      expect(said).toEqual([0, 3, 6, 9, 12, 15].map((i) => i + g));
    }
    expect(ann.session.position).toEqual(ann.events.at(-1)?.position);
  });

  it("[B10.3] received moves before the handler, delivered after it has returned", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    const seen: unknown[] = [];
    ann.onEvent = (event) => seen.push([event.data, ann.session.received?.positions, ann.session.position?.positions]);
    world.publish("user:ann", "a");
    world.publish("user:ann", "b");
    world.turn();
    expect(seen).toEqual([
      ["a", [1], [0]],
      ["b", [2], [1]],
    ]);
    expect(ann.session.position).toEqual({ epoch: "e1", positions: [2] });
  });

  it("[B10.3] a link lost within a handler: the event is not repeated, the rest of the batch is", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    ann.onEvent = ({ data }) => {
      if (data === "b") ann.cut();
    };
    for (const data of ["a", "b", "c", "d"]) world.publish("user:ann", data);
    world.turn();
    expect(ann.data()).toEqual(["a", "b"]);
    ann.connect();
    expect(ann.data()).toEqual(["a", "b", "c", "d"]);
  });

  it("[B10.3] across a reload: from the stored position, at least once and none skipped", () => {
    const world = createWorld();
    const before = world.client("ann");
    before.connect();
    for (const data of ["a", "b"]) world.publish("user:ann", data);
    world.turn();
    const saved = before.events[0]?.position;
    before.cut();
    world.publish("user:ann", "c");
    const after = world.client("ann", { nonce: "nonce-after", resume: saved });
    after.connect();
    expect(after.welcomes[0]?.recovery).toBe("resumed");
    expect(after.data()).toEqual(["b", "c"]);
  });

  it("a handler that throws ends the link with 4400, and the next link goes on behind it", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    ann.onEvent = ({ data }) => {
      if (data === "b") throw new Error("a bug of the host");
    };
    for (const data of ["a", "b", "c"]) world.publish("user:ann", data);
    world.turn();
    expect(pipe.closed).toEqual({ code: 4400, by: "client" });
    expect(ann.told.some(({ what }) => what === "protocolError")).toBe(true);
    ann.connect();
    expect(ann.data()).toEqual(["a", "b", "c"]);
  });
});

describe("recovery", () => {
  it("[B10.4] [R23] a lost link is resumed: nothing missed, and the end of the replay is told", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    world.publish("user:ann", "a");
    world.turn();
    ann.cut();
    world.publish("user:ann", "b");
    world.publish("user:ann", "c");
    ann.told.length = 0;
    ann.connect();
    world.publish("user:ann", "d");
    world.turn();
    expect(ann.told.map(({ what, value }) => [what, value])).toEqual([
      ["welcome", "resumed"],
      ["event", "b"],
      ["event", "c"],
      ["caughtUp", { epoch: "e1", positions: [3] }],
      ["event", "d"],
    ]);
  });

  it("[B10.4] the end of the replay is told once on a link, however often credit starts the flow again", () => {
    const world = createWorld({ limits: { window: 8 } });
    const ann = world.client("ann");
    ann.connect();
    ann.cut();
    for (let i = 0; i < 30; i++) world.publish("user:ann", i);
    ann.told.length = 0;
    ann.connect();
    world.turn();
    for (let i = 30; i < 60; i++) world.publish("user:ann", i);
    world.turn();
    expect(ann.data()).toEqual(Array.from({ length: 60 }, (_, i) => i));
    expect(ann.told.filter(({ what }) => what === "caughtUp")).toHaveLength(1);
  });

  it("[B10.4] [R23] a session that has received nothing resumes too", () => {
    const world = createWorld();
    world.publish("user:bob", "before");
    const ann = world.client("ann");
    ann.connect();
    ann.cut();
    world.publish("user:ann", "missed");
    ann.connect();
    expect(ann.welcomes[1]?.recovery).toBe("resumed");
    expect(ann.data()).toEqual(["missed"]);
  });

  it("[R23] resuming works again and again, in the middle of a replay as well", () => {
    const world = createWorld({ limits: { window: 4 } });
    const ann = world.client("ann");
    ann.connect();
    for (let i = 0; i < 50; i++) world.publish("user:ann", i);
    let cuts = 0;
    ann.onEvent = ({ data }) => {
      if ((data as number) % 7 === 3) {
        cuts++;
        ann.cut();
      }
    };
    world.turn();
    for (let i = 0; i < 20; i++) ann.connect();
    expect(ann.data()).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(cuts).toBe(7);
  });

  it("[B10.4] beyond what the log holds: a gap from where the client stood to where the log begins, before the first event", () => {
    const world = createWorld({ ringEntries: 3 });
    const ann = world.client("ann");
    ann.connect();
    world.publish("user:ann", 1);
    world.turn();
    ann.cut();
    for (let i = 2; i <= 10; i++) world.publish("user:ann", i);
    world.log.trim(0, 7);
    ann.told.length = 0;
    ann.connect();
    expect(ann.told.map(({ what }) => what)).toEqual(["welcome", "gap", "event", "event", "event", "caughtUp"]);
    expect(ann.welcomes[1]?.recovery).toBe("gap");
    expect(ann.gaps).toEqual([{ from: { epoch: "e1", positions: [1] }, to: { epoch: "e1", positions: [7] } }]);
    expect(ann.data()).toEqual([1, 8, 9, 10]);
  });

  it.each(["now", "byPromise"] as const)(
    "[B10.4] what the ring has dropped and the log still holds is no gap (the log answers %s)",
    async (answers) => {
      const world = createWorld({ ringEntries: 3 });
      const ann = world.client("ann");
      ann.connect();
      ann.cut();
      for (let i = 1; i <= 400; i++) world.publish("user:ann", i);
      world.log.answers = answers;
      ann.connect();
      for (let i = 0; i < 100; i++) {
        await Promise.resolve();
        world.turn();
      }
      expect(ann.welcomes[1]?.recovery).toBe("resumed");
      expect(ann.data()).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
      expect(ann.gaps).toEqual([]);
    },
  );

  it("[B10.4] too many returning from behind the ring at once: those beyond the queue are told a gap, not made to wait for ever", async () => {
    const world = createWorld({ ringEntries: 1, readsAtOnce: 1, readsWaiting: 1 });
    const clients = ["a", "b", "c"].map((user) => world.client(user));
    for (const client of clients) client.connect();
    for (const client of clients) client.cut();
    for (let i = 0; i < 5; i++) for (const user of ["a", "b", "c"]) world.publish(`user:${user}`, i);
    world.log.answers = "byPromise";
    for (const client of clients) client.connect();
    for (let i = 0; i < 50; i++) {
      await Promise.resolve();
      world.turn();
    }
    expect(clients.map(({ welcomes }) => welcomes[1]?.recovery)).toEqual(["resumed", "resumed", "gap"]);
    expect(clients[0]?.data()).toEqual([0, 1, 2, 3, 4]);
  });

  it("[B10.4] a log that began anew is a gap into the new epoch, and what the new one holds is delivered", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    for (let i = 0; i < 5; i++) world.publish("user:ann", i);
    world.turn();
    const fresh = createMemoryLog();
    fresh.epoch = "e2";
    const after = createWorld({ log: fresh });
    after.publish("user:ann", "new life");
    const back = after.client("ann", { resume: ann.session.position });
    back.connect();
    expect(back.gaps).toEqual([{ from: { epoch: "e1", positions: [5] }, to: { epoch: "e2", positions: [0] } }]);
    expect(back.data()).toEqual(["new life"]);
    expect(back.session.position).toEqual({ epoch: "e2", positions: [1] });
  });

  it("[B10.4] a link that dies between the welcome and its gap is told the gap again", () => {
    const world = createWorld({ ringEntries: 1 });
    const ann = world.client("ann");
    ann.connect();
    world.publish("user:ann", 1);
    world.turn();
    ann.cut();
    for (let i = 2; i <= 5; i++) world.publish("user:ann", i);
    world.log.trim(0, 4);
    const pipe = ann.dial();
    pipe.held = true;
    const [hello] = pipe.toServer.splice(0);
    pipe.server.receive(hello ?? "");
    world.turn();
    const welcome = framesIn(pipe.toClient.splice(0)).find((frame) => "t" in frame && frame.t === "welcome");
    ann.link?.receive(JSON.stringify(welcome), world.now);
    ann.cut();
    ann.connect();
    expect(ann.gaps).toHaveLength(1);
    expect(ann.data()).toEqual([1, 5]);
  });

  it("[B10.4] a server that calls a returning client new has not lost in silence: the client tells the gap", () => {
    const world = createWorld();
    const ann = world.client("ann", { resume: { epoch: "e1", positions: [3] } });
    const pipe = ann.dial();
    pipe.held = true;
    ann.link?.receive(
      JSON.stringify({
        t: "welcome",
        session: "s",
        user: "ann",
        recovery: "new",
        epoch: "e1",
        positions: [9],
        heartbeatMs: 1,
        reconnectSpreadMs: 1,
        limits: { window: 4, windowBytes: 4, batchBytes: 99, eventBytes: 9, frameBytes: 99, frameRate: 9, dedupMs: 1 },
        throttled: [],
      }),
      0,
    );
    expect(ann.gaps).toEqual([{ from: { epoch: "e1", positions: [3] }, to: { epoch: "e1", positions: [9] } }]);
  });

  it("[B10.4] a ring that loses contiguity under a living link asks the log again, and tells a gap where that ends", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    world.publish("user:ann", 1);
    world.turn();
    // The follower missed 2 and 3, which the log still holds; then 4 and 5, which it does not.
    const miss = (from: number, to: number): void => {
      for (let n = from; n <= to; n++) {
        world.log.entries.push({
          partition: 0,
          n,
          channel: "user:ann",
          kind: "message",
          from: "system",
          data: n,
          sentAt: 0,
        });
      }
      world.log.resetFollowers("e1", 0, to);
      world.advance(250);
    };
    miss(2, 3);
    expect(ann.data()).toEqual([1, 2, 3]);
    world.log.trim(0, 5);
    miss(4, 5);
    expect(ann.data()).toEqual([1, 2, 3]);
    expect(ann.gaps.map(({ from, to }) => [from.positions, to.positions])).toEqual([[[3], [5]]]);
  });

  it("[B10.4] a new epoch under a living link closes it with 1012; its return tells the gap", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.publish("user:ann", 1);
    world.turn();
    world.log.resetFollowers("e2", 0, 0);
    world.turn();
    expect(pipe.closed?.code).toBe(1012);
    expect(ofType(pipe, "goaway")).toEqual([{ t: "goaway", minDelayMs: 0, spreadMs: 100, overlap: false }]);
    ann.connect();
    expect(ann.welcomes.at(-1)).toMatchObject({ recovery: "gap", epoch: "e2" });
    expect(ann.gaps).toHaveLength(1);
  });

  it("[B10.4] a position ahead of this gateway is no gap: it waits, skips what is known, and then tells that it caught up", () => {
    const world = createWorld();
    const ann = world.client("ann", { resume: { epoch: "e1", positions: [2] } });
    const pipe = ann.connect();
    expect(ann.welcomes[0]?.recovery).toBe("resumed");
    for (const data of ["known", "known", "fresh"]) world.publish("user:ann", data);
    world.advance(250);
    expect(ann.data()).toEqual(["fresh"]);
    expect(ofType(pipe, "caughtUp")).toEqual([{ t: "caughtUp", positions: [3] }]);
  });

  it("[B10.2] a quiet client keeps up with the log by pings, so that trimming is no gap for it", () => {
    const world = createWorld({ ringEntries: 2 });
    const ann = world.client("ann");
    ann.connect();
    for (let i = 0; i < 50; i++) world.publish("user:bob", i);
    world.advance(10_000);
    expect(ann.session.position?.positions).toEqual([50]);
    ann.cut();
    world.log.trim(0, 48);
    ann.connect();
    expect(ann.welcomes[1]?.recovery).toBe("resumed");
  });

  it("[B10.2] a ping tells no heads while the link is behind", () => {
    const world = createWorld({ limits: { window: 4 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    for (let i = 0; i < 10; i++) world.publish("user:ann", i);
    world.advance(10_000);
    const pings = framesIn(pipe.fromServer).filter((frame) => Array.isArray(frame) && frame[0] === 0);
    expect(pings).toEqual([[0]]);
  });

  it("[R20] what arrives on a stale link changes nothing", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const first = ann.connect();
    const stale = ann.link;
    world.publish("user:ann", "a");
    world.turn();
    const old = framesIn(first.fromServer);
    ann.connect();
    const told = ann.told.length;
    for (const frame of old) stale?.receive(JSON.stringify(frame), world.now);
    stale?.receive("not even json", world.now);
    expect(ann.told.length).toBe(told);
    expect(ann.link?.live).toBe(true);
  });
});
