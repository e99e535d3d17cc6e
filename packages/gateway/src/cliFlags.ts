/**
 * The flags of `cc-gateway` and their environment variables: every flag has one, `CC_` and its name in capitals. A flag wins.
 *
 * Here text becomes values of the right kind and no more; whether they are good is for the options' own schema, so that both ways
 * of starting a gateway refuse the same things in the same words.
 */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { memoryBroker } from "./broker/memory.js";
import { fileStore } from "./fileStore.js";
import type { LoggerOptions } from "./logger.js";
import type { GatewayLimits, GatewayOptions, GroupSeed, LogBounds, TlsOptions, UserSeed } from "./options.js";

/** What commander hands over. */
export interface Flags {
  readonly appId?: string;
  readonly apiKey?: string;
  readonly authKey?: string;
  readonly jwtSecret?: string;
  readonly host?: string;
  readonly port?: number;
  readonly users?: readonly UserSeed[];
  readonly groups?: readonly GroupSeed[];
  readonly createUsers?: boolean;
  readonly origins?: readonly string[] | "*";
  readonly trustedProxies?: readonly string[];
  readonly chat?: boolean;
  readonly presenceGraceMs?: number;
  readonly heartbeatMs?: number;
  readonly admissionPerSecond?: number;
  readonly admissionBurst?: number;
  readonly throttling?: Readonly<Record<string, number>> | false;
  readonly oldJwtSecret?: string;
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly tlsCa?: string;
  readonly state?: string;
  readonly tokenTtlMs?: number;
  readonly maxTokenTtlMs?: number;
  readonly drainMs?: number;
  readonly limit?: Readonly<Record<string, number>>;
  readonly log?: Readonly<Record<string, number>>;
  readonly logLevel: NonNullable<LoggerOptions["level"]>;
}

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
};

/** Written out, for commander takes any environment value of a plain switch, `false` too, as yes. */
const boolean = (text: string): boolean => {
  if (text !== "true" && text !== "false") throw new InvalidArgumentError("It must be true or false.");
  return text === "true";
};

const list = (text: string): readonly string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const users = (text: string): readonly UserSeed[] =>
  list(text).map((part) => {
    const [uid = "", name] = part.split("=", 2);
    return name === undefined ? { uid } : { uid, name };
  });

const groups = (text: string): readonly GroupSeed[] =>
  text
    .split(";")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [gid = "", members = ""] = part.trim().split("=", 2);
      return { gid, members: list(members) };
    });

