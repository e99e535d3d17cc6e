/** The flags of a command as data, so that the script of the repository and the program of the terminal read the same ones. */

/** One flag. */
export interface SimFlag {
  /** Without the dashes. */
  readonly name: string;
  /** What its value is called in the help; absent: it takes none. */
  readonly takes?: string;
  readonly help: string;
}

/** The values as they stand on the command line. */
export type SimValues = Readonly<Record<string, string | boolean | undefined>>;

/** What a program is to be given, in MiB, and whether it shares its core. */
export interface SimNeeds {
  /** What lives in it at a time, with the room that a collector wants. */
  readonly lasting: number;
  /** What is made in it between two looks of the collector at the young. */
  readonly young: number;
  /** It has a core to itself and no more: helpers of its collector or compiler would take it from another that has. */
  readonly oneCore: boolean;
}

/** What a command needs of the program around it. */
export interface SimIo {
  write(line: string): void;
  readFile(path: string): Promise<string>;
  writeFile(path: string, text: string): Promise<void>;
  /**
   * Runs this same program with other arguments; the lines that it writes, and its exit code. Absent: everything runs here.
   *
   * @param needs default: what this program has.
   */
  again?(args: readonly string[], line: (line: string) => void, needs?: SimNeeds): Promise<number>;
  /** How many programs may run at once. */
  readonly cores: number;
  /** How the user calls this command: `pnpm sim`. */
  readonly program: string;
  /** Real milliseconds. */
  now(): number;
  /** The real time of day, ms since 1970: where fresh seeds begin. */
  wall(): number;
  /** What this process has used so far. Absent: it cannot be told. */
  usage?(): { readonly cpuSeconds: number; readonly maxBytes: number };
}

/** Wrong arguments, in one line: exit code 2. */
export class SimUsageError extends Error {}

/** A whole number among the values, within bounds. Throws `SimUsageError`. */
export function whole(values: SimValues, name: string, least: number, most: number): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = typeof text === "string" && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most))
    throw new SimUsageError(`--${name} must be a whole number from ${least} to ${most}, not ${String(text)}`);
  return value;
}

/** A value that must be a text if it is there. Throws `SimUsageError`. */
export function word(values: SimValues, name: string): string | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (typeof text !== "string" || text === "") throw new SimUsageError(`--${name} needs a value`);
  return text;
}

/** One thing that the command can do. */
export interface SimMode {
  readonly flags: readonly SimFlag[];
  /** Whether these values ask for it. */
  wanted(values: SimValues): boolean;
  /** Runs it; resolves with the exit code. Throws `SimUsageError`. */
  run(values: SimValues, io: SimIo): Promise<number>;
}
