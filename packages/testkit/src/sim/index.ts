/**
 * `@cc/testkit/sim`: real clients and real server halves, over a network, clocks, storage and machines that fail, in virtual time.
 * One seed decides everything. Runs wherever JavaScript runs; `pnpm sim` and `cc-connection sim` are programs around it.
 */
export * from "../herd/index.js";
export { runSim, simFlags } from "./command.js";
export { type SimFlag, type SimIo, type SimMode, type SimNeeds, SimUsageError, type SimValues } from "./flags.js";
export { planOf } from "./generate.js";
export type { Break } from "./oracle/oracle.js";
export {
  type Act,
  type Action,
  type Direction,
  type Lasting,
  type Plan,
  PlanError,
  type PlannedClient,
  parsePlan,
  type Way,
} from "./plan.js";
export { type RunOptions, type RunResult, runPlan } from "./run.js";
export { type Shrunk, shrink } from "./shrink.js";
