/** An empty project of a user, in a temporary folder: npm installs the tarballs there, and from the registry what they depend on. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, run } from "../lib/run.js";
import type { Tarball } from "../lib/tarballs.js";

export const fixtures: string = fileURLToPath(new URL("./fixtures/", import.meta.url));

/**
 * What a user of the hooks and of types brings along. The exact versions are those that the workspace itself has installed, so
 * nothing here has to be moved by hand.
 */
const brought = ["react", "react-dom", "@types/react", "@types/react-dom", "@types/node"];

const installedVersion = (name: string): string => {
  for (const folder of ["tests/node_modules", "node_modules"]) {
    try {
      const text = readFileSync(join(root, folder, name, "package.json"), "utf8");
      return (JSON.parse(text) as { version: string }).version;
    } catch {
      // Not there: the next folder.
    }
  }
  throw new Error(`${name} is not installed in the workspace`);
};

/**
 * Makes the project. `vitest`, which only @cc/testkit/conformance wants, is a stand-in: a runner cannot be imported outside of its
 * own run, and what the real one does with the suites is shown in tests/.
 */
export const createProject = async (tarballs: readonly Tarball[]): Promise<string> => {
  // The real path: a tool that resolves links would otherwise see two projects.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "cc-matrix-")));
  cpSync(join(fixtures, "vitest"), join(folder, "stand-ins/vitest"), { recursive: true });
  const own = Object.fromEntries(tarballs.map(({ manifest, file }) => [manifest.name, `file:${file}`]));
  const manifest = {
    name: "empty",
    version: "1.0.0",
    private: true,
    type: "module",
    dependencies: {
      ...own,
      ...Object.fromEntries(brought.map((name) => [name, installedVersion(name)])),
      vitest: "file:./stand-ins/vitest",
    },
    // The packages name each other by version, and no registry has them: each such name means the tarball here.
    overrides: Object.fromEntries(Object.keys(own).map((name) => [name, `$${name}`])),
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
  const ran = await run("npm", args, { cwd: folder, limitMs: 240_000 });
  if (ran.code !== 0) throw new Error(`npm install failed in ${folder}\n${ran.stdout}${ran.stderr}`.trim());
  return folder;
};

/** Writes a file into the project, folders and all. */
export const put = (project: string, path: string, text: string): string => {
  const file = join(project, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

/** Copies a fixture into the project's root. */
export const bring = (project: string, name: string): string => {
  const file = join(project, name);
  cpSync(join(fixtures, name), file, { recursive: true });
  return file;
};
