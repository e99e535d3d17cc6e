/** The mode of mixed faults: seeds, or a plan from a file. */
import type { SimMode } from "./command.js";
import { SimUsageError, whole } from "./flags.js";
import { planOf } from "./generate.js";

export const mixed: SimMode = {
  flags: [
    { name: "seed", takes: "N", help: "this one seed" },
    { name: "minutes", takes: "M", help: "simulated minutes, default 10" },
    { name: "print", help: "print the plan as JSON and run nothing" },
  ],
  wanted: () => true,
  async run(values, io) {
    const seed = whole(values, "seed", 0, 2 ** 32 - 1) ?? 1;
    const minutes = whole(values, "minutes", 3, 1_440) ?? 10;
    if (values["print"] !== true) throw new SimUsageError("only --print for now");
    io.write(JSON.stringify(planOf(seed, minutes * 60_000), null, 1));
    return 0;
  },
};
