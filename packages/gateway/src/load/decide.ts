/**
 * How much is shed, from what was measured: a pure function of measurements over time [B8.3].
 *
 * Law: a level sheds the features of lesser value first and never a message. Up by one as soon as a breach has lasted `sustainMs`,
 * and by one more for each further `sustainMs` of it; down by one for each `calmMs` in which every measure stayed below half its
 * bound. Between half and whole nothing changes, so that a gateway which holds its own only because it sheds does not swing.
 */

/** What is shed, the least valuable first; level n sheds the first n. Messages are not in it and cannot be put there. */
export const sheddable = ["typing", "presence", "receipts"] as const;

/** One look at the gateway. */
export interface Measured {
  /** How late the event loop came to its timers on average since the last look, milliseconds. */
  readonly eventLoopDelayMs: number;
  /** Bytes written for all links and not yet taken by the network. */
  readonly outboundBytes: number;
  /** Events asked for per second since the last look, refused ones too. */
  readonly publishRate: number;
}

/** Bounds and times; docs and defaults at `ThrottlingOptions`. */
export interface LoadPolicy extends Measured {
  readonly sustainMs: number;
  readonly calmMs: number;
}

/** What is remembered between two looks. */
export interface Load {
  /** How many of `sheddable` are shed. */
  readonly level: number;
  /** The worst measure as a share of its bound; 1 and above is a breach. */
  readonly pressure: number;
  /** Since when the breach or the calm lasts that has not led to a step yet. */
  readonly breachSince: number | undefined;
  readonly calmSince: number | undefined;
}

/** A gateway that has nothing to do. */
export const idle: Load = { level: 0, pressure: 0, breachSince: undefined, calmSince: undefined };

/** Pressure below which a gateway counts as calm. */
const calmBelow = 0.5;

/** What follows from one more look at `now` (monotonic milliseconds). */
export const nextLoad = (load: Load, measured: Measured, now: number, policy: LoadPolicy): Load => {
  const pressure = Math.max(
    measured.eventLoopDelayMs / policy.eventLoopDelayMs,
    measured.outboundBytes / policy.outboundBytes,
    measured.publishRate / policy.publishRate,
  );
  if (pressure >= 1) {
    const since = load.breachSince ?? now;
    // One look alone is no breach, however long it stood still before: a process that was suspended is not overloaded.
    // A loop that is slow enough is looked at seldom: then more than one stretch of breach has passed at once.
    const steps = Math.floor((now - since) / policy.sustainMs);
    return {
      level: Math.min(sheddable.length, load.level + steps),
      pressure,
      breachSince: since + steps * policy.sustainMs,
      calmSince: undefined,
    };
  }
  if (pressure >= calmBelow) return { level: load.level, pressure, breachSince: undefined, calmSince: undefined };
  const since = load.calmSince ?? now;
  const isStep = load.level > 0 && load.calmSince !== undefined && now - since >= policy.calmMs;
  return {
    level: isStep ? load.level - 1 : load.level,
    pressure,
    breachSince: undefined,
    calmSince: isStep ? now : since,
  };
};
