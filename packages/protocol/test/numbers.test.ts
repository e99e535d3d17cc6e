/** What stands in docs/protocol.md as a number: codes, limits, defaults, and what cannot work together. */
import { describe, expect, it } from "vitest";
import { utf8Length } from "../src/bytes.js";
import { ACK, DELIVERED, EPHEMERAL, EVENT, PING, PROBE, SEND, SUBPROTOCOL } from "../src/codes.js";
import { closeCodes, decode, encode, retryOfClose } from "../src/index.js";
import { dedupGraceMs, defaultLimits, limitsFault, nameLimits } from "../src/limits.js";
import { settingsOf } from "../src/server/settings.js";
import type { HubOptions } from "../src/server.js";
import { createMemoryLog } from "./support/memoryLog.js";

describe("codes", () => {
  it("frames begin with the numbers of the protocol, and it has one name", () => {
    expect([PING, EVENT, EPHEMERAL, ACK, PROBE, DELIVERED, SEND]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(SUBPROTOCOL).toBe("cc.1");
  });

  it("[B5.4] each close code has one meaning, and an unknown one means later", () => {
    expect(closeCodes).toEqual({
      normal: 1000,
      goingAway: 1001,
      internal: 1011,
      restart: 1012,
      tryAgainLater: 1013,
      malformed: 4400,
      authRejected: 4401,
      forbidden: 4403,
      handshakeTimeout: 4408,
      replaced: 4409,
      superseded: 4410,
      silent: 4411,
      frameTooLarge: 4413,
      rateExceeded: 4429,
      overloaded: 4503,
    });
    const codes = [...Object.values(closeCodes), 1006, 4402, 0, Number.NaN];
    expect(codes.filter((code) => retryOfClose(code) !== "later").map((code) => [code, retryOfClose(code)])).toEqual([
      [4401, "reauth"],
      [4403, "never"],
      [4409, "never"],
    ]);
  });
});

describe("text", () => {
  it("is counted in bytes of UTF-8, at every edge of a code point's length", () => {
    for (const point of [0, 1, 127, 128, 2047, 2048, 0xd7ff, 0xe000, 0xffff, 0x1_0000, 0x10_ffff]) {
      const text = `a${String.fromCodePoint(point)}b${String.fromCodePoint(point)}`;
      expect([point, utf8Length(text)]).toEqual([point, new TextEncoder().encode(text).length]);
    }
    expect(utf8Length("")).toBe(0);
  });

  it("is a frame and back", () => {
    expect(decode(encode([4, 7]))).toEqual([[4, 7]]);
    expect(decode(encode({ t: "bye" }))).toEqual([{ t: "bye" }]);
    for (const text of ["[[0],null]", "[{},7]", "[0,null]", "7", "null"])
      expect([text, decode(text)]).toEqual([text, text === "[0,null]" ? [[0, null]] : undefined]);
  });
});

describe("limits", () => {
  it("[B10.8] of a server that sets none", () => {
    expect(defaultLimits).toEqual({
      window: 256,
      windowBytes: 327_680,
      batchBytes: 16_384,
      eventBytes: 65_536,
      frameBytes: 131_072,
      frameRate: 500,
      dedupMs: 120_000,
    });
    expect(limitsFault(defaultLimits)).toBeUndefined();
    expect(nameLimits).toEqual({ id: 128, channel: 256, kind: 64 });
    expect(dedupGraceMs).toBe(30_000);
  });

  it.each(
    Object.keys(defaultLimits).flatMap((name) =>
      [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY].map((value) => [name, value] as const),
    ),
  )("limits.%s cannot be %d", (name, value) => {
    const fault = `limits.${name} must be a whole number above 0, not ${value}`;
    expect(limitsFault({ ...defaultLimits, [name]: value })).toBe(fault);
    expect(() => settingsOf({ ...options(), limits: { [name]: value } })).toThrow(new RangeError(fault));
  });

  it("[B10.8] fit each other, to the byte", () => {
    const small = { ...defaultLimits, eventBytes: 1000, windowBytes: 4 * 5096, frameBytes: 5096, batchBytes: 5096 };
    expect(limitsFault({ ...small, window: 4 })).toBeUndefined();
    expect(limitsFault({ ...small, window: 3 })).toBe("limits.window must be at least 4");
    expect(limitsFault({ ...small, windowBytes: 4 * 5096 - 1 })).toBe(
      "limits.windowBytes must be at least 4 × (limits.eventBytes + 4096)",
    );
    expect(limitsFault({ ...small, frameBytes: 5095, batchBytes: 1 })).toBe(
      "limits.frameBytes must be at least limits.eventBytes + 4096",
    );
    expect(limitsFault({ ...small, batchBytes: 5097 })).toBe("limits.frameBytes must be at least limits.batchBytes");
  });

  it.each(Object.keys(defaultLimits))("limits.%s may be 1 where the others let it", (name) => {
    const least = { ...defaultLimits, eventBytes: 1, batchBytes: 1, [name]: 1 };
    const fault = limitsFault(least);
    expect(fault ?? "").not.toContain("whole number");
  });
});

function options(more: Partial<HubOptions> = {}): HubOptions {
  return {
    broker: createMemoryLog(),
    verify: () => ({ ok: false, message: "no" }),
    now: () => 0,
    later: () => {},
    newId: () => "s",
    ...more,
  };
}

describe("settings of a hub", () => {
  const defaults = {
    heartbeatMs: 10_000,
    heartbeatMinMs: 5_000,
    heartbeatMaxMs: 60_000,
    handshakeMs: 10_000,
    admitPerSecond: 500,
    connectionsPerUser: 50,
    channelsPerUser: 1000,
    ringEntries: 100_000,
    ringBytes: 67_108_864,
    ringAgeMs: 900_000,
    readsAtOnce: 8,
    readsWaiting: 256,
    dedupEntries: 200_000,
    expiryNoticeMs: 60_000,
    outboundBytes: 1_048_576,
  };

  it("are those of the documentation where none are given, or given as undefined", () => {
    expect(settingsOf(options())).toMatchObject({ ...defaults, limits: defaultLimits });
    const nothing = Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined]));
    const limits = Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, undefined]));
    expect(settingsOf(options({ ...nothing, limits }))).toMatchObject({ ...defaults, limits: defaultLimits });
    expect(settingsOf(options({ heartbeatMs: 7, limits: { frameRate: 9 } }))).toMatchObject({
      ...defaults,
      heartbeatMs: 7,
      limits: { ...defaultLimits, frameRate: 9 },
    });
  });

  it.each(
    Object.keys(defaults).flatMap((name) =>
      [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "7"].map((value) => [name, value] as const),
    ),
  )("%s cannot be %j", (name, value) => {
    expect(() => settingsOf(options({ [name]: value }))).toThrow(
      new RangeError(`${name} must be a number above 0, not ${value}`),
    );
  });

  it("[B10.6] announce no longer memory than the broker has, less the grace", () => {
    const dedup = (dedupMs: number): number =>
      settingsOf(options({ broker: { ...createMemoryLog(), dedupMs } })).limits.dedupMs;
    expect([dedup(31_000), dedup(149_999), dedup(150_000), dedup(1_000_000)]).toEqual([
      1000, 119_999, 120_000, 120_000,
    ]);
    expect(() => dedup(30_999)).toThrow(new RangeError("broker.dedupMs must be at least 31000 ms"));
  });

  it("admitBurst is at least 1", () => {
    expect(settingsOf(options({ admitBurst: 1 })).admitBurst).toBe(1);
    for (const admitBurst of [0, 0.5, Number.NaN])
      expect(() => settingsOf(options({ admitBurst }))).toThrow(
        new RangeError(`admitBurst must be at least 1, not ${admitBurst}`),
      );
  });
});
