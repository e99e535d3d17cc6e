/** Tells of each time in which this process, or page, did not get to run: what it measures meanwhile is the machine. */
import type { Line } from "./line.js";

/** How often it looks whether it runs, and by how much a look may come late. */
const BEAT_MS = 100;
const LATE_MS = 100;

/** Says `late`, with how late in ms, under the name `process`. Answers what ends it. */
export function tellLateness(say: (line: Line) => void): () => void {
  let due = performance.now() + BEAT_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - due > LATE_MS) say({ at: Date.now(), seat: "process", what: "late", value: now - due });
    due = now + BEAT_MS;
  }, BEAT_MS);
  return () => clearInterval(timer);
}
