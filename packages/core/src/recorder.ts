/**
 * The flight recorder: the last inputs of the machine, so that a run can be told and replayed afterwards.
 *
 * Law: what is kept is what `transition` needs, and nothing that it does not: an input that changed nothing is not kept. What is
 * oldest goes by whole tapes, each of which begins with the state before its first input, so a trace always does. What leaves has
 * no words but the machine's own.
 *
 * Always on, for thousands of clients in a process: four numbers and a reference an input, in arrays without slack.
 */
import type { Input, Moment } from "./events.js";
import type { Policy, RetryVerdict } from "./policy.js";
import type { Stamp, State } from "./state.js";
import { NONE } from "./step.js";
import { initialState } from "./transition.js";

/** An input with what most do not have. */
interface Rare {
  readonly input: Input;
  readonly unacked: readonly [since: number | null, bytes: number];
  /** The answers of `shouldRetry`; `{}` for none. */
  readonly verdicts: readonly Partial<RetryVerdict>[] | undefined;
  /** In force from this input on. */
  readonly policy: Policy | undefined;
}

/** Machine time, wall time, chance, and the time of the last inbound message. */
const WIDTH = 4;

interface Tape {
  readonly policy: Policy;
  /** `undefined`: the initial one. */
  readonly state: State | undefined;
  /** Now and wall of the initial state, then a row for each input. */
  readonly numbers: readonly number[];
  readonly inputs: readonly (Input | Rare)[];
}

/**
 * The last inputs of a connection's machine, as plain JSON: no token, no payload, no name, no URL and no text of a server
 * or an app is in it. Equal ids have equal pseudonyms. `@cc/testkit/trace` reads, checks and replays it.
 */
export interface Trace {
  readonly format: "cc-trace";
  readonly version: 1;
  /** In force at the first input. Where JSON has no number, as for `Infinity`, its name stands. */
  readonly policy: unknown;
  /** The state before the first input. */
  readonly state: unknown;
  readonly inputs: readonly unknown[];
  /** The state after the last: what a replay must come to. */
  readonly end: unknown;
}

export class Recorder implements Tape {
  #before: Tape | undefined;
  // The present tape; one object less for each of thousands of clients.
  policy: Policy;
  state: State | undefined;
  numbers: readonly number[];
  inputs: readonly (Input | Rare)[] = NONE;
  /** In force now. */
  #latest: Policy;
  #verdicts: readonly Partial<RetryVerdict>[] | undefined;

  /** The moment: that of the initial state. */
  constructor(policy: Policy, { now, wall }: Stamp) {
    this.policy = this.#latest = policy;
    this.numbers = [now, wall];
  }

  /** An answer of `shouldRetry` in the step under way. */
  verdict(v: RetryVerdict | undefined): RetryVerdict | undefined {
    this.#verdicts = [...(this.#verdicts ?? NONE), { ...v }];
    return v;
  }

  /** An input that came to a state other than `old`, or to an effect. */
  record(old: State, whole: Input, m: Moment, policy: Policy): void {
    if (!(this.inputs.length < policy.traceInputs / 2)) {
      const { numbers, inputs } = this;
      this.#before = { policy: this.policy, state: this.state, numbers, inputs };
      this.policy = this.#latest;
      this.state = old;
      this.numbers = [0, 0];
      this.inputs = NONE;
    }
    const input = slim(whole);
    const verdicts = this.#verdicts;
    const revised = policy === this.#latest ? undefined : policy;
    const rare = m.unackedSince !== null || m.unackedBytes > 0 || verdicts || revised;
    this.numbers = this.numbers.concat(m.now, m.wall, m.random, m.inboundAt);
    this.inputs = this.inputs.concat(
      rare ? { input, unacked: [m.unackedSince, m.unackedBytes], verdicts, policy: revised } : input,
    );
    this.#latest = policy;
    this.#verdicts = undefined;
  }

  trace(end: State): Trace {
    const first = this.#before ?? this;
    const inputs = [first, this].slice(this.#before ? 0 : 1).flatMap((tape) =>
      tape.inputs.map((input, i) => ({
        at: tape.numbers.slice(2 + WIDTH * i, 2 + WIDTH * (i + 1)),
        ...("type" in input ? { input } : input),
      })),
    );
    const { policy, numbers } = first;
    const [now = 0, wall = 0] = numbers;
    const state = first.state ?? initialState(policy, { now, wall });
    return { format: "cc-trace", version: 1, ...redacted({ policy, state, inputs, end }) };
  }
}

/** Without what decides nothing and may be anything: what was thrown, with all that hangs on it. */
function slim(input: Input): Input {
  if ("fault" in input) return { ...input, fault: { ...input.fault, details: undefined, cause: undefined } };
  return "close" in input ? { ...input, close: { ...input.close, cause: undefined } } : input;
}

/** Where the machine's own words stand, and that they are words. */
const WORDS = /^(type|tag|wish|why|stage|page|reason|retry|recovery|action|phase|code|background):\w+$/;

/** A copy that JSON can hold, in which every string that is not a word of the machine is a pseudonym. */
function redacted<T extends object>(what: T): T {
  const names = new Map<string, string>();
  const tell = (value: unknown, key: string, of: object): unknown => {
    if (Array.isArray(value)) return value.map((item) => tell(item, key, value));
    if (typeof value === "object" && value)
      // In errors, closes and refusals only what is flat is ours.
      return "code" in of
        ? undefined
        : Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, tell(item, inner, value)]));
    if (typeof value === "number") return Number.isFinite(value) ? value : `${value}`;
    if (typeof value !== "string") return value === null || value === !!value ? value : undefined;
    // The reason of a close or of a throttling is the server's text.
    const free = key === "reason" && ("code" in of || "feature" in of);
    if (!value || (!free && WORDS.test(`${key}:${value}`))) return value;
    if (!names.has(value)) names.set(value, key.charAt(0) + (names.size + 1));
    return names.get(value);
  };
  return tell(what, "", NONE) as T;
}
