/**
 * The tests that take part and the sources that they ask, as one script that can be evaluated again and again. Law: each evaluation
 * has modules of its own, so nothing that one mutant did to a module is met by the next.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { build, type Plugin } from "esbuild";
import { type Mutated, notTaking, takingPart } from "../parts.js";

/** What one evaluation gives: how to load each test file, by its path in the tree. */
export type World = Readonly<Record<string, () => void>>;

const matcher = (glob: string): RegExp =>
  new RegExp(
    `^${glob.replace(/[.+]/g, "\\$&").replace(/\*\*\/|\*/g, (stars) => (stars === "*" ? "[^/]*" : "(?:.*/)?"))}$`,
  );

/** The files of the tree that take part, in order. */
export function testFiles(tree: string, part: Mutated): readonly string[] {
  const wanted = takingPart[part].map(matcher);
  const unwanted = notTaking.map(matcher);
  const folders = [...new Set(takingPart[part].map((glob) => glob.split("/").slice(0, 2).join("/")))];
  return folders
    .filter((folder) => existsSync(join(tree, folder)))
    .flatMap((folder) =>
      readdirSync(join(tree, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
    )
    .map((file) => file.split(sep).join("/"))
    .filter((file) => !file.includes("node_modules") && wanted.some((one) => one.test(file)))
    .filter((file) => !unwanted.some((one) => one.test(file)))
    .sort();
}

const adapted = (tree: string, part: Mutated): Plugin => ({
  name: "adapted",
  setup({ onLoad, onResolve }) {
    // A script has no address of its own; tests that read documents ask for that of their file.
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes("import.meta.url")) return undefined;
      return { contents: text.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)), loader: "ts" };
    });
    // Of the testkit the tests of core need the scripts and the clock; the gateway and the simulator would be half of what is loaded.
    if (part === "core")
      onResolve({ filter: /^@cc\/testkit$/ }, () => ({ path: join(tree, "tests/support/scripts.ts") }));
  },
});

/** Answers a function that evaluates all anew. */
export async function bundled(tree: string, files: readonly string[], part: Mutated): Promise<(api: object) => World> {
  const { outputFiles } = await build({
    stdin: {
      contents: files.map((file) => `export const ${nameOf(file)} = () => void require("./${file}");`).join("\n"),
      resolveDir: tree,
      loader: "ts",
    },
    absWorkingDir: tree,
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["vitest"],
    conditions: ["@cc/source"],
    plugins: [adapted(tree, part)],
    logLevel: "error",
  });
  const [output] = outputFiles;
  if (!output) throw new Error("esbuild made nothing");
  const script = new Script(`(function (require, module, exports) {${output.text}\n})`, {
    filename: relative(tree, join(tree, "mutation-bundle.cjs")),
  });
  const outside = createRequire(join(tree, "package.json"));
  return (api) => {
    const module = { exports: {} as Record<string, () => void> };
    const evaluate = script.runInThisContext() as (require: unknown, m: typeof module, exports: object) => void;
    evaluate((name: string) => (name === "vitest" ? api : outside(name)), module, module.exports);
    return Object.fromEntries(
      files.map((file) => {
        const load = module.exports[nameOf(file)];
        if (!load) throw new Error(`${file} is not in the bundle`);
        return [file, load];
      }),
    );
  };
}

const nameOf = (file: string): string => `f${Buffer.from(file).toString("hex")}`;
