/**
 * `pnpm bench [--quick] [--report] [--only PART] [--out FILE]`: our built client and gateway against bare `ws`, on this machine, over loopback.
 *
 * Law: ours and bare take turns within each round and every measurement is a fresh process, so neither drift of the machine nor a
 * lucky compilation is mistaken for a difference; servers are processes of their own. Exit 1 names each gate that did not hold;
 * with `--report` they are named and the exit is 0, for a machine that does other things too (CI).
 * `--only receive|send|connect|heap` measures one part. docs/performance.md says what each figure means.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ask, compile, endChildren, type Program, type Server, serve } from "./lib/children.js";
import { type Figure, figure, table } from "./lib/figures.js";
import { mint } from "./lib/jwt.js";
import type { Connected, Feed, Held, Listening, Received, ReceiveTask, Sent } from "./lib/tasks.js";

const { values: args } = parseArgs({
  options: {
    out: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
  },
});
const parts = ["receive", "send", "connect", "heap"];
if (args.only !== undefined && !parts.includes(args.only)) {
  console.error(`bench: --only takes one of ${parts.join(", ")}`);
  process.exit(2);
}
const rounds = args.quick ? 5 : 7;
const began = performance.now();

const jwtSecret = "0123456789abcdef0123456789abcdef";
const receive = { warmup: 100_000, events: args.quick ? 200_000 : 400_000 };
const perBatch = 16;
const sends = { warmup: 2_000, singly: 2_000, piped: 20_000, inFlight: 64 };
const connects = { warmup: 100, connects: 200 };
const hold = { warmup: 200, clients: args.quick ? 500 : 1_000 };

const serverTask = { events: receive.warmup + receive.events, perBatch, jwtSecret };
const start = (program: Program): Promise<Server<Listening>> => serve<Listening>(program, serverTask);

/** What there is to measure, by name; each called once a round. */
type Subjects<Answer> = Readonly<Record<string, () => Promise<Answer>>>;

