/**
 * `pnpm model`: every reachable state of the machine, and the laws of the contract on each (packages/testkit/src/model).
 *
 * `--scope NAME,NAME` enumerates those alone; `--scopes` lists them. `--list` lists the guards; `--drop GUARD` removes one from a
 * private copy of the machine and must find the law that it kept, with the shortest path to its violation; `--drop all` does so with
 * each. `--out FILE` writes the figures as JSON. Exit 1: a law or a gate does not hold (with `--drop`: nothing was found);
 * exit 2: wrong arguments.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { defaultPolicy } from "../packages/core/src/policy.js";
import {
  examine,
  gateFaults,
  line,
  livenessGate,
  ModelViolation,
  machine,
  type ScopeReport,
  scopes,
  sum,
  TICK,
} from "../packages/testkit/src/model/index.js";
import { guards } from "./lib/guards.js";
import { dropped } from "./lib/patchedMachine.js";

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

/** Seconds of this process on a processor: the machine may be busy with other things. */
const cpu = (): number => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6;

function enumerate(): boolean {
  const done: ScopeReport[] = [];
  let good = true;
  for (const scope of chosen()) {
    const began = cpu();
    try {
      const report = examine(scope, machine, defaultPolicy);
      done.push(report);
      console.log(`${line(report)} (${(cpu() - began).toFixed(1)} s)`);
      for (const fault of gateFaults(report)) {
        good = false;
        console.log(`  ✗ ${fault}`);
      }
    } catch (error) {
      if (!(error instanceof ModelViolation)) throw error;
      good = false;
      console.log(`${scope.name}: ✗ ${error.message}`);
    }
  }
  const all = sum(done);
  const two = done.reduce((n, { twoLinks }) => n + twoLinks, 0);
  console.log(
    `all: ${all.states} states, ${all.transitions} transitions, depth ${all.depth}, ${cpu().toFixed(1)} s of one core`,
  );
  console.log(`states with a successor or a retiring link (B10.9): ${two}; nothing makes them today`);
  console.log(
    `gate of liveness: ${livenessGate.steps} steps, ${(livenessGate.ticks * TICK) / 1000} s of the scopes' numbers, ${livenessGate.realMs / 1000} s of the contract's and the server's floor`,
  );
  if (wanted.out !== undefined)
    writeFileSync(wanted.out, `${JSON.stringify({ ...all, cpuSeconds: cpu() }, undefined, 2)}\n`);
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
else process.exitCode = (wanted.drop === undefined ? enumerate() : await drop(wanted.drop)) ? 0 : 1;
