/**
 * The times of this transcript: those of the contract, shortened so that a reader need not wait. The checker holds the client to
 * these numbers; the client gets the same ones as its `policy`, and the gateway as its options. They are as short as a machine allows
 * that stands still for a second now and then, as virtual ones do: gateway, proxies and clients are one program here, so such a second
 * is nobody's silence and everybody's.
 */
import type { Policy } from "@cc/sdk";

export const heartbeatMs = 1_000;
export const leaseMs = 2_400;
export const leaseSlackMs = 1_000;
export const throttleMs = 1_200;
const probeMs = 1_500;

export const policy: Partial<Policy> = {
  leaseMs,
  leaseSlackMs,
  probeMs,
  probeSlackMs: 200,
  quietSlackMs: 200,
  stableMs: 300,
};

/** A quiet link is probed a heartbeat and its slack after the last byte, and dead a probe's deadline later. */
export const deathMs: number = heartbeatMs + 200 + probeMs;

/** What a loaded machine may add to any of them. */
export const toleranceMs = 3_000;

/** How long a told status may lag behind the truth, outside a black hole, on a loaded machine too. */
export const promptMs = 3_000;

/** For what has no deadline of its own, and is only to come. */
export const patienceMs = 10_000;

/** Printed at the top, so that nobody takes these numbers for the contract's. */
export const shortened: readonly string[] = [
  `shortened by policy: heartbeat ${heartbeatMs / 1000} s (10 s), probe ${probeMs / 1000} s (2.5 s), lease ${leaseMs / 1000} s (30 s) with a slack of ${leaseSlackMs / 1000} s (5 s), stable after 0.3 s (5 s)`,
  "Node has no background: foreground and background come from a scripted lifecycle",
];