/** Every subject once a round, in turn: forwards, then backwards. Answers the rounds of each. */
async function interleaved<Answer>(title: string, subjects: Subjects<Answer>): Promise<(name: string) => Answer[]> {
  const names = Object.keys(subjects);
  const all = new Map<string, Answer[]>(names.map((name) => [name, []]));
  process.stdout.write(`${title}: `);
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const measured = await subjects[name]?.();
      if (measured !== undefined) all.get(name)?.push(measured);
    }
    process.stdout.write(".");
  }
  process.stdout.write(` ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  return (name) => all.get(name) ?? [];
}

async function receiving(): Promise<Figure[]> {
  const feeder = await start("feeder");
  const subject = (client: ReceiveTask["client"], feed: Feed) => () =>
    ask<Received>("receiver", { client, feed, port: feeder.ready.port, ...receive } satisfies ReceiveTask);
  const of = await interleaved("events received", {
    "ours single": subject("ours", "single"),
    "bare single": subject("bare", "single"),
    "bare payload": subject("bare", "payload"),
    "ours batched": subject("ours", "batched"),
    "bare batched": subject("bare", "batched"),
  });
  await feeder.stop();
  const rate = (name: string): number[] => of(name).map(({ perSecond }) => perSecond / 1000);
  const cpu = (name: string): number[] => of(name).map(({ cpuPerEvent }) => cpuPerEvent);
  const thousands = { unit: "1,000/s", decimals: 0, compare: "ratio" } as const;
  const micros = { unit: "µs of CPU", decimals: 2, compare: "ratio" } as const;
  const gates = { gate: { atLeast: 0.8 }, goal: { atLeast: 0.95 } };
  return [
    figure(
      { name: "events received, the same wire bytes, one a message", ...thousands, ...gates },
      rate("ours single"),
      rate("bare single"),
    ),
    figure(
      { name: `events received, the same wire bytes, ${perBatch} a message`, ...thousands, ...gates },
      rate("ours batched"),
      rate("bare batched"),
    ),
    figure(
      { name: "events received, the same payload, one a message", ...thousands },
      rate("ours single"),
      rate("bare payload"),
    ),
    figure(
      { name: `events received, the same payload, ours ${perBatch} a message`, ...thousands, goal: { atLeast: 1.5 } },
      rate("ours batched"),
      rate("bare payload"),
    ),
    figure(
      { name: "per event, the same wire bytes, one a message", ...micros },
      cpu("ours single"),
      cpu("bare single"),
    ),
    figure(
      { name: `per event, the same wire bytes, ${perBatch} a message`, ...micros },
      cpu("ours batched"),
      cpu("bare batched"),
    ),
    figure(
      { name: `per event, the same payload, ours ${perBatch} a message`, ...micros },
      cpu("ours batched"),
      cpu("bare payload"),
    ),
  ];
}

interface Ports {
  readonly ours: number;
  readonly bare: number;
}

async function sending({ ours, bare }: Ports): Promise<Figure[]> {
  const common = { token: await mint("alice", jwtSecret), uid: "alice", ...sends };
  const of = await interleaved<Sent>("acknowledged sends", {
    ours: () => ask("sender", { client: "ours", port: ours, ...common }),
    bare: () => ask("sender", { client: "bare", port: bare, ...common }),
  });
  const p50 = (name: string): number[] => of(name).map((sent) => sent.p50 * 1000);
  const rate = (name: string): number[] => of(name).map(({ perSecond }) => perSecond / 1000);
  return [
    figure(
      { name: "acknowledged send, one at a time, p50", unit: "µs", decimals: 0, compare: "ratio" },
      p50("ours"),
      p50("bare"),
    ),
    figure(
      { name: `acknowledged sends, ${sends.inFlight} in flight`, unit: "1,000/s", decimals: 1, compare: "ratio" },
      rate("ours"),
      rate("bare"),
    ),
  ];
}

async function connecting({ ours, bare }: Ports): Promise<Figure[]> {
  const common = { token: await mint("alice", jwtSecret), uid: "alice", ...connects };
  const of = await interleaved<Connected>("connect", {
    ours: () => ask("connector", { client: "ours", port: ours, ...common }),
    bare: () => ask("connector", { client: "bare", port: bare, ...common }),
  });
  const p50 = (name: string): number[] => of(name).map((connected) => connected.p50);
  return [
    figure(
      {
        name: "connect, restored token → linked, p50",
        unit: "ms",
        decimals: 2,
        compare: "ratio",
        gate: { atMost: 1.5 },
        goal: { atMost: 1.2 },
      },
      p50("ours"),
      p50("bare"),
    ),
  ];
}

async function holding({ ours, bare }: Ports): Promise<Figure[]> {
  const options = { nodeOptions: ["--expose-gc"], limitMs: 60_000 };
  const of = await interleaved<Held>("heap", {
    ours: () => ask("holder", { client: "ours", port: ours, jwtSecret, ...hold }, options),
    bare: () => ask("holder", { client: "bare", port: bare, jwtSecret, ...hold }, options),
  });
  const heap = (name: string): number[] => of(name).map(({ heapPerClient }) => heapPerClient / 1000);
  return [
    figure(
      {
        name: `heap per idle client of ${hold.clients.toLocaleString("en-US")}`,
        unit: "kB",
        decimals: 2,
        compare: "difference",
        gate: { atMost: 6 },
        goal: { atMost: 4 },
      },
      heap("ours"),
      heap("bare"),
    ),
  ];
}

async function run(): Promise<void> {
  await compile();
  const wanted = (part: string): boolean => args.only === undefined || args.only === part;
  const figures = wanted("receive") ? await receiving() : [];
  const [gateway, bare] = await Promise.all([start("gateway"), start("bare-server")]);
  const ports: Ports = { ours: gateway.ready.port, bare: bare.ready.port };
  for (const [part, measure] of Object.entries({ send: sending, connect: connecting, heap: holding }))
    if (wanted(part)) figures.push(...(await measure(ports)));
  await Promise.all([gateway.stop(), bare.stop()]);

  const [cpu] = cpus();
  const machine = {
    node: process.version,
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    os: `${process.platform} ${release()}`,
  };
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${table(figures)}\n`);
  console.log(
    `${rounds} rounds, ${seconds} s; ${machine.cpu}, ${machine.cores} cores, Node ${machine.node.slice(1)}, ${machine.os}`,
  );
  if (args.out !== undefined) {
    const out = resolve(args.out);
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, `${JSON.stringify({ quick: args.quick, rounds, seconds, machine, figures }, null, 2)}\n`);
  }
  const failed = figures.filter(({ gatePassed }) => gatePassed === false);
  for (const { name, comparison, gate } of failed) {
    console.error(
      `bench: the gate of "${name}" did not hold: ${comparison.median.toFixed(2)}, ${JSON.stringify(gate)}`,
    );
  }
  process.exitCode = failed.length > 0 && !args.report ? 1 : 0;
}

try {
  await run();
} catch (error) {
  console.error("bench:", error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  endChildren();
}
