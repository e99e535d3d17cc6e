/**
 * Every call that answers with a promise is decidable on every path: it settles, with a value or with a typed error, or it has a time
 * at which it will be looked at again, or (connect() alone) it waits for a wish that the surroundings hold back (3.4).
 *
 * The calls are the core's own predicates (`@cc/core/calls`), with a caller that stands in the state of the step. What a pending call
 * remembers beside the state is made again from the state in which it is pending: the probe that is open is the one it waits for.
 */
import { type Clock, type Input, isConnectionError, type Policy, type Stamp, type State } from "@cc/core";
import type { Caller, Look, Waiter } from "@cc/core/calls";
import { NOW, type Node } from "./canon.js";
import { wants } from "./contract.js";
import type { Edge } from "./edge.js";
import type { Machine } from "./machine.js";

type Said = string | null;
type Call = "connect" | "ping" | "checkNow" | "reconnect";

/** What a settled promise says of the state it settles in. */
function fitting(call: Call, value: unknown, { link }: State): Said {
  const { linked = true } = value as { readonly linked?: boolean };
  if (linked !== (link.tag === "linked")) return `${call}() resolves as if it were ${linked ? "" : "not "}linked`;
  return null;
}

class Stand implements Caller {
  readonly policy: Policy;
  readonly clock: Clock;
  node: Node;
  at: Stamp;
  readonly #machine: Machine;
  readonly #acts: boolean;

  constructor(machine: Machine, policy: Policy, node: Node, at: Stamp, acts: boolean) {
    this.#machine = machine;
    this.policy = policy;
    this.node = node;
    this.at = at;
    this.#acts = acts;
    this.clock = { now: () => this.at.now, wall: () => this.at.wall, after: () => () => undefined };
  }

  state(): State {
    return this.node.s;
  }

  snapshot(): ReturnType<Machine["snapshotOf"]> {
    return this.#machine.snapshotOf(this.node.s, this.policy);
  }

  step(input: Input): void {
    if (!this.#acts) return;
    const m = {
      now: this.at.now,
      wall: this.at.wall,
      random: 0,
      inboundAt: Number.NEGATIVE_INFINITY,
      unackedSince: null,
      unackedBytes: 0,
    };
    this.node = { s: this.#machine.transition(this.node.s, input, m, this.policy).state, g: this.node.g };
  }
}

const start = (call: Call, c: Caller, machine: Machine): Look<unknown> =>
  call === "connect" ? machine.connect(c) : call === "ping" ? machine.ping(c) : machine.check(c, call);

/** One look: settled well, settled with a typed error, pending, or a violation. */
function look(call: Call, fn: () => unknown, state: () => State): Said | "pending" | "settled" {
  try {
    const value = fn();
    if (value === undefined) return "pending";
    return fitting(call, value, state()) ?? "settled";
  } catch (error) {
    return isConnectionError(error) && error.message !== ""
      ? "settled"
      : `${call}() throws an untyped error: ${String(error)}`;
  }
}

/** Why a pending call will be looked at again. */
function bounded(call: Call, { s, g }: Node, waiter: Waiter, machine: Machine, p: Policy): Said {
  if (Number.isFinite(waiter.until)) return null;
  const ends = (kind: string): boolean => machine.deadlines(s, p).some((d) => d.kind === kind);
  if (call === "connect")
    return wants({ s, g: { ...g, ban: "free" } }, p) ? "connect() is pending without an end" : null;
  if (s.link.tag === "dialing" ? ends("attempt") : s.link.tag === "linked" && ends("probe")) return null;
  return `${call}() is pending, and nothing ends that`;
}

const calls: readonly Call[] = ["connect", "ping", "checkNow", "reconnect"];

/** A call made in the state that the step led to. */
export function made({ to, world, policy: p }: Edge, machine: Machine): Said {
  if (machine.dueDeadline(to.s, world, p) !== undefined || p.shouldRetry !== undefined) return null;
  for (const call of calls) {
    const c = new Stand(machine, p, to, world, true);
    const waiter: Waiter = { until: Number.POSITIVE_INFINITY, look: () => undefined };
    const said = look(
      call,
      () => start(call, c, machine)(waiter),
      () => c.state(),
    );
    if (said === "pending") {
      const why = bounded(call, c.node, waiter, machine, p);
      if (why !== null) return why;
    } else if (said !== "settled") return said;
  }
  return null;
}

/** Calls that may be pending in the state that the step left. */
function pendingIn({ session, link, mode }: State): readonly Call[] {
  if (session.tag !== "active" || link.tag === "failed" || mode.wish !== "on") return [];
  if (link.tag === "linked") return link.probe === null ? [] : ["ping", "checkNow", "reconnect"];
  return link.tag === "dialing" ? ["connect", "checkNow", "reconnect"] : ["connect"];
}

/** A call that was pending before the step. */
export function carried({ from, to, world, policy: p }: Edge, machine: Machine): Said {
  if (to.s === from.s) return null;
  for (const call of pendingIn(from.s)) {
    const c = new Stand(machine, p, from, NOW, false);
    const waiter: Waiter = { until: Number.POSITIVE_INFINITY, look: () => undefined };
    let predicate: Look<unknown> | undefined;
    const before = look(
      call,
      () => {
        predicate = start(call, c, machine);
        return predicate(waiter);
      },
      () => c.state(),
    );
    if (before !== "pending") continue;
    c.node = to;
    c.at = world;
    waiter.until = Number.POSITIVE_INFINITY;
    const after = look(
      call,
      () => predicate?.(waiter),
      () => c.state(),
    );
    if (after === "pending") {
      const why = bounded(call, to, waiter, machine, p);
      if (why !== null) return why;
    } else if (after !== "settled") return after;
  }
  return null;
}
