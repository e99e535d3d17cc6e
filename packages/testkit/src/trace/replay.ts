/**
 * Replays a trace through the machine of this build.
 *
 * Law: a replay proves itself. It is the recorded run only if each input changes something (those that did not were not
 * recorded), asks `shouldRetry` as often as it was asked, and comes to the very state that the client had at the end. Only
 * texts are not compared, for a trace has none: nothing is decided by them.
 */
import {
  type Effect,
  type Input,
  type Moment,
  type Policy,
  type Snapshot,
  type State,
  snapshotOf,
  transition,
} from "@cc/core";
import type { RecordedInput, Recording } from "./parse.js";

/** One step of a replay. */
export interface ReplayedStep {
  /** Number of the input, from 0. */
  readonly n: number;
  readonly input: Input;
  readonly moment: Moment;
  /** In force in this step. */
  readonly policy: Policy;
  /** The state before. */
  readonly before: State;
  readonly state: State;
  readonly snapshot: Snapshot;
  readonly effects: readonly Effect[];
}

/** Where a replay is not the run that was recorded. */
export interface Difference {
  /** Number of the first input after which it shows. */
  readonly n: number;
  /** What differs: a path into the state, or a sentence. */
  readonly where: string;
  readonly recorded?: unknown;
  readonly replayed?: unknown;
}

export interface Replay {
  readonly steps: readonly ReplayedStep[];
  /** The snapshot before the first input. */
  readonly start: Snapshot;
  readonly end: State;
  /** `undefined`: the replay came to the client's own states, bit for bit. */
  readonly difference: Difference | undefined;
}

/** Replays a trace; never throws for one that `parseTrace` accepted. */
export function replay(recording: Recording): Replay {
  const steps: ReplayedStep[] = [];
  let { state, policy } = recording;
  let difference: Difference | undefined;
  const start = snapshotOf(state, policy);
  for (const [n, recorded] of recording.inputs.entries()) {
    policy = recorded.policy ?? policy;
    const step = take(n, recorded, state, policy);
    if ("where" in step) {
      difference ??= step;
      break;
    }
    if (step.unlike) difference ??= { n, where: step.unlike };
    steps.push(step.step);
    state = step.step.state;
  }
  difference ??= compare(recording.end, state, steps.length - 1);
  return { steps, start, end: state, difference };
}

function take(
  n: number,
  { input, moment, verdicts }: RecordedInput,
  before: State,
  policy: Policy,
): { readonly step: ReplayedStep; readonly unlike: string | undefined } | Difference {
  let asked = 0;
  const answered = { ...policy, shouldRetry: () => verdicts[asked++] };
  try {
    const { state, effects } = transition(before, input, moment, answered);
    const unlike =
      state === before && effects.length === 0
        ? "the input changes nothing"
        : // A run without a shouldRetry has no answers at all.
          verdicts.length > 0 && asked !== verdicts.length
          ? `shouldRetry is asked ${asked} times, not ${verdicts.length}`
          : undefined;
    const step = { n, input, moment, policy, before, state, snapshot: snapshotOf(state, policy), effects };
    return { step, unlike };
  } catch (error) {
    return { n, where: `the machine throws: ${String(error)}` };
  }
}

/** Texts, and what hangs on errors. */
const UNTOLD: ReadonlySet<string> = new Set(["message", "cause", "details"]);

function compare(recorded: unknown, replayed: unknown, n: number, where = "state"): Difference | undefined {
  if (Object.is(recorded, replayed) || recorded === replayed) return undefined;
  if (typeof recorded !== "object" || typeof replayed !== "object" || recorded === null || replayed === null) {
    return { n, where, recorded, replayed };
  }
  const [a, b] = [recorded as Record<string, unknown>, replayed as Record<string, unknown>];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (UNTOLD.has(key)) continue;
    const inner = compare(a[key], b[key], n, `${where}.${key}`);
    if (inner) return inner;
  }
  return undefined;
}
