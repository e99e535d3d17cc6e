/** The lifecycle of a process of its own, at arm's length: what the lifecycle suite drives. */
import { readFile } from "node:fs/promises";
import type { LifecycleNow, LifecycleSignal } from "@cc/core";
import type { LifecycleHarness } from "@cc/testkit/conformance";
import { expect } from "vitest";
import { builtProgram, startProgram } from "./program.js";

const program = await builtProgram(new URL("../adapters/programs/lifecycle.ts", import.meta.url));

/** Resolves when the process is stopped, or runs (Linux only: reads /proc). */
export async function stopped(pid: number, wanted: boolean): Promise<void> {
  const state = async (): Promise<boolean> =>
    / T /.test((await readFile(`/proc/${pid}/stat`, "utf8")).replace(/\(.*\)/, ""));
  await expect.poll(state, { timeout: 5000 }).toBe(wanted);
}

/** Above the drift that `nodeLifecycle` takes for a busy process. */
const SUSPENSION_MS = 2300;

/** Starts one; Ctrl-Z stops a job, and nothing that no shell controls. */
export async function startLifecycleProcess(options: {
  readonly group: "job" | "orphan";
}): Promise<LifecycleHarness & { readonly pid: number; second(): Promise<void> }> {
  const child = startProgram(program, { ...options, withTest: false });
  const heard: { readonly watcher: number; readonly signal: LifecycleSignal }[] = [];
  const { pid } = JSON.parse(await child.line((line) => line.startsWith('{"pid"'))) as { pid: number };
  let commands = 0;
  const ask = async <T>(command: string): Promise<T> => {
    const n = ++commands;
    child.process.stdin.write(`${command}\n`);
    const line = await child.line((candidate) => candidate.startsWith(`{"n":${n},`));
    return (JSON.parse(line) as { answer: T }).answer;
  };
  child.onLine((line) => {
    if (line.startsWith('{"watcher"')) heard.push(JSON.parse(line));
  });
  let networks = 0;
  return {
    pid,
    stop: () => child.stop(),
    second: () => ask<void>("second"),
    lifecycle: {
      async watch() {
        const watcher = await ask<number>("watch");
        return {
          signals: async () => heard.filter((one) => one.watcher === watcher).map(({ signal }) => signal),
          cancel: () => ask<void>(`cancel ${watcher}`),
        };
      },
      current: () => ask<LifecycleNow>("current"),
      attached: () => ask<number>("attached"),
    },
    provoke: {
      async frozen() {
        process.kill(pid, "SIGTSTP");
        await stopped(pid, true);
      },
      async thawed() {
        process.kill(pid, "SIGCONT");
        await stopped(pid, false);
      },
      async clockJump() {
        process.kill(pid, "SIGSTOP");
        await stopped(pid, true);
        // The length of the suspension is the thing itself, not a wait for something.
        await new Promise((resolve) => setTimeout(resolve, SUSPENSION_MS));
        process.kill(pid, "SIGCONT");
      },
      networkChange: () => ask<void>(`network ${++networks}`),
    },
  };
}
