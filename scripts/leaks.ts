/**
 * `pnpm leaks`: what a thousand reconnects, a thousand logins and logouts, and a thousand clients leave behind, in Node and Chromium.
 *
 * Real gateways, real sockets, a process for each side. Gates: the heap after collection grows by at most 200 bytes each between the
 * 200th and the 1,000th (slope of the least squares), on both sides; handles, timers and listeners are equal. A run that breaks a gate
 * is made twice more, in processes of its own, and the majority of the three counts: a leak is in each of them, a compiler's late
 * allocation is not. All three are printed. `--plants` sows leaks into the bundles, one at a time: each must be found.
 * `--only node.reconnects,chromium.clients` runs those alone. `--out FILE` writes figures and looks as JSON. Exit 1 when a gate is
 * broken, 2 for wrong arguments.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { type DeedName, holds, judge, type Sample, type Verdict } from "../tests/leaks/judge.js";
import { leaks } from "../tests/leaks/plants.js";
import { type Looks, openSuite, type Samples, type Suite } from "../tests/leaks/run.js";
import { ensureChromium } from "./lib/browser.js";

/** Issue 3/3. Bytes for each deed. */
const gateBytes = 200;
const looks: Looks = { first: 200, last: 1_000, count: 5 };
/** A planted leak shows itself sooner. */
const briefLooks: Looks = { first: 100, last: 300, count: 5 };

const jobs = [
  "node.reconnects",
  "node.logins",
  "node.clients",
  "chromium.reconnects",
  "chromium.logins",
  "chromium.clients",
] as const;
type Job = (typeof jobs)[number];

interface Row extends Verdict {
  readonly job: Job;
  readonly side: "client" | "gateway";
  readonly ok: boolean;
  /** Kilobytes of heap at the first look and at the last. */
  readonly kb: readonly [number, number];
  readonly looks: readonly Sample[];
}

/** One run of a job: what was seen, or why nothing could be. */
interface Run {
  readonly job: Job;
  readonly number: number;
  readonly ok: boolean;
  readonly rows: readonly Row[];
  readonly error?: string;
}

function wrong(message: string): never {
  console.error(`leaks: ${message}. Options: --only JOB,JOB (${jobs.join(", ")}), --plants, --out FILE`);
  process.exit(2);
}

function options() {
  try {
    const { values } = parseArgs({
      options: { only: { type: "string" }, plants: { type: "boolean", default: false }, out: { type: "string" } },
    });
    const only = values.only?.split(",") ?? [...jobs];
    const unknown = only.filter((job) => !(jobs as readonly string[]).includes(job));
    if (unknown.length > 0) wrong(`no job ${unknown.join(", ")}`);
    return { only: only as Job[], plants: values.plants, out: values.out };
  } catch (error) {
    return wrong((error as Error).message);
  }
}

function rowsOf(job: Job, samples: Samples): readonly Row[] {
  return (["client", "gateway"] as const).map((side) => {
    const verdict = judge(samples[side]);
    const kb = [samples[side][0], samples[side].at(-1)].map((sample) => Math.round((sample?.heap ?? 0) / 1_000));
    const ok = verdict.bytesEach <= gateBytes && verdict.more.length + verdict.fewer.length === 0;
    return { job, side, ok, ...verdict, kb: [kb[0] ?? 0, kb[1] ?? 0], looks: samples[side] };
  });
}

const work = (suite: Suite, job: Job, at: Looks): Promise<Samples> => {
  const [where, deed] = job.split(".") as ["node" | "chromium", DeedName];
  return suite[where](deed, at);
};

function print({ job, number, rows, error }: Run): void {
  const name = number === 1 ? job : `${job}, run ${number}`;
  if (error !== undefined) console.log(`| ${name} | | | | | did not come to its end: ${error} |`);
  for (const { side, ok, bytesEach, more, fewer, kb, looks } of rows) {
    const equal = [...more, ...fewer].join("; ") || "all equal";
    const seen = ok ? "ok" : `broken: ${looks.map(({ n, heap }) => `${n}: ${Math.round(heap / 1_000)} kB`).join(", ")}`;
    console.log(`| ${name} | ${side} | ${bytesEach.toFixed(0)} | ${kb.join(" → ")} | ${equal} | ${seen} |`);
  }
}

/** Runs a job as often as it takes to say whether it holds. */
async function judged(suite: Suite, job: Job): Promise<readonly Run[]> {
  const runs: Run[] = [];
  while (holds(runs.map(({ ok }) => ok)) === undefined) {
    const number = runs.length + 1;
    let run: Run;
    try {
      const rows = rowsOf(job, await work(suite, job, looks));
      run = { job, number, ok: rows.every(({ ok }) => ok), rows };
    } catch (error) {
      run = { job, number, ok: false, rows: [], error: error instanceof Error ? error.message : String(error) };
    }
    print(run);
    runs.push(run);
  }
  return runs;
}

/** So many at a time; the first that fails fails the whole. */
async function pool<T>(many: readonly T[], workers: number, act: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...many];
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await act(one);
  };
  await Promise.all(Array.from({ length: workers }, next));
}

const { only, plants, out } = options();
const began = performance.now();
const runs: Run[] = [];
const broken: Job[] = [];
const found: { readonly plant: string; readonly caught: boolean; readonly by: string }[] = [];

if (plants) {
  await pool(leaks, 2, async (leak) => {
    const suite = openSuite(leak);
    process.once("exit", () => suite.close());
    try {
      const mine = rowsOf(`node.${leak.deed}`, await work(suite, `node.${leak.deed}`, briefLooks)).filter(
        ({ side }) => side === leak.side,
      );
      const by = mine
        .map(({ bytesEach, more, fewer }) => [`${bytesEach.toFixed(0)} B each`, ...more, ...fewer].join("; "))
        .join();
      found.push({ plant: leak.name, caught: mine.some(({ ok }) => !ok), by });
      console.log(`${mine.some(({ ok }) => !ok) ? "caught" : "MISSED"}: ${leak.name} (${by})`);
    } finally {
      suite.close();
    }
  });
} else {
  if (only.some((job) => job.startsWith("chromium")) && (await ensureChromium()) === undefined) {
    console.error("leaks: no Chromium here, and none could be installed");
    process.exit(1);
  }
  const suite = openSuite();
  process.once("exit", () => suite.close());
  console.log("| job | side | bytes each | heap, kB | handles, timers, listeners | |\n|---|---|---|---|---|---|");
  // For much of their time gateways wait for what they remember to be over.
  await pool(only, 4, async (job) => {
    const mine = await judged(suite, job);
    runs.push(...mine);
    if (!holds(mine.map(({ ok }) => ok))) broken.push(job);
  });
}

const ok = broken.length === 0 && found.every(({ caught }) => caught);
const seconds = Math.round((performance.now() - began) / 1_000);
console.log(`leaks: ${ok ? "ok" : `FAILED${broken.length > 0 ? ` (${broken.join(", ")})` : ""}`}, ${seconds} s`);
if (out !== undefined) {
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ ok, seconds, broken, runs, plants: found }, null, 2)}\n`);
}
process.exitCode = ok ? 0 : 1;
