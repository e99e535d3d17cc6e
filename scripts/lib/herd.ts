/** The scenarios of `pnpm herd`, and the page that their figures make. Law: a page is a function of `docs/herd.json`. */
import {
  type Gate,
  type HerdSummary,
  herdPlot,
  type PeerSummary,
  peers as policies,
} from "../../packages/testkit/src/herd/index.js";
import { type BuiltProgram, builtProgram } from "./program.js";

export interface Scenario {
  readonly name: string;
  /** For `pnpm sim`, without the number of clients. */
  readonly args: readonly string[];
  /** Part of `pnpm herd` without `--report`. */
  readonly gated: boolean;
}

const scenario = (name: string, args: string, gated = false): Scenario => ({ name, args: args.split(" "), gated });

export const scenarios: readonly Scenario[] = [
  scenario("refuse-30s-S1", "--outage 30 --spread 1 --minutes 10 --seed 1", true),
  scenario("refuse-30s-S5", "--outage 30 --spread 5 --minutes 0 --seed 1", true),
  scenario("crash-S1", "--kind crash --outage 30 --spread 1 --minutes 0 --seed 1", true),
  scenario("admission", "--outage 30 --minutes 0 --seed 1", true),
  scenario("refuse-1s-S1", "--outage 1 --spread 1 --minutes 0 --seed 1"),
  scenario("refuse-1s-S5", "--outage 1 --spread 5 --minutes 0 --seed 1"),
  scenario("refuse-600s-S1", "--outage 600 --spread 1 --minutes 0 --seed 1"),
  scenario("refuse-600s-S5", "--outage 600 --spread 5 --minutes 0 --seed 1"),
  scenario("blackhole-1s-S1", "--kind blackhole --outage 1 --spread 1 --minutes 0 --seed 1"),
  scenario("blackhole-30s-S1", "--kind blackhole --outage 30 --spread 1 --minutes 0 --seed 1"),
  scenario("blackhole-30s-S5", "--kind blackhole --outage 30 --spread 5 --minutes 0 --seed 1"),
  scenario("blackhole-600s-S1", "--kind blackhole --outage 600 --spread 1 --minutes 0 --seed 1"),
  scenario("crash-S5", "--kind crash --outage 30 --spread 5 --minutes 0 --seed 1"),
  scenario("drain-S1", "--kind drain --outage 30 --spread 1 --minutes 0 --seed 1"),
  scenario("drain-S5", "--kind drain --outage 30 --spread 5 --minutes 0 --seed 1"),
  scenario("restart-S1", "--kind restart --outage 30 --spread 1 --minutes 0 --seed 1"),
  scenario("restart-S5", "--kind restart --outage 30 --spread 5 --minutes 0 --seed 1"),
  scenario("fresh-S1", "--fresh --outage 30 --spread 1 --minutes 0 --seed 1"),
  scenario("peers-refuse-1s", "--policy PEERS --outage 1 --seed 1 --minutes 0"),
  scenario("peers-refuse-30s", "--policy PEERS --outage 30 --seed 1 --minutes 0"),
  scenario("peers-refuse-600s", "--policy PEERS --outage 600 --seed 1 --minutes 0"),
  scenario("peers-blackhole-30s", "--policy PEERS --kind blackhole --outage 30 --seed 1 --minutes 0"),
].map((one) => ({
  ...one,
  args: one.args.map((arg) => (arg === "PEERS" ? policies.map(({ name }) => name).join() : arg)),
}));

/** The scenario's flags for `pnpm sim` with so many clients. */
export const argumentsOf = ({ name, args }: Scenario, clients: number): readonly string[] =>
  // Twenty seconds of spread would be needed, whatever the size: S may be ten.
  [
    ...args,
    ...(name === "admission" ? ["--rate", String(clients / 200), "--burst", String(clients / 2000)] : []),
    "--clients",
    String(clients),
  ];

/** The simulator's program, for bare Node. */
export const simProgram = (): Promise<BuiltProgram> => builtProgram(new URL("./simProgram.ts", import.meta.url));

/** What is recorded of the outcomes: curves only where a plot shows them. */
export function recordedOf(ours: Readonly<Record<string, HerdSummary>>, peers: readonly PeerSummary[]): Recorded {
  const nothing = { dials: [], recovery: [] };
  const mine = Object.fromEntries(
    scenarios.flatMap(({ name }) => {
      const one = ours[name];
      if (one === undefined) return [];
      return [[name, shown.includes(name) ? one : { ...one, curves: nothing }]];
    }),
  );
  const theirs = peers.map((one) => (isDrawn(one) ? one : { ...one, curves: nothing }));
  return { version: 1, ours: mine, peers: theirs };
}

/** What `docs/herd.json` holds. */
export interface Recorded {
  readonly version: 1;
  /** By scenario. */
  readonly ours: Readonly<Record<string, HerdSummary>>;
  readonly peers: readonly PeerSummary[];
}

