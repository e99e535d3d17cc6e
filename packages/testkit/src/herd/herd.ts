/**
 * A herd: its zones, one after another or wherever they were run, taken together.
 *
 * Law: what is told of a herd is counted over all its clients; which zones ran beside each other changes nothing of it.
 */
import { type Figures, figuresOf, type Span, type Tally } from "./measure.js";
import type { HerdPlan } from "./options.js";
import { type HerdZone, runZone } from "./zone.js";

/** What the gateways let in. */
export interface Admitted {
  /** Connects per second that each gateway states. */
  readonly rate: number;
  readonly burst: number;
  /** S that a full gateway tells, in ms. */
  readonly spreadMs: number;
  /** From the onset on: most links welcomed by one gateway within any second, and within any ten seconds per second. */
  readonly mostPerSecond: number;
  readonly mostPerTenSeconds: number;
  /** Hellos that were told to come later. */
  readonly refused: number;
}

export interface HerdRun {
  readonly plan: HerdPlan;
  readonly span: Span;
  /** Length of the run in virtual ms. */
  readonly endMs: number;
  readonly figures: Figures;
  readonly admitted: Admitted;
  readonly tally: Tally;
  /** Of every dial, loss and link, with its client and its millisecond, in order. */
  readonly digest: string;
}

/** Runs it, zone by zone. Rejects with what a client or a gateway throws. */
export async function runHerd(plan: HerdPlan): Promise<HerdRun> {
  const zones: HerdZone[] = [];
  for (let zone = 0; zone < plan.zones; zone++) zones.push(await runZone(plan, zone));
  return joinZones(plan, zones);
}

/** The herd of these zones, which must be all of the plan's, in order. */
export function joinZones(plan: HerdPlan, zones: readonly HerdZone[]): HerdRun {
  const [first] = zones;
  if (first === undefined || zones.length !== plan.zones)
    throw new RangeError(`${zones.length} of ${plan.zones} zones`);
  const tally = zones.length === 1 ? first.tally : sumOf(plan.clients, zones);
  const highest = (of: (zone: HerdZone) => number): number => Math.max(...zones.map(of));
  // FNV-1a, as within a zone; of one zone it is that zone's own.
  const digest = zones.slice(1).reduce((sum, zone) => Math.imul(sum ^ zone.digest, 0x01000193), first.digest) >>> 0;
  return {
    plan,
    // All zones have as many clients for each gateway, so the same happens at the same time in each.
    span: first.span,
    endMs: highest(({ endMs }) => endMs),
    figures: figuresOf(tally, first.span),
    admitted: {
      rate: plan.rate,
      burst: plan.burst,
      spreadMs: plan.spreadMs,
      mostPerSecond: highest(({ mostPerSecond }) => mostPerSecond),
      mostPerTenSeconds: highest(({ mostPerTenSeconds }) => mostPerTenSeconds),
      refused: zones.reduce((sum, { refused }) => sum + refused, 0),
    },
    tally,
    digest: digest.toString(16).padStart(8, "0"),
  };
}

function sumOf(clients: number, zones: readonly HerdZone[]): Tally {
  const tallies = zones.map(({ tally }) => tally);
  const dials = new Uint32Array(Math.max(...tallies.map((tally) => tally.dials.length)));
  for (const tally of tallies)
    tally.dials.forEach((count, at) => {
      dials[at] = (dials[at] ?? 0) + count;
    });
  return {
    clients,
    dials,
    attempts: Uint32Array.from(tallies.flatMap(({ attempts }) => [...attempts])),
    lostAt: Int32Array.from(tallies.flatMap(({ lostAt }) => [...lostAt])),
    backAt: Int32Array.from(tallies.flatMap(({ backAt }) => [...backAt])),
  };
}

/** A zone as one line of JSON, from one program to another. */
export function writeZone({ tally, ...zone }: HerdZone): string {
  const { clients, dials, attempts, lostAt, backAt } = tally;
  return JSON.stringify({
    ...zone,
    tally: { clients, dials: [...dials], attempts: [...attempts], lostAt: [...lostAt], backAt: [...backAt] },
  });
}

/** The zone that `writeZone` wrote. */
export function readZone(line: string): HerdZone {
  const { tally, ...zone } = JSON.parse(line) as Omit<HerdZone, "tally"> & {
    readonly tally: { readonly [K in keyof Tally]: Tally[K] extends number ? number : number[] };
  };
  return {
    ...zone,
    tally: {
      clients: tally.clients,
      dials: Uint32Array.from(tally.dials),
      attempts: Uint32Array.from(tally.attempts),
      lostAt: Int32Array.from(tally.lostAt),
      backAt: Int32Array.from(tally.backAt),
    },
  };
}
