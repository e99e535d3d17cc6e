/**
 * One step of the machine under way: a draft of the next state together with the moment, the policy, and the effects
 * so far. A draft's facts are copies and may be written to; what lies deeper is replaced, never written to. Only the
 * functions that transition.ts composes ever see a draft; outside, a state is immutable.
 *
 * Facts are named by their full path (`x.link.tag`), not by an alias: the same words all over the machine compress to
 * 0.4 kB less than short names that differ from function to function.
 */
import type { Effect, Moment } from "./events.js";
import type { Policy } from "./policy.js";
import type { Stamp, State } from "./state.js";

type Writable<T> = T extends readonly unknown[] ? T : T extends object ? { -readonly [K in keyof T]: T[K] } : T;

export type Step = { -readonly [K in keyof State]: Writable<State[K]> } & {
  readonly m: Moment;
  readonly p: Policy;
  readonly out: Effect[];
  /** This moment on both clocks: one object for all that happens in a step. */
  readonly at: Stamp;
};

/** The time of what does not come. */
export const NEVER: number = Number.POSITIVE_INFINITY;

/** The empty list, once for all: a process may hold thousands of clients with a dozen empty lists each. */
export const NONE: readonly never[] = Object.freeze([]);

/** `list` without `item`. */
export function without<T>(list: readonly T[], item: T): readonly T[] {
  const rest = list.filter((other) => other !== item);
  return rest.length > 0 ? rest : NONE;
}

/** Milliseconds since `from` on whichever clock moved more: a monotonic clock may stand still in sleep, a wall clock may be set back. */
export const elapsed = (m: Stamp, from: Stamp): number => Math.max(m.now - from.now, m.wall - from.wall);
