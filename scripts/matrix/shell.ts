/**
 * What a shell block of a README asks the reader to type, checked without doing it: scripts and commands must be there, packages must
 * be ours or a dependency of ours, and each flag of our commands must stand in their own `--help`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../lib/run.js";
import { pnpmVersion, publishedPackages } from "../lib/workspace.js";

/** The commands of a block: comments and prompts gone, continued lines joined, chains taken apart. */
export const commandsOf = (text: string): readonly string[] =>
  text
    .replace(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.replace(/^\s*\$ /, "").replace(/(^|\s)#.*$/, ""))
    .flatMap((line) => line.split(/&&|\|\||;|\|(?!\|)/))
    .map((command) => command.trim().replace(/\s*&$/, ""))
    .filter((command) => command !== "");

/** Words with their quotes taken off. A `<<'EOF'` text is not understood, and is for blocks that are run. */
const wordsOf = (command: string): readonly string[] =>
  (command.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []).map((word) => word.replace(/["']/g, ""));

/** What a reader has, or gets from elsewhere: our words about these cannot be wrong in a way that we could see here. */
const known = new Set(["cd", "export", "git", "mkdir", "cat", "echo"]);
const installers: Readonly<Record<string, readonly string[]>> = {
  npm: ["install", "i", "add"],
  pnpm: ["add"],
  yarn: ["add"],
};

const rootScripts = (): Readonly<Record<string, string>> =>
  (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> }).scripts;

/** What pnpm does itself, and we speak of. */
const pnpmOwn = ["install", "pack", "publish", "exec", "run"];

const installable = (): ReadonlySet<string> => {
  const published = publishedPackages();
  const names = published.map(({ manifest }) => manifest.name);
  const theirs = published.flatMap(({ manifest }) => [
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
  ]);
  return new Set([...names, ...theirs, "react-dom"]);
};

const pnpmScript = (words: readonly string[]): string | undefined => {
  const script = words.find((word) => !word.startsWith("-"));
  if (script === undefined || pnpmOwn.includes(script) || script in rootScripts()) return undefined;
  return `package.json has no script "${script}"`;
};

const install = (words: readonly string[]): string | undefined => {
  const can = installable();
  const unknown = words
    .filter((word) => !word.startsWith("-"))
    .map((word) => word.replace(/(?<=.)@[^@/]*$/, ""))
    .filter((name) => !can.has(name));
  return unknown.length === 0 ? undefined : `neither ours nor a dependency of ours: ${unknown.join(", ")}`;
};

const helpOf = new Map<string, Promise<string>>();

/** The help of a command of ours, as installed in `project`, and of its subcommand where the first word names one. */
const help = (project: string, bin: string, subcommand: string | undefined): Promise<string> => {
  const args = subcommand === undefined ? ["--help"] : [subcommand, "--help"];
  const key = [bin, ...args].join(" ");
  const made =
    helpOf.get(key) ??
    run(join(project, "node_modules/.bin", bin), args, { cwd: project, limitMs: 30_000 }).then((ran) =>
      ran.code === 0 ? ran.stdout : "",
    );
  helpOf.set(key, made);
  return made;
};

const ownCommand = async (project: string, bin: string, words: readonly string[]): Promise<string | undefined> => {
  if (!existsSync(join(project, "node_modules/.bin", bin))) return `no package has the command ${bin}`;
  const subcommand = words[0]?.startsWith("-") === false ? words[0] : undefined;
  const text = await help(project, bin, subcommand);
  if (text === "") return `\`${bin}${subcommand === undefined ? "" : ` ${subcommand}`} --help\` fails`;
  const flags = words.filter((word) => /^--?[a-z]/i.test(word)).map((word) => word.split("=")[0] ?? word);
  const unknown = flags.filter((flag) => !new RegExp(`(^|[\\s,])${flag}([\\s,=]|$)`, "m").test(text));
  return unknown.length === 0 ? undefined : `${bin} has no ${unknown.join(", ")}`;
};

/** What is wrong with one command, or nothing. `project` is where the tarballs are installed. */
export const checkCommand = async (project: string, command: string): Promise<string | undefined> => {
  const words = wordsOf(command).filter((_, n, all) => !all.slice(0, n + 1).every((one) => /^\w+=/.test(one)));
  const [first, ...rest] = words;
  if (first === undefined || known.has(first)) return undefined;
  const bins = publishedPackages().flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}));
  if (bins.includes(first)) return ownCommand(project, first, rest);
  if (installers[first]?.includes(rest[0] ?? "")) return install(rest.slice(1));
  if (first === "pnpm") return pnpmScript(rest);
  if (first === "npx") {
    const [named = "", ...after] = rest.filter((word) => word !== "--yes" && word !== "-y");
    if (named.startsWith("pnpm@")) {
      return named === pnpmVersion() ? pnpmScript(after) : `package.json names ${pnpmVersion()}`;
    }
    if (bins.includes(named)) return ownCommand(project, named, after);
    const own = publishedPackages().find(({ manifest }) => manifest.name === named);
    const bin = Object.keys(own?.manifest.bin ?? {})[0];
    if (bin !== undefined) return ownCommand(project, bin, after);
    // `npx vitest run FILTER` in the repository: a tool of ours.
    return existsSync(join(root, "node_modules/.bin", named)) ? undefined : `no such tool here: ${named}`;
  }
  if (["bash", "node", "python3", "sh"].includes(first)) {
    const file = rest.find((word) => !word.startsWith("-"));
    return file !== undefined && existsSync(join(root, file)) ? undefined : `no such file: ${file}`;
  }
  return `nobody knows the command "${first}": mark the block \`sh run\`, or teach scripts/matrix/shell.ts`;
};
