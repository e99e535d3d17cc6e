/** Starts programs for the tools: output shown or captured, an end of its own for a program that hangs. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Shows the output while it comes instead of capturing it. Default false. */
  readonly show?: boolean;
  /** Ends the program and everything that it started after so many milliseconds. Default: never. */
  readonly limitMs?: number;
}

/** Runs a program to its end. Never rejects: a program that cannot be started has code 127. */
export const run = (command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const { cwd = root, env = {}, show = false, limitMs } = options;
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
      // A group of its own, so that a browser left behind by a hung runner goes with it.
      detached: limitMs !== undefined,
    });
    let stdout = "";
    let stderr = "";
    let timedOut = false;
    const end = (signal: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(limitMs === undefined ? child.pid : -child.pid, signal);
      } catch {
        // It ended in the meantime.
      }
    };
    const limit =
      limitMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            end("SIGTERM");
            // Asked politely first, so that a runner can take its browser along, which has a process group of its own.
            setTimeout(() => end("SIGKILL"), 5_000).unref();
          }, limitMs);
    const interrupt = (): void => {
      end("SIGTERM");
      process.exit(130);
    };
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    const finish = (code: number): void => {
      clearTimeout(limit);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      resolve({ code, stdout, stderr, timedOut });
    };
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once("error", (error) => {
      stderr += error.message;
      finish(127);
    });
    child.once("close", (code) => finish(code ?? 1));
  });
