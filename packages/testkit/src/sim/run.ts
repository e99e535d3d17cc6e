/**
 * One run of one plan. Law: everything comes from the plan; two runs of it tell the same facts in the same order at the same
 * times, and their digests say so.
 */
import { type Break, createOracle } from "./oracle/oracle.js";
import { createTruth } from "./oracle/truth.js";
import type { Plan } from "./plan.js";
import { print } from "./print.js";
import type { Fact, Told } from "./world/facts.js";
import { createWorld, type World } from "./world/world.js";

export interface RunOptions {
  /** Ends at the first broken law. Default true. */
  readonly stopAtBreak?: boolean;
  /** Told every fact. */
  readonly watch?: (line: () => string) => void;
  /** How many of the last facts are kept in words. Default 40. */
  readonly keep?: number;
}

/** What came of a run. */
export interface RunResult {
  readonly plan: Plan;
  /** Laws that were broken, the first first; empty: none. */
  readonly breaks: readonly Break[];
  /** Of every fact and its time. */
  readonly digest: string;
  readonly facts: number;
  /** How many of each kind, for who wants to know what a run touches. */
  readonly counts: Readonly<Record<string, number>>;
  /** The last facts before the first break, or before the end, in words. */
  readonly last: readonly string[];
  /** Virtual ms. */
  readonly ms: number;
}

const tickMs = 250;

/** Runs a plan to its end, or to the first broken law. Rejects only when the simulator itself fails. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<RunResult> {
  // Clients make an error for each refusal; the stack of each would cost more than the rest of it, and nobody reads it here.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await carryOut(plan, options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function carryOut(plan: Plan, { stopAtBreak = true, watch, keep = 40 }: RunOptions): Promise<RunResult> {
  const recent: Told[] = [];
  const counts: Record<string, number> = {};
  let facts = 0;
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  const digest = (text: string): void => {
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x5bd1e995) ^ (b >>> 13);
    }
  };
  let last: readonly string[] | undefined;
  const tell = (fact: Fact): void => {
    const told = { ...fact, t: world.time.now() } as Told;
    facts += 1;
    counts[fact.type] = (counts[fact.type] ?? 0) + 1;
    digest(summary(told));
    if (last === undefined) {
      recent.push(told);
      if (recent.length > 8 * keep) recent.splice(0, 7 * keep);
    }
    watch?.(() => print(told));
    oracle.hear(told);
    if (oracle.breaks.length > 0) last ??= recent.slice(-keep).map(print);
  };
  const world: World = createWorld(plan, tell);
  const oracle = createOracle(createTruth(plan, world), world.time.now);
  const { time } = world;

  world.begin();
  for (const { at, ...act } of plan.actions) {
    time.after(at, () => {
      tell({ type: "act", act });
      world.do(act);
    });
  }
  const quietAt = plan.ms - plan.quietMs;
  time.after(quietAt, () => tell({ type: "quiet" }));
  // Something to be told at the end: who is linked then, is told it.
  for (const channel of ["user:ann", "user:bob", "user:cyd", "group:tea", "group:go"]) {
    for (let gateway = 0; gateway < plan.gateways; gateway += 1)
      time.after(plan.ms - 8_000 + gateway, () => world.do({ do: "publish", gateway, channel, count: 1 }));
  }
  const beat = (): void => {
    oracle.tick(time.now());
    if (oracle.breaks.length > 0) last ??= recent.slice(-keep).map(print);
    time.quietly(tickMs, beat);
  };
  time.quietly(tickMs, beat);

  const stepMs = 5_000;
  for (let end = stepMs; end <= plan.ms; end += stepMs) {
    await time.runUntil(Math.min(end, plan.ms));
    if (stopAtBreak && oracle.breaks.length > 0) break;
  }
  if (oracle.breaks.length === 0) {
    const breaks = oracle.breaks as Break[];
    oracle.end(time.now());
    for (const client of world.clients) client.end(true);
    await time.runUntil(time.now() + 60_000);
    oracle.over(time.now());
    for (const [n, machine] of world.machines.entries())
      if (machine.pending > 0)
        breaks.push({
          clause: "R34",
          what: `machine ${n} has ${machine.pending} timers after dispose()`,
          t: time.now(),
        });
  }
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
  return {
    plan,
    breaks: oracle.breaks,
    digest: hex(a) + hex(b),
    facts,
    counts,
    last: last ?? recent.slice(-keep).map(print),
    ms: time.now(),
  };
}

/** What makes two facts the same: short, for it is made of each. */
function summary(told: Told): string {
  const head = `${told.t}${told.type}${"client" in told ? told.client : ""}`;
  if ("text" in told) return `${head}${told.wire} ${told.text.length}${told.text.slice(0, 80)}`;
  if (told.type === "status") return head + told.change.current + told.change.reason;
  if (told.type === "settled") return `${head}${told.id}${told.ok}${told.error?.code ?? ""}`;
  if (told.type === "entry") return head + told.entry.n + told.entry.channel;
  return "wire" in told ? head + told.wire : head;
}
