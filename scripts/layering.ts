/**
 * `pnpm layering`: the rules of .dependency-cruiser.cjs over the sources, then over a copy of them with forbidden imports planted.
 *
 * A rule that matches nothing looks exactly like a rule that is kept, so every rule about layers has a plant that it must catch. The
 * copy lives in the ignored .reports folder: no bad file ever stands beside the real ones, where a build or a commit could meet it.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { plants } from "./layering-plants.js";
import { root, run } from "./lib/run.js";

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string; readonly severity: string };
}

interface Cruise {
  readonly summary: { readonly violations: readonly Violation[]; readonly totalCruised: number };
}

const cruise = async (cwd: string, folders: readonly string[]): Promise<Cruise["summary"]> => {
  const depcruise = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const args = [depcruise, "--config", ".dependency-cruiser.cjs", "--output-type", "json", ...folders];
  const { stdout, stderr } = await run(process.execPath, args, { cwd });
  if (!stdout.startsWith("{")) throw new Error(`dependency-cruiser said nothing to read: ${stderr}`);
  return (JSON.parse(stdout) as Cruise).summary;
};

const show = ({ from, to, rule }: Violation): string => `  ${rule.name}: ${from} → ${to}`;

const plantedCopy = (): string => {
  const copy = join(root, ".reports/planted");
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(join(copy, "node_modules/@cc"), { recursive: true });
  cpSync(join(root, ".dependency-cruiser.cjs"), join(copy, ".dependency-cruiser.cjs"));
  cpSync(join(root, "tsconfig.base.json"), join(copy, "tsconfig.base.json"));
  for (const name of readdirSync(join(root, "packages"))) {
    for (const part of ["package.json", "src"]) {
      const from = join(root, "packages", name, part);
      if (existsSync(from)) cpSync(from, join(copy, "packages", name, part), { recursive: true });
    }
    symlinkSync(join("../../packages", name), join(copy, "node_modules/@cc", name));
  }
  for (const { file, text } of plants) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  }
  return copy;
};

const real = await cruise(
  root,
  ["packages", "apps", "bench", "tests"].filter((folder) => existsSync(join(root, folder))),
);
const broken = real.violations.filter((violation) => violation.rule.severity === "error");
console.log(`layering: ${real.totalCruised} modules, ${broken.length} forbidden imports`);
for (const violation of broken) console.log(show(violation));

const copy = plantedCopy();
const found = (await cruise(copy, ["packages"])).violations;
rmSync(copy, { recursive: true, force: true });
const expected = plants.filter(({ rule }) => rule !== undefined);
const missed = expected.filter(
  ({ file, rule }) => !found.some((violation) => violation.rule.name === rule && violation.from === file),
);
console.log(`planted imports: ${expected.length - missed.length} of ${expected.length} caught`);
for (const { file, rule } of missed) console.log(`  not caught by ${rule}: ${file}`);

process.exitCode = broken.length + missed.length > 0 || real.totalCruised === 0 ? 1 : 0;
