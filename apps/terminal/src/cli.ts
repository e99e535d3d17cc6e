/**
 * `cc-connection`: a connection, watched, examined, simulated or replayed from a terminal.
 *
 * Exit codes of `watch`: 0 ended by Ctrl-C, 1 refused for good (the last line says why). Of `doctor`: 0 no fault, 1 a fault, 130
 * interrupted. Of `sim`: 0 good, 1 a law broken or a gate failed. Of `replay`: 0 the recorded run, 1
 * another. Of all: 2 wrong options, or a file that cannot be read (one line on standard error).
 */
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { doctor } from "./doctor/doctor.js";
import { addDoctorOptions, type DoctorFlags, doctorOptions } from "./doctor/options.js";
import { stepPrinter, summary } from "./doctor/print.js";
import { addWatchOptions, OptionError, type WatchFlags, watchOptions } from "./options.js";
import { jsonOutput, textOutput } from "./output.js";
import { addReplayOptions, type ReplayFlags, replayFile } from "./replay.js";
import { addSimOptions, sim } from "./sim.js";
import { watch } from "./watch.js";

/** What stands behind the sign of a misspelt option may be a token. */
const withoutValue = (text: string): string => text.replace(/(unknown option '[^'=]*=).*'/s, "$1…'");

const complain = (message: string): void => {
  process.stderr.write(
    `cc-connection: ${withoutValue(message)
      .replace(/\s*\n\s*/g, " ")
      .trim()}\n`,
  );
  process.exitCode = 2;
};

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const colours = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);

/** Runs `work` with a signal that Ctrl-C ends, and that a reader's end of a pipe ends. */
async function interruptible(work: (end: AbortSignal) => Promise<number>): Promise<void> {
  const end = new AbortController();
  // Without a reader there is nothing left to tell: the same end as Ctrl-C.
  process.stdout.on("error", () => end.abort());
  const onSignal = (): void => {
    // The second Ctrl-C does not wait for the logout.
    if (end.signal.aborted) process.exit(130);
    end.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  try {
    process.exitCode = await work(end.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

async function runWatch(flags: WatchFlags): Promise<void> {
  const options = watchOptions(flags);
  const output = options.json ? jsonOutput(write) : textOutput(write, colours);
  await interruptible((end) => watch(options, output, end));
}

async function runDoctor(url: string, flags: DoctorFlags): Promise<void> {
  const options = await doctorOptions(url, flags, process.stdin);
  const { json = false } = flags;
  await interruptible(async (end) => {
    const report = await doctor(options, json ? () => {} : stepPrinter(write, colours), end);
    if (report === undefined) {
      process.stderr.write("cc-connection: interrupted\n");
      return 130;
    }
    write(json ? JSON.stringify(report, null, 2) : summary(report));
    return report.ok ? 0 : 1;
  });
}

async function runSim(flags: Readonly<Record<string, string | boolean>>): Promise<void> {
  process.exitCode = await sim(flags, write);
}

async function runReplay(file: string, flags: ReplayFlags): Promise<void> {
  await interruptible(async () => replayFile(file, flags, write, colours));
}

const program = new Command("cc-connection")
  .description("Watch, examine, simulate or replay a connection of @cc/sdk from a terminal.")
  .exitOverride()
  .configureOutput({ outputError: () => {}, writeErr: () => {} });
// A command of its own takes its settings when it is made, so these stand before it.
addWatchOptions(program.command("watch")).action(runWatch);
addDoctorOptions(program.command("doctor")).action(runDoctor);
addSimOptions(program.command("sim")).action(runSim);
addReplayOptions(program.command("replay")).action(runReplay);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof OptionError) complain(error.message);
  else if (!(error instanceof CommanderError)) throw error;
  // Help ends here too: asked for with exit code 0, or shown because no command was given.
  else if (error.code === "commander.help")
    complain("say what to do: cc-connection watch --help, doctor --help, sim --help, or replay --help");
  else if (error.exitCode !== 0) complain(error.message.replace(/^error: /, ""));
}
