/** Looks at the process and the hub. Thin: it measures and decides nothing. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Hub } from "@cc/protocol/server";
import type { Measured } from "./decide.js";

export interface Sampler {
  /** What was measured since the last look, `sinceMs` milliseconds ago. */
  look(sinceMs: number): Measured;
  stop(): void;
}

/** The interval of Node's own timer for it, milliseconds: it is part of each value that it records. */
const resolutionMs = 20;

export const createSampler = (hub: Pick<Hub, "stats">): Sampler => {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let asked = hub.stats().asked;

  return {
    look: (sinceMs) => {
      const stats = hub.stats();
      // Not once in all that time did the loop come to the monitor's timer: then it was late by about all of it.
      const meanMs = delay.count === 0 ? sinceMs : delay.mean / 1e6 - resolutionMs;
      delay.reset();
      const publishRate = sinceMs > 0 ? ((stats.asked - asked) / sinceMs) * 1000 : 0;
      asked = stats.asked;
      return { eventLoopDelayMs: Math.max(0, meanMs), outboundBytes: stats.outboundBytes, publishRate };
    },
    stop: () => delay.disable(),
  };
};
