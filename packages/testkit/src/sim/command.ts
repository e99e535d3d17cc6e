/**
 * `pnpm sim` and `cc-connection sim`. Law: a mode is a row of `modes`, with its own flags and the test by which it is chosen;
 * the first that is wanted runs. Whoever calls this has read the flags of `simFlags` from its command line, as text.
 */

import { herd } from "../herd/mode.js";
import { type SimFlag, type SimIo, type SimMode, SimUsageError, type SimValues } from "./flags.js";
import { mixed } from "./mixed.js";

const modes: readonly SimMode[] = [herd, mixed];

/** Every flag of every mode, each once. */
export const simFlags: readonly SimFlag[] = [
  ...new Map(modes.flatMap(({ flags }) => flags.map((flag) => [flag.name, flag] as const))).values(),
];

/** Runs what the values ask for. Resolves with the exit code: 0 good, 1 a law broken or a gate failed, 2 wrong arguments (told in one line). */
export async function runSim(values: SimValues, io: SimIo): Promise<number> {
  try {
    const mode = modes.find(({ wanted }) => wanted(values));
    if (mode === undefined) throw new SimUsageError("nothing to do");
    for (const name of Object.keys(values))
      if (values[name] !== undefined && !mode.flags.some((flag) => flag.name === name))
        throw new SimUsageError(`--${name} does not go with the other flags`);
    return await mode.run(values, io);
  } catch (error) {
    if (!(error instanceof SimUsageError)) throw error;
    io.write(`sim: ${error.message}`);
    return 2;
  }
}
