/** The codes of the contract, read from its own text: each exists under that spelling and has its resolution. */
import { readFileSync } from "node:fs";
import { connectionError, type ErrorCode, isConnectionError } from "@cc/core";
import { remediation } from "@cc/core/remediation";
import { describe, expect, test } from "vitest";

const contract = readFileSync(new URL("../../docs/behaviour.md", import.meta.url), "utf8");
/** The text of a clause, up to the next one. */
const clause = (from: string, to: string): string =>
  contract.slice(contract.indexOf(`\n${from} `), contract.indexOf(`\n${to} `));
const codesIn = (text: string): readonly ErrorCode[] =>
  [...new Set(text.match(/\bERR(?:OR)?_[A-Z_]+/g))] as ErrorCode[];

describe("error codes", () => {
  const documented = codesIn(clause("7.2", "7.3"));
  const own = codesIn(clause("7.3", "7.4"));

  test("the contract names five documented codes and twenty-two of ours", () => {
    expect([documented.length, own.length]).toEqual([5, 22]);
  });
  test.each(documented)("[B7.2] %s: a ConnectionError with the documented resolution", (code) => {
    expect(isConnectionError(connectionError(code, "said"))).toBe(true);
    const words = {
      ERR_NOT_LOGGED_IN: /login\(\)/,
      ERR_WEBSOCKET_ERROR: /network connectivity/,
      ERR_NO_INTERNET: /network to recover/,
    };
    const pattern = { ...words, ERROR_PING_NOT_AVAILABLE: /autoEstablishSocketConnection\(false\)/ };
    expect(remediation({ code })).toMatch(pattern[code as keyof typeof pattern] ?? /No action/);
  });
  test.each(own)("[B7.3] %s: has its resolution, in a sentence", (code) => {
    expect(remediation({ code })).toMatch(/^[A-Z`].{10,}\.$/);
  });
});
