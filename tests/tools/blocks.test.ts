/** The code blocks of READMEs: how they are found, and that none is passed over. */
import { expect, it } from "vitest";
import { blocksOf } from "../../scripts/matrix/blocks.js";
import { checkCommand, commandsOf } from "../../scripts/matrix/shell.js";

const fenced = (info: string, text = "text", before = ""): string => `${before}\`\`\`${info}\n${text}\n\`\`\`\n`;

it("a block has its language, its mark, its line and its text", () => {
  const { blocks, problems } = blocksOf("a.md", `# Title\n\n${fenced("ts run", "one\ntwo")}`);
  expect(problems).toEqual([]);
  expect(blocks).toEqual([
    { file: "a.md", line: 4, language: "ts", run: true, text: "one\ntwo", context: "", prints: [] },
  ]);
});

it("a block in a list loses its indentation, and a longer fence holds a shorter one", () => {
  const { blocks } = blocksOf("a.md", "- a\n  ```sh\n  pnpm test\n  ```\n\n````text\n```ts\n```\n````\n");
  expect(blocks.map(({ language, text }) => [language, text])).toEqual([
    ["sh", "pnpm test"],
    ["text", "```ts\n```"],
  ]);
});

it("comments before a block are its context, what it continues, and what it prints", () => {
  const { blocks, problems } = blocksOf(
    "a.md",
    [
      fenced("ts", "use(a)", "<!-- with:\ndeclare const a: string;\n-->\n\n"),
      fenced("ts run", "use(a, 2)", "<!-- continues -->\n<!-- prints: one -->\n<!-- prints: two -->\n"),
      fenced("ts", "alone", "Words.\n\n"),
    ].join("\n"),
  );
  expect(problems).toEqual([]);
  expect(blocks.map(({ context, prints }) => [context, prints])).toEqual([
    ["declare const a: string;", []],
    ["declare const a: string;\nuse(a)", ["one", "two"]],
    ["", []],
  ]);
});

it.each([
  ["no language", fenced(""), "a block without a language"],
  ["an unknown language", fenced("rust"), 'nobody checks blocks in "rust"'],
  ["an unknown mark", fenced("ts skip"), '"skip" is no mark'],
  ["something that cannot be run", fenced("json run"), "json cannot be run"],
  ["what is printed without a run", fenced("ts", "x", "<!-- prints: x -->\n"), "only a block that is run prints"],
  ["a comment without a block", "<!-- with: x -->\n\nWords.\n", "has no block after it"],
  ["nothing to continue", "<!-- continues -->\n```ts\n```\n", "nothing to continue"],
  ["a block without an end", "```ts\ncode\n", "has no end"],
])("%s is a problem, and never a block that is passed over", (_, text, problem) => {
  expect(blocksOf("a.md", text).problems.join("\n")).toContain(problem);
});

it("the commands of a shell block: chains apart, lines joined, comments and prompts gone", () => {
  expect(commandsOf("$ pnpm build && pnpm test # all\n# nothing\nnpm install\\\n  @cc/sdk\n")).toEqual([
    "pnpm build",
    "pnpm test",
    "npm install @cc/sdk",
  ]);
});

it.each([
  ["npx --yes pnpm@10.34.9 test", undefined],
  ["npx --yes pnpm@9.0.0 test", "package.json names pnpm@"],
  ["pnpm matrix --only readmes", undefined],
  ["pnpm matrixx", 'no script "matrixx"'],
  ["npm install @cc/sdk@latest react", undefined],
  ["npm install @cc/skd", "neither ours"],
  ["bash .ci/run", undefined],
  ["bash .ci/runn", "no such file"],
  ["PORT=1 frobnicate", "nobody knows"],
])("%s: %s", async (command, problem) => {
  const found = await checkCommand("/nowhere", command);
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(problem);
});
