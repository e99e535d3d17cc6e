import { describe, expect, it } from "vitest";
import type { Verdict } from "../src/server.js";
import { createMemoryLog } from "./support/memoryLog.js";
import { createWorld } from "./support/world.js";

describe("tokens", () => {
  const verifier = (verdicts: Record<string, Verdict | Promise<Verdict>>) => (token: string) =>
    verdicts[token] ?? ({ ok: false, message: "no such token" } as const);

  it("[B2.6] a token is renewed in band and the server acknowledges it", () => {
    const world = createWorld({
      verify: verifier({
        first: { ok: true, user: "ann", expiresInMs: 120_000 },
        second: { ok: true, user: "ann", expiresInMs: 600_000 },
      }),
    });
    const ann = world.client("ann");
    ann.token = "first";
    const pipe = ann.connect();
    expect(ann.welcomes[0]?.expiresInMs).toBe(120_000);
    world.advance(60_000);
    expect(ann.told.at(-1)).toEqual({ what: "expiring", value: 60_000 });
    ann.link?.renew("second");
    world.turn();
    expect(ann.told.at(-1)).toEqual({ what: "tokenOk", value: 600_000 });
    world.advance(500_000);
    expect(pipe.closed).toBeUndefined();
  });

  it("[B2.6] a token that ends without renewal closes 4401: reauth", () => {
    const world = createWorld({ verify: verifier({ first: { ok: true, user: "ann", expiresInMs: 5000 } }) });
    const ann = world.client("ann");
    ann.token = "first";
    const pipe = ann.connect();
    world.advance(5000);
    expect(ann.told.filter(({ what }) => what === "expiring")).toHaveLength(1);
    expect(ann.told.at(-2)).toMatchObject({ what: "reject", value: { code: "ERR_AUTH_REJECTED", retry: "reauth" } });
    expect(pipe.closed?.code).toBe(4401);
  });

  it("[B2.6] [B2.4] a renewal that is wrong, or of another user, ends the link", () => {
    for (const token of ["wrong", "mallory"]) {
      const world = createWorld({
        verify: verifier({ first: { ok: true, user: "ann" }, mallory: { ok: true, user: "mallory" } }),
      });
      const ann = world.client("ann");
      ann.token = "first";
      const pipe = ann.connect();
      ann.link?.renew(token);
      world.turn();
      expect(ann.told.at(-2)).toMatchObject({ what: "reject", value: { code: "ERR_AUTH_REJECTED", retry: "reauth" } });
      expect(pipe.closed?.code).toBe(4401);
    }
  });

  it("[B2.6] of two renewals under way the last one counts", async () => {
    let release: (verdict: Verdict) => void = () => {};
    const slow = new Promise<Verdict>((resolve) => {
      release = resolve;
    });
    const world = createWorld({
      verify: verifier({
        first: { ok: true, user: "ann" },
        slow,
        fast: { ok: true, user: "ann", expiresInMs: 90_000 },
      }),
    });
    const ann = world.client("ann");
    ann.token = "first";
    const pipe = ann.connect();
    ann.link?.renew("slow");
    ann.link?.renew("fast");
    world.turn();
    release({ ok: false, message: "late" });
    await slow;
    await Promise.resolve();
    world.turn();
    expect(ann.told.filter(({ what }) => what === "tokenOk")).toEqual([{ what: "tokenOk", value: 90_000 }]);
    expect(pipe.closed).toBeUndefined();
  });

  it("revocation ends the links that fit, and no others", () => {
    const world = createWorld({
      verify: (token) => ({ ok: true, user: token.split("/")[0] ?? "", tokenId: token }),
    });
    const [a, b, c] = ["ann/1", "ann/2", "bob/1"].map((token, i) => {
      const client = world.client(token.split("/")[0] ?? "", { instance: `i${i}`, nonce: `nonce-${i}` });
      client.token = token;
      client.connect();
      return client;
    });
    expect(world.hub.revoke({ tokenId: "ann/2" })).toBe(1);
    world.turn();
    expect(b?.told.at(-2)).toMatchObject({ what: "reject", value: { code: "ERR_AUTH_REJECTED", retry: "reauth" } });
    expect(b?.pipe?.closed?.code).toBe(4401);
    expect(world.hub.revoke({ user: "ann", instance: "i0" })).toBe(1);
    expect(a?.pipe?.closed?.code).toBe(4401);
    expect(world.hub.revoke({ session: "nobody" })).toBe(0);
    expect(c?.pipe?.closed).toBeUndefined();
    a?.connect();
    expect(world.hub.revoke({ user: "bob" })).toBe(1);
    expect(a?.pipe?.closed).toBeUndefined();
    expect(c?.pipe?.closed?.code).toBe(4401);
  });
});

