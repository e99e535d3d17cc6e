/**
 * The code blocks of a Markdown text, with what stands in comments before them. Law: a block in a language that nobody checks, or
 * with a mark that nobody knows, is an error here, never a block that is passed over. The convention is in CONTRIBUTING.md.
 */

/** What is done with a language. `text` is for what a program prints, and is the only one that nothing is done with. */
export type Language = "ts" | "tsx" | "js" | "sh" | "html" | "json" | "text";

export interface Block {
  /** The Markdown file, as given. */
  readonly file: string;
  /** The line of the block's first own line, from 1. */
  readonly line: number;
  readonly language: Language;
  /** Marked `run`: it is run against a gateway, beside being compiled. */
  readonly run: boolean;
  readonly text: string;
  /** Code that stands before the block when it is compiled and run: its `with:` comment, or the block that it continues. */
  readonly context: string;
  /** What a run must print, each as a part of the output. */
  readonly prints: readonly string[];
}

export interface Extracted {
  readonly blocks: readonly Block[];
  /** `file:line: what is wrong`. */
  readonly problems: readonly string[];
}

const languages: readonly string[] = ["ts", "tsx", "js", "sh", "html", "json", "text"];
const runnable: readonly string[] = ["ts", "js", "sh"];

/** Every fenced block of `markdown`, in order. */
export const blocksOf = (file: string, markdown: string): Extracted => {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  const problems: string[] = [];
  let context: string | undefined;
  let prints: string[] = [];
  let last: Block | undefined;
  const forget = (): void => {
    context = undefined;
    prints = [];
  };
  for (let n = 0; n < lines.length; n += 1) {
    const line = lines[n] ?? "";
    const wrong = (what: string): void => {
      problems.push(`${file}:${n + 1}: ${what}`);
    };
    if (/^\s*<!--\s*(with|prints|continues)\b/.test(line)) {
      const begin = n;
      while (n < lines.length - 1 && !lines[n]?.includes("-->")) n += 1;
      const comment = lines.slice(begin, n + 1).join("\n");
      const told = /^\s*<!--\s*(with|prints|continues):?([^\S\n]*\n)?([\s\S]*?)\s*-->\s*$/.exec(comment);
      if (told === null) wrong("a comment for a block stands alone on its lines: <!-- with: … -->");
      else if (told[1] === "with") context = told[3] ?? "";
      else if (told[1] === "prints") prints.push((told[3] ?? "").trim());
      else if (last === undefined) wrong("nothing to continue");
      else context = `${last.context}\n${last.text}`;
      continue;
    }
    const fence = /^(\s*)(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence === null) {
      if (line.trim() !== "" && (context !== undefined || prints.length > 0)) {
        wrong("a comment for a block has no block after it");
        forget();
      }
      continue;
    }
    const [, indent = "", mark = "", info = ""] = fence;
    const begin = n + 1;
    const closing = new RegExp(`^\\s*${mark}\\s*$`);
    n += 1;
    while (n < lines.length && !closing.test(lines[n] ?? "")) n += 1;
    if (n >= lines.length) {
      problems.push(`${file}:${begin}: the block has no end`);
      break;
    }
    const [language = "", ...marks] = info.trim().split(/\s+/);
    const at = `${file}:${begin}:`;
    if (!languages.includes(language)) {
      problems.push(
        `${at} ${language === "" ? "a block without a language" : `nobody checks blocks in "${language}"`}`,
      );
    } else if (marks.some((word) => word !== "run") || marks.length > 1) {
      problems.push(`${at} "${marks.join(" ")}" is no mark; there is only "run"`);
    } else if (marks.length === 1 && !runnable.includes(language)) {
      problems.push(`${at} ${language} cannot be run`);
    } else if (prints.length > 0 && marks.length === 0) {
      problems.push(`${at} only a block that is run prints`);
    } else {
      last = {
        file,
        line: begin + 1,
        language: language as Language,
        run: marks.length === 1,
        text: lines
          .slice(begin, n)
          .map((one) => (one.startsWith(indent) ? one.slice(indent.length) : one))
          .join("\n"),
        context: context ?? "",
        prints,
      };
      blocks.push(last);
    }
    forget();
  }
  return { blocks, problems };
};
