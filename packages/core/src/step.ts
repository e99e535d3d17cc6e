/**
 * One step of the machine under way: a draft of the next state, the moment, the policy, and the effects so far.
 * Only the functions that transition.ts composes ever see a draft; outside, a state is immutable.
 */
import type { Effect, Moment } from "./events.js";
import type { Policy } from "./policy.js";
import type { State } from "./state.js";

export type Draft = { -readonly [K in keyof State]: State[K] };

export interface Step {
  readonly s: Draft;
  readonly m: Moment;
  readonly p: Policy;
  readonly out: Effect[];
}
