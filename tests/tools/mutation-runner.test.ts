/** The test runner of `pnpm mutation`, over a small tree: what it calls noticed is noticed, and nothing of one mutant meets the next. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testFiles } from "../../scripts/lib/mutation/runner/bundle.js";
import { Runner } from "../../scripts/lib/mutation/runner/plugin.js";

const tree = mkdtempSync(join(tmpdir(), "mutation-runner-"));
const runner = new Runner(tree, "core");

/** As StrykerJS instruments: a switch for each mutant, and a count of who came by. */
const source = `
type Shared = { activeMutant?: string; currentTestId?: string; mutantCoverage?: any; hitCount?: number; hitLimit?: number };
const ns: Shared = ((globalThis as any).__stryker__ ??= {});
const is = (id: string): boolean => {
  const all = (ns.mutantCoverage ??= { static: {}, perTest: {} });
  const mine = ns.currentTestId === undefined ? all.static : (all.perTest[ns.currentTestId] ??= {});
  mine[id] = (mine[id] ?? 0) + 1;
  if (ns.activeMutant !== id) return false;
  if (ns.hitCount !== undefined && ++ns.hitCount > (ns.hitLimit ?? Infinity)) throw new Error("hit limit");
  return true;
};
export const atLoad = is("load") ? 2 : 1;
export const seen: number[] = [];
export const add = (a: number, b: number): number => (is("minus") ? a - b : is("spoil") ? seen.push(a) + 10 * b : a + b);
export const later = (): Promise<number> => (is("hang") ? new Promise(() => {}) : Promise.resolve(1));
export const quiet = (): void => void (is("stray") ? Promise.reject(new Error("unheard")) : Promise.resolve());
export const many = (): number => { let n = 0; while (is("loop") || n < 3) n += 1; return n; };
export const unasked = (): number => (is("unasked") ? 2 : 1);
if (is("broken")) throw new Error("does not load");
`;

const first = `
import { beforeEach, describe, expect, it, test } from "vitest";
import { add, atLoad, later, many, quiet, seen, unasked } from "../../packages/core/src/x.js";
let ready = 0;
beforeEach(() => void (ready += 1));
describe("sums", () => {
  test.each([[1, 1, 2], [2, 3, 5]])("%i and %i", (a, b, sum) => expect(add(a, b)).toBe(sum));
  it("nothing was seen", () => expect(seen).toEqual([]));
});
it("loads", () => expect([atLoad, ready > 0]).toEqual([1, true]));
it("answers later", async () => expect(await later()).toBe(1));
it("is quiet", () => quiet());
it("counts", () => expect(many()).toBe(3));
it("calls without looking", () => void unasked());
`;

beforeAll(async () => {
  const files = {
    "package.json": "{}",
    "packages/core/src/x.ts": source,
    "tests/core/a.test.ts": first,
    "tests/core/b.test.ts": 'import { it } from "vitest";\nit("is of another file", () => {});\n',
    "tests/core/model.test.ts": 'throw new Error("reads the sources: takes no part");\n',
    "tests/core/notes.txt": "",
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(tree, "node_modules"));
  await runner.init();
});

afterAll(async () => {
  await runner.dispose();
  rmSync(tree, { recursive: true, force: true });
});

const mutant = (id: string, more: object = {}): Promise<object> =>
  runner.mutantRun({ activeMutant: { id }, mutantActivation: "runtime", hitLimit: 1_000, ...more });

it("takes the tests that take part, no other file", () => {
  expect(testFiles(tree, "core")).toEqual(["tests/core/a.test.ts", "tests/core/b.test.ts"]);
});

it("a dry run tells each test by file and whole name, and which mutant it came by", async () => {
  const { tests, mutantCoverage } = (await runner.dryRun()) as {
    tests: { id: string; status: number }[];
    mutantCoverage: { static: object; perTest: Record<string, object> };
  };
  expect(tests.map(({ id, status }) => [id, status])).toEqual([
    ["tests/core/a.test.ts#sums 1 and 1", 0],
    ["tests/core/a.test.ts#sums 2 and 3", 0],
    ["tests/core/a.test.ts#sums nothing was seen", 0],
    ["tests/core/a.test.ts#loads", 0],
    ["tests/core/a.test.ts#answers later", 0],
    ["tests/core/a.test.ts#is quiet", 0],
    ["tests/core/a.test.ts#counts", 0],
    ["tests/core/a.test.ts#calls without looking", 0],
    ["tests/core/b.test.ts#is of another file", 0],
  ]);
  expect(mutantCoverage.static).toMatchObject({ load: 1, broken: 1 });
  expect(mutantCoverage.perTest["tests/core/a.test.ts#answers later"]).toEqual({ hang: 1 });
});

it("a red test is a mutant noticed; one that changes nothing that is asked lives", async () => {
  expect(await mutant("minus")).toMatchObject({ status: "killed", killedBy: [expect.stringContaining("#sums ")] });
  expect(await mutant("unasked")).toEqual({ status: "survived", nrOfTests: 9 });
});

it("only the tests that are named are run", async () => {
  const testFilter = ["tests/core/a.test.ts#is quiet"];
  expect(await mutant("minus", { testFilter })).toEqual({ status: "survived", nrOfTests: 1 });
});

it("what one mutant wrote into a module, the next does not read", async () => {
  expect(await mutant("spoil")).toMatchObject({ status: "killed" });
  expect(await mutant("unasked")).toMatchObject({ status: "survived" });
});

it("a promise that nothing will settle is a red test, and so is a rejection that nobody hears", async () => {
  expect(await mutant("hang")).toMatchObject({ status: "killed", killedBy: ["tests/core/a.test.ts#answers later"] });
  expect(await mutant("stray")).toMatchObject({ status: "killed", killedBy: ["tests/core/a.test.ts#is quiet"] });
});

it("a loop is told from a red test by how often it came by", async () => {
  expect(await mutant("loop")).toMatchObject({ status: "timeout" });
});

it("what is decided while a module loads is mutated while it loads", async () => {
  expect(await mutant("load")).toMatchObject({ status: "survived" });
  expect(await mutant("load", { mutantActivation: "static" })).toMatchObject({ status: "killed" });
  expect(await mutant("broken", { mutantActivation: "static" })).toMatchObject({ status: "killed" });
});
