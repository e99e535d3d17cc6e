/**
 * A zone of a herd: many real clients, their gateways, and one outage, in virtual time.
 *
 * Law: the clients are core's driver with the client half of cc.1, the gateways its server half with its own admission; this
 * file only says what happens to the network and when. A run is decided by its options, the seed among them; `digest` tells
 * two runs apart.
 */
import { createHub, type Hub } from "@cc/protocol/server";
import { createMemoryLog } from "../gateway/memory-log.js";
import { createRandom } from "../random.js";
import { createFleet, type Member } from "./fleet.js";
import { emptyTally, largestWindow, type Span, type Tally } from "./measure.js";
import { createNetwork, type Door } from "./network.js";
import type { HerdPlan } from "./options.js";
import { createWheelClock } from "./wheel.js";

/** How often a hub looks at its deadlines: as the gateway does. */
const tickMs = 250;
/**
 * Once all are there every link is lost once, one after another over so many times S: a fleet that has stood for a while.
 * `welcome` tells S by the links of that moment, so who came first, when the gateway was empty, was told a small one.
 */
const renewals = 20;
/** After that: longer than a ladder needs to be forgotten, and than a heartbeat. */
const settleMs = 15_000;
/** How long everybody must have been back before a run may end, and how long it goes on at most after the return. */
const quietMs = 6_000;
const patienceMs = 300_000;

/** What came of a zone. */
export interface HerdZone {
  readonly span: Span;
  /** Length of the run in virtual ms. */
  readonly endMs: number;
  readonly tally: Tally;
  /** See `Admitted`. */
  readonly mostPerSecond: number;
  readonly mostPerTenSeconds: number;
  readonly refused: number;
  /** Of every dial, loss and link, with its client and its millisecond, in order. */
  readonly digest: number;
}

/** Runs the zone of this number, from 0. Rejects with what a client or a gateway throws. */
export async function runZone(plan: HerdPlan, zone: number): Promise<HerdZone> {
  // A million refusals are a million errors, and nobody reads where they came from.
  const traces = Error as { stackTraceLimit?: number };
  const before = traces.stackTraceLimit;
  if (before !== undefined) traces.stackTraceLimit = 0;
  try {
    return await run(
      { ...plan, clients: plan.clients / plan.zones, gateways: plan.gateways / plan.zones },
      // The golden ratio's bits: far from any other seed that somebody would take.
      (plan.seed + zone * 0x9e3779b9) >>> 0,
    );
  } finally {
    if (before !== undefined) traces.stackTraceLimit = before;
  }
}

