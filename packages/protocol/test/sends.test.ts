import { describe, expect, it } from "vitest";
import { createWorld, framesIn, type Pipe } from "./support/world.js";

const kinds = (pipe: Pipe): unknown[] =>
  framesIn(pipe.fromClient).map((frame) => (Array.isArray(frame) ? frame[0] : (frame as { t?: unknown }).t));

describe("sends", () => {
  it("[B10.6] a send is acknowledged with its number, which never moves the position", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    const id = ann.send("user:bob", "hi");
    world.turn();
    expect(ann.results).toEqual([{ ok: true, id, n: 1 }]);
    expect(ann.session.position?.positions).toEqual([0]);
    expect(ann.session.pending).toBe(0);
  });

  it("[B10.6] ids are unique across reloads and count in base 36", () => {
    const world = createWorld();
    const ann = world.client("ann", { nonce: "Zq81xPw0" });
    ann.connect();
    const ids = Array.from({ length: 40 }, () => ann.send("user:bob", 1));
    expect(ids[0]).toBe("Zq81xPw0-1");
    expect(ids[35]).toBe("Zq81xPw0-10");
    expect(new Set(ids).size).toBe(40);
  });

  it("[B10.6] a lost acknowledgement: repeated under its id on the next link, applied once, answered alike", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    const id = ann.send("user:bob", "hi");
    // It arrives, and the answer is lost with the link.
    pipe.held = true;
    world.turn();
    for (const text of pipe.toServer.splice(0)) pipe.server.receive(text);
    expect(world.log.entries).toHaveLength(1);
    ann.cut();
    expect(ann.results).toEqual([]);
    ann.connect();
    expect(world.log.entries).toHaveLength(1);
    expect(ann.results).toEqual([{ ok: true, id, n: 1 }]);
  });

  it("[B10.6] a repeat while the first is still being applied waits for that answer", async () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    let finish: (answer: { ok: true; n: number }) => void = () => {};
    const append = world.log.append;
    let appends = 0;
    world.log.append = (...args) => {
      appends++;
      void append(...args);
      return new Promise((resolve) => {
        finish = resolve;
      });
    };
    ann.send("user:bob", "hi");
    world.turn();
    ann.cut();
    ann.connect();
    expect(appends).toBe(1);
    finish({ ok: true, n: 1 });
    await Promise.resolve();
    world.turn();
    expect(ann.results).toMatchObject([{ ok: true, n: 1 }]);
    expect(appends).toBe(1);
  });

  it("[B10.6] one id of two identities is two sends", () => {
    const world = createWorld();
    const ann = world.client("ann", { nonce: "same-nonce" });
    const bob = world.client("bob", { nonce: "same-nonce" });
    ann.connect();
    bob.connect();
    expect(ann.send("user:cat", 1)).toBe(bob.send("user:cat", 2));
    world.turn();
    expect(world.log.entries.map(({ data }) => data)).toEqual([1, 2]);
  });

  it("[B10.6] what was on the wire and is older than the server's memory ends as unknown and is not sent again", () => {
    const world = createWorld({ limits: { dedupMs: 60_000 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    ann.send("user:bob", "old", { timeoutMs: Number.POSITIVE_INFINITY });
    world.turn();
    world.now += 30_000;
    ann.send("user:bob", "young", { timeoutMs: Number.POSITIVE_INFINITY });
    world.turn();
    ann.cut();
    world.now += 31_000;
    const next = ann.connect();
    expect(ann.results).toMatchObject([{ ok: false, code: "ERR_SEND_TIMEOUT", outcome: "unknown" }, { ok: true }]);
    expect(world.log.entries.map(({ data }) => data)).toEqual(["young"]);
    expect(kinds(next)).toEqual(["hello", 6]);
  });

  it("[B10.6] the age counts from the first writing, over all links", () => {
    const world = createWorld({ limits: { dedupMs: 60_000 } });
    const ann = world.client("ann");
    ann.connect();
    world.log.answers = "never";
    ann.send("user:bob", "x", { timeoutMs: Number.POSITIVE_INFINITY });
    for (let i = 0; i < 3; i++) {
      expect(ann.results).toEqual([]);
      world.now += 25_000;
      ann.cut();
      ann.connect();
    }
    expect(ann.results).toMatchObject([{ ok: false, outcome: "unknown" }]);
  });

  it("[B10.6] what was never written may be sent however old it is", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.send("user:bob", "waited", { queued: true, timeoutMs: Number.POSITIVE_INFINITY });
    world.now += 86_400_000;
    ann.connect();
    expect(ann.results).toMatchObject([{ ok: true }]);
  });

  it("[B10.6] the server remembers longer than it says, for what a client writes at the last moment", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    const send = ["6", "id-1"];
    const raw = world.raw();
    raw.say({ t: "hello", token: "token:cat", app: "app", instance: "i", linkNo: 1 }, [
      6,
      send[1],
      "user:bob",
      "message",
      1,
      0,
    ]);
    const knows = world.log.append;
    let appends = 0;
    world.log.append = (...args) => {
      appends++;
      return knows(...args);
    };
    world.advance(120_000 + 29_000 - ((120_000 + 29_000) % 250));
    const again = world.raw();
    again.say({ t: "hello", token: "token:cat", app: "app", instance: "i", linkNo: 2 }, [
      6,
      send[1],
      "user:bob",
      "message",
      1,
      0,
    ]);
    expect(appends).toBe(0);
    world.advance(10_000);
    again.say([6, send[1], "user:bob", "message", 1, 0]);
    expect(appends).toBe(1);
  });

  it("[B10.6] no answer in time: unknown if it was on the wire, notSent if it was not", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    ann.send("user:bob", "written", { timeoutMs: 5000 });
    ann.send("user:bob", "held back", { timeoutMs: 6000, chained: true });
    world.turn();
    expect(ann.session.deadline()).toBe(5000);
    world.advance(5000);
    expect(ann.results).toMatchObject([
      { ok: false, code: "ERR_SEND_TIMEOUT", outcome: "unknown" },
      { ok: false, code: "ERR_SEND_REJECTED", outcome: "notSent" },
    ]);
    expect(ann.session.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it("[B10.6] a refusal by the server means not applied, and carries its code", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    world.log.refuseNext = { ok: false, code: "ERR_SERVER_OVERLOADED", message: "full", retryAfterMs: 700 };
    const id = ann.send("user:bob", 1);
    world.turn();
    expect(ann.results).toEqual([{ ok: false, id, code: "ERR_SERVER_OVERLOADED", message: "full", retryAfterMs: 700 }]);
    ann.send("user:bob", 2);
    world.turn();
    expect(ann.results[1]).toMatchObject({ ok: true });
  });

  describe("what is refused, with other gateways on the log", () => {
    const full = { ok: false, code: "ERR_SERVER_OVERLOADED", message: "full", retryAfterMs: 700 } as const;

    /** A send whose first link is given up; another gateway may have it, or be about to. */
    function stuck() {
      const world = createWorld();
      const ann = world.client("ann");
      ann.connect().held = true;
      const id = ann.send("user:bob", "twice", { kind: "message" });
      world.turn();
      ann.cut();
      const key = JSON.stringify(["ann", "ann-1", id]);
      const event = { kind: "message", from: "ann", data: "twice", id, origin: "ann-1" };
      return { world, ann, id, key, elsewhere: () => world.log.append("user:bob", event, key) };
    }

    it("[B10.6] is not applied, and never will be: the copy that comes over another gateway is refused too", () => {
      const { world, ann, id, key, elsewhere } = stuck();
      world.log.refuseNext = full;
      ann.connect();
      expect(ann.results).toEqual([{ ...full, id }]);
      expect(world.log.forbidden).toEqual([key]);
      expect(elsewhere()).toMatchObject({ ok: false });
      expect(world.log.entries).toEqual([]);
      ann.send("user:bob", "another");
      world.turn();
      expect(world.log.entries.map(({ data }) => data)).toEqual(["another"]);
    });

    it("[B10.6] is acknowledged when another gateway has applied it, whatever this one has against it", () => {
      const { world, ann, id, elsewhere } = stuck();
      expect(elsewhere()).toEqual({ ok: true, n: 1 });
      world.hub.throttle([{ feature: "message", reason: "load", forMs: 60_000 }]);
      ann.connect();
      expect(ann.results).toEqual([{ ok: true, id, n: 1 }]);
      expect(world.log.entries).toHaveLength(1);
    });

    it("[B10.6] has no answer while the log has none: the link ends, and the next one asks again", async () => {
      const { world, ann, id } = stuck();
      world.hub.throttle([{ feature: "message", reason: "load", forMs: 60_000 }]);
      world.log.answers = "fails";
      const pipe = ann.connect();
      for (let i = 0; i < 5; i++) await Promise.resolve();
      world.turn();
      expect([pipe.closed?.code, ann.results]).toEqual([1013, []]);
      expect(world.notes.some(({ note }) => note === "brokerFailed")).toBe(true);
      world.log.answers = "now";
      ann.connect();
      expect(ann.results).toMatchObject([{ id, ok: false, code: "ERR_FEATURE_THROTTLED" }]);
    });

    it("[B10.6] a join alike; what is acknowledged needs nothing", () => {
      const world = createWorld({ mayJoin: (_, channel) => channel === "group:two" });
      const ann = world.client("ann");
      ann.connect();
      for (const channel of ["group:one", "group:two"])
        ann.session.join(channel, (result) => ann.results.push(result), world.now);
      world.turn();
      expect(ann.results).toMatchObject([{ ok: false, code: "ERR_SEND_REJECTED" }, { ok: true }]);
      expect(world.log.forbidden).toEqual([JSON.stringify(["ann", "ann-1", ann.results[0]?.id])]);
    });

    it("[B10.6] without other gateways it stands by itself: the older link ended when the newer was welcomed", () => {
      const { world, ann, id } = stuck();
      delete world.log.forbid;
      world.log.refuseNext = full;
      ann.connect();
      expect(ann.results).toEqual([{ ...full, id }]);
    });
  });

  it("[B10.6] in order per channel: what was refused stays so under its id, and does not come behind what was sent after it", () => {
    for (const alone of [true, false]) {
      const world = createWorld();
      if (alone) delete world.log.forbid;
      const ann = world.client("ann");
      const pipe = ann.connect();
      const first = ann.send("group:tea", "before the join");
      const join = ann.session.join("group:tea", (result) => ann.results.push(result), world.now);
      const last = ann.send("group:tea", "after it");
      pipe.held = true;
      world.turn();
      // All three are judged, and no answer arrives.
      for (const text of pipe.toServer.splice(0)) pipe.server.receive(text);
      ann.cut();
      ann.connect();
      expect(ann.results).toMatchObject([
        { id: first, ok: false, code: "ERR_SEND_REJECTED", message: "not a member" },
        { id: join, ok: true },
        { id: last, ok: true },
      ]);
      expect(world.log.entries.map(({ data }) => data)).toEqual([{ user: "ann", change: "joined" }, "after it"]);
    }
  });

  it("[B10.6] a log that cannot say whether it applied: the link ends, and the next one asks by id", async () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.log.answers = "fails";
    ann.send("user:bob", "hi");
    world.turn();
    for (let i = 0; i < 5; i++) await Promise.resolve();
    world.turn();
    expect(pipe.closed?.code).toBe(1013);
    expect(ann.told.find(({ what }) => what === "reject")?.value).toMatchObject({ retry: "later", minDelayMs: 1000 });
    expect(ann.results).toEqual([]);
    world.log.answers = "now";
    ann.connect();
    expect(ann.results).toMatchObject([{ ok: true, n: 1 }]);
    expect(world.notes.some(({ note }) => note === "brokerFailed")).toBe(true);
  });

  it("[B10.6] in order per channel, over lost links and a slow log", async () => {
    const world = createWorld();
    world.log.answers = "byPromise";
    const ann = world.client("ann");
    for (let i = 0; i < 5; i++) {
      await Promise.resolve();
      world.turn();
    }
    ann.connect();
    const settle = async (turns: number): Promise<void> => {
      for (let i = 0; i < turns; i++) {
        await Promise.resolve();
        world.turn();
      }
    };
    await settle(6);
    for (let i = 0; i < 30; i++) {
      ann.send("user:bob", i);
      ann.send("user:cat", i);
      if (i % 10 === 4) {
        await settle(3);
        ann.cut();
        ann.connect();
        await settle(6);
      }
    }
    await settle(300);
    for (const channel of ["user:bob", "user:cat"]) {
      const said = world.log.entries.filter((entry) => entry.channel === channel).map(({ data }) => data);
      expect(said).toEqual(Array.from({ length: 30 }, (_, i) => i));
    }
    expect(ann.results.every(({ ok }) => ok)).toBe(true);
  });

  it("[B10.6] a send is applied only when the one before it on its channel is, however long the log takes", async () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    const { append } = world.log;
    const held: (() => void)[] = [];
    world.log.append = (...args) =>
      new Promise((resolve) => held.push(() => resolve(append(...args) as { readonly ok: true; readonly n: number })));
    ann.send("user:bob", 1);
    ann.send("user:bob", 2);
    ann.send("user:cat", "elsewhere");
    world.turn();
    expect(held).toHaveLength(2);
    while (held.length > 0) {
      held.pop()?.();
      await Promise.resolve();
      await Promise.resolve();
    }
    world.turn();
    expect(world.log.entries.map(({ data }) => data)).toEqual(["elsewhere", 1, 2]);
    expect(ann.results.every(({ ok }) => ok)).toBe(true);
  });

  it("[B10.6] one failure stops those behind it only where the caller asked for that", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    world.log.refuseNext = { ok: false, code: "ERR_SEND_REJECTED", message: "no" };
    ann.send("user:bob", "refused");
    ann.send("user:bob", "free");
    ann.send("user:bob", "chained", { chained: true });
    ann.send("user:bob", "chained too", { chained: true });
    ann.send("user:bob", "behind them");
    ann.send("user:cat", "elsewhere", { chained: true });
    world.turn();
    expect(world.log.entries.map(({ data }) => data)).toEqual(["free", "elsewhere", "behind them"]);
    expect(ann.results.filter(({ ok }) => !ok)).toMatchObject([
      { code: "ERR_SEND_REJECTED", message: "no" },
      { code: "ERR_SEND_REJECTED", outcome: "notSent" },
      { code: "ERR_SEND_REJECTED", outcome: "notSent" },
    ]);
  });

  it("[B10.6] chained sends that succeed go one after another, and those behind keep their order", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    for (const data of [1, 2, 3]) ann.send("user:bob", data, { chained: true });
    ann.send("user:bob", 4);
    world.turn();
    expect(world.log.entries.map(({ data }) => data)).toEqual([1, 2, 3, 4]);
    expect(ann.results.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  });

  it("[B10.7] [R24] with no link a send fails at once as notSent; a volatile one is dropped", () => {
    const ann = createWorld().client("ann");
    ann.send("user:bob", 1);
    expect(ann.results).toMatchObject([{ ok: false, code: "ERR_WEBSOCKET_ERROR", outcome: "notSent" }]);
    expect(ann.session.emit("user:bob", "typing", 1)).toBe(false);
  });

  it("nothing is sent before the welcome", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.send("user:bob", 1, { queued: true });
    const pipe = ann.dial();
    expect(kinds(pipe)).toEqual(["hello"]);
    world.turn();
    expect(kinds(pipe)).toEqual(["hello", 6]);
  });

  it("[B10.1] an ephemeral send with an answer is acknowledged with 0, and lost with its link it is unknown, never repeated", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const bob = world.client("bob");
    bob.connect();
    const pipe = ann.connect();
    ann.send("user:bob", 1, { ephemeral: true });
    world.turn();
    expect(ann.results).toMatchObject([{ ok: true, n: 0 }]);
    pipe.held = true;
    ann.send("user:bob", 2, { ephemeral: true });
    world.turn();
    ann.cut();
    ann.connect();
    expect(ann.results[1]).toMatchObject({ ok: false, outcome: "unknown" });
    expect(bob.ephemeral.map(({ data }) => data)).toEqual([1]);
  });

  it("[B10.8] data above limits.eventBytes is refused, counted in UTF-8, for clients and operators alike", () => {
    const world = createWorld({ limits: { eventBytes: 1000 } });
    const ann = world.client("ann");
    ann.connect();
    ann.send("user:bob", "x".repeat(998));
    ann.send("user:bob", "é".repeat(500));
    ann.send("user:bob", "é".repeat(500), { ephemeral: true });
    world.turn();
    expect(ann.results.map((result) => (result.ok ? "ok" : result.code))).toEqual([
      "ok",
      "ERR_MESSAGE_TOO_LARGE",
      "ERR_MESSAGE_TOO_LARGE",
    ]);
    const large = { channel: "user:bob", kind: "typing", from: "x", data: "x".repeat(999) };
    expect(world.hub.publish(large)).toMatchObject({ code: "ERR_MESSAGE_TOO_LARGE" });
    expect(world.hub.cast(large)).toBe(false);
  });

  it("[B10.8] a send that would cost the link never leaves the client", () => {
    const world = createWorld({ limits: { eventBytes: 1000, frameBytes: 20_000 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    ann.send("user:bob", "é".repeat(10_000));
    world.turn();
    expect(ann.results).toMatchObject([{ ok: false, code: "ERR_MESSAGE_TOO_LARGE", outcome: "notSent" }]);
    expect(pipe.closed).toBeUndefined();
  });

  it("data that is not JSON throws to the caller, and nothing was done", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    expect(() => ann.send("user:bob", 1n)).toThrow(TypeError);
    expect(ann.session.pending).toBe(0);
    ann.send("user:bob", undefined);
    world.turn();
    expect(world.log.entries.map(({ data }) => data)).toEqual([null]);
  });

  it("cancel tells what is certain, and a late answer changes nothing", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    const id = ann.send("user:bob", 1);
    ann.session.cancel(id, "ERR_ABORTED", "changed my mind");
    ann.session.cancel(id, "ERR_ABORTED", "twice");
    world.turn();
    expect(ann.results).toEqual([
      { ok: false, id, code: "ERR_ABORTED", message: "changed my mind", outcome: "unknown" },
    ]);
  });

  it("[B2.5] the end of the session settles everything, each with its outcome, and its links are stale", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    pipe.held = true;
    ann.send("user:bob", 1);
    ann.send("user:bob", 2, { chained: true });
    ann.session.end("ERR_LOGGED_OUT", "bye");
    expect(ann.results).toMatchObject([{ code: "ERR_LOGGED_OUT", outcome: "unknown" }, { outcome: "notSent" }]);
    pipe.held = false;
    world.publish("user:ann", "late");
    world.turn();
    expect(ann.events).toEqual([]);
    ann.send("user:bob", 3, { queued: true });
    expect(ann.results[2]).toMatchObject({ ok: false, outcome: "notSent" });
  });

  it("what is on the wire without an answer can be read: since when, and how many bytes", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    expect(ann.session.unacknowledged).toBeUndefined();
    world.now = 1000;
    ann.send("user:bob", "é");
    world.now = 2000;
    ann.send("user:bob", "x");
    const sizes = ['[6,"nonce-ann-1","user:bob","message","é",0]', '[6,"nonce-ann-2","user:bob","message","x",0]'].map(
      (text) => new TextEncoder().encode(text).length,
    );
    expect(ann.session.unacknowledged).toEqual({ since: 1000, bytes: (sizes[0] ?? 0) + (sizes[1] ?? 0) });
    world.turn();
    expect(ann.session.unacknowledged).toBeUndefined();
    pipe.held = true;
    ann.send("user:bob", "z");
    ann.cut();
    expect(ann.session.unacknowledged).toBeUndefined();
    expect(ann.session.pending).toBe(1);
  });

  it("what is sent in one turn shares a message of at most limits.batchBytes", () => {
    const world = createWorld({ limits: { batchBytes: 1000 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    for (let i = 0; i < 64; i++) ann.send("user:bob", "ü".repeat(20));
    world.turn();
    const sizes = pipe.fromClient.slice(1).map((text) => new TextEncoder().encode(text).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
    expect(sizes.length).toBeLessThan(16);
    expect(ann.results.filter(({ ok }) => ok)).toHaveLength(64);
  });

  it("an operator's event with a key is applied once", () => {
    const world = createWorld();
    const one = { channel: "user:ann", kind: "message", from: "system", data: 1, dedupKey: "k" };
    expect(world.hub.publish(one)).toEqual({ ok: true, n: 1 });
    expect(world.hub.publish(one)).toEqual({ ok: true, n: 1 });
    expect(world.hub.publish({ ...one, kind: "member" })).toMatchObject({ ok: false });
    expect(world.log.entries).toHaveLength(1);
  });

  it("an operator is told by rejection when the log cannot say", async () => {
    const world = createWorld();
    world.log.answers = "fails";
    await expect(world.hub.publish({ channel: "user:ann", kind: "message", from: "s", data: 1 })).rejects.toThrow(
      "perhaps applied",
    );
  });
});
