/** The high-water mark of sends [B10.7] [R35]: what nobody answers is bounded, and so is what waits in a transport's buffer. */
import { describe, expect, it } from "vitest";
import { utf8Length } from "../src/bytes.js";
import { createWorld, framesIn, type Pipe, type TestClient, type World } from "./support/world.js";

/** As docs/behaviour.md says. */
const mark = 262_144;
const page = "x".repeat(30_000);

interface Sent {
  readonly id: string;
  readonly channel: string;
}

/** The sends that the client wrote, in order. */
const written = (pipe: Pipe): Sent[] =>
  framesIn(pipe.fromClient).flatMap((frame) =>
    Array.isArray(frame) && frame[0] === 6 ? [{ id: String(frame[1]), channel: String(frame[2]) }] : [],
  );

const bytesOf = (pipe: Pipe): number =>
  framesIn(pipe.fromClient)
    .filter((frame) => Array.isArray(frame) && frame[0] === 6)
    .reduce((sum, frame) => sum + utf8Length(JSON.stringify(frame)), 0);

/** Ann, linked, with a peer that takes nothing any more. */
function mute(): { readonly world: World; readonly ann: TestClient; readonly pipe: Pipe } {
  const world = createWorld();
  const ann = world.client("ann");
  const pipe = ann.connect();
  pipe.held = true;
  return { world, ann, pipe };
}

describe("above the high-water mark", () => {
  it("[B10.7][R35] send() waits: what is unanswered stays below the mark, however much is sent", () => {
    const { world, ann, pipe } = mute();
    for (let n = 0; n < 100; n++) ann.send("user:bob", page);
    world.turn();
    expect(written(pipe)).toHaveLength(Math.floor(mark / (30_000 + 50)));
    expect(bytesOf(pipe)).toBeLessThanOrEqual(mark);
    expect(ann.session.unacknowledged?.bytes).toBe(bytesOf(pipe));
    expect([ann.results, ann.session.pending]).toEqual([[], 100]);
  });

  it("[B10.7][B10.6][R35] it goes on when there is room: everything once, in the order of asking, small ones not before large ones", () => {
    const { world, ann, pipe } = mute();
    const ids = Array.from({ length: 60 }, (_, n) => ann.send(n % 3 ? "user:bob" : "user:cat", n % 2 ? page : n));
    world.turn();
    expect(written(pipe).length).toBeLessThan(60);
    // Asked for while others wait.
    ids.push(ann.send("user:bob", "small"));
    pipe.held = false;
    world.turn();
    expect(written(pipe).map(({ id }) => id)).toEqual(ids);
    expect(ann.results.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(ann.results.every(({ ok }) => ok)).toBe(true);
    expect(world.log.entries).toHaveLength(61);
  });

  it("[B10.7][R35] at no moment of it is more than the mark unanswered", () => {
    const { world, ann, pipe } = mute();
    let most = 0;
    for (let n = 0; n < 80; n++)
      ann.send("user:bob", page, { settled: () => (most = Math.max(most, ann.session.unacknowledged?.bytes ?? 0)) });
    pipe.held = false;
    world.turn();
    expect(world.log.entries).toHaveLength(80);
    expect(most).toBeGreaterThan(mark / 2);
    expect(most).toBeLessThanOrEqual(mark);
  });

  it("[B10.6][R35] what waited in vain is told as not sent, and what had been written as unknown", () => {
    const { world, ann, pipe } = mute();
    for (let n = 0; n < 20; n++) ann.send("user:bob", page);
    world.turn();
    const wrote = written(pipe).length;
    // Time for the sends alone: the link's own silence is another matter.
    world.now += 25_000;
    ann.session.tick(world.now);
    world.turn();
    expect(ann.results.map((result) => !result.ok && [result.code, result.outcome])).toEqual(
      Array.from({ length: 20 }, (_, n) => ["ERR_SEND_TIMEOUT", n < wrote ? "unknown" : "notSent"]),
    );
    expect(written(pipe)).toHaveLength(wrote);
  });

  it("[B10.7][R35] a volatile send does not go behind it: it is dropped, and goes when there is room", () => {
    const { world, ann, pipe } = mute();
    expect(ann.session.emit("user:bob", "typing", 1)).toBe(true);
    for (let n = 0; n < 20; n++) ann.send("user:bob", page);
    expect(ann.session.emit("user:bob", "typing", 2)).toBe(false);
    pipe.held = false;
    world.turn();
    expect(ann.session.emit("user:bob", "typing", 3)).toBe(true);
  });

  it("[B10.6][R35] a link that is lost begins anew: the oldest go first, and the mark holds there too", () => {
    const { world, ann, pipe } = mute();
    const ids = Array.from({ length: 20 }, () => ann.send("user:bob", page));
    world.turn();
    const wrote = written(pipe).map(({ id }) => id);
    ann.cut();
    const next = ann.dial();
    // Nothing is heard of the sends, but the welcome is.
    world.turn();
    expect(
      written(next)
        .slice(0, wrote.length)
        .map(({ id }) => id),
    ).toEqual(wrote);
    expect(written(next).map(({ id }) => id)).toEqual(ids);
    expect(world.log.entries).toHaveLength(20);
  });

  it("[B10.6][R35] a chained send that waits for room fails with the one before it, unwritten", () => {
    const { world, ann, pipe } = mute();
    for (let n = 0; n < 8; n++) ann.send("user:cat", page);
    ann.send("nowhere", page);
    const chained = ann.send("nowhere", "behind", { chained: true });
    pipe.held = false;
    world.turn();
    expect(ann.results.find(({ id }) => id === chained)).toMatchObject({
      ok: false,
      code: "ERR_SEND_REJECTED",
      outcome: "notSent",
    });
    expect(written(pipe).map(({ id }) => id)).not.toContain(chained);
  });

  it("[R35] one that is larger than the mark's rest waits, and one alone never does", () => {
    const { world, ann, pipe } = mute();
    ann.send("user:bob", "first");
    ann.send("user:bob", "x".repeat(120_000));
    ann.send("user:bob", "x".repeat(120_000));
    ann.send("user:bob", page);
    world.turn();
    expect(written(pipe)).toHaveLength(3);
  });
});
