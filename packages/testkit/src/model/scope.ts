/**
 * The numbers of an enumeration: a scaled policy, and which of the inputs' variants it tries.
 *
 * Law: time is a lattice. Every duration is a whole number of ticks, and a tick is 250 ms because the machine itself holds two
 * numbers of that size (the least step of its ladder, and the half second of a repeated `connect()`). Each scope tries every type
 * of input; what differs is how many values of one kind it tries, for the product of all of them is out of reach.
 */
import { defaultPolicy, type Policy } from "@cc/core";

/** One tick of the lattice in ms. */
export const TICK = 250;

/** Which variants the inputs of a scope have, beside those that every scope tries. */
export interface Variety {
  /** Tokens with a known life, in ticks, beside those of unknown life. */
  readonly lifeTicks: number | null;
  /** Floors of the server, in ticks: [least delay, spread]. */
  readonly floors: readonly (readonly [number, number])[];
  /** Ends of throttling in ticks; `null`: until the server says otherwise. */
  readonly throttles: readonly (number | null)[];
  /** Heartbeats in ticks that a `welcome` names; `null`: none. */
  readonly heartbeats: readonly (number | null)[];
  /** Whether links without probes are welcomed too. */
  readonly probeless: boolean;
  /** S in ticks that a `welcome` names; `null`: nothing. */
  readonly spreads: readonly (number | null)[];
  /** The wall clock jumps without the monotonic one. */
  readonly jumps: boolean;
  /** Sends that wait for an acknowledgement. */
  readonly unacked: boolean;
  /** A session may be one whose token cannot be renewed. */
  readonly fixedTokens: boolean;
  /** `init` may change the mode of a client that is in use. */
  readonly modes: readonly boolean[];
  /** Verdicts of `shouldRetry`; empty: there is none. */
  readonly verdicts: readonly Verdict[];
  /** The server says that a token ends (`expiring`): only then a renewal in band is ever due, beside known lives. */
  readonly renewals: boolean;
  /** A provider may answer with a token that was refused before. */
  readonly reoffers: boolean;
  /** The reason is a part of the state. Else it is looked at on every step, but two states that differ by it alone are one. */
  readonly reasons: boolean;
  /** The page may be hidden and shown. */
  readonly pages: boolean;
  /** Round trips long enough to lengthen the probe's deadline. */
  readonly slowTrips: boolean;
}

/** `none`: the default stands; a number: retry after so many ticks. */
export type Verdict = "none" | "retry" | "refreshToken" | "stop" | number;

export interface Scope {
  readonly name: string;
  /** What it is there for. */
  readonly about: string;
  readonly policy: Policy;
  readonly variety: Variety;
}

type Ticks = { readonly [K in keyof Policy]?: Policy[K] };

/** The durations of every scope, in ticks: as short as the order of the contract's numbers allows. */
const thin: Policy = {
  ...defaultPolicy,
  background: "disconnect",
  deferMs: 1 * TICK,
  leaseMs: 2 * TICK,
  leaseSlackMs: 1 * TICK,
  connectTimeoutMs: 2 * TICK,
  spreadMs: 1 * TICK,
  minSpreadMs: 1 * TICK,
  maxSpreadMs: 2 * TICK,
  wakeJitterMs: 1 * TICK,
  caps: [[Number.POSITIVE_INFINITY, 2 * TICK]],
  onlineRetryMs: 2 * TICK,
  stableMs: 1 * TICK,
  tokenBudgetMs: 2 * TICK,
  connectBudgetsMs: [2 * TICK],
  probeMs: 1 * TICK,
  probeSlackMs: 1 * TICK,
  probeBytesPerMs: 16,
  wakeWindowMs: 1 * TICK,
  quietSlackMs: 1 * TICK,
  ackProbeMs: 1 * TICK,
  lateMs: 1 * TICK,
  backgroundHeartbeatMs: 2 * TICK,
  refreshSpacingMs: 2 * TICK,
  tokenMarginMs: 2 * TICK,
  notableMs: 1 * TICK,
  throttleJitter: 1,
  shouldRetry: undefined,
};

