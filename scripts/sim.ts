/**
 * `pnpm sim`: the simulator; `--help` names what it takes. The same function runs behind `cc-connection sim`.
 *
 * Exit codes: 0 no law broken and every gate kept, 1 otherwise, 2 wrong arguments.
 */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { runSim, type SimIo, simFlags } from "../packages/testkit/src/sim/index.js";

const program = process.env["CC_SIM_AS"] ?? "pnpm sim";

const io: SimIo = {
  write: (line) => void process.stdout.write(`${line}\n`),
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
  again: (args, line) =>
    new Promise((resolve, reject) => {
      const script = process.argv[1] ?? "";
      const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
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

const options = Object.fromEntries(
  simFlags.map(({ name, takes }) => [name, { type: takes === undefined ? "boolean" : "string" } as const]),
);
try {
  const { values } = parseArgs({
    options: { ...options, help: { type: "boolean", short: "h" } },
    allowPositionals: false,
  });
  if (values["help"] === true) {
    console.log(`${program} [flags]\n`);
    for (const { name, takes, help } of simFlags) console.log(`  ${`--${name} ${takes ?? ""}`.padEnd(24)} ${help}`);
  } else process.exitCode = await runSim(values as Record<string, string | boolean>, io);
} catch (error) {
  if (!(error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS")))
    throw error;
  console.error(`${program}: ${error.message}`);
  process.exitCode = 2;
}
