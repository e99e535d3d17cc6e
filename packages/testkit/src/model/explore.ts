/**
 * The enumeration: breadth first from the initial state, every move in every state, so that the first violation has a shortest path.
 *
 * Law: only canonical strings are kept, with the number of the state that each was first reached from. States are made from their
 * string when they are looked at, and a path is found again by repeating the steps along it.
 */
import type { Input, State } from "@cc/core";
import { type Canon, createCanon, NOW, type Node } from "./canon.js";
import type { Edge } from "./edge.js";
import { follow, newGhost } from "./ghost.js";
import { createLaws } from "./laws.js";
import type { Machine } from "./machine.js";
import { Choices, createMoves, policyOf, World } from "./moves.js";
import type { Scope } from "./scope.js";

export interface Violation {
  readonly law: string;
  readonly scope: string;
  /** The steps from the initial state to it, each as one line. */
  readonly path: readonly string[];
  readonly state: State;
}

export interface Exploration {
  readonly scope: Scope;
  readonly states: number;
  readonly transitions: number;
  /** Longest shortest path. */
  readonly depth: number;
  readonly keys: readonly string[];
  /** States with a successor or a retiring link (10.9). */
  readonly twoLinks: number;
  readonly violation: Violation | null;
}

export interface Stepper {
  readonly scope: Scope;
  readonly canon: Canon;
  readonly start: Node;
  /** Every step from a state, in a fixed order. `visit` answers true to stop. */
  expand(node: Node, visit: (edge: Edge) => boolean): void;
  /** One step under chosen circumstances. */
  step(node: Node, move: Edge["move"], world: World): Edge;
}

export function createStepper(scope: Scope, machine: Machine): Stepper {
  let world: World | undefined;
  const policy = policyOf(scope, () => {
    if (world === undefined) throw new Error("asked outside of a step");
    return world;
  });
  const movesOf = createMoves(scope, machine);
  const step: Stepper["step"] = (node, move, at): Edge => {
    world = at;
    const { state, effects } = machine.transition(node.s, move.input, at, policy);
    const g = follow(node.g, node.s, move.input, at, state, policy, at.verdict);
    return { move, world: at, from: node, to: { s: state, g }, effects, policy };
  };
  return {
    scope,
    canon: createCanon(scope),
    start: { s: machine.initialState(scope.policy, NOW), g: newGhost },
    step,
    expand(node, visit) {
      for (const move of movesOf(node)) {
        const choices = new Choices();
        do {
          const at = new World(choices, scope, NOW.now + move.now, NOW.wall + move.wall);
          if (visit(step(node, move, at))) return;
        } while (choices.next());
      }
    },
  };
}

export interface ExploreOptions {
  /** Stops there; more states are an error of the scope. */
  readonly limit?: number;
}

export function explore(scope: Scope, machine: Machine, { limit = 3_000_000 }: ExploreOptions = {}): Exploration {
  const stepper = createStepper(scope, machine);
  const { canon } = stepper;
  const laws = createLaws(scope, machine);
  const numbers = new Map<string, number>();
  const keys: string[] = [];
  const parents: number[] = [];
  let transitions = 0;
  let depth = 0;
  let twoLinks = 0;
  const add = (key: string, parent: number): void => {
    numbers.set(key, keys.length);
    keys.push(key);
    parents.push(parent);
  };
  add(canon.encode(stepper.start, NOW), -1);

  let levelEnd = 1;
  let broken: string | null = null;
  let last: Edge | undefined;
  let at = 0;
  for (; at < keys.length; at += 1) {
    if (at === levelEnd) {
      depth += 1;
      levelEnd = keys.length;
    }
    const node = canon.decode(keys[at] ?? "");
    if (node.s.link.tag === "linked" && (node.s.link.successor !== null || node.s.link.retiring !== null))
      twoLinks += 1;
    broken = laws.state(node);
    if (broken !== null) break;
    const passed = new Set<string>();
    stepper.expand(node, (edge) => {
      transitions += 1;
      last = edge;
      broken = laws.step(edge);
      if (broken !== null) return true;
      if (edge.to.s === node.s && edge.to.g.ban === node.g.ban && edge.move.stale) return false;
      const key = canon.encode(edge.to, edge.world);
      // The same state later is another passage: what a call has left to wait depends on the time.
      const passage = edge.move.now === 0 ? key : `${edge.move.now}${key}`;
      if (!passed.has(passage)) {
        passed.add(passage);
        broken = laws.passage(edge);
        if (broken !== null) return true;
      }
      if (!numbers.has(key)) {
        broken = laws.arrival(edge);
        if (broken !== null) return true;
        add(key, at);
        if (keys.length > limit) throw new Error(`${scope.name}: more than ${limit} states`);
      }
      return false;
    });
    if (broken !== null) break;
  }
  const violation =
    broken === null
      ? null
      : {
          law: broken,
          scope: scope.name,
          path: [...pathTo(at, keys, parents, stepper), ...(last ? [describe(last.move.input, last)] : [])],
          state: last?.to.s ?? stepper.start.s,
        };
  return { scope, states: keys.length, transitions, depth, keys, twoLinks, violation };
}

/** The steps to the state of this number, found again from its ancestors. */
function pathTo(index: number, keys: readonly string[], parents: readonly number[], stepper: Stepper): string[] {
  const chain: number[] = [];
  for (let i = index; i > 0; i = parents[i] ?? -1) chain.unshift(i);
  return chain.map((child) => {
    let line = "?";
    stepper.expand(stepper.canon.decode(keys[parents[child] ?? 0] ?? ""), (edge) => {
      if (stepper.canon.encode(edge.to, edge.world) !== keys[child]) return false;
      line = describe(edge.move.input, edge);
      return true;
    });
    return line;
  });
}

export function describe(input: Input, { move, to }: Edge): string {
  const { type, ...rest } = input;
  const time =
    move.now === 0 && move.wall === 0
      ? ""
      : ` +${move.now} ms${move.wall === move.now ? "" : ` (wall ${move.wall} ms)`}`;
  const what = Object.keys(rest).length === 0 ? "" : ` ${JSON.stringify(rest)}`;
  return `${type}${what}${time} → ${to.s.link.tag}${to.s.link.tag === "dialing" ? `.${to.s.link.dial.stage}` : ""} (${to.s.reason})`;
}
