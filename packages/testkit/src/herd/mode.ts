/** The herd as a mode of `pnpm sim`: chosen by `--clients`, `--kind` or `--policy`. */
import { type SimIo, type SimMode, type SimNeeds, SimUsageError, type SimValues, whole, word } from "../sim/flags.js";
import { atMost, type Gate } from "./gates.js";
import { joinZones, readZone, runHerd, writeZone } from "./herd.js";
import { type HerdOptions, type HerdPlan, herdPlan, type Kind } from "./options.js";
import { type Peer, type PeerOutage, peers, runPeer } from "./peers.js";
import { herdPlot } from "./plot.js";
import { gateLine, linesOf, peerLine } from "./print.js";
import { type HerdSummary, type PeerSummary, peerSummaryOf, summaryOf } from "./summary.js";
import { type HerdZone, runZone } from "./zone.js";

/** 100,000 clients, 10 virtual minutes: real seconds, and memory. */
const limits = { seconds: 120, gib: 4 };
const gib = 1024 ** 3;

function decimal(values: SimValues, name: string): number | undefined {
  const text = word(values, name);
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new SimUsageError(`--${name} must be a number, not ${text}`);
  return Number(text);
}

function planOf(values: SimValues): HerdPlan {
  const options: HerdOptions = {
    clients: whole(values, "clients", 1, 2_000_000),
    outageSeconds: decimal(values, "outage"),
    seed: whole(values, "seed", 0, 2 ** 32 - 1),
    kind: word(values, "kind") as Kind | undefined,
    gateways: whole(values, "gateways", 1, 1_000),
    spreadSeconds: decimal(values, "spread"),
    rate: decimal(values, "rate"),
    burst: decimal(values, "burst"),
    minutes: whole(values, "minutes", 0, 120),
    fresh: values["fresh"] === true,
    zones: whole(values, "zones", 1, 1_000),
  };
  try {
    return herdPlan(options);
  } catch (error) {
    if (error instanceof RangeError) throw new SimUsageError(error.message);
    throw error;
  }
}

/** Which policies are to be computed, and whether the real one is to be run. */
function policiesOf(values: SimValues): { readonly ours: boolean; readonly others: readonly Peer[] } {
  const names = (word(values, "policy") ?? "ours").split(",");
  const unknown = names.find((name) => name !== "ours" && name !== "all" && !peers.some((peer) => peer.name === name));
  if (unknown !== undefined)
    throw new SimUsageError(`--policy knows ours, all, ${peers.map(({ name }) => name).join(", ")}, not ${unknown}`);
  const all = names.includes("all");
  return { ours: all || names.includes("ours"), others: peers.filter(({ name }) => all || names.includes(name)) };
}

/** What a run took of the machine. */
type Spent = NonNullable<ReturnType<NonNullable<SimIo["usage"]>>>;

/**
 * What a program is given that runs zones of this herd. Lasting: what lives of a client and its half of a server is 20 kB, and half as
 * much again, else the collector lets garbage lie to as much as that. Young: of many zones each is small, so there is room for a
 * nursery in which what lives for seconds dies; of one zone that is everything there is not.
 */
const needsOf = ({ clients, zones }: HerdPlan): SimNeeds => ({
  lasting: Math.ceil(300 + (30 * clients) / zones / 1000),
  young: zones > 1 ? 512 : 64,
  oneCore: zones > 1,
});

/** Runs the zones beside each other, in a program for each core: one that has run a zone knows the way, which is a second's work. */
async function runBeside(plan: HerdPlan, again: NonNullable<SimIo["again"]>, io: SimIo) {
  const zones: HerdZone[] = [];
  const spent: Spent[] = [];
  const programs = Math.min(io.cores, plan.zones);
  const work = async (_: unknown, program: number): Promise<void> => {
    const mine = Array.from({ length: plan.zones }, (_zone, zone) => zone).filter(
      (zone) => zone % programs === program,
    );
    const args = [
      ...["--clients", plan.clients, "--kind", plan.kind, "--outage", plan.outageMs / 1000, "--seed", plan.seed],
      ...["--gateways", plan.gateways, "--rate", plan.rate, "--burst", plan.burst, "--minutes", plan.minutes],
      ...["--zones", plan.zones, "--zone", mine.join(), ...(plan.fresh ? ["--fresh"] : [])],
    ];
    const left = [...mine];
    const read = (line: string): void => {
      if (line.startsWith('{"span"')) zones[left.shift() as number] = readZone(line);
      else if (line.startsWith('{"cpuSeconds"')) spent.push(JSON.parse(line) as Spent);
      else io.write(line);
    };
    await again(args.map(String), read, needsOf(plan));
    if (left.length > 0) throw new Error(`zone ${left[0]} was not run to its end`);
  };
  await Promise.all(Array.from({ length: programs }, work));
  const sum = (of: (one: Spent) => number): number => spent.reduce((total, one) => total + of(one), 0);
  const usage = {
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    // All of them run all the time.
    maxBytes: sum(({ maxBytes }) => maxBytes),
  };
  return { run: joinZones(plan, zones), usage: spent.length === programs ? usage : undefined };
}

