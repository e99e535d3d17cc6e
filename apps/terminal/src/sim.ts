/** `sim`: the simulator of @cc/testkit, as `pnpm sim` of the repository runs it. Law: nothing is decided here. */
import { nodeSimIo } from "@cc/testkit/node";
import { runSim, simFlags } from "@cc/testkit/sim";
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
  return runSim(values, nodeSimIo("cc-connection sim", ["sim"], write));
};
