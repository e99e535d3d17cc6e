/** The options of `watch`. Law: what is wrong is said in one line before anything is opened. */
import { type Command, Option } from "commander";

export type Credentials =
  | { readonly how: "authKey"; readonly uid: string; readonly authKey: string }
  | { readonly how: "token"; readonly token: string };

export interface WatchOptions {
  readonly url: string;
  readonly app: string;
  readonly credentials: Credentials;
  readonly manual: boolean;
  readonly background: "disconnect" | "keep";
  readonly json: boolean;
}

/** What commander hands over. */
export interface WatchFlags {
  readonly url: string;
  readonly app: string;
  readonly uid?: string;
  readonly authKey?: string;
  readonly token?: string;
  readonly manual?: boolean;
  readonly background: "disconnect" | "keep";
  readonly json?: boolean;
}

export class OptionError extends Error {}

export function addWatchOptions(command: Command): Command {
  return (
    command
      .description("log in, connect, and print what the connection does, why, and what comes next, until Ctrl-C")
      .requiredOption("--url <url>", "where the gateway is: http://, https://, ws:// or wss://")
      .requiredOption("--app <id>", "the app id")
      .option("--uid <uid>", "log in as this user, with --auth-key")
      // Arguments can be read by every process of the machine; the environment cannot.
      .addOption(new Option("--auth-key <key>", "the app's auth key (development)").env("CC_AUTH_KEY"))
      .addOption(new Option("--token <token>", "log in with a token").env("CC_TOKEN"))
      .option("--manual", "manual mode: connect() once, by this program")
      .addOption(
        new Option("--background <policy>", "what becomes of the connection in the background")
          .choices(["disconnect", "keep"])
          .default("disconnect"),
      )
      .option("--json", "one JSON object per line")
  );
}

/** The flags as one whole. Throws `OptionError`. */
export function watchOptions(flags: WatchFlags): WatchOptions {
  const { url, app, manual = false, background, json = false } = flags;
  if (!/^(http|ws)s?:\/\/[^/]/.test(url) || !URL.canParse(url)) {
    throw new OptionError(`--url must begin with http://, https://, ws:// or wss://, not "${url}"`);
  }
  if (app === "") throw new OptionError("--app must not be empty");
  return { url, app, credentials: credentialsOf(flags), manual, background, json };
}

function credentialsOf({ uid, authKey, token }: WatchFlags): Credentials {
  // A uid means a login by key, also where the environment has a token for other runs.
  if (uid !== undefined) {
    if (!uid || !authKey) throw new OptionError("--uid needs --auth-key (or CC_AUTH_KEY)");
    return { how: "authKey", uid, authKey };
  }
  if (!token) throw new OptionError("say who you are: --uid and --auth-key, or --token (or CC_TOKEN)");
  return { how: "token", token };
}
