/**
 * Logs by pino, and never a secret in them.
 *
 * Three rings. Nothing in this package hands a token, a key or a header to the logger; should one slip into a field with a
 * known name, `redact` blanks it, whichever pino logger the app passed in; and the logger made here also blanks anything that
 * looks like a JWT in the finished line, wherever it stands.
 */
import { type DestinationStream, type Logger, pino } from "pino";

const secretFields = ["token", "authorization", "authKey", "apiKey", "jwtSecret", "cookie"];

/** pino redaction paths: the field itself, and one and two objects deep. */
const paths: readonly string[] = [
  ...secretFields,
  ...secretFields.map((field) => `*.${field}`),
  ...secretFields.map((field) => `*.*.${field}`),
  '*["x-api-key"]',
  '*.*["x-api-key"]',
];

const censor = "[redacted]";

/** Three base64url parts of which the first is a JSON object: a signed token, whole or cut off. */
const tokenShape = /eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g;

/** What `createLogger` can be told. */
export interface LoggerOptions {
  /** Lowest level that is written. Default `"info"`. */
  readonly level?: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** Where lines go. Default: standard output, written synchronously, so that the last line before an exit is not lost. */
  readonly destination?: DestinationStream;
}

/** A pino logger of JSON lines that blanks secrets. `cc-gateway` uses it; so can an app that embeds the gateway. */
export const createLogger = ({ level = "info", destination }: LoggerOptions = {}): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...paths], censor },
      hooks: { streamWrite: (line) => line.replace(tokenShape, censor) },
    },
    destination ?? pino.destination({ dest: 1, sync: true }),
  );

/** The app's own logger with our redaction on top, or a silent one. */
export const guarded = (logger: Logger | undefined): Logger =>
  logger === undefined ? pino({ level: "silent" }) : logger.child({}, { redact: { paths: [...paths], censor } });
