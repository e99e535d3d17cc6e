/** A private machine with one guard removed: core's sources bundled with one patch. Law: a patch whose words are not there exactly once is an error. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { explore, type Machine, scopes, type Violation } from "../../packages/testkit/src/model/index.js";
import type { Guard } from "./guards.js";
import { root } from "./run.js";

const source = join(root, "packages/core/src");

const entry = `export * from "./index.js"; export { connect, ping, check } from "./calls.js"; export { explain } from "./explain.js";`;

/** The text of a guard's file without the guard. */
export function patched({ name, file, find, replace }: Guard): string {
  const text = readFileSync(join(source, file), "utf8");
  const times = text.split(find).length - 1;
  if (times !== 1)
    throw new Error(`${name}: its words stand in ${file} ${times} times, not once: ${JSON.stringify(find)}`);
  return text.replace(find, () => replace);
}

async function machineWithout(guard: Guard): Promise<Machine> {
  const contents = patched(guard);
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: source, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    plugins: [
      {
        name: "without",
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === join(source, guard.file) ? { contents, loader: "ts" } : undefined,
          );
        },
      },
    ],
  });
  const folder = mkdtempSync(join(tmpdir(), "cc-model-"));
  try {
    const file = join(folder, "machine.mjs");
    writeFileSync(file, outputFiles[0]?.text ?? "");
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Machine;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first violation of a machine without this guard, by the shortest path; `null`: none was found. */
export async function dropped(guard: Guard): Promise<Violation | null> {
  const scope = scopes.find(({ name }) => name === guard.scope);
  if (scope === undefined) throw new Error(`${guard.name}: no scope is called ${guard.scope}`);
  return explore(scope, await machineWithout(guard)).violation;
}
