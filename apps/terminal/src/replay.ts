/**
 * `replay`: a flight recorder's trace, run again and told. Law: nothing is told of a trace that cannot be read; what is told is
 * followed by whether it was the client's own run.
 */
import { readFileSync, writeFileSync } from "node:fs";
import {
  parseTrace,
  type Recording,
  type Replay,
  replay,
  type TimelineEntry,
  TraceError,
  timeline,
  traceToTest,
} from "@cc/testkit/trace";
import type { Command } from "commander";
import type pc from "picocolors";
import { OptionError } from "./options.js";
import { plain } from "./output.js";

type Colours = ReturnType<typeof pc.createColors>;
type Write = (line: string) => void;

export interface ReplayFlags {
  readonly json?: boolean;
  readonly test?: string;
}

export function addReplayOptions(command: Command): Command {
  return command
    .description("replay what client.trace() wrote, check that it is the same run, and print it with reasons")
    .argument("<file>", "the trace, as JSON")
    .option("--json", "one JSON object per line")
    .option("--test <file>", "write a vitest test of it; the file must not be there yet");
}

/** Replays and prints; answers the exit code: 0 the client's own run, 1 not. Throws `OptionError` for what is no trace. */
export function replayFile(file: string, { json = false, test }: ReplayFlags, write: Write, colours: Colours): number {
  const text = read(file);
  const run = replay(parsed(file, text));
  for (const entry of timeline(run))
    write(json ? JSON.stringify({ type: "input", ...told(entry) }) : line(entry, colours));
  if (test !== undefined && run.difference === undefined) store(test, traceToTest(text, { name: `replays ${file}` }));
  write(json ? JSON.stringify(verdict(run, test)) : summary(run, test, colours));
  return run.difference === undefined ? 0 : 1;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new OptionError(`${plain(file)} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function parsed(file: string, text: string): Recording {
  try {
    return parseTrace(text);
  } catch (error) {
    if (error instanceof TraceError) throw new OptionError(`${plain(file)}: ${plain(error.message)}`);
    throw error;
  }
}

function store(file: string, source: string): void {
  try {
    writeFileSync(file, source, { flag: "wx" });
  } catch (error) {
    throw new OptionError(
      `${plain(file)} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
    );
  }
}

const told = ({ wall, ...rest }: TimelineEntry): object => ({ at: moment(wall), ...rest });

/** A wall clock may say anything in a trace that somebody has edited. */
const moment = (wall: number): string | null => (Math.abs(wall) <= 8.64e15 ? new Date(wall).toISOString() : null);

function line(entry: TimelineEntry, { dim, red, green, yellow, magenta, bold }: Colours): string {
  const paint = { connected: green, connecting: yellow, disconnected: red, featureThrottled: magenta }[entry.status];
  const { from, atMs, input, status, phase, reason, attempt, retryInMs, errors, why, next } = entry;
  const wait = retryInMs === undefined ? "" : ` (in ${(retryInMs / 1000).toFixed(1)} s)`;
  const failed = errors.length === 0 ? "" : ` ${red(errors.map(plain).join(", "))}`;
  const head = `${dim(`${(atMs / 1000).toFixed(3).padStart(10)} s`)}  ${plain(input).padEnd(34)}`;
  const words = from === undefined ? "" : ` ${plain(why)} ${plain(next)}${wait}`;
  const now = (from === undefined ? paint : (text: string) => paint(bold(text)))(status.padEnd(16));
  return `${head} ${now}${failed}${words} ${dim(`[${phase}, ${plain(reason)}, attempt ${attempt}]`)}`;
}

const verdict = ({ steps, difference }: Replay, test: string | undefined): object => ({
  type: "end",
  inputs: steps.length,
  same: difference === undefined,
  ...(difference && { difference }),
  ...(test !== undefined && difference === undefined && { test }),
});

function summary({ steps, difference }: Replay, test: string | undefined, { red, green }: Colours): string {
  if (difference) {
    const { n, where, recorded, replayed } = difference;
    const values =
      recorded === undefined && replayed === undefined
        ? ""
        : `: recorded ${show(recorded)}, replayed ${show(replayed)}`;
    return red(
      `This is not the recorded run: at input ${n}, ${plain(where)}${values}. Another version of the machine, or a trace that was edited.`,
    );
  }
  const written = test === undefined ? "" : ` The test is in ${plain(test)}.`;
  return green(`The same run, bit for bit: ${steps.length} input${steps.length === 1 ? "" : "s"}.${written}`);
}

const show = (value: unknown): string => plain(JSON.stringify(value) ?? "nothing");
