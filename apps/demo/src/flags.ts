/** The command line of the demo. Law: a wrong flag is refused whole, in one line, before anything is started. */
import { parseArgs } from "node:util";

/** What `--break` can alter. */
export type Breakage = "resume" | "status" | "lease" | "throttle";
const breakages: readonly Breakage[] = ["resume", "status", "lease", "throttle"];

export interface Flags {
  /** Ends after the transcript. */
  readonly once: boolean;
  /** Skips the transcript and serves the playground at once. */
  readonly serve: boolean;
  readonly broken: Breakage | undefined;
  /** Where the playground is wished; a taken port is no failure, another is used. */
  readonly port: number;
  /** Folder of the built page; default: that of @cc/playground. */
  readonly page: string | undefined;
  readonly help: boolean;
}

export class FlagError extends Error {}

export const usage: string = `usage: demo [--once | --serve] [--break ${breakages.join("|")}] [--port N] [--page DIR]

  --once       end after the transcript (so does CI=true)
  --serve      no transcript: serve the playground at once
  --break X    alter the running client or gateway, so that a check must fail
  --port N     where the playground is wished (default 5180)
  --page DIR   folder of the built page (default: apps/playground/dist)
`;

/** Reads the flags; throws `FlagError`, one line. */
export function readFlags(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Flags {
  const { values } = parse(argv);
  const broken = breakages.find((name) => name === values.break);
  if (values.break !== undefined && broken === undefined) {
    throw new FlagError(`--break takes ${breakages.join(", ")}, not "${values.break}"`);
  }
  const port = Number(values.port ?? 5180);
  if (!/^\d+$/.test(values.port ?? "0") || port > 65_535) {
    throw new FlagError(`--port takes a number from 0 to 65535, not "${values.port}"`);
  }
  if (values.serve && (values.once || broken !== undefined)) {
    throw new FlagError("--serve plays no transcript: it goes neither with --once nor with --break");
  }
  // In CI nobody presses Ctrl-C; who says --serve there means it.
  const once = values.once || (isTrue(env["CI"]) && !values.serve);
  return { once, serve: values.serve, broken, port, page: values.page, help: values.help };
}

const isTrue = (value: string | undefined): boolean => value === "true" || value === "1";

function parse(argv: readonly string[]): {
  values: { once: boolean; serve: boolean; help: boolean; break?: string; port?: string; page?: string };
} {
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        once: { type: "boolean", default: false },
        serve: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        break: { type: "string" },
        port: { type: "string" },
        page: { type: "string" },
      },
    });
  } catch (error) {
    throw new FlagError(error instanceof Error ? (error.message.split(/[.\n]/)[0] ?? "") : String(error));
  }
}
