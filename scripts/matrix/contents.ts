/** What is in a tarball: everything that a user needs, and nothing that he does not. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { run } from "../lib/run.js";
import type { Tarball } from "../lib/tarballs.js";
import type { Manifest } from "../lib/workspace.js";
import type { Trial } from "./rows.js";

/** Source files stand beside `dist` because the source maps point there; what else a package lists is data of its own. */
const wanted = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|(dist|src|bin|vectors|interop)\/.+)$/;
const unwanted =
  /(^|\/)(test|tests|node_modules|etc)\/|\.(test|spec|browser\.test)\.|tsconfig|\.tsbuildinfo|\.tgz$|(^|\/)\./;

const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

/** Every path that `exports`, `main`, `types` or `bin` names. */
const namedPaths = (value: unknown): readonly string[] =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
      ? Object.values(value).flatMap(namedPaths)
      : [];

const builtin = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

/** Packages that built code and types import. */
const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\()["']([@\w][\w./@-]*)["']/g)]
    .map((match) => match[1] ?? "")
    .filter((name) => !builtin.has(name) && !name.startsWith("node:"))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);

const problemsOf = (folder: string, source: Manifest): readonly string[] => {
  const files = filesOf(folder);
  const text = readFileSync(join(folder, "package.json"), "utf8");
  const manifest = JSON.parse(text) as Manifest & { readonly [field: string]: unknown };
  const problems = ["package.json", "README.md", "LICENSE"]
    .filter((file) => !files.includes(file))
    .map((f) => `no ${f}`);
  problems.push(
    ...files.filter((file) => !wanted.test(file) || unwanted.test(file)).map((file) => `not wanted: ${file}`),
  );
  if (text.includes("workspace:")) problems.push("package.json says `workspace:`");
  for (const [name, range] of Object.entries(manifest.dependencies ?? {})) {
    if (name.startsWith("@cc/") && range !== source.version) problems.push(`depends on ${name} ${range}, not exactly`);
  }
  for (const field of ["license", "description", "engines", "type", "sideEffects"]) {
    if (manifest[field] === undefined) problems.push(`package.json has no ${field}`);
  }
  const named = [manifest.exports, manifest["main"], manifest["module"], manifest["types"], manifest.bin];
  for (const path of new Set(named.flatMap(namedPaths))) {
    if (!existsSync(join(folder, path))) problems.push(`package.json names ${path}, which is not there`);
  }
  const declared = new Set([...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }), manifest.name]);
  for (const file of files.filter((name) => /^(dist|bin)\/.*\.(c?js|d\.c?ts)$/.test(name))) {
    const foreign = importsOf(readFileSync(join(folder, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, ""));
    for (const name of new Set(foreign)) {
      // A type may come from a package whose types stand in another one.
      if (!declared.has(name)) problems.push(`${file} imports ${name}, which is not declared`);
    }
  }
  return problems;
};

/** One trial for each tarball. */
export const contentTrials = (tarballs: readonly Tarball[]): readonly Trial[] =>
  tarballs.map(({ manifest, file }) => ({
    part: "tarballs",
    name: manifest.name,
    try: async () => {
      const folder = mkdtempSync(join(tmpdir(), "cc-tarball-"));
      try {
        const { code, stderr } = await run("tar", ["-xzf", file, "-C", folder]);
        if (code !== 0) return { problem: stderr };
        const problems = problemsOf(join(folder, "package"), manifest);
        const detail = `${filesOf(join(folder, "package")).length} files`;
        return problems.length === 0 ? { detail } : { problem: problems.join("\n") };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  }));
