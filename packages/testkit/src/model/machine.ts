/**
 * The machine under examination, as a record of its functions. Law: the model calls nothing of the core but what stands here, so
 * that a machine with one guard removed can take its place.
 */
import { deadlines, dueDeadline, initialState, links, snapshotOf, statusOf, transition } from "@cc/core";
import { check, connect, ping } from "@cc/core/calls";
import { explain } from "@cc/core/explain";

export interface Machine {
  readonly initialState: typeof initialState;
  readonly transition: typeof transition;
  readonly deadlines: typeof deadlines;
  readonly dueDeadline: typeof dueDeadline;
  readonly links: typeof links;
  readonly statusOf: typeof statusOf;
  readonly snapshotOf: typeof snapshotOf;
  readonly explain: typeof explain;
  readonly connect: typeof connect;
  readonly ping: typeof ping;
  readonly check: typeof check;
}

/** The machine of `@cc/core` as it is. */
export const machine: Machine = {
  initialState,
  transition,
  deadlines,
  dueDeadline,
  links,
  statusOf,
  snapshotOf,
  explain,
  connect,
  ping,
  check,
};
