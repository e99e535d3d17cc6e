/**
 * `pnpm herd`: a hundred thousand real clients, their gateways and an outage, with the gates of the issue. Exit 1: a gate is broken.
 *
 * `--report`: runs every scenario and writes docs/herd.json, docs/herd.md and its plots; the plots and the page are drawn from that
 * file alone. `--draw`: only draws them again. `--check`: exit 1 if they are not what the file draws; runs nothing.
 * `--collect FOLDER`: records and draws what `pnpm sim --out FOLDER/SCENARIO.json` left there, for runs made one by one.
 * `--clients N` (default 100,000: the gates are meant for that many; a smaller herd scatters more). `--only NAME` one scenario.
 * `--untimed`: without the ten minutes in which nothing happens, whose time and memory are gates, for a machine that does other
 * things too. `--out FILE`: the figures as JSON. Exit 2: wrong arguments.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { HerdSummary, PeerSummary } from "../packages/testkit/src/herd/index.js";
import { argumentsOf, herdFiles, type Recorded, recordedOf, type Scenario, scenarios, simProgram } from "./lib/herd.js";
import { root, run } from "./lib/run.js";

const page = (name: string): string => join(root, "docs", name);

function flags(): {
  readonly report: boolean;
  readonly draw: boolean;
  readonly check: boolean;
  readonly untimed: boolean;
  readonly clients: number;
  readonly only: string | undefined;
  readonly out: string | undefined;
  readonly collect: string | undefined;
} {
  const { values } = parseArgs({
    options: {
      report: { type: "boolean", default: false },
      draw: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      untimed: { type: "boolean", default: false },
      clients: { type: "string", default: "100000" },
      only: { type: "string" },
      out: { type: "string" },
      collect: { type: "string" },
    },
  });
  const clients = Number(values.clients);
  if (!(Number.isInteger(clients) && clients >= 1_000 && clients <= 1_000_000))
    throw new TypeError(`--clients must be a whole number from 1,000 to 1,000,000, not ${values.clients}`);
  if (values.only !== undefined && !scenarios.some(({ name }) => name === values.only))
    throw new TypeError(`--only knows ${scenarios.map(({ name }) => name).join(", ")}, not ${values.only}`);
  return { ...values, clients, only: values.only, out: values.out, collect: values.collect };
}

/** Runs one in a process of its own, for a heap that has seen another herd is not the same. */
async function runOne(
  program: string,
  into: string,
  scenario: Scenario,
  args: readonly string[],
): Promise<{ readonly code: number; readonly told: Told | undefined }> {
  const out = join(into, `${scenario.name}.json`);
  console.log(`\n${scenario.name}: ${args.join(" ").replaceAll(" --", "\n  --").replaceAll("\n ", "")}`);
  const { code } = await run(process.execPath, [program, ...args, "--gates", "--out", out], {
    show: true,
  });
  if (code > 1) return { code, told: undefined };
  return { code, told: JSON.parse(readFileSync(out, "utf8")) as Told };
}

interface Told {
  readonly ours?: HerdSummary;
  readonly peers: readonly PeerSummary[];
}

/** What differs between the pages and what the recorded figures draw. */
function stale(recorded: Recorded): readonly string[] {
  return [...herdFiles(recorded)]
    .filter(([name, text]) => readFileSync(page(name), "utf8") !== text)
    .map(([name]) => name);
}

function draw(recorded: Recorded): void {
  for (const [name, text] of herdFiles(recorded)) writeFileSync(page(name), text);
}

function record(recorded: Recorded): void {
  writeFileSync(page("herd.json"), `${JSON.stringify(recorded)}\n`);
  draw(recorded);
}

/** The outcomes that `pnpm sim --out` left in a folder, each under the name of its scenario. */
function collect(folder: string): Recorded {
  const there = scenarios.filter(({ name }) => existsSync(join(folder, `${name}.json`)));
  if (there.length === 0) throw new TypeError(`--collect finds no SCENARIO.json in ${folder}`);
  for (const { name } of scenarios)
    if (!there.some((one) => one.name === name)) console.log(`not there, and so not on the page: ${name}`);
  const told = there.map(
    ({ name }) => [name, JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Told] as const,
  );
  const ours = Object.fromEntries(told.flatMap(([name, { ours: one }]) => (one === undefined ? [] : [[name, one]])));
  return recordedOf(
    ours,
    told.flatMap(([, { peers }]) => peers),
  );
}

async function main(): Promise<number> {
  const { report, draw: drawOnly, check, untimed, clients, only, out, collect: folder } = flags();
  if (folder !== undefined) {
    record(collect(folder));
    return 0;
  }
  if (check || drawOnly) {
    const recorded = JSON.parse(readFileSync(page("herd.json"), "utf8")) as Recorded;
    if (drawOnly) {
      draw(recorded);
      return 0;
    }
    const old = stale(recorded);
    console.log(
      old.length === 0
        ? "docs/herd.md and its plots are what docs/herd.json draws"
        : `stale: ${old.join(", ")}; run pnpm herd --draw`,
    );
    return old.length === 0 ? 0 : 1;
  }
  const into = mkdtempSync(join(tmpdir(), "herd-"));
  try {
    const { file: program } = await simProgram();
    const ours: Record<string, HerdSummary> = {};
    let peers: readonly PeerSummary[] = [];
    let worst = 0;
    for (const scenario of scenarios) {
      if (only === undefined ? !(report || scenario.gated) : scenario.name !== only) continue;
      const { code, told } = await runOne(program, into, scenario, [
        ...argumentsOf(scenario, clients),
        // Of a flag that is given twice the last counts.
        ...(untimed ? ["--minutes", "0"] : []),
      ]);
      worst = Math.max(worst, code);
      if (told?.ours) ours[scenario.name] = told.ours;
      if (told && told.peers.length > 0) peers = [...peers, ...told.peers];
    }
    if (out !== undefined) writeFileSync(out, `${JSON.stringify({ ours, peers }, null, 1)}\n`);
    if (report && worst < 2 && only === undefined) {
      record(recordedOf(ours, peers));
    }
    console.log(worst === 0 ? "\nherd: every gate held" : "\nherd: a gate is BROKEN");
    return worst;
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`herd: ${error.message}`);
  process.exitCode = 2;
}
