/**
 * A program of the workspace as one file for bare Node, from the sources as they are now. To start it through a loader of TypeScript
 * costs seconds of a busy machine, and the tests start more than a hundred.
 *
 * Law: what is started is what was written. The bundle is made anew by each process that asks, so none is stale; its name says what is
 * in it, and it appears whole or not at all, so those who ask at the same time get the same file. `import.meta.url` of a source goes
 * on naming that source. What a program must see of its own loading (`import.meta.resolve`, the conditions of packages) is not to be
 * bundled.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin, transform } from "esbuild";
import { root } from "./run.js";

/** Where bundles lie. Ignored by git; `pnpm test` empties it first. */
export const programFolder: string = join(root, ".reports/programs");

/** A file that Node runs without a loader, without conditions, from anywhere. */
export interface BuiltProgram {
  readonly file: string;
}

const ownUrls: Plugin = {
  name: "own-urls",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = readFileSync(path, "utf8");
      if (!source.includes("import.meta.url")) return undefined;
      const define = { "import.meta.url": JSON.stringify(pathToFileURL(path).href) };
      const tsconfigRaw = { compilerOptions: { verbatimModuleSyntax: true } };
      return { contents: (await transform(source, { loader: "ts", define, tsconfigRaw })).code };
    });
  },
};

async function made(entry: string): Promise<BuiltProgram> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    conditions: ["@cc/source"],
    // CommonJS dependencies call `require` for Node's own modules, which ESM does not have.
    banner: {
      js: 'import { createRequire as bundled } from "node:module"; const require = bundled(import.meta.url);',
    },
    plugins: [ownUrls],
    write: false,
    logLevel: "silent",
  });
  const text = outputFiles[0]?.contents ?? new Uint8Array();
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const file = join(programFolder, `${basename(entry, ".ts")}-${hash}.mjs`);
  if (!existsSync(file)) {
    mkdirSync(programFolder, { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  }
  return { file };
}

const programs = new Map<string, Promise<BuiltProgram>>();

/** Bundles the TypeScript file at `url`, once in this process. Rejects with what esbuild says where it cannot. */
export function builtProgram(url: URL): Promise<BuiltProgram> {
  const entry = fileURLToPath(url);
  const known = programs.get(entry) ?? made(entry);
  programs.set(entry, known);
  return known;
}
