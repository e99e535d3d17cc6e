/** Reads a trace. Law: what is not a whole trace of a known version is refused by name and place, before anything is replayed. */
import { defaultPolicy, type Input, type Moment, type Policy, type RetryVerdict, type State } from "@cc/core";
import { wrongEntry, wrongInput, wrongState } from "./schema.js";

/** The version that this reads. */
const VERSION = 1;

/** One input of the machine, with all that it was decided by. */
export interface RecordedInput {
  readonly input: Input;
  readonly moment: Moment;
  /** The answers of `shouldRetry` in this step. */
  readonly verdicts: readonly (RetryVerdict | undefined)[];
  /** In force from this input on; without `shouldRetry`, whose answers stand in `verdicts`. */
  readonly policy: Policy | undefined;
}

/** A trace that was read. */
export interface Recording {
  /** In force at the first input. */
  readonly policy: Policy;
  /** Before the first input. */
  readonly state: State;
  readonly inputs: readonly RecordedInput[];
  /** After the last, as the client had it. */
  readonly end: State;
}

/** Why a trace cannot be used. */
export class TraceError extends Error {
  /** `notATrace`: something else; `newerVersion`: of a later release; `damaged`: `entry` or `path` say where. */
  readonly problem: "notATrace" | "newerVersion" | "damaged";
  /** Number of the damaged input, from 0; `undefined` for what is not in an input. */
  readonly entry: number | undefined;

  constructor(problem: TraceError["problem"], message: string, entry?: number) {
    super(message);
    this.name = "TraceError";
    this.problem = problem;
    this.entry = entry;
  }
}

/**
 * Reads a trace: what `client.trace()` returned, or its JSON as text. Throws a `TraceError` for what is none, for one of a
 * newer version, and for a damaged one (the message says where).
 */
export function parseTrace(json: unknown): Recording {
  const value = typeof json === "string" ? fromText(json) : json;
  if (!isRecord(value) || value.format !== "cc-trace" || typeof value.version !== "number") {
    throw new TraceError("notATrace", 'This is no trace: a trace is an object with "format": "cc-trace" and a version');
  }
  if (value.version > VERSION) {
    throw new TraceError("newerVersion", `The trace is of version ${value.version}; this program knows ${VERSION}`);
  }
  const { policy, state, inputs, end } = numbersIn(value) as typeof value;
  const wrong = wrongState(state, "state") ?? wrongState(end, "end") ?? (Array.isArray(inputs) ? undefined : "inputs");
  if (wrong !== undefined) throw new TraceError("damaged", `The trace is damaged at ${wrong}`);
  return {
    policy: policyOf(policy),
    state: state as State,
    inputs: (inputs as readonly unknown[]).map(entryOf),
    end: end as State,
  };
}

type Fields = Readonly<Record<string, unknown>> & {
  readonly format?: unknown;
  readonly version?: unknown;
  readonly policy?: unknown;
  readonly state?: unknown;
  readonly inputs?: unknown;
  readonly end?: unknown;
  readonly background?: unknown;
  readonly graceMs?: unknown;
};

const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function fromText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new TraceError("notATrace", "This is no trace: it is not JSON");
  }
}

const NUMBERS: ReadonlyMap<unknown, number> = new Map(
  [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN].map((n) => [String(n), n]),
);

/** A copy with the numbers that JSON cannot hold. No other string of a trace is one of their names. */
function numbersIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(numbersIn);
  if (!isRecord(value)) return NUMBERS.get(value) ?? value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbersIn(inner)]));
}

/** Kinds of a policy's values, by the default one; what a trace of an older release lacks is the default. */
function policyOf(value: unknown, entry?: number): Policy {
  const damaged = (path: string): TraceError =>
    new TraceError(
      "damaged",
      `The trace is damaged at ${entry === undefined ? "" : `input ${entry}: `}policy${path}`,
      entry,
    );
  if (!isRecord(value)) throw damaged("");
  const { background } = value;
  const graceMs = isRecord(background) && typeof background.graceMs === "number";
  if (background !== undefined && background !== "disconnect" && background !== "keep" && !graceMs) {
    throw damaged(".background");
  }
  for (const [key, normal] of Object.entries(defaultPolicy)) {
    const given = value[key];
    const fits = typeof normal === "number" ? typeof given === "number" : Array.isArray(given);
    if (given !== undefined && (typeof normal === "number" || Array.isArray(normal)) && !fits) throw damaged(`.${key}`);
  }
  return { ...defaultPolicy, ...(value as Partial<Policy>), shouldRetry: undefined };
}

function entryOf(value: unknown, n: number): RecordedInput {
  const damaged = (path: string): TraceError =>
    new TraceError("damaged", `The trace is damaged at input ${n}: ${path}`, n);
  const wrong = wrongEntry(value);
  if (wrong !== undefined) throw damaged(wrong);
  const { at, input, unacked, verdicts, policy } = value as {
    readonly at: readonly [now: number, wall: number, random: number, inboundAt: number];
    readonly input: unknown;
    readonly unacked?: readonly [since: number | null, bytes: number];
    readonly verdicts?: readonly Partial<RetryVerdict>[];
    readonly policy?: unknown;
  };
  const bad = wrongInput(input);
  if (bad !== undefined) throw damaged(bad);
  const [now, wall, random, inboundAt] = at;
  const [unackedSince, unackedBytes] = unacked ?? [null, 0];
  return {
    input: input as Input,
    moment: { now, wall, random, inboundAt, unackedSince, unackedBytes },
    verdicts: (verdicts ?? []).map((verdict) => (verdict.action ? (verdict as RetryVerdict) : undefined)),
    policy: policy === undefined ? undefined : policyOf(policy, n),
  };
}
