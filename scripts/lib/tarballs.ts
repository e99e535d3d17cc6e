/** The published packages as tarballs: the very files that a user installs. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run.js";
import { type Package, pnpmVersion, publishedPackages } from "./workspace.js";

export interface Tarball extends Package {
  readonly file: string;
}

/** Packs one package as `pnpm publish` would. Throws what pnpm said when it cannot be packed. */
const pack = async (one: Package, destination: string): Promise<Tarball> => {
  const { folder, manifest } = one;
  if (!existsSync(join(root, folder, "dist"))) throw new Error(`${manifest.name}: no dist; run \`pnpm build\` first`);
  const args = ["pack", "--pack-destination", destination];
  // Set by whatever package manager runs this; another than pnpm would leave `workspace:` ranges in the manifest.
  const runner = process.env["npm_execpath"];
  const cwd = join(root, folder);
  const ran = runner?.includes("pnpm")
    ? await run(process.execPath, [runner, ...args], { cwd })
    : await run("npx", ["--yes", pnpmVersion(), ...args], { cwd });
  const file = join(destination, `${manifest.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`);
  if (ran.code !== 0 || !existsSync(file)) {
    throw new Error(`${manifest.name} cannot be packed\n${ran.stdout}${ran.stderr}`.trim());
  }
  return { ...one, file };
};

/** Packs every published package into `destination`, two at a time. The folder must be there. */
export const packAll = async (destination: string): Promise<readonly Tarball[]> => {
  const packages = publishedPackages();
  const packed: Tarball[] = [];
  const next = packages.values();
  const worker = async (): Promise<void> => {
    for (const one of next) packed.push(await pack(one, destination));
  };
  await Promise.all([worker(), worker()]);
  return packed.sort((a, b) => a.folder.localeCompare(b.folder));
};