const seconds = (ms: number | null): string => (ms === null ? "never" : (ms / 1000).toFixed(1));
const percent = (share: number): string => (100 * share < 10 ? (100 * share).toFixed(1) : (100 * share).toFixed(0));
const thousands = (n: number): string => Math.round(n).toLocaleString("en");

const what: Readonly<Record<string, string>> = {
  refuse: "every gateway refuses",
  blackhole: "every gateway in a black hole",
  crash: "one gateway of ten crashes",
  drain: "one gateway of ten drains",
  restart: "every gateway is stopped and comes back",
};

function ourRow({ plan, figures: f, admitted: a }: HerdSummary): string {
  const outage = plan.kind === "crash" || plan.kind === "drain" ? "–" : `${plan.outageMs / 1000} s`;
  return `| ${what[plan.kind]}${plan.fresh ? ", just filled" : ""} | ${outage} | ${plan.spreadMs / 1000} s | ${thousands(plan.clients)} | ${thousands(f.lost)} | ${f.attempts.toFixed(1)} | ${percent(f.peakDown)} | ${percent(f.peakAfter)} | ${seconds(f.p50)} | ${seconds(f.p99)} | ${seconds(f.max)} | ${thousands(a.rate)} | ${thousands(a.mostPerSecond)} | ${thousands(a.refused)} |`;
}

function peerRow({ name, figures: f, gaveUp, outage }: PeerSummary): string {
  const gone = gaveUp === 0 ? "–" : `${percent(gaveUp / outage.clients)} %`;
  return `| ${name} | ${f.attempts.toFixed(1)} | ${percent(f.peakDown)} | ${percent(f.peakAfter)} | ${seconds(f.p50)} | ${seconds(f.p99)} | ${seconds(f.max)} | ${gone} |`;
}

const gateRow = (name: string, { what, value, most, unit, held }: Gate): string => {
  const number = (n: number): string => (Number.isInteger(n) ? thousands(n) : n.toFixed(2));
  return `| ${name} | ${what} | ${number(value)} ${unit} | ≤ ${number(most)} ${unit} | ${held ? "yes" : "**no**"} |`;
};

/** Ours of one outage as a row of the peers' table. */
const asPeer = ({ plan, figures: f }: HerdSummary): string =>
  `| **ours, S = ${plan.spreadMs / 1000} s** | ${f.attempts.toFixed(1)} | ${percent(f.peakDown)} | ${percent(f.peakAfter)} | ${seconds(f.p50)} | ${seconds(f.p99)} | ${seconds(f.max)} | – |`;

function compared({ ours, peers }: Recorded, kind: string, outageMs: number): readonly string[] {
  const mine = Object.values(ours).filter(
    ({ plan }) =>
      plan.kind === kind &&
      plan.outageMs === outageMs &&
      !plan.fresh &&
      (plan.spreadMs === 1000 || plan.spreadMs === 5000),
  );
  const theirs = peers.filter(({ outage }) => outage.kind === kind && outage.outageMs === outageMs);
  if (theirs.length === 0) return [];
  return [
    `### ${what[kind]}, ${outageMs / 1000} s`,
    "",
    "| | attempts per client | largest share in 100 ms, of the outage, % | after it, % | back: p50, s | p99, s | max, s | gave up |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...mine.map(asPeer),
    ...theirs.map(peerRow),
    "",
  ];
}

/** Peers that the plot shows: one of each kind of curve, or it would be a thicket. */
const drawn = [
  "socket.io",
  "centrifuge",
  "ably",
  "phoenix",
  "liveblocks",
  "reconnecting-websocket",
  "signalr",
  "CometChat",
];

const shown = ["refuse-30s-S1", "refuse-30s-S5"];
const isDrawn = ({ name, outage }: PeerSummary): boolean =>
  drawn.includes(name) && outage.kind === "refuse" && outage.outageMs === 30_000;

/** The files that the recorded figures make, by their names in docs/. */
export function herdFiles(recorded: Recorded): ReadonlyMap<string, string> {
  const { ours, peers } = recorded;
  const mine = shown.flatMap((name) => ours[name] ?? []);
  const theirs = drawn.flatMap((name) => peers.filter((one) => one.name === name && isDrawn(one)));
  return new Map([
    ["herd.md", pageOf(recorded)],
    ["herd-light.svg", herdPlot(mine, theirs, "light")],
    ["herd-dark.svg", herdPlot(mine, theirs, "dark")],
  ]);
}

