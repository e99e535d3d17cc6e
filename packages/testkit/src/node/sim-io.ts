/** What the simulator needs of Node. Law: the programs that it starts are this same one, and end with it. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import type { SimIo, SimNeeds } from "../sim/flags.js";

/**
 * The `io` of `runSim` in a Node program.
 *
 * @param program how the user calls the command, for what is printed: `pnpm sim`.
 * @param command what stands before the flags when the program is started again: `["sim"]`, or nothing.
 * @param write takes each line. Default: standard output.
 */
export function nodeSimIo(
  program: string,
  command: readonly string[] = [],
  write: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): SimIo {
  return {
    write,
    readFile: (path) => readFile(path, "utf8"),
    writeFile: (path, text) => writeFile(path, text),
    cores: availableParallelism(),
    program,
    now: () => performance.now(),
    wall: () => Date.now(),
    usage: () => {
      const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
      return { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, maxBytes: maxRSS * 1024 };
    },
    again: (args, line, needs) =>
      new Promise((resolve, reject) => {
        const flags = [...process.execArgv, ...(needs === undefined ? [] : flagsOf(needs))];
        const child = spawn(process.execPath, [...flags, process.argv[1] ?? "", ...command, ...args], {
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
}

/** V8 makes a nursery larger only when it has been full often: one that is known to be wanted is there from the start. */
const flagsOf = ({ lasting, young, oneCore }: SimNeeds): readonly string[] => [
  `--max-old-space-size=${lasting}`,
  `--min-semi-space-size=${young}`,
  `--max-semi-space-size=${young}`,
  ...(oneCore ? ["--single-threaded"] : []),
];
