/** `sim`: the simulator of @cc/testkit, as `pnpm sim` of the repository runs it. Law: nothing is decided here. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { runSim, type SimIo, simFlags } from "@cc/testkit/sim";
import type { Command } from "commander";

export function addSimOptions(command: Command): Command {
  command.description(
    "run clients and gateways in virtual time through faults out of a seed, and judge them by the contract",
  );
  for (const { name, takes, help } of simFlags)
    command.option(`--${name}${takes === undefined ? "" : ` <${takes}>`}`, help);
  return command;
}

/** Runs it; resolves with the exit code. */
export const sim = (
  flags: Readonly<Record<string, string | boolean>>,
  write: (line: string) => void,
): Promise<number> => {
  // Commander gives names with dashes in camel case.
  const values = Object.fromEntries(
    Object.entries(flags).map(([name, value]) => [name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`), value]),
  );
  return runSim(values, { ...io, write });
};

const io: Omit<SimIo, "write"> = {
  readFile: (path) => readFile(path, "utf8"),
  writeFile: (path, text) => writeFile(path, text),
  cores: availableParallelism(),
  program: "cc-connection sim",
  now: () => performance.now(),
  wall: () => Date.now(),
  usage: () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, maxBytes: maxRSS * 1024 };
  },
  again: (args, line) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? "", "sim", ...args], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const end = (): void => void child.kill();
      process.once("exit", end);
      createInterface({ input: child.stdout }).on("line", line);
      child.once("error", reject);
      child.once("close", (code) => {
        process.off("exit", end);
        resolve(code ?? 1);
      });
    }),
};
