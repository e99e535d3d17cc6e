/**
 * The mode of mixed faults: one seed, many, a plan from a file, or fresh seeds for as long as one likes.
 *
 * Law: a seed that breaks a law is told with the law, what happened last, and the one command that repeats it; then it is shrunk.
 * Several programs share the seeds, each a stretch of its own; which of them runs a seed changes nothing of it.
 */
import { type SimIo, type SimMode, SimUsageError, type SimValues, whole, word } from "./flags.js";
import { planOf } from "./generate.js";
import { type Plan, PlanError, parsePlan } from "./plan.js";
import { type RunResult, runPlan } from "./run.js";
import { shrink } from "./shrink.js";

const mostSeeds = 2 ** 32 - 1;
/** Seeds for one program at a time. */
const stretch = 50;

/** What a stretch of seeds came to; one line of JSON between programs. */
interface Tally {
  readonly seeds: number;
  readonly facts: number;
  readonly virtualMs: number;
  readonly failed: readonly number[];
}

export const mixed: SimMode = {
  flags: [
    { name: "seed", takes: "N", help: "this one seed; with --seeds, the first" },
    { name: "seeds", takes: "N", help: "so many seeds; default 2000" },
    { name: "minutes", takes: "M", help: "simulated minutes of each, default 10; with --soak, real ones in all" },
    { name: "soak", help: "fresh seeds for --minutes real minutes, all cores" },
    { name: "shrink", help: "shrink a plan that breaks a law, and print it (always done for a single seed)" },
    { name: "plan", takes: "FILE", help: "run the plan in this file" },
    { name: "print", help: "print the plan of --seed as JSON and run nothing" },
    { name: "watch", help: "print every fact of --seed or --plan" },
    { name: "out", takes: "FILE", help: "write the outcome as JSON; of a single run, the shrunk plan" },
    { name: "tally", help: "one line of JSON in the end instead of words: for the programs that this one starts" },
  ],
  wanted: () => true,
  async run(values, io) {
    const file = word(values, "plan");
    const seed = whole(values, "seed", 0, mostSeeds);
    const soak = values["soak"] === true;
    const minutes = whole(values, "minutes", soak ? 1 : 3, 1_440) ?? 10;
    const ms = (soak ? 10 : minutes) * 60_000;
    const seeds = whole(values, "seeds", 1, 10_000_000);
    if (file !== undefined && (seed !== undefined || seeds !== undefined))
      throw new SimUsageError("--plan goes without --seed and --seeds");
    if (values["print"] === true) {
      io.write(JSON.stringify(planOf(seed ?? 1, ms), null, 1));
      return 0;
    }
    if (file !== undefined) return one(await read(io, file), `--plan ${file}`, values, io);
    if (seed !== undefined && seeds === undefined) {
      const more = minutes === 10 ? "" : ` --minutes ${minutes}`;
      return one(planOf(seed, ms), `--seed ${seed}${more}`, values, io);
    }
    return many(
      {
        first: seed ?? (soak ? fresh(io) : 1),
        seeds: soak ? mostSeeds : (seeds ?? 2_000),
        ms,
        untilMs: soak ? minutes * 60_000 : undefined,
      },
      values,
      io,
    );
  },
};

async function read(io: SimIo, file: string): Promise<Plan> {
  try {
    return parsePlan(await io.readFile(file));
  } catch (error) {
    if (error instanceof PlanError) throw new SimUsageError(`${file}: ${error.message}`);
    throw new SimUsageError(`${file} cannot be read: ${String(error)}`);
  }
}

/** A first seed that nobody had before. */
const fresh = (io: SimIo): number => Math.floor(io.wall() / 100) % mostSeeds;

/** One run, told whole. */
async function one(plan: Plan, how: string, values: SimValues, io: SimIo): Promise<number> {
  const result = await runPlan(plan, values["watch"] === true ? { watch: (line) => io.write(line()) } : {});
  const said = `seed ${plan.seed}, ${plan.clients.length} clients, ${plan.gateways} gateways, ${plan.actions.length} actions`;
  if (result.breaks.length === 0) {
    io.write(
      `sim: ${said}: no law broken in ${Math.round(result.ms / 1000)} virtual s, ${result.facts} facts, digest ${result.digest}`,
    );
    return 0;
  }
  tell(result, `${io.program} ${how}`, io);
  const small = await shrink(result);
  const [first] = small.result.breaks;
  const kept = small.plan.actions.length;
  io.write(
    `\nshrunk to ${kept} of ${plan.actions.length} actions in ${small.runs} runs; it still breaks ${first?.clause}: ${first?.what}`,
  );
  for (const line of small.result.last.slice(-25)) io.write(`  ${line}`);
  const out = word(values, "out");
  const text = `${JSON.stringify(small.plan, null, 1)}\n`;
  if (out === undefined) io.write(`the plan (with --out FILE it is written, and --plan FILE runs it):\n${text}`);
  else {
    await io.writeFile(out, text);
    io.write(`repeat it: ${io.program} --plan ${out}`);
  }
  return 1;
}

