/**
 * The type tests of tests/types, what must not compile included, on each TypeScript, under each way of resolving a package, with
 * nothing of the packages' own types passed over (`skipLibCheck: false`).
 */
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lib/run.js";
import type { Tarball } from "../lib/tarballs.js";
import { entriesOf } from "./nodes.js";
import { put } from "./project.js";
import type { Trial } from "./rows.js";
import { compile, exactVersion, versions } from "./tsc.js";

/** Tests that a page's code may stand in: no types of Node in sight. */
const forPages = ["client.ts", "wrappers.ts", "facade.ts", "hooks.tsx"];
const nodeOnly = ["@cc/gateway", "@cc/platform-node", "@cc/transport-ws", "@cc/testkit/node"];

const strict = {
  target: "es2022",
  noEmit: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  jsx: "react-jsx",
  moduleDetection: "force",
};
const node = { ...strict, lib: ["es2022"], types: ["node"] };
const page = { ...strict, lib: ["es2022", "dom"], types: [] };

interface Setting {
  readonly name: string;
  readonly compilerOptions: object;
  readonly files: readonly string[];
}

/** One trial for each compiler and setting. */
export const typeTrials = (project: string, tarballs: readonly Tarball[]): readonly Trial[] => {
  const source = join(root, "tests/types");
  const tests = readdirSync(source).filter((name) => /\.tsx?$/.test(name));
  cpSync(source, join(project, "types"), { recursive: true });
  const every = (entries: readonly string[]): string =>
    entries.map((entry, n) => `export * as entry${n} from ${JSON.stringify(entry)};\n`).join("");
  const entries = entriesOf(tarballs);
  put(project, "types/every.ts", every(entries));
  // CommonJS by its name: `require` is what is resolved.
  put(project, "types/every-require.cts", every(entries));
  put(project, "types/every-page.ts", every(entries.filter((entry) => !nodeOnly.includes(entry))));
  const all = [...tests, "every.ts"].map((name) => `types/${name}`);
  const pages = [...forPages, "every-page.ts"].map((name) => `types/${name}`);
  const settings: readonly Setting[] = [
    {
      name: "Node, node16",
      compilerOptions: { ...node, module: "node16", moduleResolution: "node16" },
      files: [...all, "types/every-require.cts"],
    },
    {
      name: "Node, nodenext",
      compilerOptions: { ...node, module: "nodenext", moduleResolution: "nodenext" },
      files: [...all, "types/every-require.cts"],
    },
    {
      name: "Node, bundler",
      compilerOptions: { ...node, module: "esnext", moduleResolution: "bundler" },
      files: all,
    },
    {
      name: "page, bundler",
      compilerOptions: { ...page, module: "esnext", moduleResolution: "bundler" },
      files: pages,
    },
    {
      name: "page, bundler, browser",
      compilerOptions: { ...page, module: "esnext", moduleResolution: "bundler", customConditions: ["browser"] },
      files: pages,
    },
  ];
  return versions.flatMap((version) =>
    settings.map(
      ({ name, compilerOptions, files }): Trial => ({
        part: "types",
        name: `TypeScript ${exactVersion(version)}: ${name}`,
        try: async () => {
          const config = `tsconfig.${version}.${name.replace(/\W+/g, "-")}.json`;
          const found = await compile(project, version, config, { compilerOptions, files });
          const problem = found.map(({ file, line, text }) => `${file}:${line}: ${text}`).join("\n");
          return problem === "" ? { detail: `${files.length} files` } : { problem };
        },
      }),
    ),
  );
};
