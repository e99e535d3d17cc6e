/** Every field of every frame that a client sends, at its edges: what a server takes, and what ends the link. */
import { describe, expect, it } from "vitest";
import { createWorld, type Pipe } from "./support/world.js";

const whole = Number.MAX_SAFE_INTEGER;
const notText = [undefined, null, 7, {}, []];
const x = (length: number): string => "x".repeat(length);
const hello = { t: "hello", token: "token:ann", app: "app", instance: "i", linkNo: 1 };

/** What becomes of a link that says these, each in its own message. */
function after(...frames: readonly unknown[]): Pipe & { readonly last: unknown } {
  const raw = createWorld({ topics: ["presence"], verify: () => ({ ok: true, user: "ann" }) }).raw();
  raw.say(...frames);
  return Object.assign(raw, { last: raw.frames().at(-1) });
}
const malformed = (what: string): object => ({
  t: "reject",
  code: "ERR_PROTOCOL",
  message: `malformed: ${what}`,
  retry: "later",
});

describe("hello", () => {
  it.each([
    ...[...notText, ""].map((token) => ({ token })),
    ...[...notText, "", x(257)].map((app) => ({ app })),
    ...[...notText, "", x(129)].map((instance) => ({ instance })),
    ...[undefined, null, "1", -1, 0.5, whole + 1].map((linkNo) => ({ linkNo })),
    ...[null, 7, "", x(129)].map((nonce) => ({ nonce })),
    ...[null, 7, "", x(129)].map((device) => ({ device })),
    ...[7, "e1", {}, []].map((resume) => ({ resume })),
    ...[...notText, "", x(129)].map((epoch) => ({ resume: { epoch, positions: [0] } })),
    ...[undefined, 7, {}, [], [-1], [0.5], ["0"], [whole + 1], Array(1025).fill(0)].map((positions) => ({
      resume: { epoch: "e1", positions },
    })),
    ...[null, "1", 0, -1].map((heartbeatMs) => ({ heartbeatMs })),
    ...[null, 7, "presence", {}, [7], [""], [x(65)], Array(17).fill("t")].map((listen) => ({ listen })),
    { t: "token" },
  ])("with %j ends the link with 4400, and says so", (fields) => {
    const raw = after({ ...hello, ...fields });
    expect(raw.closed?.code).toBe(4400);
    expect(raw.last).toMatchObject(malformed("the first frame is not a hello"));
  });

  it.each([
    {},
    { token: x(5_000), app: x(256), instance: x(128) },
    { linkNo: 0 },
    { linkNo: whole },
    { nonce: x(128), device: x(128) },
    { resume: null },
    { resume: { epoch: x(128), positions: Array(1024).fill(whole) } },
    { resume: { epoch: "e1", positions: [0], more: 1 } },
    { heartbeatMs: 0.5 },
    { listen: [] },
    { listen: [x(64), ...Array(15).fill("t")] },
  ])("with %j is welcomed", (fields) => {
    expect(after({ ...hello, ...fields }).last).toMatchObject({ t: "caughtUp" });
  });

  it("that asks for a heartbeat that is no number of JSON ends the link", () => {
    expect(
      after('{"t":"hello","token":"t","app":"app","instance":"i","linkNo":1,"heartbeatMs":1e309}').closed?.code,
    ).toBe(4400);
  });
});

describe("frames of a link that stands", () => {
  const send = (at: number, value: unknown): unknown =>
    ([6, "a", "user:bob", "message", 1, 0] as unknown[]).with(at, value);

  const wrong: readonly (readonly [what: string, frame: unknown])[] = [
    ["send", send(1, 7)],
    ["send", send(1, x(129))],
    ["send", send(1, "")],
    ...[...notText, "", x(257)].map((value) => ["send", send(2, value)] as const),
    ...[...notText, "", x(65)].map((value) => ["send", send(3, value)] as const),
    ["send", [6, "a", "user:bob", "message"]],
    ...[undefined, null, "0", -1, 0.5].map((value) => ["send", send(5, value)] as const),
    ...[...notText, "", x(257)].map((channel) => ["join", { t: "join", channel, id: "a" }] as const),
    ...[...notText, "", x(129)].map((id) => ["leave", { t: "leave", channel: "group:g", id }] as const),
    ...[...notText, ""].map((token) => ["token", { t: "token", token }] as const),
    ...[undefined, null, "1", 0, -1].map((ms) => ["heartbeat", { t: "heartbeat", ms }] as const),
    ["heartbeat", '{"t":"heartbeat","ms":1e309}'],
    ["probe", [4]],
    ["probe", [4, "1"]],
    ["probe", [4, null]],
    ["delivered", [5]],
    ["delivered", [5, -1]],
    ["delivered", [5, 0.5]],
    ["delivered", [5, null]],
    ["delivered", [5, ...Array(1025).fill(0)]],
    ["a second hello", hello],
    ["neither number nor t", {}],
    ["neither number nor t", { t: 7 }],
    ["no message of cc.1", "{"],
    ["no message of cc.1", ["x"]],
  ];

  it.each(wrong)("a %s that is %j ends the link with 4400, and says what was wrong", (what, frame) => {
    const raw = after(hello, frame);
    expect(raw.closed?.code).toBe(4400);
    expect(raw.last).toMatchObject(malformed(what));
  });

  it("a frame before the welcome ends the link with 4400, and says so", () => {
    const raw = createWorld({ verify: () => new Promise(() => {}) }).raw();
    raw.say(hello, [0]);
    expect(raw.frames().at(-1)).toMatchObject(malformed("a frame before the welcome"));
  });

  it.each([
    [
      [6, x(128), `user:${x(251)}`, x(64), null, 0],
      [3, x(128), 1],
    ],
    [
      [6, "a", "user:bob", "typing", 1, 1],
      [3, "a", 0],
    ],
    [
      [4, 0],
      [4, 0],
    ],
    [
      [4, -1.5],
      [4, -1.5],
    ],
    [{ t: "join", channel: `group:${x(250)}`, id: x(128) }, [3, x(128), 1]],
    [{ t: "leave", channel: `group:${x(250)}`, id: x(128) }, [3, x(128), 0]],
    [{ t: "token", token: x(5_000) }, { t: "tokenOk" }],
  ])("%j is answered with %j", (frame, answer) => {
    const raw = after(hello, frame);
    expect(raw.last).toEqual(answer);
    expect(raw.closed).toBeUndefined();
  });

  it.each([
    [[5, 0]],
    [[5, ...Array(1024).fill(whole)]],
    [{ t: "heartbeat", ms: 0.5 }],
    [{ t: "later" }],
    [[0]],
    [[99]],
  ])("%j is not", (frame) => {
    const raw = after(hello, frame);
    expect([raw.last, raw.closed]).toEqual([{ t: "caughtUp", positions: [0] }, undefined]);
  });

  it("[B10.1] an ephemeral send without an id is not answered, a refused one neither", () => {
    const raw = after(hello, [6, "", "user:bob", "typing", 1, 1], [6, "", "elsewhere", "typing", 1, 1]);
    expect([raw.last, raw.closed]).toEqual([{ t: "caughtUp", positions: [0] }, undefined]);
  });
});