/** The law, what came before, and how to see it again. */
function tell(result: RunResult, command: string, io: SimIo): void {
  const [first, ...others] = result.breaks;
  io.write(
    `\nseed ${result.plan.seed} breaks ${first?.clause} at ${((first?.t ?? 0) / 1000).toFixed(3)} s: ${first?.what}`,
  );
  for (const { clause, what } of others) io.write(`  and ${clause}: ${what}`);
  for (const line of result.last.slice(-20)) io.write(`  ${line}`);
  io.write(`repeat it: ${command}`);
}

interface Series {
  readonly first: number;
  readonly seeds: number;
  readonly ms: number;
  /** Real ms after which no further seeds are begun. */
  readonly untilMs: number | undefined;
}

async function many(series: Series, values: SimValues, io: SimIo): Promise<number> {
  const { first, seeds, ms, untilMs } = series;
  const inner = values["tally"] === true;
  const began = io.now();
  const failed: number[] = [];
  let done = 0;
  let facts = 0;
  let virtualMs = 0;
  let next = 0;
  const minutes = ms / 60_000;
  const again = (seed: number): string =>
    `${io.program} --seed ${seed}${minutes === 10 ? "" : ` --minutes ${minutes}`}`;
  const add = (tally: Tally): void => {
    done += tally.seeds;
    facts += tally.facts;
    virtualMs += tally.virtualMs;
    failed.push(...tally.failed);
  };
  const take = (): { readonly from: number; readonly count: number } | undefined => {
    if (next >= seeds || (untilMs !== undefined && io.now() - began >= untilMs)) return undefined;
    const from = (first + next) % mostSeeds;
    const count = Math.min(stretch, seeds - next);
    next += count;
    return { from, count };
  };
  const here = async (from: number, count: number): Promise<Tally> => {
    const bad: number[] = [];
    let seen = 0;
    let time = 0;
    for (let seed = from; seed < from + count; seed += 1) {
      const result = await runPlan(planOf(seed, ms));
      seen += result.facts;
      time += result.ms;
      if (result.breaks.length === 0) continue;
      bad.push(seed);
      if (failed.length + bad.length <= 3) tell(result, again(seed), io);
      if (values["shrink"] === true && bad.length === 1) await one(result.plan, `--seed ${seed}`, {}, io);
    }
    return { seeds: count, facts: seen, virtualMs: time, failed: bad };
  };
  const elsewhere = async (from: number, count: number): Promise<Tally> => {
    let tally: Tally | undefined;
    const args = ["--seed", `${from}`, "--seeds", `${count}`, "--minutes", `${minutes}`, "--tally"];
    if (values["shrink"] === true) args.push("--shrink");
    await io.again?.(args, (line) => {
      if (line.startsWith('{"seeds"')) tally = JSON.parse(line) as Tally;
      else if (failed.length < 3) io.write(line);
    });
    if (tally === undefined) throw new Error(`the seeds from ${from} on were not run to their end`);
    return tally;
  };
  const run = io.again === undefined || inner || io.cores < 2 || seeds <= stretch ? here : elsewhere;
  if (!inner)
    io.write(
      `sim: seeds from ${first}${untilMs === undefined ? ` to ${first + seeds - 1}` : `, for ${untilMs / 60_000} minutes`}, ${minutes} simulated minutes each`,
    );
  let toldAt = began;
  const work = async (): Promise<void> => {
    for (let part = take(); part !== undefined; part = take()) {
      add(await run(part.from, part.count));
      if (inner || io.now() - toldAt < 15_000) continue;
      toldAt = io.now();
      io.write(`sim: ${done} seeds, ${failed.length} broke a law, ${Math.round((io.now() - began) / 1000)} s`);
    }
  };
  await Promise.all(Array.from({ length: run === here ? 1 : io.cores }, work));
  failed.sort((a, b) => a - b);
  const seconds = (io.now() - began) / 1000;
  const outcome = { seeds: done, facts, virtualMs, failed };
  if (inner) io.write(JSON.stringify(outcome));
  else {
    const hours = (virtualMs / 3_600_000).toFixed(0);
    io.write(
      `sim: ${done} seeds, ${hours} simulated hours, ${facts} facts, ${failed.length} broke a law, in ${seconds.toFixed(0)} s`,
    );
    if (failed.length > 0)
      io.write(`sim: seeds that broke a law: ${failed.slice(0, 20).join(" ")}; see one: ${again(failed[0] ?? 0)}`);
  }
  const out = word(values, "out");
  if (out !== undefined)
    await io.writeFile(out, `${JSON.stringify({ first, minutes, seconds, ...outcome }, null, 2)}\n`);
  return failed.length > 0 ? 1 : 0;
}
