/** The reference of errors, as a reader meets it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorDocument } from "../../scripts/lib/errorReference.js";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const document = read("../../docs/errors.md");
const codesOf = (text: string): readonly string[] => [...new Set(text.match(/\bERR(?:OR)?_[A-Z_]+\b/g))].sort();

describe("docs/errors.md", () => {
  it("[B7.3] is what `pnpm errors` writes now", () => {
    expect(document).toBe(errorDocument());
  });

  it("[B7.2] [B7.3] has one heading, hence one anchor, for each code that the contract names, and for no other", () => {
    const headings = [...document.matchAll(/^## (\S+)$/gm)].map(([, code]) => code);
    const [, section] = /\n## 7 Errors\n([\s\S]*?)\n## 8 /.exec(read("../../docs/behaviour.md")) ?? [];
    expect([...headings].sort()).toEqual(codesOf(section ?? ""));
    expect(new Set(headings).size).toBe(headings.length);
  });

  it("[B7.3] says of each code what caused it, what was done and not done, and what to do", () => {
    for (const part of document.split(/^## /m).slice(1)) {
      const [code = ""] = part.split("\n");
      for (const word of ["Cause", "Done and not done", "What to do"])
        expect(part, code).toMatch(new RegExp(`\\*\\*${word}\\.\\*\\* \\S`));
    }
  });
});
