/**
 * Every number of the contract, in one record that options can replace.
 * All times are milliseconds. The clause that a number comes from stands beside it.
 */
import type { Fault } from "./errors.js";

/** What becomes of the link when the app goes to the background: at once, after a grace, or never (B3.2). */
export type BackgroundPolicy = "disconnect" | "keep" | { readonly graceMs: number };

/** The verdict of `shouldRetry`. `undefined` leaves the default in force. */
export type RetryVerdict =
  | { readonly action: "retry"; readonly delayMs?: number }
  | { readonly action: "refreshToken" }
  | { readonly action: "stop" };

export interface RetryContext {
  /** Dials since the last stable link, this one included. */
  readonly attempt: number;
  /** What would be done without a verdict. */
  readonly defaultAction: RetryVerdict["action"];
  /** A floor of the server that `retry(delayMs)` would override, in ms from now; 0 for none. */
  readonly floorMs: number;
}

/** Has the last word after each failure (B5.1). Must be quick and must not depend on the clock: a trace replays its answers. */
export type ShouldRetry = (fault: Fault, context: RetryContext) => RetryVerdict | undefined;

export interface Policy {
  /** B3.2. Default `"disconnect"`, as documented by CometChat. */
  readonly background: BackgroundPolicy;
  /** How long unacknowledged sends may defer a background close (B3.2). */
  readonly deferMs: number;
  /** Manual mode: life of the link in the background after entering it or after `ping()` (B4.4). */
  readonly leaseMs: number;
  /** How long after the lease's end the link is closed (B4.4); 0 is the documented 30 s to the millisecond. */
  readonly leaseSlackMs: number;
  /** When a pending `connect()` gives up while retries go on (B4.2). */
  readonly connectTimeoutMs: number;
  /** S of B5.2 when the server says nothing. */
  readonly spreadMs: number;
  /** Bounds that a server's S is clamped to (B5.2). */
  readonly minSpreadMs: number;
  readonly maxSpreadMs: number;
  /** Largest delay of a dial that this client alone has reason for (B3.3, B5.2, B5.5). */
  readonly wakeJitterMs: number;
  /** Caps of the ladder: [age of the outage below which it holds, cap] (B5.3). */
  readonly caps: readonly (readonly [ageMs: number, capMs: number])[];
  /** After a dial that `online` caused has failed: the next within this (B5.5, R26). */
  readonly onlineRetryMs: number;
  /** How long a link must live to be stable: resets ladder and rejections (B2.7, B5.3). */
  readonly stableMs: number;
  /** Token budget of an attempt (B5.8). */
  readonly tokenBudgetMs: number;
  /** Connection budget on consecutive timeouts; the last repeats (B5.8). */
  readonly connectBudgetsMs: readonly number[];
  /** Least probe deadline (B6.2). */
  readonly probeMs: number;
  /** Added to twice the smoothed round trip for the probe deadline (B6.2). */
  readonly probeSlackMs: number;
  /** Outbound bytes per ms granted on top of the probe deadline (B6.2: 16 kB per s). */
  readonly probeBytesPerMs: number;
  /** Leading edge of wake probes (B5.5). */
  readonly wakeWindowMs: number;
  /** Silence beyond the heartbeat before the client probes; 10 s + 0.4 s + 2.5 s stays below the 13 s of B6.3. */
  readonly quietSlackMs: number;
  /** Age of the oldest unacknowledged send at which the client probes; 2 s + 2.5 s stays below the 5 s of B6.3. */
  readonly ackProbeMs: number;
  /** A timer later than this shows that we slept or were throttled: soft deadlines get fresh grace (B6.1). */
  readonly lateMs: number;
  /** Heartbeat asked for in the background under `keep` (B6.3). */
  readonly backgroundHeartbeatMs: number;
  /** Least distance of scheduled token refreshes (B2.6). */
  readonly refreshSpacingMs: number;
  /** How long before its end a token counts as stale; at most a fifth of its life (B2.6). */
  readonly tokenMarginMs: number;
  /** When an outage becomes notable (B1.3). */
  readonly notableMs: number;
  /** Largest jitter added to the end of a throttling, as a share of its length (B8.1). */
  readonly throttleJitter: number;
  /**
   * How many inputs the flight recorder keeps at most (`trace()`); between the half and the whole of it once there were
   * as many. An input is about 80 B of heap; an idle client has fewer than ten.
   */
  readonly traceInputs: number;
  /** B5.1. */
  readonly shouldRetry: ShouldRetry | undefined;
}

export const defaultPolicy: Policy = {
  background: "disconnect",
  deferMs: 2_000,
  leaseMs: 30_000,
  leaseSlackMs: 5_000,
  connectTimeoutMs: 15_000,
  spreadMs: 1_000,
  minSpreadMs: 100,
  maxSpreadMs: 10_000,
  wakeJitterMs: 250,
  caps: [
    [60_000, 5_000],
    [300_000, 15_000],
    [Number.POSITIVE_INFINITY, 30_000],
  ],
  onlineRetryMs: 2_000,
  stableMs: 5_000,
  tokenBudgetMs: 15_000,
  connectBudgetsMs: [10_000, 20_000, 30_000],
  probeMs: 2_500,
  probeSlackMs: 1_000,
  probeBytesPerMs: 16,
  wakeWindowMs: 2_500,
  quietSlackMs: 400,
  ackProbeMs: 2_000,
  lateMs: 1_000,
  backgroundHeartbeatMs: 30_000,
  refreshSpacingMs: 30_000,
  tokenMarginMs: 60_000,
  notableMs: 5_000,
  throttleJitter: 0.1,
  traceInputs: 256,
  shouldRetry: undefined,
};
