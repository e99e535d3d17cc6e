/**
 * Throttled features on this gateway. Law: a set is told whole and replaces the one before; each end passes by itself; and to refuse
 * costs a look into a map, for it is asked of every send, most of all when there are too many of them.
 */
import { featureOf } from "../features.js";
import type { ThrottledFeature } from "../frames.js";

/** The set in force. */
export interface Throttling {
  set(features: readonly ThrottledFeature[], now: number): void;
  /** What is in force now, each with the time that is left. */
  current(now: number): readonly ThrottledFeature[];
  /** For how long yet this kind of event is refused, ms; 0 if it is not. */
  leftFor(kind: string, now: () => number): number;
}

/** Nothing throttled. */
export function createThrottling(): Throttling {
  const ends = new Map<string, { readonly feature: string; readonly reason: string; readonly at: number }>();
  return {
    set(features, now) {
      ends.clear();
      for (const { feature, reason, forMs } of features) {
        // Named twice: the later end holds.
        if ((ends.get(feature)?.at ?? 0) < now + forMs) ends.set(feature, { feature, reason, at: now + forMs });
      }
    },
    current: (now) =>
      [...ends.values()]
        .filter(({ at }) => at > now)
        .map(({ feature, reason, at }) => ({ feature, reason, forMs: at - now })),
    leftFor(kind, now) {
      const end = ends.size === 0 ? undefined : ends.get(featureOf(kind));
      return end ? Math.max(0, end.at - now()) : 0;
    },
  };
}
