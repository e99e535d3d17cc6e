/**
 * A copy of the working tree that a tool may spoil: the files that git tracks or would track, and links to what is installed.
 *
 * Law: nothing in it leads back to a file of the working tree that can be changed. Packages of the workspace resolve to the copy,
 * for pnpm's links between them are relative and are made anew; packages of others resolve to where they are installed.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { root, run } from "./run.js";

export interface PrivateTree {
  readonly path: string;
  remove(): void;
}

/** The files of the working tree as they are now, uncommitted ones too; paths relative to the root. */
async function files(): Promise<readonly string[]> {
  const { code, stdout, stderr } = await run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  if (code !== 0) throw new Error(`git ls-files failed: ${stderr.trim()}`);
  return [...new Set(stdout.split("\0"))].filter((file) => file !== "" && existsSync(join(root, file)));
}

const isInTree = (path: string): boolean => {
  const way = relative(root, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way) && !way.split(/[\\/]/).includes("node_modules");
};

/** Links every entry of a `node_modules`: the workspace's own by its relative link, all others by where they really are. */
function linkModules(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    // Caches and state of the tools that run there; `.bin` and `.pnpm` are reached through what is linked.
    if (name.startsWith(".")) continue;
    const source = join(from, name);
    if (name.startsWith("@") && !lstatSync(source).isSymbolicLink()) linkModules(source, join(to, name));
    else if (!existsSync(source)) continue;
    else if (lstatSync(source).isSymbolicLink() && isInTree(resolve(from, readlinkSync(source)))) {
      symlinkSync(readlinkSync(source), join(to, name));
    } else symlinkSync(realpathSync(source), join(to, name));
  }
}

/** Makes one in the system's folder for temporary files. */
export async function privateTree(name: string): Promise<PrivateTree> {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `${name}-`)));
  const all = await files();
  for (const file of all) {
    mkdirSync(dirname(join(path, file)), { recursive: true });
    cpSync(join(root, file), join(path, file));
  }
  const folders = [".", ...all.filter((file) => file.endsWith("/package.json")).map((file) => dirname(file))];
  for (const folder of folders) {
    const modules = join(root, folder, "node_modules");
    if (existsSync(modules)) linkModules(modules, join(path, folder, "node_modules"));
  }
  return {
    path,
    // A runner that is ended meanwhile may still write.
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }),
  };
}
