/**
 * `pnpm sim`: the simulator; `--help` names what it takes.
 *
 * Exit codes: 0 no law broken and every gate kept, 1 otherwise, 2 wrong arguments.
 *
 * The sources are bundled first: run one by one through a loader that keeps the names of functions, a herd takes half as long again.
 */
import { simProgram } from "./lib/herd.js";
import { run } from "./lib/run.js";

const args = process.argv.slice(2);
const { file } = await simProgram();
process.exitCode = (await run(process.execPath, [file, ...args], { show: true })).code;
