/** The high-water mark of what nobody has answered: what waits at it, what goes on, and when. */
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../src/limits.js";
import { createBare } from "./support/bare.js";
import { createWorld } from "./support/world.js";

const mark = 262_144;
/** Data that makes a frame of so many bytes. */
const frameOf = (id: number, bytes: number): string =>
  "x".repeat(bytes - `[6,"nonce-${id}","user:bob","message","",0]`.length);
const idsIn = (messages: readonly unknown[]): unknown[] =>
  messages.flatMap((message) => {
    const frames = (message as unknown[])[0] === 6 ? [message] : (message as unknown[]);
    return frames.map((frame) => (frame as unknown[])[1]);
  });

describe("the high-water mark [B10.7]", () => {
  it("is filled to the byte; what comes then waits until half of it is free, to the byte", () => {
    const bare = createBare();
    const one = bare.linked();
    for (let id = 1; id <= 4; id++) bare.send(frameOf(id, mark / 4));
    bare.send("fifth");
    bare.turn();
    expect(idsIn(one.news())).toEqual(["nonce-1", "nonce-2", "nonce-3", "nonce-4"]);
    expect(bare.session.unacknowledged?.bytes).toBe(mark);
    one.says([3, "nonce-1", 1]);
    bare.turn();
    expect(one.news()).toEqual([]);
    one.says([3, "nonce-2", 2]);
    bare.turn();
    expect(idsIn(one.news())).toEqual(["nonce-5"]);
  });

  it("lets what is asked for behind go on waiting while more than half is on the wire", () => {
    const bare = createBare();
    const one = bare.linked();
    for (let id = 1; id <= 4; id++) bare.send(frameOf(id, mark / 4));
    bare.send("fifth");
    one.says([3, "nonce-1", 1]);
    bare.send("sixth");
    bare.turn();
    expect(idsIn(one.news())).not.toContain("nonce-6");
    expect(bare.session.emit("user:bob", "typing", 1)).toBe(false);
  });

  it("holds up no frame that is alone on the wire, however long", () => {
    const bare = createBare();
    const one = bare.linked({ limits: { ...defaultLimits, frameBytes: 2 * mark, eventBytes: mark } });
    bare.send(frameOf(1, mark + 1));
    bare.turn();
    expect(idsIn(one.news())).toEqual(["nonce-1"]);
    expect(bare.session.emit("user:bob", "typing", 1)).toBe(true);
  });

  it("[B10.6] lets nothing go whose time ends at that moment: it was not sent, and is told so", () => {
    const bare = createBare();
    const one = bare.linked();
    for (let id = 1; id <= 4; id++) bare.send(frameOf(id, mark / 4));
    bare.send("ends", { timeoutMs: 1000 });
    bare.send("stays", { timeoutMs: 1001 });
    bare.turn();
    one.news();
    one.link.receive('[[3,"nonce-1",1],[3,"nonce-2",2]]', 1000);
    bare.turn();
    expect(idsIn(one.news())).toEqual(["nonce-6"]);
    bare.session.tick(1000);
    expect(bare.results.at(-1)).toMatchObject({ id: "nonce-5", code: "ERR_SEND_TIMEOUT", outcome: "notSent" });
  });
});

describe("a link that a stopped server has yet to close", () => {
  it("and that closed by itself is not closed again", () => {
    const world = createWorld();
    world.hub.stop();
    const closed: unknown[] = [];
    const session = world.hub.connect({ send: () => {}, close: (code) => closed.push(code) });
    session.closed();
    world.turn();
    expect(closed).toEqual([]);
  });
});
