/** Every field of every frame that a server sends, at its edges: what a client takes, and what ends the link. */
import { describe, expect, it } from "vitest";
import { createBare, welcomeOf } from "./support/bare.js";

const whole = Number.MAX_SAFE_INTEGER;
const bad = { text: [undefined, null, 7, {}, []], ms: [undefined, null, "1", -1, whole + 1, {}] };
const count = [undefined, null, "1", -1, 0.5, whole + 1];
const positions = [undefined, null, 7, "0", {}, [], [null], ["0"], [-1], [0.5], [whole + 1], Array(1_025).fill(0)];

/** What is told of a frame, after a welcome, by itself. */
function taken(frame: object): readonly unknown[] {
  const bare = createBare();
  const one = bare.linked();
  one.says(frame);
  return one.closed ? [one.closed.code] : bare.told.map(({ what }) => what);
}

const without = (frame: object, field: string, value: unknown): object => ({ ...frame, [field]: value });

const limits = ["window", "windowBytes", "batchBytes", "eventBytes", "frameBytes", "frameRate", "dedupMs"];
const feature = { feature: "typing", reason: "load", forMs: 0 };

const frames: readonly {
  readonly frame: object;
  readonly told: string;
  readonly bad: Readonly<Record<string, readonly unknown[]>>;
  readonly good: Readonly<Record<string, readonly unknown[]>>;
}[] = [
  {
    frame: { t: "reject", code: "c", message: "m", retry: "later", minDelayMs: 0, spreadMs: 0 },
    told: "reject",
    bad: {
      code: bad.text,
      message: bad.text,
      retry: [undefined, null, "", "soon", 7],
      minDelayMs: bad.ms,
      spreadMs: bad.ms,
    },
    good: { code: [""], message: [""], retry: ["never", "reauth"], minDelayMs: [0.5, whole], spreadMs: [0.5, whole] },
  },
  {
    frame: { t: "gap", from: [0], to: [1] },
    told: "gap",
    bad: { from: positions, to: positions },
    good: { from: [[1, 2], Array(1_024).fill(0)], to: [[whole]] },
  },
  { frame: { t: "caughtUp", positions: [0] }, told: "caughtUp", bad: { positions }, good: { positions: [[whole]] } },
  {
    frame: { t: "throttle", features: [] },
    told: "throttle",
    bad: {
      features: [
        undefined,
        null,
        {},
        [null],
        [7],
        ...bad.text.map((value) => [{ ...feature, feature: value }]),
        ...bad.text.map((value) => [{ ...feature, reason: value }]),
        ...bad.ms.map((value) => [feature, { ...feature, forMs: value }]),
      ],
    },
    good: { features: [[feature], [feature, { ...feature, forMs: 0.5, more: 1 }]] },
  },
  {
    frame: { t: "goaway", minDelayMs: 0, spreadMs: 0, overlap: false },
    told: "goaway",
    bad: { minDelayMs: bad.ms, spreadMs: bad.ms, overlap: [undefined, null, 0, "true"] },
    good: { minDelayMs: [whole], spreadMs: [whole], overlap: [true] },
  },
  {
    frame: { t: "tokenOk" },
    told: "tokenOk",
    bad: { expiresInMs: [null, "1", -1, whole + 1] },
    good: { expiresInMs: [0, 0.5, whole] },
  },
  { frame: { t: "expiring", inMs: 0 }, told: "expiring", bad: { inMs: bad.ms }, good: { inMs: [0.5, whole] } },
];

describe.each(frames)("$told", ({ frame, told, bad, good }) => {
  const said = (value: readonly unknown[]): unknown[] => value.filter((what) => what !== "moved");

  it("is told as it stands, and with what nobody knows in it", () => {
    expect(said(taken(frame))).toEqual([told]);
    expect(said(taken({ ...frame, more: null }))).toEqual([told]);
  });

  it.each(Object.entries(bad).flatMap(([field, values]) => values.map((value) => [field, value] as const)))(
    "with %s %j it ends the link with 4400",
    (field, value) => {
      expect(taken(without(frame, field, value))).toEqual([4400]);
    },
  );

  it.each(Object.entries(good).flatMap(([field, values]) => values.map((value) => [field, value] as const)))(
    "with %s %j it is told",
    (field, value) => {
      expect(said(taken(without(frame, field, value)))).toEqual([told]);
    },
  );
});

