/** Options: defaults, and refusals that name every wrong one on one line. */
import { describe, expect, it } from "vitest";
import { GatewayError, type GatewayOptions } from "../src/index.js";
import { resolveOptions } from "../src/settings.js";

const good: GatewayOptions = { appId: "app", apiKey: "api-key-1", jwtSecret: "s".repeat(32) };

const complaint = (options: unknown): string => {
  try {
    resolveOptions(options as GatewayOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    expect((error as GatewayError).code).toBe("ERR_OPTION");
    expect((error as GatewayError).message).not.toContain("\n");
    return (error as GatewayError).message;
  }
  return "none";
};

describe("options", () => {
  it("three are enough; the rest has the documented defaults", () => {
    expect(resolveOptions(good)).toMatchObject({
      host: "127.0.0.1",
      port: 0,
      heartbeatMs: 10_000,
      admissionPerSecond: 500,
      tokenTtlMs: 3_600_000,
      drainMs: 10_000,
      origins: [],
      createUsers: false,
      limits: { handshakeMs: 10_000, dedupMs: 120_000, window: 256, batchBytes: 16_384 },
      replay: { maxCount: 100_000 },
    });
    expect(resolveOptions({ ...good, limits: { handshakeMs: 5 }, users: [{ uid: "bob" }] })).toMatchObject({
      limits: { handshakeMs: 5, window: 256 },
      users: [{ uid: "bob", name: "bob" }],
    });
  });

  it("a missing key is named", () => {
    expect(complaint({ appId: "app", jwtSecret: "s".repeat(32) })).toBe("apiKey is missing");
    expect(complaint({})).toMatch(/appId is missing; apiKey is missing; jwtSecret is missing/);
  });

  it.each([
    ["a port out of range", { port: 70_000 }, /^port: /],
    ["a misspelt option", { hartbeatMs: 1 }, /unknown option hartbeatMs/],
    ["a misspelt limit", { limits: { frameByte: 1 } }, /unknown option limits\.frameByte/],
    ["a short secret", { jwtSecret: "short" }, /^jwtSecret: must be at least 32 bytes/],
    ["an origin with a path", { origins: ["https://a.example/x"] }, /^origins/],
    ["a proxy that is no address", { trustedProxies: ["proxy"] }, /^trustedProxies\.0: /],
    ["a member who is nobody", { groups: [{ gid: "g", members: ["eve"] }] }, /names eve, who is not among users/],
    ["a user named twice", { users: [{ uid: "a" }, { uid: "a" }] }, /names a uid twice/],
    ["a uid that cannot travel", { users: [{ uid: "a b" }] }, /^users\.0\.uid: must be 1 to 100/],
    ["limits that do not fit together", { limits: { frameBytes: 2_000 } }, /frameBytes/],
    ["a lifetime above the longest", { tokenTtlMs: 10, maxTokenTtlMs: 5 }, /must not exceed maxTokenTtlMs/],
    ["a timer that would overflow", { heartbeatMs: 2_147_483_648 }, /^heartbeatMs: /],
  ])("%s is refused by name", (_what, options, message) => {
    expect(complaint({ ...good, ...options })).toMatch(message);
  });
});
