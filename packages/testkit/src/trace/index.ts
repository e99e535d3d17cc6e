/** The flight recorder's other half: reads what `client.trace()` gave, replays it bit for bit, tells it, and makes a test of it. Runs anywhere. */
export { parseTrace, type RecordedInput, type Recording, TraceError } from "./parse.js";
export { type Difference, type Replay, type ReplayedStep, replay } from "./replay.js";
export { statusesTold, type TimelineEntry, timeline } from "./timeline.js";
export { type TraceTestOptions, traceToTest } from "./to-test.js";
