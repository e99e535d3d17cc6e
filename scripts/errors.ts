/** `pnpm errors`: writes docs/errors.md, the reference of every error code. `--check`: exit 1 when the file is stale instead. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorDocument } from "./lib/errorReference.js";
import { root } from "./lib/run.js";

const file = join(root, "docs/errors.md");
if (!process.argv.includes("--check")) writeFileSync(file, errorDocument());
else if (readFileSync(file, "utf8") !== errorDocument()) {
  console.error("docs/errors.md is stale: run `pnpm errors`");
  process.exit(1);
}
