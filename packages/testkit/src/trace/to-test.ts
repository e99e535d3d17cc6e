/** A trace as a test. Law: the file that comes out needs nothing but vitest and this package, and fails when the machine no longer goes the recorded way. */
import { parseTrace } from "./parse.js";
import { replay } from "./replay.js";
import { statusesTold } from "./timeline.js";

export interface TraceTestOptions {
  /** The test's name. Default `"a recorded run"`. */
  readonly name?: string;
}

/**
 * The source of a vitest test that holds the trace, replays it, and asserts that it is the same run and told the same
 * statuses in order. Takes what `parseTrace` takes; throws as that does, and an `Error` for a trace that does not replay.
 */
export function traceToTest(json: unknown, { name = "a recorded run" }: TraceTestOptions = {}): string {
  const told = replay(parseTrace(json));
  if (told.difference) throw new Error(`The trace does not replay here: ${told.difference.where}`);
  const value: unknown = typeof json === "string" ? JSON.parse(json) : json;
  return `/** Made from a flight recorder's trace by traceToTest. */
import { parseTrace, replay, statusesTold } from "@cc/testkit/trace";
import { expect, test } from "vitest";

const trace = ${JSON.stringify(value, null, 2)};

test(${JSON.stringify(name)}, () => {
  const run = replay(parseTrace(trace));
  expect(run.difference).toBeUndefined();
  expect(statusesTold(run)).toEqual(${JSON.stringify(statusesTold(told))});
});
`;
}
