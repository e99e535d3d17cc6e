/**
 * Programs of the tests: bundled from the sources, run by this Node, in a process of their own.
 *
 * Law: whatever was started is ended by its own id when the test is over, also when it failed.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { BuiltProgram } from "../../scripts/lib/program.js";

export { builtProgram } from "../../scripts/lib/program.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly process: ChildProcessWithoutNullStreams;
  /** Calls `fn` with each line from now on. */
  onLine(fn: (line: string) => void): void;
  /** Resolves with the first line, past or coming, that `test` accepts; rejects when the program ends before or after 20 s. */
  line(test: (line: string) => boolean): Promise<string>;
  /** Resolves when it has ended by itself; rejects after `ms` (default 20,000). */
  ended(ms?: number): Promise<Ended>;
  /** Ends it, and resolves when it is gone. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly args?: readonly string[];
  /**
   * Whose process group it runs in. `job`: one of its own under a shell with job control, where a stop is a stop, as in a terminal
   * (needs bash 5). `orphan`: one that no shell controls, as a daemon's. Default: ours.
   */
  readonly group?: "job" | "orphan";
  /** Ends it with the test that started it. Default `true`; else the caller calls `stop`. */
  readonly withTest?: boolean;
}

export function startProgram(built: BuiltProgram, options: ProgramOptions = {}): Program {
  const { args = [], group, withTest = true } = options;
  const command = [process.execPath, built.file, ...args];
  const [file = "", ...rest] =
    group === "job" ? ["bash", "-c", 'set -m; "$@" <&0 & wait -f $!', "job", ...command] : command;
  const child = spawn(file, rest, { cwd: root, stdio: "pipe", detached: group !== undefined });
  const lines: string[] = [];
  const listeners: ((line: string) => void)[] = [];
  let stdout = "";
  let stderr = "";
  let over: Ended | undefined;
  const looks = new Set<() => void>();
  const changed = (): void => {
    for (const look of [...looks]) look();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    stdout += `${line}\n`;
    for (const listener of listeners) listener(line);
    changed();
  });
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
  });
  child.on("close", (code, signal) => {
    over = { code, signal, stdout, stderr };
    changed();
  });

  const wait = <T>(what: string, ms: number, look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(
        () => done(() => reject(new Error(`not within ${ms} ms: ${what}\n${stdout}${stderr}`))),
        ms,
      );
      const done = (settle: () => void): void => {
        clearTimeout(late);
        looks.delete(again);
        settle();
      };
      const again = (): void => {
        try {
          const found = look();
          if (found !== undefined) done(() => resolve(found));
        } catch (error) {
          done(() => reject(error));
        }
      };
      looks.add(again);
      again();
    });

  const program: Program = {
    process: child,
    onLine: (fn) => void listeners.push(fn),
    line: (test) =>
      wait("a line", 20_000, () => {
        const found = lines.find(test);
        if (found === undefined && over !== undefined) throw new Error(`the program ended: ${stdout}${stderr}`);
        return found;
      }),
    ended: (ms = 20_000) => wait("its end", ms, () => over),
    async stop() {
      if (over !== undefined || child.pid === undefined) return;
      // A job lives in a session of its own, in a process group that its first line may name; the shell's end hangs it up.
      const job =
        group === "job"
          ? lines.map((line) => /"pid":(\d+)/.exec(line)?.[1]).find((pid) => pid !== undefined)
          : undefined;
      for (const pid of [job === undefined ? undefined : Number(job), child.pid]) {
        if (pid === undefined) continue;
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // Already gone.
        }
      }
      await program.ended();
    },
  };
  if (withTest) onTestFinished(() => program.stop());
  return program;
}