async function run(plan: HerdPlan, seed: number): Promise<HerdZone> {
  const { clients, gateways, outageMs, kind, rate, burst } = plan;
  const random = createRandom(seed);
  const clock = createWheelClock();
  const fillMs = Math.max(20_000, Math.ceil((1.5 * clients * 1000) / gateways / rate));
  const renewMs = plan.fresh ? 0 : Math.max(20_000, renewals * plan.spreadMs);
  const onsetMs = fillMs + 2 * plan.spreadMs + renewMs + settleMs;
  const returnMs = onsetMs + outageMs;
  const elsewhere = kind === "crash" || kind === "drain";
  const span: Span = { onsetMs, returnMs, recoveryFromMs: elsewhere ? onsetMs : returnMs };
  const latestMs = Math.max(plan.minutes * 60_000, returnMs + patienceMs);
  const tally = emptyTally(clients, latestMs + 1);
  const welcomed = Array.from({ length: gateways }, () => new Uint16Array(latestMs + 1));
  let refused = 0;
  let away = 0;
  let wholeSince = 0;
  let digest = 0x811c9dc5;
  const mark = (what: number, client: number): void => {
    // FNV-1a over words instead of bytes.
    digest = Math.imul(digest ^ what, 0x01000193);
    digest = Math.imul(digest ^ client, 0x01000193);
    digest = Math.imul(digest ^ clock.now(), 0x01000193);
  };

  const log = createMemoryLog({ clock });
  let sessions = 0;
  const openHub = (counts: Uint16Array): Hub => {
    const hub = createHub({
      broker: log,
      // A token is its user: what is told apart here is who came back.
      verify: (user) => ({ ok: true, user }),
      now: clock.now,
      later: clock.later,
      newId: () => `s${++sessions}`,
      admitPerSecond: rate,
      admitBurst: burst,
      onNote: ({ note }) => {
        const at = clock.now();
        if (note === "welcomed") counts[at] = (counts[at] ?? 0) + 1;
        else if (note === "refused" && at >= onsetMs) refused++;
      },
    });
    void hub.start();
    return hub;
  };
  const doors: Door[] = welcomed.map((counts) => ({ hub: openHub(counts), reach: "up", open: true, wires: new Set() }));
  const network = createNetwork({
    clock,
    random,
    doors,
    dialled: (client) => {
      const at = clock.now();
      tally.dials[at] = (tally.dials[at] ?? 0) + 1;
      if ((tally.lostAt[client] as number) >= 0 && (tally.backAt[client] as number) < 0)
        tally.attempts[client] = (tally.attempts[client] as number) + 1;
      mark(1, client);
    },
    spoken: (client) => fleet[client]?.look(),
  });
  const fleet: readonly Member[] = createFleet({
    clock,
    random,
    open: network.open,
    clients,
    linked: (client, is) => {
      mark(is ? 2 : 3, client);
      const at = clock.now();
      away += is ? -1 : 1;
      wholeSince = at;
      if (at < onsetMs) return;
      if (!is && (tally.lostAt[client] as number) < 0) tally.lostAt[client] = at;
      if (is && (tally.lostAt[client] as number) >= 0 && (tally.backAt[client] as number) < 0)
        tally.backAt[client] = at;
    },
  });
  away = clients;

  for (const door of doors) {
    const tick = (): void => {
      door.hub.tick(clock.now());
      clock.after(tickMs, tick);
    };
    clock.after(1 + random.int(tickMs), tick);
  }
  for (const { start } of fleet) clock.after(random.int(fillMs), start);

  if (!plan.fresh) {
    for (let client = 0; client < clients; client++)
      clock.after(fillMs + 2 * plan.spreadMs + random.int(renewMs), () => network.lose(client));
  }

  const struck = elsewhere ? doors.slice(0, 1) : doors;
  clock.after(onsetMs, () => {
    for (const door of struck) {
      if (elsewhere) door.open = false;
      if (kind === "drain") door.hub.drain();
      else if (kind === "restart") door.hub.stop();
      if (kind === "blackhole") network.darken(door);
      else if (kind === "refuse" || kind === "crash") network.cut(door);
      if (kind !== "drain") door.reach = kind === "blackhole" ? "dark" : "refusing";
    }
  });
  clock.after(returnMs, () => {
    for (const door of struck) {
      // Whoever has not left a drained gateway by now is closed by it.
      if (kind === "drain") door.hub.stop();
      if (kind !== "refuse" && kind !== "blackhole") door.hub = openHub(welcomed[doors.indexOf(door)] as Uint16Array);
      door.reach = "up";
      door.open = true;
    }
  });

  await clock.runTo(returnMs);
  const enough = (): boolean =>
    clock.now() >= latestMs ||
    (clock.now() >= plan.minutes * 60_000 && away === 0 && clock.now() - wholeSince >= quietMs);
  while (!enough()) await clock.runTo(Math.min(latestMs, clock.now() + 1000));

  const most = (ms: number): number =>
    Math.max(...welcomed.map((counts) => largestWindow(counts, ms, onsetMs, counts.length)));
  return {
    span,
    endMs: clock.now(),
    tally,
    mostPerSecond: most(1000),
    mostPerTenSeconds: most(10_000) / 10,
    refused,
    digest: digest >>> 0,
  };
}
