/** Throttled features. Law: the server sends the whole set each time; passing ends clear by themselves, with jitter so that a fleet does not wake at once. */
import type { Moment } from "../events.js";
import type { Policy } from "../policy.js";
import type { ThrottledFeature } from "../ports.js";
import type { Throttled } from "../state.js";
import { stamp } from "./time.js";

export function throttledSet(features: readonly ThrottledFeature[], m: Moment, p: Policy): readonly Throttled[] {
  return features
    .filter((f) => f.forMs === null || f.forMs > 0)
    .map((f) => ({
      ...f,
      from: stamp(m),
      ms: f.forMs === null ? null : f.forMs * (1 + m.random * p.throttleJitter),
    }));
}

/** The set without those that have ended; the same array when none has. */
export function stillThrottled(set: readonly Throttled[], m: Moment): readonly Throttled[] {
  const rest = set.filter((f) => f.ms === null || m.now < f.from.now + f.ms);
  return rest.length === set.length ? set : rest;
}
