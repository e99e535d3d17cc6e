/**
 * What is throttled on this gateway, and by whom: the operator's set and load's set, told to every link as one [B8.1, B8.3].
 *
 * Law: what load sheds is told for `holdMs` and told again while it lasts, never lifted: ends pass by themselves, each client adding
 * its jitter, so that a fleet does not start typing in one moment, and a gateway that dies leaves nothing throttled behind.
 */
import type { ThrottledFeature } from "@cc/protocol";
import type { Hub } from "@cc/protocol/server";
import type { Logger } from "pino";
import { idle, type Load, type LoadPolicy, type Measured, nextLoad, sheddable } from "./decide.js";

/** The throttling of one gateway. */
export interface Throttles {
  /** Replaces the operator's set. */
  operate(features: readonly ThrottledFeature[]): void;
  /** One more look at the load. */
  measure(measured: Measured): void;
  /** What is in force now, each with the time that is left in whole milliseconds. */
  current(): readonly ThrottledFeature[];
  /** The last look and what follows from it. */
  readonly load: Load & Measured;
}

export interface ThrottlesOptions {
  readonly hub: Pick<Hub, "throttle">;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** `false`: load throttles nothing. */
  readonly policy: (LoadPolicy & { readonly holdMs: number }) | false;
  readonly logger: Logger;
}

/** However slow the loop is, nothing is told to last longer. Milliseconds. */
const longestHoldMs = 60_000;

interface Held {
  readonly feature: string;
  readonly reason: string;
  readonly endsAt: number;
}

export const createThrottles = ({ hub, now, policy, logger }: ThrottlesOptions): Throttles => {
  let byOperator: readonly Held[] = [];
  let byLoad: readonly Held[] = [];
  let load: Load & Measured = { ...idle, eventLoopDelayMs: 0, outboundBytes: 0, publishRate: 0 };

  const current = (): readonly ThrottledFeature[] => {
    const at = now();
    const union = new Map<string, Held>();
    for (const held of [...byOperator, ...byLoad]) {
      if (held.endsAt > at && (union.get(held.feature)?.endsAt ?? 0) < held.endsAt) union.set(held.feature, held);
    }
    return [...union.values()].map(({ feature, reason, endsAt }) => ({
      feature,
      reason,
      forMs: Math.ceil(endsAt - at),
    }));
  };

  /** Renews what load sheds when half its time has passed. A loop that comes round seldom must not let it end in between. */
  const shed = (level: number, leastMs: number): void => {
    const holdMs = Math.max(leastMs, Math.min(longestHoldMs, 4 * load.eventLoopDelayMs));
    const at = now();
    const due = sheddable
      .slice(0, level)
      .some((feature) => (byLoad.find((held) => held.feature === feature)?.endsAt ?? 0) - at < holdMs / 2);
    if (!due) return;
    const kept = byLoad.filter(
      ({ feature, endsAt }) => endsAt > at && !sheddable.slice(0, level).includes(feature as never),
    );
    byLoad = [
      ...sheddable.slice(0, level).map((feature) => ({ feature, reason: "load", endsAt: at + holdMs })),
      ...kept,
    ];
    hub.throttle(current());
  };

  return {
    operate: (features) => {
      const at = now();
      byOperator = features.map(({ feature, reason, forMs }) => ({ feature, reason, endsAt: at + forMs }));
      hub.throttle(current());
    },
    measure: (measured) => {
      if (policy === false) {
        load = { ...idle, ...measured };
        return;
      }
      const was = load.level;
      load = { ...nextLoad(load, measured, now(), policy), ...measured };
      if (load.level !== was)
        logger.warn({ ...measured, level: load.level, was, sheds: sheddable.slice(0, load.level) }, "load level");
      shed(load.level, policy.holdMs);
    },
    current,
    get load() {
      return load;
    },
  };
};
