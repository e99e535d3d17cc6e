/**
 * The code blocks of every README and guide, as a reader would use them: TypeScript and JavaScript compile in the empty project
 * against the tarballs, what is marked `run` is run there, what the shell is told exists.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "../lib/run.js";
import { type Block, blocksOf } from "./blocks.js";
import { bring, put } from "./project.js";
import type { Trial } from "./rows.js";
import { checkCommand, commandsOf } from "./shell.js";
import { compile, type Finding } from "./tsc.js";

/** The texts whose blocks are checked: README and CONTRIBUTING, one README per package and app, and all of docs/. */
const texts = async (): Promise<readonly string[]> => {
  const { stdout } = await run("git", ["ls-files", "-co", "--exclude-standard", "*.md"]);
  return stdout
    .split("\n")
    .filter((file) => /^([A-Z]+\.md|(packages|apps)\/[^/]+\/README\.md|docs\/.*\.md)$/.test(file))
    .filter((file) => existsSync(join(root, file)));
};

/** A block as a file of the project, and how many of that file's lines stand before the block's own. */
interface Source {
  readonly block: Block;
  readonly path: string;
  readonly text: string;
  readonly before: number;
}

const scriptsOf = (html: string): string =>
  // Everything outside of scripts becomes empty lines, so that the lines keep their numbers.
  html
    .split(/(<script\b[^>]*>[\s\S]*?<\/script>)/)
    .map((part) => {
      const script = /^<script\b([^>]*)>([\s\S]*)<\/script>$/.exec(part);
      const isCode = script !== null && !/type="(importmap|application\/json)"/.test(script[1] ?? "");
      return isCode ? (script[2] ?? "") : part.replace(/[^\n]/g, "");
    })
    .join("");

const sourceOf = (block: Block): Source | undefined => {
  const { language, file, line, context } = block;
  if (!["ts", "tsx", "js", "html"].includes(language)) return undefined;
  const code = language === "html" ? scriptsOf(block.text) : block.text;
  const commonJs = language === "js" && /\brequire\(/.test(code);
  const extension = language === "html" ? "js" : commonJs ? "cjs" : language;
  const head = context === "" ? "" : `${context}\n`;
  const path = `blocks/${file.replace(/\W/g, "_")}_${line}.${extension}`;
  return { block, path, text: `${head}${code}\n`, before: head === "" ? 0 : head.split("\n").length - 1 };
};

const typed = {
  target: "es2022",
  module: "nodenext",
  lib: ["es2023", "dom", "dom.iterable"],
  types: ["node"],
  jsx: "react-jsx",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  moduleDetection: "force",
  rootDir: ".",
};
/** What a reader's editor says about plain JavaScript: types are followed, but nobody has to write them. */
const plain = { ...typed, strict: false, strictNullChecks: true, allowJs: true, checkJs: true };

const compileAll = async (project: string, sources: readonly Source[]): Promise<readonly Finding[]> => {
  const isPlain = ({ path }: Source): boolean => /\.c?js$/.test(path);
  const programs = [
    { name: "tsconfig.blocks.json", compilerOptions: typed, sources: sources.filter((one) => !isPlain(one)) },
    { name: "tsconfig.plain.json", compilerOptions: plain, sources: sources.filter(isPlain) },
  ];
  const found = programs.map(async ({ name, compilerOptions, sources: own }) => {
    if (own.length === 0) return [];
    const config = { compilerOptions: { ...compilerOptions, outDir: "out" }, files: own.map(({ path }) => path) };
    return compile(project, "6.0", name, config);
  });
  return (await Promise.all(found)).flat();
};

const runBlock = async (project: string, { block, path }: Source): Promise<string | undefined> => {
  const file = block.language === "sh" ? path : join("out", path.replace(/\.ts$/, ".js"));
  const { code, stdout, stderr, timedOut } = await run(process.execPath, ["run-block.mjs", file, ...block.prints], {
    cwd: project,
    limitMs: 60_000,
  });
  if (code === 0) return undefined;
  return `${timedOut ? "did not end" : `exit code ${code}`}\n${stdout}${stderr}`.trim();
};

const htmlProblem = (html: string): string | undefined => {
  const count = (pattern: RegExp): number => html.match(pattern)?.length ?? 0;
  return count(/<script\b/g) === count(/<\/script>/g) ? undefined : "a <script> is not closed";
};

const jsonProblem = (text: string): string | undefined => {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return String(error);
  }
};

/** One trial for each text that has blocks. */
export const readmeTrials = async (project: string): Promise<readonly Trial[]> => {
  bring(project, "run-block.mjs");
  const read = (await texts()).map((file) => ({ file, ...blocksOf(file, readFileSync(join(root, file), "utf8")) }));
  const sources = read.flatMap(({ blocks }) => blocks.map(sourceOf).filter((source) => source !== undefined));
  for (const { path, text } of sources) put(project, path, text);
  // One compiler run for all of them; each text waits for it.
  let compiled: Promise<readonly Finding[]> | undefined;
  const findings = (): Promise<readonly Finding[]> => {
    compiled ??= compileAll(project, sources);
    return compiled;
  };

  const check = async (block: Block): Promise<readonly string[]> => {
    if (block.language === "text") return [];
    if (block.language === "json") return [jsonProblem(block.text)].filter((problem) => problem !== undefined);
    if (block.language === "sh") {
      if (block.run) {
        const path = `blocks/${block.file.replace(/\W/g, "_")}_${block.line}.sh`;
        put(project, path, `${block.context}\n${block.text}\n`);
        return [await runBlock(project, { block, path, text: block.text, before: 0 })].filter((p) => p !== undefined);
      }
      const checked = commandsOf(block.text).map((command) => checkCommand(project, command));
      return (await Promise.all(checked)).filter((problem) => problem !== undefined);
    }
    const source = sources.find((one) => one.block === block);
    if (source === undefined) return ["not taken as a source"];
    const problems = (await findings())
      .filter(({ file }) => file === source.path)
      .map(({ line, text }) => {
        const own = line - source.before;
        return own > 0 ? `line ${block.line + own - 1}: ${text}` : `in what stands before it, line ${line}: ${text}`;
      });
    if (block.language === "html") problems.push(...[htmlProblem(block.text)].filter((p) => p !== undefined));
    if (problems.length > 0 || !block.run) return problems;
    return [await runBlock(project, source)].filter((problem) => problem !== undefined);
  };

  const elsewhere: Trial = {
    part: "readmes",
    name: "the compiler has nothing else to say",
    try: async () => {
      const other = (await findings()).filter(({ file }) => !sources.some(({ path }) => path === file));
      const problem = other.map(({ file, line, text }) => `${file}:${line}: ${text}`).join("\n");
      return problem === "" ? {} : { problem };
    },
  };
  return [
    ...read
      .filter(({ blocks, problems }) => blocks.length + problems.length > 0)
      .map(({ file, blocks, problems: unread }): Trial => {
        const counted = new Map<string, number>();
        for (const { language, run: runs } of blocks) {
          const kind = runs ? `${language} run` : language;
          counted.set(kind, (counted.get(kind) ?? 0) + 1);
        }
        const detail = [...counted].map(([kind, count]) => `${count} ${kind}`).join(", ");
        return {
          part: "readmes",
          name: file,
          try: async () => {
            const problems = [...unread];
            for (const block of blocks) {
              for (const problem of await check(block)) problems.push(`${file}:${block.line}: ${problem}`);
            }
            return problems.length === 0 ? { detail } : { problem: problems.join("\n") };
          },
        };
      }),
    ...(sources.length > 0 ? [elsewhere] : []),
  ];
};
