/** The options of `doctor`. Law: what is wrong is said in one line before anything is opened; a secret is taken from the environment or standard input too. */
import { text as readAll } from "node:stream/consumers";
import { type Command, InvalidArgumentError, Option } from "commander";
import { OptionError } from "../options.js";
import type { DoctorOptions } from "./doctor.js";
import type { Credentials } from "./login.js";
import { codeOf } from "./report.js";
import { readAuthority } from "./target.js";

/** What commander hands over; times in ms. */
export interface DoctorFlags {
  readonly app?: string;
  readonly uid?: string;
  readonly authKey?: string;
  readonly token?: string;
  readonly timeout: number;
  readonly idle: number;
  readonly heartbeat?: number;
  readonly origin?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

/** The longest time that can be asked for, in seconds: a day. */
const mostSeconds = 86_400;

const seconds =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least && value <= mostSeconds)) {
      throw new InvalidArgumentError(`seconds, from ${least} to ${mostSeconds}.`);
    }
    return value * 1000;
  };

export function addDoctorOptions(command: Command): Command {
  return (
    command
      .description("examine the way to a gateway, step by step, and say what is wrong and what to do")
      .argument("<url>", "where the gateway is: http://, https://, ws:// or wss://")
      .option("--app <id>", "the app id; without it the token is not tried")
      .option("--uid <uid>", "log in as this user, with --auth-key")
      // Arguments can be read by every process of the machine; the environment and standard input cannot.
      .addOption(
        new Option("--auth-key <key>", "the app's auth key (development); - reads it from stdin").env("CC_AUTH_KEY"),
      )
      .addOption(new Option("--token <token>", "present this token; - reads it from stdin").env("CC_TOKEN"))
      .addOption(new Option("--timeout <seconds>", "for each step").argParser(seconds(0.001)).default(10_000, "10"))
      .addOption(
        new Option("--idle <seconds>", "how long the link is left quiet; 0 leaves that out")
          .argParser(seconds(0))
          .default(25_000, "25"),
      )
      .addOption(
        new Option(
          "--heartbeat <seconds>",
          "ask the gateway for this heartbeat, as a client in the background does",
        ).argParser(seconds(1)),
      )
      .option("--origin <origin>", "send this Origin, as a browser's page would")
      .option("--ca <file>", "certificate authorities in PEM, in place of Node's own")
      .option("--json", "one JSON document")
  );
}

/** The flags as one whole. Reads standard input where a `-` says so. Rejects `OptionError`. */
export async function doctorOptions(
  url: string,
  flags: DoctorFlags,
  stdin: NodeJS.ReadableStream,
): Promise<DoctorOptions> {
  const { timeout: timeoutMs, idle: idleMs, heartbeat: heartbeatMs, origin, ca } = flags;
  return {
    url,
    who: await whoOf(flags, stdin),
    timeoutMs,
    idleMs,
    heartbeatMs,
    origin,
    ca: ca === undefined ? undefined : authority(ca),
  };
}

function authority(file: string): Buffer {
  try {
    return readAuthority(file);
  } catch (error) {
    throw new OptionError(`--ca cannot be read: ${codeOf(error)}`);
  }
}

async function whoOf(
  { app, uid, authKey, token }: DoctorFlags,
  stdin: NodeJS.ReadableStream,
): Promise<DoctorOptions["who"]> {
  if (app === undefined) {
    if (uid !== undefined) throw new OptionError("--uid needs --app");
    // A token that the environment has for other runs is no reason to refuse this one.
    return undefined;
  }
  if (app === "") throw new OptionError("--app must not be empty");
  const secret = async (name: string, given: string | undefined): Promise<string> => {
    const value = given === "-" ? ((await readAll(stdin)).split(/\r?\n/, 1)[0] ?? "") : given;
    if (!value) throw new OptionError(`${name} is missing or empty`);
    return value;
  };
  // A uid means a login by key, also where the environment has a token for other runs.
  const credentials: Credentials =
    uid === undefined
      ? {
          how: "token",
          token: await secret("with --app, --token (or CC_TOKEN), or --uid and --auth-key: a token", token),
        }
      : { how: "authKey", uid, authKey: await secret("--uid needs --auth-key (or CC_AUTH_KEY): it", authKey) };
  return { app, credentials };
}
