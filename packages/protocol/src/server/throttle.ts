/** Throttled features on this gateway. Law: a set is told whole and replaces the one before; each end passes by itself. */
import { featureOf } from "../features.js";
import type { ThrottledFeature } from "../frames.js";

/** The set in force. */
export interface Throttling {
  set(features: readonly ThrottledFeature[], now: number): void;
  /** What is in force now, each with the time that is left. */
  current(now: number): readonly ThrottledFeature[];
  /** For how long yet this kind of event is refused, ms; 0 if it is not. */
  leftFor(kind: string, now: number): number;
}

/** Nothing throttled. */
export function createThrottling(): Throttling {
  let ends: readonly { readonly feature: string; readonly reason: string; readonly at: number }[] = [];
  return {
    set(features, now) {
      ends = features.map(({ feature, reason, forMs }) => ({ feature, reason, at: now + forMs }));
    },
    current: (now) =>
      ends.filter(({ at }) => at > now).map(({ feature, reason, at }) => ({ feature, reason, forMs: at - now })),
    leftFor(kind, now) {
      const feature = featureOf(kind);
      return Math.max(0, ...ends.filter((end) => end.feature === feature).map(({ at }) => at - now));
    },
  };
}
