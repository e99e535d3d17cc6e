/**
 * `pnpm demo`: the checked transcript, then the playground until Ctrl-C.
 *
 * Exit codes: 0 all checks passed, 1 a check failed (it is named), 2 a wrong flag, 130 interrupted during the transcript.
 */
import { FlagError, type Flags, readFlags, usage } from "./flags.js";
import { NoPageError, openStage } from "./stage/stage.js";
import { CheckFailed } from "./transcript/checks.js";
import { createPaper } from "./transcript/paper.js";
import { playTranscript } from "./transcript/transcript.js";

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const complain = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(flags: Flags, interrupted: AbortSignal): Promise<number> {
  if (!flags.serve) {
    const passed = await playTranscript(createPaper(print), flags.broken, interrupted);
    print(`\ndemo: ${passed} checks passed`);
  }
  if (flags.once || flags.broken !== undefined) return 0;
  const stage = await openStage(flags);
  try {
    print("");
    if (!stage.wished) print(`demo: port ${flags.port} is taken, so another was chosen`);
    print(`demo: playground at ${stage.url}`);
    print(
      `demo: users ${stage.users.map(({ uid }) => uid).join(", ")}; auth key ${stage.authKey}; gateway ${stage.gateway}`,
    );
    print("demo: Ctrl-C ends it");
    await new Promise<void>((resolve) => {
      if (interrupted.aborted) resolve();
      interrupted.addEventListener("abort", () => resolve(), { once: true });
    });
    return 0;
  } finally {
    await stage.close();
  }
}

function flagsOrExit(): Flags {
  try {
    return readFlags(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    complain(`demo: ${error.message}`);
    process.exit(2);
  }
}

const flags = flagsOrExit();
if (flags.help) {
  print(usage);
  process.exit(0);
}
const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort());
process.once("SIGTERM", () => interrupt.abort());
try {
  process.exitCode = await main(flags, interrupt.signal);
} catch (error) {
  if (interrupt.signal.aborted) {
    process.exitCode = 130;
  } else if (error instanceof CheckFailed) {
    complain(`\ndemo: check failed: ${error.check}: ${error.message}`);
    process.exitCode = 1;
  } else if (error instanceof NoPageError) {
    complain(`demo: ${error.message}`);
    process.exitCode = 2;
  } else {
    complain(`\ndemo: ${error instanceof Error ? error.stack : String(error)}`);
    process.exitCode = 1;
  }
}
