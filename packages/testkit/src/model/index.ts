/**
 * The machine, whole: every reachable state of `transition()` under every input, numbers bounded by a written abstraction, and the
 * laws of the contract on each. `pnpm model` prints what it finds; docs/proof.md says what was bounded and why that is enough.
 */
export { type Exploration, type ExploreOptions, explore, type Violation } from "./explore.js";
export type { Ban, Ghost } from "./ghost.js";
export { type Liveness, liveness } from "./liveness.js";
export { type Machine, machine } from "./machine.js";
export { type Arrow, type Outline, type OutlinePhase, outline, phases } from "./outline.js";
export {
  examine,
  gateFaults,
  type LivenessGate,
  line,
  livenessGate,
  type ModelReport,
  ModelViolation,
  type ScopeReport,
  sum,
} from "./report.js";
export { type Scope, scopes, TICK, type Variety, type Verdict } from "./scope.js";
