/**
 * The outline of the machine, as an enumeration finds it: which input leads from which phase to which, for which reasons, which
 * deadlines stand in which phase, and which effects come of what. docs/states.md is drawn from it.
 */
import type { State } from "@cc/core";
import { NOW } from "./canon.js";
import { createStepper } from "./explore.js";
import type { Machine } from "./machine.js";
import { outlineScopes } from "./scope.js";

export const phases = ["idle", "waiting", "token", "transport", "handshake", "linked", "failed"] as const;
export type OutlinePhase = (typeof phases)[number];

export interface Arrow {
  readonly from: OutlinePhase;
  readonly to: OutlinePhase;
  /** The type of the input; of a tick, with the deadline that was due first: `tick: retry`. */
  readonly event: string;
  /** Reasons of the state that it leads to, sorted. */
  readonly reasons: readonly string[];
}

export interface Outline {
  readonly states: number;
  /** Arrows from one phase to another, and from `linked` to a new link; sorted. */
  readonly arrows: readonly Arrow[];
  /** Deadlines by the phases in which they stand. */
  readonly deadlines: Readonly<Record<string, readonly OutlinePhase[]>>;
  /** Effects by the inputs that bring them about. */
  readonly effects: Readonly<Record<string, readonly string[]>>;
}

const phaseOf = ({ link }: State): OutlinePhase => (link.tag === "dialing" ? link.dial.stage : link.tag);

/** Enumerates the outline's own scopes. */
export function outline(machine: Machine): Outline {
  const arrows = new Map<string, Set<string>>();
  const deadlines = new Map<string, Set<OutlinePhase>>();
  const effects = new Map<string, Set<string>>();
  const into = <T>(map: Map<string, Set<T>>, key: string, value: T): void => {
    const set = map.get(key) ?? new Set<T>();
    map.set(key, set.add(value));
  };
  let states = 0;
  for (const scope of outlineScopes) {
    const stepper = createStepper(scope, machine);
    const { policy } = scope;
    const seen = new Set<string>([stepper.canon.encode(stepper.start, NOW)]);
    for (const key of seen) {
      const node = stepper.canon.decode(key);
      const from = phaseOf(node.s);
      const list = machine.deadlines(node.s, policy);
      const sockets = machine.links(node.s);
      for (const { kind } of list) into(deadlines, kind, from);
      stepper.expand(node, ({ move, world, to, effects: out }) => {
        const next = stepper.canon.encode(to, world);
        // A set is walked through in the order of its entries, those that come meanwhile included.
        seen.add(next);
        // One deadline at a time: a timer so late that several are due is several arrows, each told by itself.
        const due = list.filter(({ at }) => at <= world.now);
        if (move.input.type === "tick" && (due.length !== 1 || world.wall - NOW.wall !== world.now - NOW.now))
          return false;
        const event = move.input.type === "tick" ? `tick: ${due[0]?.kind ?? ""}` : move.input.type;
        const arrived = phaseOf(to.s);
        // A link that has no socket yet says nothing.
        if ("link" in move.input && !sockets.includes(move.input.link)) return false;
        for (const { type } of out) into(effects, type, event);
        if (arrived !== from) into(arrows, `${from} ${arrived} ${event}`, to.s.reason);
        return false;
      });
    }
    states += seen.size;
  }
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const phaseOrder = (a: OutlinePhase, b: OutlinePhase): number => phases.indexOf(a) - phases.indexOf(b);
  return {
    states,
    arrows: [...arrows]
      .map(([key, reasons]): Arrow => {
        const [from, to, ...event] = key.split(" ");
        return {
          from: from as OutlinePhase,
          to: to as OutlinePhase,
          event: event.join(" "),
          reasons: [...reasons].sort(order),
        };
      })
      .sort((a, b) => phaseOrder(a.from, b.from) || phaseOrder(a.to, b.to) || order(a.event, b.event)),
    deadlines: Object.fromEntries(
      [...deadlines].sort(([a], [b]) => order(a, b)).map(([kind, set]) => [kind, [...set].sort(phaseOrder)]),
    ),
    effects: Object.fromEntries(
      [...effects].sort(([a], [b]) => order(a, b)).map(([type, set]) => [type, [...set].sort(order)]),
    ),
  };
}
