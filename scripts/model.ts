/**
 * `pnpm model`: every reachable state of the machine, and the laws of the contract on each (packages/testkit/src/model).
 *
 * Each scope is enumerated in a program of its own, as many at a time as there are cores. `--scope NAME,NAME` enumerates those alone;
 * `--scopes` lists them. `--list` lists the guards; `--drop GUARD` removes one from a private copy of the machine and must find the
 * law that it kept, with the shortest path to its violation; `--drop all` does so with each. `--out FILE` writes the figures as JSON.
 * Exit 1: a law or a gate does not hold (with `--drop`: nothing was found); exit 2: wrong arguments.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import {
  gateFaults,
  line,
  livenessGate,
  type ScopeReport,
  scopes,
  sum,
  TICK,
} from "../packages/testkit/src/model/index.js";
import { guards } from "./lib/guards.js";
import type { ScopeOutcome } from "./lib/modelScope.js";
import { dropped } from "./lib/patchedMachine.js";
import { builtProgram } from "./lib/program.js";
import { run } from "./lib/run.js";

function wrong(why: string): never {
  console.error(`${why}\nusage: pnpm model [--scope NAME,NAME] [--scopes] [--list] [--drop GUARD|all] [--out FILE]`);
  process.exit(2);
}

function options(): {
  readonly scope: string | undefined;
  readonly drop: string | undefined;
  readonly out: string | undefined;
  readonly list: boolean;
  readonly scopes: boolean;
} {
  try {
    const { values } = parseArgs({
      options: {
        scope: { type: "string" },
        drop: { type: "string" },
        out: { type: "string" },
        list: { type: "boolean", default: false },
        scopes: { type: "boolean", default: false },
      },
    });
    return { scope: values.scope, drop: values.drop, out: values.out, list: values.list, scopes: values.scopes };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

const wanted = options();

function chosen(): typeof scopes {
  if (wanted.scope === undefined) return scopes;
  const names = wanted.scope.split(",");
  for (const name of names) if (!scopes.some((s) => s.name === name)) wrong(`no scope is called ${name}`);
  return scopes.filter(({ name }) => names.includes(name));
}

/** One scope in a program of its own. */
async function examined(program: string, name: string): Promise<ScopeOutcome> {
  const { code, stdout, stderr } = await run(process.execPath, [program, name]);
  if (code !== 0) throw new Error(`scope ${name} was not examined to its end (exit ${code})\n${stderr}`);
  return JSON.parse(stdout) as ScopeOutcome;
}

async function enumerate(): Promise<boolean> {
  const names = chosen().map(({ name }) => name);
  const { file } = await builtProgram(new URL("./lib/modelScope.ts", import.meta.url));
  const reports = new Map<string, ScopeReport>();
  const failures: unknown[] = [];
  let good = true;
  let cpuSeconds = 0;
  const tell = (outcome: ScopeOutcome): void => {
    cpuSeconds += outcome.cpuSeconds;
    if ("violation" in outcome) {
      good = false;
      console.log(`✗ ${outcome.violation}`);
      return;
    }
    const { report } = outcome;
    reports.set(report.scope, report);
    console.log(`${line(report)} (${outcome.cpuSeconds.toFixed(1)} s)`);
    for (const fault of gateFaults(report)) {
      good = false;
      console.log(`  ✗ ${fault}`);
    }
  };
  const queue = [...names];
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift())
      await examined(file, name).then(tell, (error: unknown) => {
        // The others' programs are let end, or they would outlive this one.
        failures.push(error);
        queue.length = 0;
      });
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  if (failures.length > 0) throw failures[0];
  const done = names.flatMap((name) => reports.get(name) ?? []);
  const all = sum(done);
  const two = done.reduce((n, { twoLinks }) => n + twoLinks, 0);
  console.log(
    `all: ${all.states} states, ${all.transitions} transitions, depth ${all.depth}, ${cpuSeconds.toFixed(1)} s of one core`,
  );
  console.log(`states with a successor or a retiring link (B10.9): ${two}; nothing makes them today`);
  console.log(
    `gate of liveness: ${livenessGate.steps} steps, ${(livenessGate.ticks * TICK) / 1000} s of the scopes' numbers, ${livenessGate.realMs / 1000} s of the contract's and the server's floor`,
  );
  if (wanted.out !== undefined) writeFileSync(wanted.out, `${JSON.stringify({ ...all, cpuSeconds }, undefined, 2)}\n`);
  return good;
}

async function drop(name: string): Promise<boolean> {
  const list = name === "all" ? guards : guards.filter((guard) => guard.name === name);
  if (list.length === 0) wrong(`no guard is called ${name}; --list has them`);
  let good = true;
  for (const guard of list) {
    const violation = await dropped(guard);
    console.log(`${violation === null ? "✗" : "✓"} ${guard.name}: ${guard.what}`);
    if (violation === null) {
      good = false;
      console.log(`  nothing was found in scope ${guard.scope}`);
    } else {
      console.log(`  ${violation.law}`);
      for (const [i, step] of violation.path.entries()) console.log(`    ${i + 1}. ${step}`);
    }
  }
  console.log(`${list.length} guards removed, one at a time${good ? ": each is missed" : ""}`);
  return good;
}

if (wanted.list) for (const { name, what, scope } of guards) console.log(`${name} (${scope}): ${what}`);
else if (wanted.scopes) for (const { name, about } of scopes) console.log(`${name}: ${about}`);
else process.exitCode = (await (wanted.drop === undefined ? enumerate() : drop(wanted.drop))) ? 0 : 1;
