/**
 * From a plan that breaks a law to a small one that still does: delta debugging over its actions.
 *
 * Law: what is kept breaks the same clause; a bound on the runs ends the search, and what it has by then is the answer. Chance
 * of a run does not depend on which actions are left, so most of what is left out changes nothing else.
 */
import type { Action, Plan } from "./plan.js";
import { type RunResult, runPlan } from "./run.js";

export interface Shrunk {
  readonly plan: Plan;
  readonly result: RunResult;
  readonly runs: number;
}

/** Leaves out what it can within `bound` runs (default 200). `result` is of a run of a plan that breaks a law. */
export async function shrink(result: RunResult, bound = 200): Promise<Shrunk> {
  const clause = result.breaks[0]?.clause;
  let best = result;
  let runs = 0;
  const breaks = async (plan: Plan): Promise<boolean> => {
    runs += 1;
    const tried = await runPlan(plan);
    if (tried.breaks[0]?.clause !== clause) return false;
    best = tried;
    return true;
  };
  /** What comes after the break means nothing to it. */
  const until = (result.breaks[0]?.t ?? result.plan.ms) + 1;
  const early = result.plan.actions.filter(({ at }) => at <= until);
  if (early.length < result.plan.actions.length && runs < bound) await breaks({ ...result.plan, actions: early });
  let size = Math.ceil(best.plan.actions.length / 2);
  while (size >= 1 && runs < bound) {
    let left = false;
    for (let from = 0; from < best.plan.actions.length && runs < bound; ) {
      const { actions } = best.plan;
      const rest: readonly Action[] = [...actions.slice(0, from), ...actions.slice(from + size)];
      if (await breaks({ ...best.plan, actions: rest })) left = true;
      else from += size;
    }
    if (size === 1 && !left) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return { plan: best.plan, result: best, runs };
}
