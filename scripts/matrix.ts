/**
 * `pnpm matrix [--only PART,…] [--out FILE] [--keep]`: builds, packs every published package, installs the tarballs into an empty
 * project and uses them there as users do. Prints a row for each thing tried and exits 1 when one of them is not as it should be.
 *
 * Parts: tarballs (what is in them), node (each Node, import and require, a real conversation), types (each TypeScript, what must
 * not compile too), bundles (Vite, esbuild, webpack; run in Chromium, in a page and in a worker), runtimes (server rendering, edge
 * conditions), readmes (the code blocks of every README and guide). `--keep` leaves the project where it is and says where.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root, run } from "./lib/run.js";
import { packAll } from "./lib/tarballs.js";
import { publishedPackages } from "./lib/workspace.js";
import { bundleTrials } from "./matrix/bundles.js";
import { contentTrials } from "./matrix/contents.js";
import { nodeTrials } from "./matrix/nodes.js";
import { createProject } from "./matrix/project.js";
import { readmeTrials } from "./matrix/readmes.js";
import { attemptAll, type Part, parts, type Row, type Trial } from "./matrix/rows.js";
import { runtimeTrials } from "./matrix/runtimes.js";
import { typeTrials } from "./matrix/types.js";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    out: { type: "string" },
    keep: { type: "boolean", default: false },
    // What is in dist/ is taken as it is.
    "no-build": { type: "boolean", default: false },
  },
});
const only = values.only?.split(",") ?? parts;
const unknown = only.filter((part) => !parts.some((known) => known === part));
if (unknown.length > 0) {
  console.error(`matrix: no such part: ${unknown.join(", ")}; there are ${parts.join(", ")}`);
  process.exit(2);
}
const wanted = (part: Part): boolean => only.includes(part);

const began = performance.now();
const since = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;

if (!values["no-build"]) {
  // A build names its shared pieces by their content and leaves those of the last one; a release is built in an empty place.
  for (const { folder } of publishedPackages()) rmSync(join(root, folder, "dist"), { recursive: true, force: true });
  const turbo = join(root, "node_modules/turbo/bin/turbo");
  const args = [turbo, "run", "build", "--filter=./packages/*", "--filter=@cc/terminal", "--output-logs=errors-only"];
  const built = await run(process.execPath, args, { show: true, env: { TURBO_TELEMETRY_DISABLED: "1" } });
  if (built.code !== 0) process.exit(1);
}

const packs = join(root, ".reports/matrix");
rmSync(packs, { recursive: true, force: true });
mkdirSync(packs, { recursive: true });
const packing = performance.now();
const tarballs = await packAll(packs);
console.log(`${tarballs.length} tarballs in ${since(packing)}`);

const installing = performance.now();
const project = await createProject(tarballs);
console.log(`installed into ${project} in ${since(installing)}`);

let rows: readonly Row[] = [];
const bundles = bundleTrials(project);
try {
  const trials: readonly Trial[] = [
    ...(wanted("tarballs") ? contentTrials(tarballs) : []),
    ...(wanted("node") ? nodeTrials(project, tarballs) : []),
    ...(wanted("runtimes") ? runtimeTrials(project) : []),
    ...(wanted("bundles") ? bundles.trials : []),
    ...(wanted("types") ? typeTrials(project, tarballs) : []),
    ...(wanted("readmes") ? await readmeTrials(project) : []),
  ];
  // Two at a time: most of them are one busy process, and CI has two cores.
  rows = await attemptAll(trials, 2);
} finally {
  await bundles.end();
  if (values.keep) console.log(`kept: ${project}`);
  else rmSync(project, { recursive: true, force: true });
}

const failed = rows.filter(({ result }) => result === "FAILED").length;
const skipped = rows.filter(({ result }) => result === "skipped").length;
const skips = skipped > 0 ? `, ${skipped} skipped` : "";
console.log(`\nmatrix: ${rows.length - failed - skipped} ok, ${failed} failed${skips}, ${since(began)}`);
if (values.out !== undefined) {
  const out = resolve(values.out);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ failed, skipped, rows }, null, 2)}\n`);
}
// A matrix that tried nothing proved nothing.
process.exitCode = failed > 0 || rows.length === 0 ? 1 : 0;
