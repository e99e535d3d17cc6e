/**
 * `pnpm sim:planted`: faults sown into the sources one at a time, each to be found by the simulator within a bounded number of seeds.
 *
 * A plant is applied while the simulator is bundled, in memory and into a folder of its own: the working tree is never touched. Found
 * is: a seed on which a law of the plant's own clauses is broken. Without any plant the first seeds must be clean, or nothing means
 * anything. `--only NAME,NAME`; `--seeds N` (default 60) for each; `--minutes M` simulated (default 10); `--workers N` (default 2);
 * `--list`; `--out FILE` writes the outcome as JSON. Exit code 1: one was not found; 2: wrong arguments.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { type SimPlant, simPlants } from "../tests/planted/sim.js";
import { root, run } from "./lib/run.js";

interface Found {
  readonly seed: number;
  readonly clause: string;
  readonly what: string;
}

type Result = { readonly name: string; readonly seconds: number } & (
  | { readonly verdict: "found"; readonly by: Found; readonly runs: number }
  | { readonly verdict: "missed" | "error"; readonly why: string }
);

/** How long one plant may take; some make a client loop. */
const limitMs = 600_000;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    out: { type: "string" },
    seeds: { type: "string", default: "60" },
    minutes: { type: "string", default: "10" },
    workers: { type: "string", default: "2" },
    list: { type: "boolean" },
  },
});
const [seeds, minutes, workers] = [Number(values.seeds), Number(values.minutes), Number(values.workers)];
if (![seeds, minutes, workers].every((value) => Number.isSafeInteger(value) && value > 0) || minutes < 3) {
  console.error("sim:planted: --seeds, --minutes (3 at least) and --workers take whole numbers above 0");
  process.exit(2);
}
if (values.list) {
  for (const { name, tags, what } of simPlants) console.log(`${name.padEnd(28)} ${tags.join(" ").padEnd(24)} ${what}`);
  process.exit(0);
}
const names = values.only?.split(",").map((name) => name.trim());
const unknown = names?.find((name) => !simPlants.some((plant) => plant.name === name));
if (unknown !== undefined) {
  console.error(`sim:planted: no plant is called ${unknown}; --list names them`);
  process.exit(2);
}
const chosen = simPlants.filter(({ name }) => names === undefined || names.includes(name));

/** Runs in the bundle: ends at the first seed that breaks one of the clauses that it was given, or any if none. */
const runner = (tags: readonly string[]): string => `
import { planOf, runPlan } from "./packages/testkit/src/sim/index.ts";
const tags = ${JSON.stringify(tags)};
const others = [];
let runs = 0;
for (let seed = 1; seed <= ${seeds}; seed += 1) {
  runs += 1;
  const { breaks } = await runPlan(planOf(seed, ${minutes} * 60000));
  const by = breaks.find(({ clause }) => tags.length === 0 || tags.includes(clause));
  if (by) {
    console.log("found " + JSON.stringify({ seed, clause: by.clause, what: by.what, runs }));
    process.exit(0);
  }
  for (const { clause, what } of breaks) others.push(seed + " " + clause + ": " + what);
}
console.log("missed " + JSON.stringify(others.slice(0, 3)));
`;

const folder = mkdtempSync(join(tmpdir(), "sim-planted-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

async function bundle(name: string, plant: SimPlant | undefined): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  let applied = plant === undefined;
  await build({
    stdin: { contents: runner(plant?.tags ?? []), resolveDir: root, loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@cc/source"],
    logLevel: "silent",
    plugins: [
      {
        name: "plant",
        setup(builder) {
          if (plant === undefined) return;
          const path = join(root, plant.file);
          builder.onLoad({ filter: /\.ts$/ }, (args) => {
            if (args.path !== path) return undefined;
            const sound = readFileSync(path, "utf8");
            if (sound.split(plant.find).length !== 2)
              throw new Error(`its words do not stand in ${plant.file} exactly once`);
            applied = true;
            return { contents: sound.replace(plant.find, () => plant.replace), loader: "ts" };
          });
        },
      },
    ],
  });
  if (!applied) throw new Error(`${plant?.file} is no part of the simulator`);
  return outfile;
}

async function sow(name: string, plant: SimPlant | undefined): Promise<Result> {
  const began = performance.now();
  const end = <T extends object>(outcome: T): { name: string; seconds: number } & T => ({
    name,
    seconds: (performance.now() - began) / 1000,
    ...outcome,
  });
  let file: string;
  try {
    file = await bundle(name, plant);
  } catch (error) {
    return end({ verdict: "error", why: String(error).split("\n").slice(0, 2).join(" ") } as const);
  }
  const { stdout, stderr, timedOut, code } = await run(process.execPath, [file], { limitMs });
  if (timedOut) return end({ verdict: "error", why: "it hung and had to be ended" } as const);
  const line = stdout.split("\n").find((each) => /^(found|missed) /.test(each)) ?? "";
  if (line.startsWith("found ")) {
    const { runs, ...by } = JSON.parse(line.slice(6)) as Found & { runs: number };
    return end({ verdict: "found", by, runs } as const);
  }
  if (line === "")
    return end({ verdict: "error", why: `exit code ${code}: ${stderr.trim().split("\n").at(-1) ?? ""}` } as const);
  const others = JSON.parse(line.slice(7)) as readonly string[];
  return end({
    verdict: "missed",
    why: others.length === 0 ? "no law was broken" : `only ${others.join("; ")}`,
  } as const);
}

const results: Result[] = [];
const began = performance.now();
if (names === undefined) {
  const sound = await sow("none", undefined);
  if (sound.verdict !== "missed") {
    console.error(
      `sim:planted: without a plant: ${sound.verdict === "found" ? `seed ${sound.by.seed} breaks ${sound.by.clause}: ${sound.by.what}` : sound.why}`,
    );
    process.exit(1);
  }
  console.log(`sound   no plant: ${seeds} seeds, no law broken (${sound.seconds.toFixed(0)} s)`);
}
const queue = [...chosen];
await Promise.all(
  Array.from({ length: workers }, async () => {
    for (let plant = queue.shift(); plant !== undefined; plant = queue.shift()) {
      const result = await sow(plant.name, plant);
      results.push(result);
      const head = `${result.verdict.padEnd(7)} ${plant.name.padEnd(28)} ${result.seconds.toFixed(1).padStart(6)} s  `;
      console.log(
        result.verdict === "found"
          ? `${head}seed ${result.by.seed}: ${result.by.clause}: ${result.by.what}`
          : `${head}${result.why}`,
      );
    }
  }),
);
const found = results.filter(({ verdict }) => verdict === "found").length;
const seconds = Math.round((performance.now() - began) / 1000);
if (values.out !== undefined)
  writeFileSync(
    values.out,
    `${JSON.stringify({ plants: results.length, found, seeds, minutes, seconds, results }, null, 2)}\n`,
  );
console.log(`\nsim:planted: ${found} of ${results.length} found within ${seeds} seeds each, in ${seconds} s`);
process.exitCode = found === results.length ? 0 : 1;
