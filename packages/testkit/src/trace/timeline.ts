/** A replay as a story: what came in, what came of it, and why. Law: every word is derived from states and inputs, none is stored. */
import { type Deadline, deadlines, type Input, type Snapshot, type Status } from "@cc/core";
import { explain } from "@cc/core/explain";
import type { Replay, ReplayedStep } from "./replay.js";

/** One input and what came of it. */
export interface TimelineEntry {
  readonly n: number;
  /** Machine time since the first input, in ms. */
  readonly atMs: number;
  /** Wall-clock ms since 1970, by the client's clock. */
  readonly wall: number;
  /** The input in words: `closed (1006), link 3`; for time that has passed, what was due: `due: retry`. */
  readonly input: string;
  readonly status: Status;
  /** The status before, where it changed. */
  readonly from?: Status;
  readonly phase: Snapshot["phase"];
  readonly reason: Snapshot["reason"];
  readonly attempt: number;
  /** How long until the next dial, in ms. */
  readonly retryInMs?: number;
  /** Codes of the errors that were told. */
  readonly errors: readonly string[];
  /** `explain()`: why it is as it is, and what comes next. */
  readonly why: string;
  readonly next: string;
}

export function timeline({ steps, start }: Replay): readonly TimelineEntry[] {
  const zero = steps[0]?.moment.now ?? 0;
  return steps.map((step, i): TimelineEntry => {
    const { moment, snapshot, effects } = step;
    const before = steps[i - 1]?.snapshot ?? start;
    const { why, next } = explain(snapshot);
    return {
      n: step.n,
      atMs: moment.now - zero,
      wall: moment.wall,
      input: inWords(step),
      status: snapshot.status,
      ...(snapshot.status !== before.status && { from: before.status }),
      phase: snapshot.phase,
      reason: snapshot.reason,
      attempt: snapshot.attempt,
      ...(snapshot.retryAt !== null && { retryInMs: snapshot.retryAt - moment.wall }),
      errors: effects.filter((effect) => effect.type === "error").map(({ fault }) => fault.code),
      why,
      next,
    };
  });
}

/** The statuses that the client told, in order. */
export const statusesTold = ({ steps, start }: Replay): readonly Status[] =>
  steps
    .map(({ snapshot }) => snapshot.status)
    .filter((status, i, all) => status !== (i === 0 ? start.status : all[i - 1]));

function inWords({ input, moment, before, policy }: ReplayedStep): string {
  const due = deadlines(before, policy).filter((deadline) => isPast(deadline, moment));
  const passed = due.length === 0 ? "" : `due: ${[...new Set(due.map(({ kind }) => kind))].join(", ")}`;
  if (input.type === "tick") return passed || "tick";
  const words = [`${input.type}${detail(input)}`];
  if ("link" in input) words.push(`link ${input.link}`);
  return [...words, ...(passed ? [passed] : [])].join(", ");
}

const isPast = ({ at, wall, from }: Deadline, m: { readonly now: number; readonly wall: number }): boolean =>
  m.now >= at || (wall !== undefined && m.wall >= wall && m.now >= (from ?? m.now));

const span = (ms: number | null): string => (ms === null ? "" : `${Math.round(ms)} ms`);

function detail(input: Input): string {
  switch (input.type) {
    case "init":
      return input.auto ? " (auto)" : " (manual)";
    case "login":
      return ` (${input.user})`;
    case "closed": {
      const { code, httpStatus } = input.close;
      return ` (${httpStatus === undefined ? code : `HTTP ${httpStatus}`})`;
    }
    case "welcome":
      return ` (${input.info.recovery})`;
    case "reject":
      return ` (${input.info.code}, ${input.info.retry}${input.info.minDelayMs > 0 ? `, ${span(input.info.minDelayMs)}` : ""})`;
    case "goaway":
      return ` (${span(input.minDelayMs)})`;
    case "throttle":
      return ` (${input.features.length} feature${input.features.length === 1 ? "" : "s"})`;
    case "tokenFailed":
      return ` (${input.fault.code}${input.terminal ? ", terminal" : ""})`;
    case "hint":
      return ` (${input.fault.code})`;
    case "clockJump":
      return ` (${span(input.ms)})`;
    case "expiring":
      return ` (${span(input.inMs)})`;
    default:
      return "";
  }
}
