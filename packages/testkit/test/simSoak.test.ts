/**
 * What soaks over fresh seeds have found, shrunk (`sim --seed N --out FILE`): in `soak/`, named by their seeds. Law: a plan stands here
 * under the clause that it broke, and says whose fault that was; it is never taken out.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parsePlan, runPlan } from "../src/sim/index.js";

const found: readonly (readonly [seed: number, what: string])[] = [
  [773651939, "[B5.9] product: a page that was hidden while init() read slow storage was dialled from"],
  [773443459, "[B10.6] product: a repeat is refused over one gateway, and its first copy applied over another"],
  [773557213, "[B3.4] product: disconnect() while init() read slow storage was forgotten for the session found there"],
  [773513523, "[B10.6] product: the first copy was applied over one gateway, and its repeat refused over another"],
  [
    773516573,
    "[B10.6] product: what was refused was judged anew when it was repeated, and came behind what was sent after it",
  ],
  [773515202, "[B3.2] product: a sleep within the wait for acknowledgements prolonged it"],
  [773443755, "[B4.4] product: a sleep within a lease was not taken off the timer that ends it"],
  [773514093, "[B4.4] oracle: a sleep that nobody tells of is known when the client next has its turn"],
  [773443708, "[B10.3] [B2.9] oracle: a login that another tab ended while this one was being reloaded"],
  [
    773548558,
    "[B10.3] [B2.3] oracle: a login that could not be stored, and one as the same user, which stores nothing",
  ],
  [773443839, "[B2.7] oracle: a refusal that is read when a late timer has just given the link up is an old link's"],
  [773516103, "[B2.7] oracle: the same, with a goaway's time that had come"],
  [773547411, "[R12] oracle: the same, with the floor of a goaway"],
  [773515118, "[B3.2] oracle: sends put the close off from when late timers come to it"],
  [773652957, "[B4.5] oracle: a probe whose deadline had passed when the background came was lost before it"],
  [773653294, "[B1.1] oracle: a throttling that ran out before the loss is told, in the turn in which that is heard"],
  [773556958, "[R4] oracle: the answer to an older probe, read in the millisecond of the wake signal and after it"],
  [773516130, "[R4] oracle: what is sent in the turn that grants a fresh deadline lengthens it"],
  [
    773649039,
    "[B10.3] world: what a gateway heard at once overtook entries of the log that were due in the same millisecond",
  ],
  [
    773651365,
    "[B10.2] world: a gateway that began while the log began anew never heard of it, and told its events as old",
  ],
];

it.each(found)("%i %s", async (seed) => {
  const plan = parsePlan(readFileSync(new URL(`soak/${seed}.json`, import.meta.url), "utf8"));
  const { breaks } = await runPlan(plan);
  expect(breaks.map(({ clause, what }) => `${clause}: ${what}`)).toEqual([]);
});