function pageOf(recorded: Recorded): string {
  const all = Object.entries(recorded.ours);
  const sizes = [...new Set(all.map(([, { plan }]) => thousands(plan.clients)))];
  const missing = scenarios.filter(({ name, args }) => !args.includes("--policy") && recorded.ours[name] === undefined);
  const gated = all.filter(([name]) => scenarios.find((one) => one.name === name)?.gated);
  const formulas = policies.map(
    ({ name, formula, noticeSeconds }) =>
      `| ${name} | ${formula} | ${noticeSeconds === null ? "never" : `${noticeSeconds} s`} |`,
  );
  return [
    "# The herd",
    "",
    "What a fleet does to its gateways when all of it loses its links at once, and when all of it may come back. This page and its plots are drawn from",
    "[herd.json](herd.json) by `pnpm herd --draw`; `pnpm herd --report` measures everything again, `pnpm herd` runs the gates alone.",
    "",
    "<picture>",
    '  <source media="(prefers-color-scheme: dark)" srcset="herd-dark.svg">',
    '  <img alt="Dials in each 100 ms around an outage of 30 s, and who was back when" src="herd-light.svg">',
    "</picture>",
    "",
    "## Gates",
    "",
    "Fixed seeds; `pnpm herd` exits 1 when one is broken. S is the spread of clause 5.2. A share is of all clients, in the worst 100 ms of all that can be laid over",
    `the time (a sliding window, not fixed bins). Recorded with ${sizes.join(" and ")} clients: the column says which. The gates are for 100,000; the fewer there are, the more a share scatters.`,
    "",
    "| run | clients | what | measured | gate | held |",
    "| --- | --- | --- | --- | --- | --- |",
    ...gated.flatMap(([name, { gates, plan }]) =>
      gates.map((gate) => gateRow(`${name} | ${thousands(plan.clients)}`, gate)),
    ),
    "",
    "A bucket that was full lets its burst through once; that is why the admission's gate is the rate and its burst, and why after a crash, where the spread alone is to",
    "keep the rate, the burst does not count. In the run `admission` each gateway states a rate at which its clients would take 20 s, and a tenth of that",
    "as its burst; S may be 10 s at most, so more come than are admitted, and the others are told a moment of their own.",
    "",
    "## Every outage",
    "",
    "Back: from the return of the gateways, or from the onset where others could take the clients at once (crash, drain). Attempts: dials from the loss of the link until",
    "the client was back, the last one included. Admitted: by the busiest gateway in its busiest second, against what it states.",
    "",
    "| what | outage | S | clients | lost their link | attempts per client | largest share in 100 ms, of the outage, % | after it, % | back: p50, s | p99, s | max, s | stated, /s | admitted, /s | told to come later |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...all.map(([, summary]) => ourRow(summary)),
    "",
    ...(missing.length === 0
      ? []
      : [`Not recorded here, for \`pnpm herd --report\` to do: ${missing.map(({ name }) => name).join(", ")}.`, ""]),
    "*Just filled*: the outage strikes right after all clients have come for the first time. `welcome` tells S by the links that the gateway has at that moment, so",
    "whoever came first, when it was empty, was told 0.1 s, and comes back too early after the next loss. In all other runs each link has been renewed once since, one",
    "after another over twenty times S, as in a fleet that has stood for a while.",
    "",
    "## What is real here",
    "",
    "Real: core's driver and machine, the client half of cc.1 through `cc1()`, the server half (`createHub`) with its heartbeats, admission and S, ten of them over one log.",
    "Where an outage strikes all alike they are dealt with their clients onto zones of 10,000 clients or more, which nothing crosses, each with a log of its own (`--zones 1`: one).",
    "Every ping and pong goes through both halves. Not real: time (a wheel of milliseconds), the network (each link 5 to 45 ms each way, in order; a cut reaches all clients in",
    "the same millisecond; what was in a black hole stays dead, its links too), the balancer (evenly among the gateways that stand), tokens (none is checked), storage (none).",
    "",
    "## Beside others",
    "",
    "Computed from the formulas that the libraries' sources publish, not by running their code: a client loses its link, waits, dials, and is refused after a round trip or, in",
    "a black hole, gives up after 10 s (for all alike); the first dial that the gateway can answer brings it back, and no admission holds it up. In a black hole the loss",
    "is noticed between half the worst time of the table and the whole. Attempts include the one that succeeded. Where a delay divides the outage evenly (CometChat, mqtt.js)",
    "the recovery is an accident of that.",
    "",
    ...compared(recorded, "refuse", 30_000),
    ...compared(recorded, "refuse", 1_000),
    ...compared(recorded, "refuse", 600_000),
    ...compared(recorded, "blackhole", 30_000),
    "### The formulas",
    "",
    "Seconds; n is the attempt from 0, U uniform. Read in the libraries' published sources; the time in which a dead link is noticed at worst was measured or follows from",
    "their defaults; for supabase, stream-chat, actioncable and nats it is assumed.",
    "",
    "| | delay before attempt n | dead link noticed, worst |",
    "| --- | --- | --- |",
    ...formulas,
    "",
  ].join("\n");
}
