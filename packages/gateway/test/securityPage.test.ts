/** docs/security.md names tests; each of them exists where it is said to be. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

it("every test that docs/security.md names is in the file that it names", () => {
  const page = read("docs/security.md").replace(/\s+/g, " ");
  const files = page.split(/(?=`[\w./]+\.test\.ts`)/).slice(1);
  const named = files.flatMap((part) => {
    const file = /^`([^`]+)`/.exec(part)?.[1] ?? "";
    return [...part.matchAll(/"([^"]+)"/g)].map(([, title]) => ({ file, title: title ?? "" }));
  });
  expect(named.length).toBeGreaterThan(35);
  const missing = named.filter(({ file, title }) => !read(file).replace(/\s+/g, " ").includes(title));
  expect(missing).toEqual([]);
});
