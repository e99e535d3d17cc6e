/**
 * One scope of the model, by its name on the command line, in a program of its own: `pnpm model` bundles it and runs as many beside each
 * other as there are cores. Tells its outcome as one line of JSON.
 */
import { defaultPolicy } from "../../packages/core/src/policy.js";
import { examine, ModelViolation, machine, type ScopeReport, scopes } from "../../packages/testkit/src/model/index.js";

export type ScopeOutcome = {
  /** Of this program on a processor: the machine may be busy with other things. */
  readonly cpuSeconds: number;
} & ({ readonly report: ScopeReport } | { readonly violation: string });

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

function outcome(): ScopeOutcome {
  const scope = scopes.find(({ name }) => name === process.argv[2]);
  if (scope === undefined) throw new TypeError(`no scope is called ${process.argv[2]}`);
  try {
    const report = examine(scope, machine, defaultPolicy);
    return { report, cpuSeconds: cpuSeconds() };
  } catch (error) {
    if (!(error instanceof ModelViolation)) throw error;
    return { violation: `${scope.name}: ${error.message}`, cpuSeconds: cpuSeconds() };
  }
}

console.log(JSON.stringify(outcome()));
