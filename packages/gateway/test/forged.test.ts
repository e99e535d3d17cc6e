/**
 * Tokens that are not good, each shown at both doors: a request (401) and a hello (reject and close). What the holder is told decides
 * what his client does: `reauth` makes it get another token, `never` ends it [B2.7].
 */
import { generateKeyPairSync } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import type { Gateway } from "../src/index.js";
import { openLink } from "./support/link.js";
import { call, dial, jwtSecret, linked, start } from "./support/start.js";

const seconds = (): number => Date.now() / 1000;
const claims = (more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  sub: "alice",
  app: "app",
  jti: "1",
  iat: seconds(),
  exp: seconds() + 60,
  ...more,
});
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const signed = (
  more: Readonly<Record<string, unknown>> = {},
  secret: string = jwtSecret,
  alg = "HS256",
): Promise<string> => new SignJWT(claims(more)).setProtectedHeader({ alg }).sign(bytes(secret));

/** A key pair whose public half an attacker knows, and signs with as if it were our secret. */
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const publicPem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();

const bad: readonly (readonly [string, (gateway: Gateway) => Promise<string> | string])[] = [
  ["alg none", () => new UnsecuredJWT(claims()).encode()],
  [
    "alg none, with our own signature behind it",
    async () => `${new UnsecuredJWT(claims()).encode()}${(await signed()).split(".")[2]}`,
  ],
  ["a wrong key", () => signed({}, "another-secret-another-secret-32b")],
  ["RS256", () => new SignJWT(claims()).setProtectedHeader({ alg: "RS256" }).sign(pair.privateKey)],
  ["HS256 with a public key as the secret", () => signed({}, publicPem)],
  ["HS512 with the right secret", () => signed({}, jwtSecret.repeat(2), "HS512")],
  [
    "a key of its own in the header",
    async () =>
      new SignJWT(claims())
        .setProtectedHeader({
          alg: "HS256",
          jwk: { kty: "oct", alg: "HS256" },
          kid: "../../etc/passwd",
          jku: "http://127.0.0.1/keys",
        })
        .sign(bytes("x".repeat(32))),
  ],
  ["an end in the past", () => signed({ iat: seconds() - 120, exp: seconds() - 1 })],
  ["a beginning in the future", () => signed({ nbf: seconds() + 600 })],
  ["an issue in the future", () => signed({ iat: seconds() + 600, exp: seconds() + 1_200 })],
  ["a lifetime of a thousand years", () => signed({ exp: seconds() + 31_536_000_000 })],
  ["no end", () => signed({ exp: undefined })],
  ["no user", () => signed({ sub: undefined })],
  ["a user whose name is no name", () => signed({ sub: "alice:bob/../x y" })],
  ["a user who is a number", () => signed({ sub: 7 })],
  ["no id", () => signed({ jti: undefined })],
  [
    "an altered body",
    async () => {
      const [head, , signature] = (await signed()).split(".");
      return [head, Buffer.from(JSON.stringify(claims({ sub: "bob" }))).toString("base64url"), signature].join(".");
    },
  ],
  // RFC 7515 section 2: base64url without padding, white space or anything else. Decoders forgive all of these; each was taken for the token itself.
  ["a space in its signature", async () => (await signed()).replace(/.{9}$/, " $&")],
  ["padding behind it", async () => `${await signed()}=`],
  [
    "a signature whose spare bits are set",
    async () => {
      const token = await signed();
      // 43 characters are 258 bits, two more than a signature has: the last one stands for four bits and two of nothing.
      const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      return `${token.slice(0, -1)}${letters[letters.indexOf(token.at(-1) ?? "") + 1]}`;
    },
  ],
  ["nothing but noise", () => "noise"],
  ["more than any token has", () => signed({ pad: "x".repeat(9_000) })],
  [
    "a revocation behind it",
    async (gateway) => {
      const { token } = await gateway.mintToken("alice");
      gateway.revokeUser("alice");
      return token;
    },
  ],
];

describe("a token that is not good [B2.6, B2.7]", () => {
  it.each(bad)("%s: 401 at a request, reauth and 4401 at a hello", async (_what, make) => {
    const gateway = await start();
    const token = await make(gateway);
    const asked = await call(gateway, "/v1/me", { method: "GET", token });
    expect(asked).toMatchObject({ status: 401, body: { error: { code: "ERR_AUTH_REJECTED" } } });
    expect(JSON.stringify(asked.body)).not.toContain(token.slice(0, 40));
    const link = openLink(gateway.wsUrl, { token });
    expect(await link.named("reject")).toMatchObject({ code: "ERR_AUTH_REJECTED", retry: "reauth" });
    expect((await link.closed).code).toBe(4401);
    expect(link.messages.join()).not.toContain(token.slice(0, 40));
    expect(gateway.users().map(({ uid }) => uid)).toEqual(["alice", "bob", "eve"]);
  });

  it("another app's: 401 at a request; at a hello it will never do: never and 4403", async () => {
    const gateway = await start();
    const token = await signed({ app: "other" });
    expect(await call(gateway, "/v1/me", { method: "GET", token })).toMatchObject({ status: 401 });
    const link = openLink(gateway.wsUrl, { token });
    expect(await link.named("reject")).toMatchObject({ code: "ERR_AUTH_REJECTED", retry: "never" });
    expect((await link.closed).code).toBe(4403);
  });

  it("a token in the URL is no token: neither door looks there", async () => {
    const gateway = await start();
    const { token } = await gateway.mintToken("alice");
    expect(await call(gateway, `/v1/me?token=${token}`, { method: "GET" })).toMatchObject({ status: 401 });
    const link = openLink(`${gateway.wsUrl}?token=${token}`);
    link.socket.on("open", () => link.send([4, 1]));
    expect((await link.closed).code).toBe(4400);
  });

  it("and on a living link, a renewal by a token that is not good ends it with 4401", async () => {
    const gateway = await start();
    const link = await linked(gateway, "alice");
    link.send({ t: "token", token: new UnsecuredJWT(claims()).encode() });
    expect(await link.named("reject")).toMatchObject({ code: "ERR_AUTH_REJECTED", retry: "reauth" });
    expect((await link.closed).code).toBe(4401);
  });
});

describe("keys are rotated", () => {
  const fresh = "a-new-secret-a-new-secret-a-new-secret";

  it("the first key signs, all verify; a key that is dropped verifies nothing any more", async () => {
    const before = await start();
    const { token: old } = await before.mintToken("alice");
    const during = await start({ jwtSecret: [fresh, jwtSecret] });
    const { token: renewed } = await during.mintToken("alice");
    await (await dial(during, "alice", { token: old })).named("welcome");
    await (await dial(during, "alice", { token: renewed })).named("welcome");
    const after = await start({ jwtSecret: fresh });
    expect((await call(after, "/v1/me", { method: "GET", token: old })).status).toBe(401);
    expect((await call(after, "/v1/me", { method: "GET", token: renewed })).status).toBe(200);
    expect((await call(before, "/v1/me", { method: "GET", token: renewed })).status).toBe(401);
  });
});
