/** The program behind `pnpm sim` and `pnpm herd`, which bundle it first. The same function runs behind `cc-connection sim`. */
import { parseArgs } from "node:util";
import { nodeSimIo } from "../../packages/testkit/src/node/sim-io.js";
import { runSim, simFlags } from "../../packages/testkit/src/sim/index.js";

const program = process.env["CC_SIM_AS"] ?? "pnpm sim";

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
  } else process.exitCode = await runSim(values as Record<string, string | boolean>, nodeSimIo(program));
} catch (error) {
  if (!(error instanceof TypeError && String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS")))
    throw error;
  console.error(`${program}: ${error.message}`);
  process.exitCode = 2;
}
