/** The lines of `pnpm model`, and the figures behind them. Law: what was not reached is said, not left out. */
import type { Policy } from "@cc/core";
import { type Exploration, explore } from "./explore.js";
import { type Liveness, liveness } from "./liveness.js";
import type { Machine } from "./machine.js";
import { type Scope, TICK } from "./scope.js";

export interface ScopeReport {
  readonly scope: string;
  readonly about: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly liveness: Liveness;
  /** States with a successor or a retiring link. */
  readonly twoLinks: number;
}

export interface ModelReport {
  readonly scopes: readonly ScopeReport[];
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
}

/** Bounds of the liveness that every scope must keep. */
export interface LivenessGate {
  readonly steps: number;
  readonly ticks: number;
  readonly realMs: number;
}

/** The gate: measured, and then held. */
export const livenessGate: LivenessGate = { steps: 20, ticks: 16, realMs: 150_000 };

/** Enumerates one scope and answers its figures, or throws a `ModelViolation`. */
export function examine(scope: Scope, machine: Machine, real: Policy): ScopeReport {
  const found = explore(scope, machine);
  if (found.violation !== null) throw new ModelViolation(found);
  const live = liveness(found, machine, real);
  return {
    scope: scope.name,
    about: scope.about,
    states: found.states,
    transitions: found.transitions,
    depth: found.depth,
    liveness: live,
    twoLinks: found.twoLinks,
  };
}

/** A law does not hold. `message` has the shortest path to it. */
export class ModelViolation extends Error {
  readonly exploration: Exploration;

  constructor(exploration: Exploration) {
    const v = exploration.violation;
    super(v === null ? "no violation" : `${v.law}\n${v.path.map((line, i) => `  ${i + 1}. ${line}`).join("\n")}`);
    this.name = "ModelViolation";
    this.exploration = exploration;
  }
}

/** What of the gate a scope breaks, as lines. */
export function gateFaults({ scope, liveness: l }: ScopeReport, gate: LivenessGate = livenessGate): readonly string[] {
  const faults: string[] = [];
  if (l.stuck !== null) faults.push(`${scope}: never linked: ${l.stuck}`);
  if (l.steps > gate.steps) faults.push(`${scope}: ${l.steps} steps until linked, at most ${gate.steps}`);
  if (l.ticks > gate.ticks) faults.push(`${scope}: ${l.ticks} ticks until linked, at most ${gate.ticks}`);
  if (l.realMs > gate.realMs) faults.push(`${scope}: ${l.realMs} ms until linked, at most ${gate.realMs}`);
  return faults;
}

/** The figures of one scope in a line. */
export const line = ({ scope, states, transitions, depth, liveness: l }: ScopeReport): string =>
  `${scope}: ${states} states, ${transitions} transitions, depth ${depth}; linked within ${l.steps} steps and ${(l.ticks * TICK) / 1000} s of its numbers, ${l.realMs / 1000} s of the contract's`;

/** The sums over all scopes. */
export const sum = (scopes: readonly ScopeReport[]): ModelReport => ({
  scopes,
  states: scopes.reduce((n, s) => n + s.states, 0),
  transitions: scopes.reduce((n, s) => n + s.transitions, 0),
  depth: Math.max(0, ...scopes.map((s) => s.depth)),
});