describe("throttling", () => {
  it("[B8.1] the whole set is told each time, to every link and in the welcome, with the time that is left", () => {
    const world = createWorld();
    const ann = world.client("ann");
    ann.connect();
    world.hub.throttle([
      { feature: "typing", reason: "load", forMs: 10_000 },
      { feature: "receipts", reason: "operator", forMs: 60_000 },
    ]);
    world.turn();
    world.advance(4000);
    const bob = world.client("bob");
    bob.connect();
    expect(bob.welcomes[0]?.throttled).toEqual([
      { feature: "typing", reason: "load", forMs: 6000 },
      { feature: "receipts", reason: "operator", forMs: 56_000 },
    ]);
    world.hub.throttle([{ feature: "receipts", reason: "operator", forMs: 60_000 }]);
    world.hub.throttle([]);
    world.turn();
    expect(ann.told.filter(({ what }) => what === "throttle").map(({ value }) => (value as unknown[]).length)).toEqual([
      2, 1, 0,
    ]);
  });

  it("[B8.1] a passing end clears by itself", () => {
    const world = createWorld();
    world.hub.throttle([{ feature: "typing", reason: "load", forMs: 1000 }]);
    world.advance(1000);
    const ann = world.client("ann");
    ann.connect();
    expect(ann.welcomes[0]?.throttled).toEqual([]);
  });

  it("[B8.1] what is sent through a throttled feature is refused with the time to wait, or dropped if it is volatile", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const bob = world.client("bob");
    bob.connect();
    ann.connect();
    world.hub.throttle([
      { feature: "typing", reason: "load", forMs: 1000 },
      { feature: "receipts", reason: "load", forMs: 2000 },
    ]);
    ann.session.emit("user:bob", "typing", 1);
    ann.send("user:bob", 1, { kind: "receipt" });
    ann.send("user:bob", "words");
    world.turn();
    expect(bob.ephemeral).toEqual([]);
    expect(bob.data()).toEqual(["words"]);
    expect(ann.results[0]).toMatchObject({ ok: false, code: "ERR_FEATURE_THROTTLED", retryAfterMs: 2000 });
  });
});

describe("notes", () => {
  it("[B9.5] a link that fails while its replay begins is told as welcomed before it is told as closed", () => {
    const log = createMemoryLog();
    const { read } = log;
    let reads = 0;
    log.read = (...args) => {
      reads += 1;
      if (reads > 1) throw new Error("the log is away");
      return read(...args);
    };
    const world = createWorld({ log, ringEntries: 2 });
    for (let n = 0; n < 5; n++) world.publish("user:ann", n);
    const pipe = world.raw();
    pipe.say({
      t: "hello",
      token: "token:ann",
      app: "app",
      instance: "i",
      linkNo: 1,
      resume: { epoch: "e1", positions: [0] },
    });
    world.turn();
    expect(reads).toBe(2);
    expect(world.notes.map(({ note }) => note).filter((note) => note !== "brokerFailed")).toEqual([
      "welcomed",
      "closed",
    ]);
  });
});

describe("drain and stop", () => {
  it("[B5.4] a drain tells every link to go, with the floor, and sends newcomers away with the same", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.hub.drain({ minDelayMs: 500, spreadMs: 4000 });
    world.turn();
    expect(ann.told.at(-1)).toEqual({
      what: "goaway",
      value: { t: "goaway", minDelayMs: 500, spreadMs: 4000, overlap: true },
    });
    world.publish("user:ann", "still served");
    world.turn();
    expect(ann.data()).toEqual(["still served"]);
    expect(pipe.closed).toBeUndefined();
    const late = world.client("bob");
    const latePipe = late.connect();
    expect(late.told[0]).toMatchObject({ what: "reject", value: { retry: "later", minDelayMs: 500, spreadMs: 4000 } });
    expect(latePipe.closed?.code).toBe(1012);
    world.hub.undrain();
    late.connect();
    expect(late.welcomes).toHaveLength(1);
  });

  it("[B5.4] stop tells the floor, then closes every link with 1012", () => {
    const world = createWorld();
    const ann = world.client("ann");
    const pipe = ann.connect();
    world.hub.stop();
    world.turn();
    expect(ann.told.slice(-2)).toMatchObject([
      { what: "goaway", value: { spreadMs: 100, overlap: false } },
      { what: "closed", value: 1012 },
    ]);
    expect(pipe.closed?.code).toBe(1012);
    expect(world.client("bob").connect().closed?.code).toBe(1012);
  });

  it("counts what it holds", () => {
    const world = createWorld();
    world.client("ann").connect();
    world.raw();
    world.publish("user:ann", 1);
    world.turn();
    expect(world.hub.stats()).toMatchObject({
      connections: 2,
      linked: 1,
      ringEntries: 1,
      positions: [1],
      draining: false,
    });
  });
});
