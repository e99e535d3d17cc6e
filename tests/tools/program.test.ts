/** How the tests' own programs are made: from the sources as they are, for bare Node, whole or not at all. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { builtProgram } from "../../scripts/lib/program.js";

/** Files in a folder of their own; answers where the first is. */
async function sources(files: Readonly<Record<string, string>>): Promise<URL> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "cc-program-")));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return pathToFileURL(join(folder, Object.keys(files)[0] ?? ""));
}

/** As Node alone runs it: no loader, no condition, another folder. */
async function says(file: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { cwd: tmpdir() });
  return stdout;
}

it("it is TypeScript with all that it imports, takes its arguments, and each source goes on knowing where it stands", async () => {
  const url = await sources({
    "told.ts":
      'import { here } from "./where.js";\nconst words: string[] = [here, ...process.argv.slice(2)];\nconsole.log(words.join(" "));\n',
    "where.ts": 'export const here: string = import.meta.url;\nexport const text = "import.meta.url";\n',
  });
  const { file } = await builtProgram(url);
  onTestFinished(() => rm(file));
  expect(await says(file, "a", "b")).toBe(`${new URL("where.ts", url).href} a b\n`);
});

it("what is written anew is what is started: another text is another file", async () => {
  const programs = await Promise.all(
    ["one", "two"].map(async (word) => builtProgram(await sources({ "word.ts": `console.log("${word}");\n` }))),
  );
  const [one = "", two = ""] = programs.map(({ file }) => file);
  for (const file of [one, two]) onTestFinished(() => rm(file));
  expect([await says(one), await says(two)]).toEqual(["one\n", "two\n"]);
});

it("asked for twice at once it is one file, and nothing unfinished is left", async () => {
  const url = await sources({ "twice.ts": "console.log(1);\n" });
  const [a, b] = await Promise.all([builtProgram(url), builtProgram(url)]);
  onTestFinished(() => rm(a.file));
  expect(a).toEqual(b);
  const there = (await readdir(dirname(a.file))).filter((name) => name.startsWith("twice-"));
  expect(there).toEqual([basename(a.file)]);
});

it("one that cannot be bundled says why", async () => {
  await expect(builtProgram(await sources({ "broken.ts": 'import "./nowhere.js";\n' }))).rejects.toThrow(
    /Could not resolve "\.\/nowhere\.js"/,
  );
});
