/**
 * A plan out of a seed. Law: the same seed and length give the same plan on every platform; faults are mixed as the field mixes
 * them, several at a time, and the last `quietMs` of a run have none, so that what must recover can be seen to.
 */
import { createRandom, type Random } from "../random.js";
import type { Act, Action, Direction, Plan, PlannedClient } from "./plan.js";

/** The longest wait of a healthy client whose world has recovered: a cap of 30 s, a token, an attempt, and room. */
const quietMs = 75_000;
const users = ["ann", "bob", "cyd"] as const;
const groups = ["group:tea", "group:go"] as const;

type Maker = (random: Random, world: Pick<Plan, "clients" | "gateways">) => Act;

const client = (random: Random, { clients }: Pick<Plan, "clients">): number => random.int(clients.length);
const gateway = (random: Random, { gateways }: Pick<Plan, "gateways">): number => random.int(gateways);
const maybe = (random: Random, n: number): number | null => (random.chance(0.5) ? null : random.int(n));
const way = (
  random: Random,
  { clients, gateways }: Pick<Plan, "clients" | "gateways">,
): { client: number | null; gateway: number | null } => ({
  client: maybe(random, clients.length),
  gateway: maybe(random, gateways),
});
/** Short ones are as telling as long ones, so lengths are drawn by their magnitude. */
const span = (random: Random, from: number, to: number): number => Math.round(from * (to / from) ** random());
const direction = (random: Random): Direction => random.pick(["up", "down", "both"]);
const channel = (random: Random): string => (random.chance(0.5) ? random.pick(groups) : `user:${random.pick(users)}`);

/** What can happen, and how often against the others. */
const makers: readonly (readonly [weight: number, make: Maker])[] = [
  [
    30,
    (r, w) => ({
      do: "send",
      client: client(r, w),
      channel: channel(r),
      how: r.pick(["durable", "durable", "durable", "ephemeral", "volatile"]),
      count: 1 + r.int(3),
      bytes: r.pick([8, 8, 8, 8, 8, 8, 200, 200, 4_000, 40_000]),
      timeoutMs: r.pick([2_000, 20_000, 20_000, 200_000]),
      chained: r.chance(0.15),
    }),
  ],
  [8, (r, w) => ({ do: "publish", gateway: gateway(r, w), channel: channel(r), count: 1 + r.int(4) })],
  [2, (r, w) => ({ do: "cast", gateway: gateway(r, w), channel: channel(r) })],
  [
    6,
    (r, w) => ({
      do: "member",
      client: client(r, w),
      channel: r.pick(groups),
      change: r.pick(["joined", "joined", "left"]),
    }),
  ],
  [1, (r, w) => ({ do: "kick", gateway: gateway(r, w), channel: r.pick(groups), user: r.pick(users) })],
  [
    6,
    (r, w) => ({
      do: "call",
      client: client(r, w),
      call: r.pick(["connect", "connect", "connect", "disconnect", "ping", "checkNow", "reconnect"]),
    }),
  ],
  [1, (r, w) => ({ do: "logout", client: client(r, w) })],
  [2, (r, w) => ({ do: "login", client: client(r, w), user: r.pick(users), by: r.pick(["key", "token", "provider"]) })],
  [3, (r, w) => ({ do: "reload", client: client(r, w), flush: r.chance(0.5), ms: span(r, 5, 20_000) })],
  [
    4,
    (r, w) => ({
      do: "background",
      client: client(r, w),
      ms: span(r, 50, 90_000),
      pingMs: r.pick([null, 10_000, 30_000]),
    }),
  ],
  [2, (r, w) => ({ do: "hide", client: client(r, w), ms: span(r, 50, 60_000) })],
  [2, (r, w) => ({ do: "freeze", client: client(r, w), ms: span(r, 500, 90_000) })],
  [
    3,
    (r, w) => ({
      do: "sleep",
      client: client(r, w),
      ms: span(r, 500, 120_000),
      kind: r.pick(["stopped", "late"]),
      told: r.chance(0.8),
      first: r.pick(["timers", "network"]),
    }),
  ],
  [
    2,
    (r, w) => ({
      do: "throttleTimers",
      client: client(r, w),
      ms: span(r, 5_000, 120_000),
      everyMs: r.pick([1_000, 60_000]),
    }),
  ],
  [
    1,
    (r, w) => ({
      do: "setWall",
      client: client(r, w),
      byMs: r.pick([-3_600_000, -5_000, 5_000, 3_600_000]),
      told: r.chance(0.5),
    }),
  ],
  [3, (r, w) => ({ do: "offline", client: client(r, w), ms: span(r, 200, 60_000), really: r.chance(0.6) })],
  [2, (r, w) => ({ do: "changeNetwork", client: client(r, w), really: r.chance(0.6) })],
  [
    2,
    (r, w) => ({
      do: "storage",
      client: client(r, w),
      ms: span(r, 500, 60_000),
      fault: r.pick(["get", "set", "remove", "full", "slow", "corrupt"]),
    }),
  ],
  [
    2,
    (r, w) => ({
      do: "auth",
      client: client(r, w),
      ms: span(r, 500, 60_000),
      fault: r.pick(["fails", "silent", "slow"]),
    }),
  ],
  [6, (r, w) => ({ do: "reset", ...way(r, w), side: r.pick(["both", "both", "client", "server"]) })],
  [8, (r, w) => ({ do: "blackhole", ...way(r, w), direction: direction(r), ms: span(r, 300, 60_000) })],
  [
    3,
    (r, w) => ({
      do: "refuse",
      ...way(r, w),
      how: r.pick(["reset", "busy", "limit", "restart"]),
      ms: span(r, 500, 45_000),
    }),
  ],
  [
    4,
    (r, w) => ({
      do: "slow",
      ...way(r, w),
      ms: span(r, 2_000, 90_000),
      delayMs: r.pick([20, 150, 350, 950]),
      jitterMs: r.pick([0, 5, 50]),
      bytesPerMs: r.pick([null, null, 16, 64]),
    }),
  ],
  [2, (r, w) => ({ do: "crash", gateway: gateway(r, w), silent: r.chance(0.4), ms: span(r, 200, 40_000) })],
  [1, (r, w) => ({ do: "restart", gateway: gateway(r, w), ms: span(r, 200, 20_000) })],
  [
    1,
    (r, w) => ({
      do: "drain",
      gateway: gateway(r, w),
      minDelayMs: r.int(4_000),
      spreadMs: r.int(4_000),
      ms: span(r, 2_000, 30_000),
    }),
  ],
  [1, (r, w) => ({ do: "stall", gateway: gateway(r, w), ms: span(r, 300, 20_000) })],
  [
    1,
    (r, w) => ({
      do: "throttle",
      gateway: gateway(r, w),
      features: r.pick([["typing"], ["message"], ["typing", "receipts"]]),
      forMs: r.pick([3_000, 20_000, 60_000]),
      ms: span(r, 1_000, 30_000),
    }),
  ],
  [1, (r) => ({ do: "revoke", user: r.pick(users) })],
  [2, (r, w) => ({ do: "brokerSlow", gateway: gateway(r, w), lagMs: span(r, 5, 3_000), ms: span(r, 1_000, 40_000) })],
  [1, (r, w) => ({ do: "brokerAway", gateway: gateway(r, w), applies: r.chance(0.5), ms: span(r, 300, 15_000) })],
  [1, (r) => ({ do: "forget", keep: r.int(10) })],
  [0.3, () => ({ do: "beginAnew" })],
];
const weights = makers.reduce((sum, [weight]) => sum + weight, 0);

