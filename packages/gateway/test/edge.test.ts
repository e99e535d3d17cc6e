/** Small laws of the edge: whose address it is, which origin may come in, and what a log line may hold. */
import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { clientAddress } from "../src/address.js";
import { createLogger } from "../src/index.js";
import { guarded } from "../src/logger.js";
import { originPolicy } from "../src/origin.js";

const memory = (): { readonly stream: Writable; readonly text: () => string } => {
  let text = "";
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  return { stream, text: () => text };
};

describe("client address", () => {
  const of = clientAddress(["10.0.0.0/8", "::1"]);

  it("a header from a stranger means nothing", () => {
    expect(of("203.0.113.9", "1.2.3.4")).toBe("203.0.113.9");
  });

  it("a listed proxy is believed for the hop that it saw, and no further", () => {
    expect(of("10.1.1.1", "9.9.9.9, 203.0.113.9")).toBe("203.0.113.9");
    expect(of("10.1.1.1", "203.0.113.9, 10.2.2.2")).toBe("203.0.113.9");
    expect(of("10.1.1.1", "nonsense")).toBe("10.1.1.1");
    expect(of("10.1.1.1", undefined)).toBe("10.1.1.1");
  });

  it("IPv4 in IPv6 is the IPv4 address; a socket without one is nobody's", () => {
    expect(of("::ffff:203.0.113.9", undefined)).toBe("203.0.113.9");
    expect(of("::1", "2001:db8::1")).toBe("2001:db8::1");
    expect(of(undefined, "1.2.3.4")).toBe("unknown");
  });
});

describe("origin policy", () => {
  it("lets listed origins and programs without one in, nobody else", () => {
    const allows = originPolicy(["https://app.example"]);
    expect([allows("https://app.example"), allows(undefined)]).toEqual([true, true]);
    expect([allows("https://app.example.evil"), allows("http://app.example"), allows("null"), allows("")]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(originPolicy("*")("https://anything.example")).toBe(true);
  });
});

describe("logs hold no secret", () => {
  const token = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"alice"}').toString("base64url")}.c2lnbmF0dXJl`;

  it("in a field, in a nested field, or inside a sentence, with the gateway's own logger", () => {
    const { stream, text } = memory();
    const logger = createLogger({ destination: stream });
    logger.info(
      { token, nested: { authKey: "key-1", headers: { authorization: `Bearer ${token}`, "x-api-key": "key-2" } } },
      `got ${token}`,
    );
    logger.error({ err: new Error(`bad ${token}`) }, "failed");
    expect(text()).toContain("redacted");
    expect(text()).not.toContain(token);
    expect(text()).not.toMatch(/key-1|key-2|eyJ/);
  });

  it("in a known field, with the app's own logger", () => {
    const { stream, text } = memory();
    guarded(pino(stream)).info({ token, apiKey: "key-3" }, "x");
    expect(text()).not.toMatch(/key-3|eyJ/);
  });
});
