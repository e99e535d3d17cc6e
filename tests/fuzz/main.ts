/**
 * What `pnpm fuzz` runs: each part in turn, its figures in plain lines, its faults with the command that repeats them. Exit 1 for a fault.
 *
 * Arguments come checked from scripts/fuzz.ts, as one line of JSON.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { runClientStorm } from "./clientStorm.js";
import { runHttpStorm } from "./httpStorm.js";
import { runSocketStorm } from "./socketStorm.js";
import { runStorm } from "./storm.js";

interface Asked {
  readonly seed: number;
  readonly frames: number;
  readonly requests: number;
  readonly only: readonly string[];
  readonly script: number | null;
  readonly minutes: number | null;
  readonly out: string | null;
}

const asked = JSON.parse(process.argv[2] ?? "{}") as Asked;
const { seed, only } = asked;
const say = (line: string): void => console.log(line);
const script = asked.script ?? undefined;
const until = asked.minutes === null ? undefined : performance.now() + asked.minutes * 60_000;
const outcome: Record<string, { readonly faults: readonly string[] }> = {};

const per = (count: number, seconds: number): string => `${count} in ${seconds.toFixed(1)} s`;
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

if (only.includes("gateway")) {
  say(`gateway: live, real sockets, seed ${seed}`);
  const result = await runStorm({ seed, frames: asked.frames, script, say, until });
  outcome["gateway"] = result;
  say(
    `  frames ${per(result.frames, result.seconds)}, ${result.links} hostile links, ended with ${JSON.stringify(result.codes)}`,
  );
  say(`  heap ${mb(result.heapGrowth)} and RSS ${mb(result.rssGrowth)} more at the end than after a third`);
  say(`  the canaries: ${result.canary.sent} sends acknowledged, ${result.canary.received} events once and in order`);
}
if (only.includes("client")) {
  say(`client: scripted links, virtual time, seed ${seed}`);
  const result = await runClientStorm({ seed, frames: asked.frames, script, say, until });
  outcome["client"] = result;
  say(
    `  frames ${per(result.frames, result.seconds)}, heap ${mb(result.heapGrowth)} more at the end than after a third`,
  );
}
if (only.includes("sockets")) {
  say(`sockets: the client of Node against a hostile server, real sockets, seed ${seed}`);
  const result = await runSocketStorm({ seed, links: Math.ceil(asked.frames / 4_000), say, until });
  outcome["sockets"] = result;
  say(
    `  links ${per(result.links, result.seconds)}, ${result.recovered ? "then a good server served it" : "and no good server afterwards"}`,
  );
}
if (only.includes("http")) {
  say(`http: live, seed ${seed}`);
  const result = await runHttpStorm({ seed, requests: asked.requests, script, say, until });
  outcome["http"] = result;
  say(
    `  requests ${per(result.requests, result.seconds)}, heap ${mb(result.heapGrowth)} more at the end than after a third`,
  );
}

const faults = Object.values(outcome).flatMap((part) => part.faults);
for (const fault of faults) say(`FAULT ${fault}`);
if (asked.out !== null) {
  mkdirSync(dirname(resolve(asked.out)), { recursive: true });
  writeFileSync(asked.out, `${JSON.stringify({ seed, ...outcome }, null, 2)}\n`);
}
say(faults.length === 0 ? "fuzz: no fault" : `fuzz: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