const numbers = (text: string, previous: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> => ({
  ...previous,
  ...Object.fromEntries(
    list(text).map((part) => {
      const [name = "", value = ""] = part.split("=", 2);
      return [name, number(value)] as const;
    }),
  ),
});

const throttling = (text: string): Readonly<Record<string, number>> | false =>
  text.trim() === "false" ? false : numbers(text);

const origins = (text: string): readonly string[] | "*" => (text.trim() === "*" ? "*" : list(text));

const option = <T>(
  flags: string,
  description: string,
  parse?: (text: string, previous: T | undefined) => T,
): Option => {
  const made = new Option(flags, description);
  made.env(`CC_${made.name().replaceAll("-", "_").toUpperCase()}`);
  // commander types the previous value as the parsed type, though it is absent the first time.
  return parse === undefined ? made : made.argParser<T>((text, previous) => parse(text, previous));
};

/** Adds every flag to a command. */
export const addFlags = (command: Command): Command => {
  const all = [
    option("--app-id <id>", "the app that tokens must name (required)"),
    option("--api-key <key>", "lets servers call /v1, by the header x-api-key (required; better by environment)"),
    option("--jwt-secret <secret>", "signs tokens, at least 32 bytes (required; better by environment)"),
    option("--auth-key <key>", "turns POST /v1/login on, which logs anybody in: for development"),
    option("--host <host>", "address to listen on (default 127.0.0.1)"),
    option("--port <port>", "port to listen on; 0 for a free one (default 0)", number),
    option("--users <list>", "users to start with: alice=Alice,bob", users),
    option("--groups <list>", "groups to start with: team=alice,bob;lobby=alice", groups),
    option(
      "--create-users [boolean]",
      "create users as logins and minted tokens name them (default false)",
      boolean,
    ).preset(true),
    option("--origins <list>", "browser origins that may call and connect, or * (default none)", origins),
    option("--trusted-proxies <list>", "addresses or ranges whose X-Forwarded-For is believed", list),
    option(
      "--chat <boolean>",
      "check the chat kinds of docs/chat-events.md, and tell presence (default true)",
      boolean,
    ),
    option(
      "--presence-grace-ms <ms>",
      "how long a user without a link is still online (default: spread + 2500)",
      number,
    ),
    option("--heartbeat-ms <ms>", "how often clients are pinged (default 10000)", number),
    option(
      "--admission-per-second <n>",
      "connects per second that are admitted, and that returning clients are spread for (default 500)",
      number,
    ),
    option("--admission-burst <n>", "connects admitted at once (default: two seconds' worth)", number),
    option(
      "--throttling <name=n>",
      "bounds of load, comma separated, or false: eventLoopDelayMs=250,publishRate=10000",
      throttling,
    ),
    option("--old-jwt-secret <secret>", "verifies tokens too, and signs none: for the time of a rotation"),
    option("--tls-key <file>", "PEM file of the key: serve https and wss. Read again on SIGHUP"),
    option("--tls-cert <file>", "PEM file of the certificate and its chain"),
    option("--tls-ca <file>", "PEM file of authorities: clients must then show a certificate of theirs"),
    option("--state <file>", "file that keeps revocations over a restart"),
    option("--token-ttl-ms <ms>", "lifetime of a token (default 3600000)", number),
    option("--max-token-ttl-ms <ms>", "longest lifetime that can be asked for (default 2592000000)", number),
    option("--drain-ms <ms>", "how long a drain waits for clients to leave (default 10000)", number),
    option("--limit <name=n>", "a limit, repeatable or comma separated: frameBytes=65536,handshakeMs=5000", numbers),
    option("--log <name=n>", "a bound of the event log: maxCount, maxBytes, maxAgeMs", numbers),
    option("--log-level <level>", "lowest level of the log")
      .choices(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
      .default("info"),
  ];
  for (const each of all) command.addOption(each);
  return command;
};

const pemOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new InvalidArgumentError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
};

/** The TLS options that the flags name, read from their files now; `undefined` if they name none. */
export const tlsOf = ({ tlsKey, tlsCert, tlsCa }: Flags): TlsOptions | undefined => {
  if (tlsKey === undefined && tlsCert === undefined && tlsCa === undefined) return undefined;
  if (tlsKey === undefined || tlsCert === undefined)
    throw new InvalidArgumentError("--tls-key and --tls-cert go together");
  return { key: pemOf(tlsKey), cert: pemOf(tlsCert), ...(tlsCa === undefined ? {} : { ca: pemOf(tlsCa) }) };
};

/** Gateway options out of flags. A required one that is missing is left out, for the schema to name. */
export const toOptions = (flags: Flags): GatewayOptions => {
  const {
    limit,
    log,
    logLevel: _logLevel,
    oldJwtSecret,
    tlsKey: _key,
    tlsCert: _cert,
    tlsCa: _ca,
    state,
    ...rest
  } = flags;
  const tls = tlsOf(flags);
  // The casts say what commander cannot: names and presence are checked by the schema, where one place refuses unknown and missing ones.
  const options = {
    ...rest,
    ...(limit === undefined ? {} : { limits: limit as Partial<GatewayLimits> }),
    ...(oldJwtSecret === undefined ? {} : { jwtSecret: [rest.jwtSecret, oldJwtSecret] }),
    ...(tls === undefined ? {} : { tls }),
    ...(state === undefined ? {} : { store: fileStore(state) }),
  } as GatewayOptions;
  return log === undefined ? options : { ...options, broker: memoryBroker(logBounds(log)) };
};

const boundNames: readonly (keyof LogBounds)[] = ["maxCount", "maxBytes", "maxAgeMs"];

const logBounds = (log: Readonly<Record<string, number>>): Partial<LogBounds> => {
  const wrong = Object.keys(log).find((name) => !boundNames.some((known) => known === name));
  if (wrong !== undefined) throw new InvalidArgumentError(`unknown bound of the log: ${wrong}`);
  return log;
};
