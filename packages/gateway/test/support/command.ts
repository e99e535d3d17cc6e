/** The real `cc-gateway`, as a process from the sources; ended by its id after each test, whatever became of it. */
import { type ChildProcess, spawn } from "node:child_process";
import { afterEach } from "vitest";
import { builtProgram } from "../../../../scripts/lib/program.js";
import { apiKey, authKey, jwtSecret } from "./start.js";

const cli = await builtProgram(new URL("../../src/cli.ts", import.meta.url));

const running = new Set<ChildProcess>();

afterEach(async () => {
  const all = [...running];
  running.clear();
  await Promise.all(
    all.map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once("exit", () => resolve());
          child.kill("SIGKILL");
        }),
    ),
  );
});

/** The environment that is enough to start. */
export const goodEnv: Readonly<Record<string, string>> = {
  CC_APP_ID: "app",
  CC_API_KEY: apiKey,
  CC_AUTH_KEY: authKey,
  CC_JWT_SECRET: jwtSecret,
  CC_USERS: "alice=Alice,bob",
  CC_GROUPS: "team=alice,bob",
};

export interface Command {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** The URL of the `listening` line. Rejects if the process ends before it. */
  readonly url: Promise<string>;
}

/** Starts it with these arguments and nothing of our own environment but the path. */
export const command = (args: readonly string[], env: Readonly<Record<string, string>> = goodEnv): Command => {
  const child = spawn(process.execPath, [cli.file, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  let stdout = "";
  let stderr = "";
  const exit: Command["exit"] = new Promise((resolve) => {
    // `close` and not `exit`: by then everything that was written has been read.
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  const url = new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      stdout += String(chunk);
      const found = /"url":"([^"]+)"/.exec(stdout)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.stderr?.on("data", (chunk) => {
      stderr += String(chunk);
    });
    void exit.then(({ code }) => reject(new Error(`ended with ${code} before it listened: ${stderr}`)));
  });
  url.catch(() => {});
  return { child, exit, url, stdout: () => stdout, stderr: () => stderr };
};