describe("channel, nack", () => {
  const channel = { t: "channel", alias: 1, channel: "user:ann", partition: 0 };
  const event = [1, 1, 1, "message", "bob", 0, 1];

  it.each([
    ...count.map((alias) => ({ ...channel, alias })),
    ...count.map((partition) => ({ ...channel, partition })),
    ...bad.text.map((name) => ({ ...channel, channel: name })),
  ])("%j ends the link with 4400", (frame) => {
    expect(taken(frame)).toEqual([4400]);
  });

  it.each([0, whole])("an alias may be %d", (alias) => {
    const bare = createBare();
    const one = bare.linked();
    one.says({ ...channel, alias }, event.with(2, alias));
    expect(bare.told.map(({ what }) => what)).toEqual(["event", "moved"]);
  });

  it.each([
    ...bad.text.map((id) => ({ t: "nack", id, code: "c", message: "m" })),
    ...bad.text.map((code) => ({ t: "nack", id: "nonce-1", code, message: "m" })),
    ...bad.text.map((message) => ({ t: "nack", id: "nonce-1", code: "c", message })),
    ...[null, "1", -1, whole + 1].map((ms) => ({
      t: "nack",
      id: "nonce-1",
      code: "c",
      message: "m",
      retryAfterMs: ms,
    })),
  ])("%j ends the link with 4400, and the send goes on waiting", (frame) => {
    const bare = createBare();
    const one = bare.linked();
    bare.send(1);
    one.says(frame);
    expect([one.closed?.code, bare.results]).toEqual([4400, []]);
  });

  it.each([undefined, 0, 0.5, whole])("a nack may ask to wait %j", (retryAfterMs) => {
    const bare = createBare();
    const one = bare.linked();
    const id = bare.send(1);
    one.says({ t: "nack", id, code: "c", message: "m", retryAfterMs });
    expect(bare.results).toEqual([{ ok: false, id, code: "c", message: "m", retryAfterMs }]);
  });
});

describe("welcome", () => {
  const welcomed = (frame: object): unknown => {
    const bare = createBare();
    const one = bare.attach();
    one.says(frame);
    return one.closed ? one.closed.code : bare.told[0]?.what;
  };

  it.each([
    ...bad.text.map((session) => ({ session })),
    ...bad.text.map((user) => ({ user })),
    ...[undefined, null, "", "again"].map((recovery) => ({ recovery })),
    ...[...bad.text, "", "e".repeat(129)].map((epoch) => ({ epoch })),
    ...positions.map((list) => ({ positions: list })),
    ...[...bad.ms, 0].map((heartbeatMs) => ({ heartbeatMs })),
    ...bad.ms.map((reconnectSpreadMs) => ({ reconnectSpreadMs })),
    ...[undefined, null, {}, [null], ...bad.ms.map((forMs) => [{ ...feature, forMs }])].map((throttled) => ({
      throttled,
    })),
    ...[null, "1", -1, whole + 1].map((expiresInMs) => ({ expiresInMs })),
    ...[undefined, null, 7, {}].map((all) => ({ limits: all })),
  ])("with %j it ends the link with 4400", (fields) => {
    expect(welcomed(welcomeOf(fields))).toBe(4400);
  });

  it.each(
    limits.flatMap((name) => [undefined, null, "1", 0, -1, 0.5, whole + 1].map((value) => [name, value] as const)),
  )("with limits.%s %j it ends the link with 4400", (name, value) => {
    expect(welcomed(welcomeOf({}, { [name]: value }))).toBe(4400);
  });

  it.each([
    { session: "" },
    { epoch: "e" },
    { epoch: "e".repeat(128) },
    { positions: Array(1_024).fill(0) },
    { positions: [whole] },
    { heartbeatMs: 0.5 },
    { heartbeatMs: whole },
    { reconnectSpreadMs: 0 },
    { reconnectSpreadMs: whole },
    { throttled: [feature, feature] },
    { expiresInMs: 0 },
    { recovery: "gap" },
  ])("with %j it is told", (fields) => {
    expect(welcomed(welcomeOf(fields))).toBe("welcome");
  });

  it.each(limits)("with limits.%s 1 it is told", (name) => {
    expect(welcomed(welcomeOf({}, { [name]: 1 }))).toBe("welcome");
  });
});

describe("before the welcome", () => {
  it.each(frames.filter(({ told }) => told !== "reject"))("$told ends the link with 4400", ({ frame }) => {
    const one = createBare().attach();
    one.says(frame);
    expect(one.closed?.code).toBe(4400);
  });

  it.each([
    { t: "nack", id: "a", code: "c", message: "m" },
    { t: "channel", alias: 1, channel: "user:ann", partition: 0 },
    [0],
    [3, "a", 1],
    [4, 0],
  ])("%j ends the link with 4400", (frame) => {
    const one = createBare().attach();
    one.says(frame);
    expect(one.closed?.code).toBe(4400);
  });

  it.each([{ t: "reject", code: "c", message: "m", retry: "later", minDelayMs: 0, spreadMs: 0 }, { t: "later" }, [99]])(
    "%j does not",
    (frame) => {
      const bare = createBare();
      const one = bare.attach();
      one.says(frame);
      expect(one.closed).toBeUndefined();
    },
  );

  it.each(["hasOwnProperty", "toString", "__proto__", "constructor"])("no frame is called %s", (t) => {
    const bare = createBare();
    const one = bare.attach();
    one.link.message(`{"t":"${t}"}`);
    expect([one.closed, bare.told]).toEqual([undefined, []]);
  });
});