/** The zones that this program is to run alone, in their order. */
function ownZones(values: SimValues, plan: HerdPlan): readonly number[] | undefined {
  return word(values, "zone")
    ?.split(",")
    .map((zone) => whole({ zone }, "zone", 0, plan.zones - 1) as number);
}

export const herd: SimMode = {
  flags: [
    { name: "clients", takes: "N", help: "a herd of so many clients and one outage, default 100000" },
    { name: "outage", takes: "SECONDS", help: "herd: how long it lasts, default 30" },
    { name: "kind", takes: "KIND", help: "herd: refuse (default), blackhole, crash, drain or restart" },
    { name: "spread", takes: "SECONDS", help: "herd: S of a full gateway, default 1; its admission rate follows" },
    { name: "rate", takes: "N", help: "herd: instead of --spread, the connects per second that each gateway states" },
    { name: "burst", takes: "N", help: "herd: hellos admitted at once, default two seconds' worth" },
    { name: "gateways", takes: "N", help: "herd: default 10" },
    {
      name: "zones",
      takes: "N",
      help: "herd: so many that nothing crosses, run beside each other; default: of 10000 clients or more",
    },
    {
      name: "zone",
      takes: "K,…",
      help: "herd: run these zones alone and print their counts as JSON: for the programs that this one starts",
    },
    { name: "policy", takes: "NAMES", help: "herd: ours (default), all, or peers' published formulas by name" },
    { name: "fresh", help: "herd: strike as soon as the gateways have filled up" },
    { name: "gates", help: "herd: exit 1 when a gate is broken, time and memory among them" },
    { name: "svg", takes: "FILE", help: "herd: draw dials and recovery" },
    { name: "seed", takes: "N", help: "this one seed" },
    {
      name: "minutes",
      takes: "M",
      help: "herd: run for at least so long; default 10 with 100000 clients, else until all are back",
    },
    { name: "out", takes: "FILE", help: "figures as JSON" },
  ],
  wanted: (values) => ["clients", "kind", "policy"].some((name) => values[name] !== undefined),
  async run(values, io) {
    const asked = planOf(values);
    const plan = values["minutes"] === undefined && asked.clients === 100_000 ? { ...asked, minutes: 10 } : asked;
    const zones = ownZones(values, plan);
    if (zones !== undefined) {
      for (const zone of zones) io.write(writeZone(await runZone(plan, zone)));
      const usage = io.usage?.();
      if (usage !== undefined) io.write(JSON.stringify(usage));
      return 0;
    }
    const { ours, others } = policiesOf(values);
    const out = word(values, "out");
    const svg = word(values, "svg");
    const kind = plan.kind === "blackhole" ? "blackhole" : "refuse";
    if (others.length > 0 && kind !== plan.kind)
      throw new SimUsageError(`--kind ${plan.kind} happens to one gateway: formulas know only refuse and blackhole`);
    let summary: HerdSummary | undefined;
    let good = true;
    let spent = {};
    if (ours) {
      const began = io.now();
      const beside = io.again === undefined ? undefined : await runBeside(plan, io.again, io);
      summary = summaryOf(beside?.run ?? (await runHerd(plan)));
      const realSeconds = (io.now() - began) / 1000;
      for (const line of linesOf(summary)) io.write(line);
      const usage = beside === undefined ? io.usage?.() : beside.usage;
      spent = { realSeconds, ...usage };
      io.write(
        `  ${realSeconds.toFixed(1)} real s${usage === undefined ? "" : `, ${usage.cpuSeconds.toFixed(1)} s of CPU, ${Math.round(usage.maxBytes / 1024 ** 2)} MiB at most`}`,
      );
      for (const gate of summary.gates) io.write(gateLine(gate));
      good = summary.gates.every(({ held }) => held);
      if (plan.clients === 100_000 && plan.minutes === 10) {
        // On a busy machine it waits for others; on an idle one zones, and the collector's helpers, take two cores.
        const took = Math.min(realSeconds, usage?.cpuSeconds ?? realSeconds);
        const gates: readonly Gate[] = [
          atMost("real or CPU time, the less", took, limits.seconds, "s"),
          ...(usage === undefined ? [] : [atMost("memory in GiB", usage.maxBytes / gib, limits.gib, "")]),
        ];
        for (const gate of gates) io.write(gateLine(gate));
        good &&= gates.every(({ held }) => held);
      }
    }
    const outage: PeerOutage = { clients: plan.clients, outageMs: plan.outageMs, seed: plan.seed, kind };
    const computed: PeerSummary[] = [];
    for (const peer of others) {
      const told = peerSummaryOf(runPeer(peer, outage), outage);
      computed.push(told);
      io.write(peerLine(told));
    }
    if (out !== undefined)
      await io.writeFile(out, `${JSON.stringify({ ...(summary && { ours: summary }), peers: computed, spent })}\n`);
    if (svg !== undefined) await io.writeFile(svg, herdPlot(summary === undefined ? [] : [summary], computed, "light"));
    return values["gates"] === true && !good ? 1 : 0;
  },
};
