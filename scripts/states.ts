/**
 * `pnpm states`: writes docs/states.md, docs/states-light.svg and docs/states-dark.svg out of the machine.
 * `--check`: exit 1 when one of them is stale instead. Exit 2: wrong arguments.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/run.js";
import { statesDocument } from "./lib/statesDocument.js";

const args = process.argv.slice(2);
const check = args.includes("--check");
if (args.some((arg) => arg !== "--check")) {
  console.error("usage: pnpm states [--check]");
  process.exit(2);
}
for (const [name, text] of Object.entries(await statesDocument())) {
  const file = join(root, "docs", name);
  if (!check) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`docs/${name} is stale: run \`pnpm states\``);
    process.exitCode = 1;
  }
}