function act(random: Random, world: Pick<Plan, "clients" | "gateways">): Act {
  let left = random() * weights;
  for (const [weight, make] of makers) {
    left -= weight;
    if (left < 0) return make(random, world);
  }
  return { do: "publish", gateway: 0, channel: "user:ann", count: 1 };
}

const plannedClient = (random: Random, n: number): PlannedClient => ({
  user: random.pick(users),
  auto: random.chance(0.75),
  background: random.pick(["disconnect", "keep", { graceMs: 5_000 }]),
  by: random.pick(["key", "key", "provider", "token"]),
  tokenLifeMs: random.pick([null, null, 60_000, 200_000]),
  wallMs: random.pick([0, 0, -3_600_000, 3_600_000, -86_400_000 * 365]),
  besides: n > 0 && random.chance(0.15) ? random.int(n) : null,
});

/** The plan of a seed: `ms` milliseconds long, at least twice the quiet end. */
export function planOf(seed: number, ms = 600_000): Plan {
  const random = createRandom(seed);
  const gateways = 2 + random.int(2);
  const clients = Array.from({ length: 1 + random.int(4) }, (_, n) => plannedClient(random, n));
  const world = { clients, gateways };
  const until = ms - quietMs;
  // Between a calm run, in which a fault can be told apart, and a storm.
  const count = Math.round((until / 1_000) * random.pick([0.05, 0.1, 0.2, 0.3]));
  const actions: Action[] = [];
  for (let n = 0; n < count; n += 1) {
    const what = act(random, world);
    const longest = "ms" in what ? what.ms : 0;
    const at = Math.floor(random() * Math.max(0, until - longest));
    actions.push({ at, ...what });
  }
  actions.sort((a, b) => a.at - b.at);
  return {
    version: 1,
    seed,
    ms,
    quietMs,
    ...world,
    heartbeatMs: random.pick([10_000, 10_000, 30_000]),
    stride: random.pick([1, 1, 7]),
    actions,
  };
}
