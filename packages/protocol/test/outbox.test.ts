/** Sends that wait for their answer: what holds them back, what lets them go, and what is told of those on the wire. */
import { describe, expect, it } from "vitest";
import { createWorld, framesIn, type Pipe, type TestClient, type World } from "./support/world.js";

const sentIn = (pipe: Pipe): unknown[] =>
  framesIn(pipe.fromClient).flatMap((frame) => (Array.isArray(frame) && frame[0] === 6 ? [frame[4]] : []));

/** Ann is linked, and nothing of hers arrives any more. */
function unanswered(): { readonly world: World; readonly ann: TestClient; readonly pipe: Pipe } {
  const world = createWorld();
  const ann = world.client("ann");
  const pipe = ann.connect();
  pipe.held = true;
  return { world, ann, pipe };
}

describe("chained sends", () => {
  it("[B10.6] a chained send waits for the answer to those before it on every link, not on the first alone", () => {
    const { world, ann } = unanswered();
    ann.send("user:bob", 1);
    ann.send("user:bob", 2, { chained: true });
    ann.cut();
    world.log.answers = "never";
    expect(sentIn(ann.connect())).toEqual([1]);
  });

  it("[B10.6] a chained send that is taken back lets those behind it go", () => {
    const { world, ann, pipe } = unanswered();
    ann.send("user:bob", 1);
    const chained = ann.send("user:bob", 2, { chained: true });
    ann.send("user:bob", 3);
    world.turn();
    expect(sentIn(pipe)).toEqual([1]);
    ann.session.cancel(chained, "ERR_ABORTED", "changed my mind");
    world.turn();
    expect(sentIn(pipe)).toEqual([1, 3]);
    pipe.held = false;
    world.turn();
    expect(ann.results.map(({ id, ok }) => [id, ok])).toEqual([
      ["nonce-ann-2", false],
      ["nonce-ann-1", true],
      ["nonce-ann-3", true],
    ]);
  });

  it("[B10.6] a chained send that is taken back takes those with it that were chained to it, and no others", () => {
    const { world, ann, pipe } = unanswered();
    ann.send("user:bob", 1);
    const chained = ann.send("user:bob", 2, { chained: true });
    ann.send("user:bob", 3, { chained: true });
    ann.send("user:bob", 4);
    ann.session.cancel(chained, "ERR_ABORTED", "changed my mind");
    world.turn();
    expect(ann.results.map(({ id, ok }) => [id, ok])).toEqual([
      ["nonce-ann-2", false],
      ["nonce-ann-3", false],
    ]);
    expect(sentIn(pipe)).toEqual([1, 4]);
  });

  it("[B10.6] a failure stops the chained ones behind it, neither those before it nor those of another channel", () => {
    const { world, ann, pipe } = unanswered();
    ann.send("user:bob", 1);
    ann.send("user:bob", 2, { chained: true });
    const behind = ann.send("user:bob", 3);
    ann.send("user:cat", 4);
    ann.send("user:cat", 5, { chained: true });
    ann.session.cancel(behind, "ERR_ABORTED", "changed my mind");
    expect(ann.results.map(({ id }) => id)).toEqual([behind]);
    pipe.held = false;
    world.turn();
    expect(world.log.entries.map(({ data }) => data)).toEqual([1, 4, 2, 5]);
  });
});

describe("what is on the wire", () => {
  it("is counted without what was answered, and without what never went", () => {
    const { world, ann } = unanswered();
    const first = ann.send("user:bob", "one");
    world.now = 500;
    ann.send("user:bob", "three");
    const waiting = ann.send("user:bob", "not yet", { chained: true });
    const size = (text: string): number => new TextEncoder().encode(text).length;
    const [one, three] = [
      size('[6,"nonce-ann-1","user:bob","message","one",0]'),
      size('[6,"nonce-ann-2","user:bob","message","three",0]'),
    ];
    expect(ann.session.unacknowledged).toEqual({ since: 0, bytes: one + three });
    ann.session.cancel(waiting, "ERR_ABORTED", "changed my mind");
    expect(ann.session.unacknowledged).toEqual({ since: 0, bytes: one + three });
    ann.session.cancel(first, "ERR_ABORTED", "changed my mind");
    expect(ann.session.unacknowledged).toEqual({ since: 500, bytes: three });
  });

  it("[B10.8] a send as long as limits.frameBytes goes, one byte more does not", () => {
    const world = createWorld({ limits: { eventBytes: 1000, frameBytes: 20_000 } });
    const ann = world.client("ann");
    const pipe = ann.connect();
    const around = '[6,"nonce-ann-1","user:bob","message","",0]'.length;
    ann.send("user:bob", "x".repeat(20_000 - around));
    ann.send("user:bob", "x".repeat(20_001 - around));
    world.turn();
    expect(pipe.fromClient.slice(1).map((text) => text.length)).toEqual([20_000]);
    expect(pipe.closed).toBeUndefined();
    expect(ann.results).toMatchObject([
      { code: "ERR_MESSAGE_TOO_LARGE", outcome: "notSent" },
      { code: "ERR_MESSAGE_TOO_LARGE", message: "the data is above 1000 bytes" },
    ]);
  });

  it("[B10.6] what is as old as limits.dedupMs is sent again, a moment later it is not", () => {
    for (const [later, ok] of [
      [0, true],
      [1, false],
    ] as const) {
      const world = createWorld({ limits: { dedupMs: 60_000 } });
      const ann = world.client("ann");
      ann.connect().held = true;
      ann.send("user:bob", "old", { timeoutMs: Number.POSITIVE_INFINITY });
      ann.cut();
      world.now += 60_000 + later;
      ann.connect();
      expect(ann.results.map((result) => result.ok)).toEqual([ok]);
    }
  });
});
