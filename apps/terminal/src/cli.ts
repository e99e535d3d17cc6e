/**
 * `cc-connection`: a connection, watched from a terminal.
 *
 * Exit codes: 0 ended by Ctrl-C, 1 refused for good (the last line says why), 2 wrong options (one line on standard error).
 */
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import { addWatchOptions, OptionError, type WatchFlags, watchOptions } from "./options.js";
import { jsonOutput, textOutput } from "./output.js";
import { watch } from "./watch.js";

const complain = (message: string): void => {
  process.stderr.write(`cc-connection: ${message.replace(/\s*\n\s*/g, " ").trim()}\n`);
  process.exitCode = 2;
};

async function run(flags: WatchFlags): Promise<void> {
  const options = watchOptions(flags);
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
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const colours = pc.createColors(process.stdout.isTTY === true && pc.isColorSupported);
  const output = options.json ? jsonOutput(write) : textOutput(write, colours);
  try {
    process.exitCode = await watch(options, output, end.signal);
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  }
}

const program = new Command("cc-connection")
  .description("Watch a connection of @cc/sdk from a terminal.")
  .exitOverride()
  .configureOutput({ outputError: () => {}, writeErr: () => {} });
// A command of its own takes its settings when it is made, so these stand before it.
addWatchOptions(program.command("watch")).action(run);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof OptionError) complain(error.message);
  else if (!(error instanceof CommanderError)) throw error;
  // Help ends here too: asked for with exit code 0, or shown because no command was given.
  else if (error.code === "commander.help") complain("say what to do: cc-connection watch --help");
  else if (error.exitCode !== 0) complain(error.message.replace(/^error: /, ""));
}
