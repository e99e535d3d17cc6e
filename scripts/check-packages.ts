/**
 * `pnpm packages`, after a build: are the packages what they say? publint and attw on each published one, knip over the workspace,
 * and no trace of a registry or of this machine in what is tracked.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./lib/run.js";
import { packAll } from "./lib/tarballs.js";
import { lockfileUrls, machineTraces } from "./lib/tracked.js";
import type { Package } from "./lib/workspace.js";

let failures = 0;

const tell = (name: string, problems: string): void => {
  if (problems === "") {
    console.log(`ok      ${name}`);
    return;
  }
  failures += 1;
  console.log(`FAILED  ${name}\n${problems.replace(/^/gm, "        ")}`);
};

const tool = async (path: string, args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await run(process.execPath, [join(root, "node_modules", path), ...args], {
    env: { NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  return code === 0 ? "" : `${stdout}${stderr}`.trim() || `exit code ${code}`;
};

const tarballs = join(root, ".reports/packs");

const importable = ({ manifest }: Package): boolean =>
  Object.keys(manifest.exports ?? {}).some((entry) => entry !== "./package.json");

rmSync(tarballs, { recursive: true, force: true });
mkdirSync(tarballs, { recursive: true });
for (const one of await packAll(tarballs)) {
  const { manifest, file: tarball } = one;
  tell(`${manifest.name} publint`, await tool("publint/src/cli.js", ["run", tarball, "--strict"]));
  // Types as every resolver sees them. A package that is only a command has none.
  if (!importable(one)) continue;
  const attw = [tarball, "--profile", "node16", "--no-emoji"];
  tell(`${manifest.name} attw`, await tool("@arethetypeswrong/cli/dist/index.js", attw));
}
tell("knip", await tool("knip/bin/knip.js", ["--no-progress"]));
tell("lockfile names no address", lockfileUrls().join("\n"));
tell("tracked files name no registry and no path of this machine", (await machineTraces()).join("\n"));

console.log(failures === 0 ? "packages: all clean" : `packages: ${failures} problem(s)`);
process.exitCode = failures === 0 ? 0 : 1;
