/** Tokens: what is minted is accepted, and nothing else is. */
import { SignJWT, UnsecuredJWT } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { createRevocations, type Revocations } from "../src/auth/revocations.js";
import { createTokens, TokenError, type TokenFault, type Tokens } from "../src/auth/tokens.js";
import { type ManualClock, manualClock } from "./support/manualClock.js";

const secret = "s".repeat(32);
const key = (text: string): Uint8Array => new TextEncoder().encode(text);

let clock: ManualClock;
let revocations: Revocations;
let tokens: Tokens;

const make = (overrides: { readonly secrets?: readonly [string, ...string[]] } = {}): Promise<Tokens> =>
  createTokens({
    appId: "app",
    secrets: [secret],
    ttlMs: 60_000,
    maxTtlMs: 60_000,
    wall: clock.wall,
    revocations,
    ...overrides,
  });

beforeEach(async () => {
  clock = manualClock(1_700_000_000_123);
  revocations = createRevocations(60_000);
  tokens = await make();
});

const faultOf = (token: string): Promise<TokenFault | "none"> =>
  tokens.verify(token).then(
    () => "none",
    (error: unknown) => (error instanceof TokenError ? error.fault : Promise.reject(error)),
  );

/** A token that is right in everything but what is overridden. */
const forged = (
  overrides: Record<string, unknown> = {},
  { alg = "HS256", signedWith = secret } = {},
): Promise<string> => {
  const seconds = clock.wall() / 1000;
  const claims = { sub: "alice", app: "app", jti: "1", iat: seconds, exp: seconds + 60, ...overrides };
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key(signedWith));
};

describe("tokens [B2.6]", () => {
  it("a minted token is good, says who and for how long, and ends to the millisecond", async () => {
    const { token, expiresInMs, jti } = await tokens.mint("alice", { ttlMs: 250 });
    expect(expiresInMs).toBe(250);
    const claims = await tokens.verify(token);
    expect(claims).toMatchObject({ uid: "alice", jti, issuedAt: clock.wall(), expiresAt: clock.wall() + 250 });
    clock.advance(249);
    expect(await faultOf(token)).toBe("none");
    clock.advance(1);
    expect(await faultOf(token)).toBe("expired");
  });

  it("alg none is refused", async () => {
    const seconds = clock.wall() / 1000;
    const token = new UnsecuredJWT({ sub: "alice", app: "app", jti: "1", iat: seconds, exp: seconds + 60 }).encode();
    expect(await faultOf(token)).not.toBe("none");
  });

  it("another algorithm with the right key is refused", async () => {
    expect(await faultOf(await forged({}, { alg: "HS512", signedWith: secret.repeat(2) }))).toBe("signature");
    expect(await faultOf(await forged({}, { alg: "HS384" }))).toBe("signature");
  });

  it("a wrong key, another app, a missing claim, an altered body and noise are refused, each for its reason", async () => {
    expect(await faultOf(await forged())).toBe("none");
    expect(await faultOf(await forged({}, { signedWith: "x".repeat(32) }))).toBe("signature");
    expect(await faultOf(await forged({ app: "other" }))).toBe("app");
    expect(await faultOf(await forged({ exp: undefined }))).toBe("malformed");
    expect(await faultOf(await forged({ jti: undefined }))).toBe("malformed");
    const [head = "", , signature = ""] = (await forged()).split(".");
    const body = Buffer.from(JSON.stringify({ sub: "root", app: "app", jti: "1", iat: 1, exp: 9e9 })).toString(
      "base64url",
    );
    expect(await faultOf([head, body, signature].join("."))).toBe("signature");
    expect(await faultOf("noise")).toBe("malformed");
    expect(await faultOf("")).toBe("malformed");
  });

  it("an ended login takes its refreshed tokens with it, and no other login [B2.5]", async () => {
    const first = await tokens.mint("alice");
    const { sid } = await tokens.verify(first.token);
    const refreshed = await tokens.mint("alice", { sid });
    const other = await tokens.mint("alice");
    revocations.revokeLogin(sid, clock.wall());
    expect(await faultOf(first.token)).toBe("revoked");
    expect(await faultOf(refreshed.token)).toBe("revoked");
    expect(await faultOf(other.token)).toBe("none");
  });

  it("a user's revocation hits every token until now and none after, also within one millisecond [B2.7]", async () => {
    const old = await tokens.mint("alice");
    const bob = await tokens.mint("bob");
    revocations.revokeUser("alice", clock.wall());
    const fresh = await tokens.mint("alice");
    expect(await faultOf(old.token)).toBe("revoked");
    expect(await faultOf(bob.token)).toBe("none");
    expect(await faultOf(fresh.token)).toBe("none");
  });

  it("revocations are forgotten when nothing is left that they could hit", async () => {
    const { token } = await tokens.mint("alice");
    revocations.revokeUser("alice", clock.wall());
    revocations.revokeLogin("some", clock.wall());
    clock.advance(59_999);
    revocations.prune(clock.wall());
    expect(revocations.size).toBe(2);
    expect(await faultOf(token)).toBe("revoked");
    clock.advance(1);
    revocations.prune(clock.wall());
    expect(revocations.size).toBe(0);
    expect(await faultOf(token)).toBe("expired");
  });
});
