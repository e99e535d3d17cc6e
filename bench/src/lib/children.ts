/**
 * Child processes: compiled once, started by path, ended by pid.
 *
 * Law: no child outlives this process. Each has a time limit; when anything fails, when a signal comes and at the very end all
 * that still run are killed by their pids; a child that loses its parent without that ends by itself (see `child.ts`).
 * They are plain Node without a loader: what is measured is `dist/` as an application gets it.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Programs under `src/children`. */
export type Program = "feeder" | "bare-server" | "gateway" | "receiver" | "sender" | "connector" | "holder";

const here = fileURLToPath(new URL("../..", import.meta.url));
const compiled = join(here, "dist");
const running = new Set<ChildProcess>();
let ending = false;

/** Compiles every program; packages stay imports, and resolve as they do for an application. */
export const compile = async (): Promise<void> => {
  mkdirSync(compiled, { recursive: true });
  await build({
    entryPoints: [join(here, "src/children/*.ts")],
    outdir: compiled,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
};

const kill = (child: ChildProcess): void => {
  running.delete(child);
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
};

/** Ends every child that still runs. */
export const endChildren = (): void => {
  ending = true;
  for (const child of [...running]) kill(child);
};

process.on("exit", endChildren);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

interface Start {
  readonly nodeOptions?: readonly string[];
  readonly limitMs: number;
}

/** Starts a program; settles with the first thing that it tells. */
function start<Answer>(
  program: Program,
  task: unknown,
  { nodeOptions = [], limitMs }: Start,
): { readonly child: ChildProcess; readonly first: Promise<Answer> } {
  if (ending) throw new Error("the run is ending");
  const child = fork(join(compiled, `${program}.js`), [JSON.stringify(task)], {
    execArgv: [...nodeOptions],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  running.add(child);
  const first = new Promise<Answer>((resolve, reject) => {
    const late = setTimeout(() => {
      kill(child);
      reject(new Error(`${program} had no answer within ${limitMs} ms`));
    }, limitMs);
    child.once("message", (message) => {
      clearTimeout(late);
      resolve(message as Answer);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(late);
      running.delete(child);
      reject(new Error(`${program} ended (${signal ?? code}) without an answer`));
    });
    child.once("error", reject);
  });
  return { child, first };
}

/** Runs a program that answers once and ends. */
export async function ask<Answer>(
  program: Program,
  task: unknown,
  options: { readonly nodeOptions?: readonly string[]; readonly limitMs?: number } = {},
): Promise<Answer> {
  const { child, first } = start<Answer>(program, task, { limitMs: 30_000, ...options });
  // The next measurement must not begin while this process is still going.
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const answer = await first;
  const slow = setTimeout(() => kill(child), 2_000);
  await ended;
  clearTimeout(slow);
  return answer;
}

/** A server, and the way to end it. */
export interface Server<Ready> {
  readonly ready: Ready;
  stop(): Promise<void>;
}

/** Runs a program that tells when it is ready and stays. */
export async function serve<Ready>(program: Program, task: unknown): Promise<Server<Ready>> {
  const { child, first } = start<Ready>(program, task, { limitMs: 30_000 });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = await first;
  return {
    ready,
    stop: () => {
      kill(child);
      return ended;
    },
  };
}