const narrow: Variety = {
  lifeTicks: null,
  floors: [[0, 0]],
  throttles: [],
  heartbeats: [1],
  probeless: false,
  spreads: [null],
  jumps: false,
  unacked: false,
  fixedTokens: false,
  modes: [true, false],
  verdicts: [],
  renewals: false,
  reoffers: false,
  reasons: false,
  pages: false,
  slowTrips: false,
};

const scope = (name: string, about: string, policy: Ticks, variety: Partial<Variety>): Scope => ({
  name,
  about,
  policy: { ...thin, ...policy },
  variety: { ...narrow, ...variety },
});

const auto = { modes: [true] } as const;
const manual = { modes: [false] } as const;

export const scopes: readonly Scope[] = [
  scope(
    "base",
    "every type of input against every other; reasons and pages",
    {},
    { reasons: true, pages: true, throttles: [null] },
  ),
  scope(
    "tokens",
    "known lives, renewals in band, fixed tokens, tokens that were refused before",
    { tokenMarginMs: 0, refreshSpacingMs: 1 * TICK },
    { ...auto, lifeTicks: 2, renewals: true, reoffers: true, fixedTokens: true },
  ),
  scope(
    "lease",
    "manual mode in the background; jumping wall clocks; pages",
    {},
    { ...manual, jumps: true, pages: true },
  ),
  scope("slackless", "the lease to the millisecond (leaseSlackMs 0)", { leaseSlackMs: 0 }, { ...manual, jumps: true }),
  scope(
    "grace",
    "background: graceMs, and sends that wait for acknowledgements",
    { background: { graceMs: 2 * TICK } },
    { ...auto, unacked: true, jumps: true },
  ),
  scope("keep", "background: keep, and its longer heartbeat", { background: "keep" }, { unacked: true }),
  scope(
    "floors",
    "floors of the server, saved ones too",
    {},
    {
      floors: [
        [0, 0],
        [2, 1],
      ],
    },
  ),
  scope(
    "ladder",
    "three rungs of caps and of budgets, and an S of the server",
    {
      caps: [
        [1 * TICK, 2 * TICK],
        [2 * TICK, 4 * TICK],
        [Number.POSITIVE_INFINITY, 6 * TICK],
      ],
      connectBudgetsMs: [1 * TICK, 2 * TICK, 3 * TICK],
    },
    { ...auto, spreads: [null, 2], jumps: true },
  ),
  scope(
    "probes",
    "longer probes, late acknowledgements, long round trips, links without probes or heartbeat",
    { probeMs: 2 * TICK, wakeWindowMs: 2 * TICK, stableMs: 2 * TICK, leaseSlackMs: 2 * TICK },
    { ...auto, unacked: true, probeless: true, heartbeats: [null, 1], slowTrips: true },
  ),
  scope("throttles", "throttling with and without ends", {}, { ...auto, throttles: [null, 1, 2] }),
  scope(
    "verdicts",
    "shouldRetry, with every verdict after every failure",
    {},
    {
      ...auto,
      floors: [
        [0, 0],
        [1, 0],
      ],
      reoffers: true,
      verdicts: ["none", "retry", 0, 1, "refreshToken", "stop"],
    },
  ),
];
/** What docs/states.md is drawn from: every reason, page and mode, and no numbers to speak of; what has numbers by itself. */
export const outlineScopes: readonly Scope[] = [
  scope("modes", "reasons, pages, modes", { wakeWindowMs: 0 }, { reasons: true, pages: true, heartbeats: [null] }),
  scope("quiet", "silence", { wakeWindowMs: 0 }, { ...auto, reasons: true }),
  scope("throttled", "throttling", { wakeWindowMs: 0 }, { ...auto, reasons: true, heartbeats: [null], throttles: [1] }),
  scope(
    "floored",
    "floors of the server",
    { wakeWindowMs: 0 },
    { ...auto, reasons: true, heartbeats: [null], floors: [[1, 0]] },
  ),
  scope(
    "renewed",
    "tokens renewed in band",
    { wakeWindowMs: 0, refreshSpacingMs: 1 * TICK },
    { ...auto, reasons: true, heartbeats: [null], renewals: true, fixedTokens: true },
  ),
  scope(
    "kept",
    "the longer heartbeat of a background",
    { wakeWindowMs: 0, background: "keep" },
    { ...auto, reasons: true },
  ),
];
