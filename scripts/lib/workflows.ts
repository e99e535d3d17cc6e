/** What a workflow file must keep to, whoever edits it: pinned actions, rights said and least, no registry's host, no stored token. */
import { parse } from "yaml";

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

type Permissions = Readonly<Record<string, string>> | string;

interface Job {
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly permissions?: Permissions;
  readonly "timeout-minutes"?: number;
}

interface Workflow {
  readonly permissions?: Permissions;
  readonly jobs?: Readonly<Record<string, Job>>;
}

const pinned = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/;

/** Problems of one workflow, each as one line. `text` is the file's. */
export const workflowProblems = (file: string, text: string): readonly string[] => {
  let workflow: Workflow;
  try {
    workflow = parse(text) as Workflow;
  } catch (error) {
    return [`${file}: ${String(error)}`];
  }
  const problems: string[] = [];
  const wrong = (what: string): void => {
    problems.push(`${file}: ${what}`);
  };
  if (workflow.permissions === undefined)
    wrong("no permissions at the top: every job would have the repository's default");
  const jobs = Object.entries(workflow.jobs ?? {});
  if (jobs.length === 0) wrong("no job");
  for (const [name, job] of jobs) {
    const rights = job.permissions ?? workflow.permissions ?? {};
    if (typeof rights === "string") wrong(`${name}: "${rights}" is no list of rights`);
    else if (
      rights["id-token"] === "write" &&
      Object.entries(rights).some(([key, value]) => value === "write" && key !== "id-token")
    )
      wrong(`${name}: who publishes must not write anything here`);
    if (job.uses === undefined && job["timeout-minutes"] === undefined) wrong(`${name}: no timeout-minutes`);
    const uses = [job.uses, ...(job.steps ?? []).map((step) => step.uses)].filter((one) => one !== undefined);
    for (const one of uses) {
      if (!one.startsWith("./") && !pinned.test(one)) wrong(`${name}: ${one} is not pinned by a whole commit`);
    }
    for (const { run = "" } of job.steps ?? []) {
      // What others wrote, such as a branch's name, must come by the environment: in a script it would be a part of the script.
      if (/\$\{\{/.test(run)) wrong(`${name}: an expression inside of a script: ${run.split("\n")[0]}`);
    }
  }
  for (const line of text.split("\n")) {
    const told = /uses: [\w./-]+@[0-9a-f]{40}(.*)/.exec(line);
    if (told !== null && !/^ # v\d+\.\d+\.\d+$/.test(told[1] ?? "")) wrong(`which release is it? ${line.trim()}`);
    if (/NPM_TOKEN|NODE_AUTH_TOKEN|registry-url|registry\./.test(line)) wrong(`a token or a registry: ${line.trim()}`);
  }
  return problems;
};
