/**
 * A measuring that a busy machine spoiled is void, and made again; never counted, and never excused.
 *
 * Law: only what came too late is looked at (`Untimely`); an event that was lost or told twice is a failure on any machine. It is void
 * when a process of it (client, gateway, this one) stood still by its own clock. The third time counts, whatever the machine did.
 */
import { figure } from "./figures.js";
import { tellLateness } from "./programs/late.js";
import type { Line } from "./programs/line.js";

/** What did not come in its time, or came too late. */
export class Untimely extends Error {
  override name = "Untimely";
}

/** In all, in ms: half of the least slack that any bound here has, which is that of the first probe at a round trip of 2 s. */
const VOID_MS = 250;
const ATTEMPTS = 3;

interface Lines {
  readonly lines: readonly Line[];
}

/** For how long, in ms, whoever tells of it did not run since then. */
export const stoodStill = ({ lines }: Lines, from: number): number =>
  lines
    .filter(({ seat, what, at }) => seat === "process" && what === "late" && at >= from)
    .reduce((sum, { value }) => sum + Number(value), 0);

/** What is watched while something is measured: from now on. */
export type Watch = (peer: Lines) => void;

/** Measures. `attempt` counts from 1, and needs clients of its own each time. */
export async function steadily(
  fault: string,
  measure: (attempt: number, watch: Watch) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const own: Line[] = [];
    const watched: { readonly peer: Lines; readonly from: number }[] = [];
    const stop = tellLateness((line) => own.push(line));
    try {
      return await measure(attempt, (peer) => {
        const from = Date.now();
        watched.push({ peer, from }, { peer: { lines: own }, from });
      });
    } catch (error) {
      const still = Math.max(0, ...watched.map(({ peer, from }) => stoodStill(peer, from)));
      if (!(error instanceof Untimely) || still < VOID_MS || attempt === ATTEMPTS) throw error;
      const note = `void, made again: a process stood still for ${(still / 1_000).toFixed(2)} s`;
      console.log(`halfopen: ${fault}: ${note}: ${error.message.split("\n")[0]}`);
      figure({ fault, seat: "", toldMs: null, signalMs: null, contractMs: null, reason: "", healedMs: null, note });
    } finally {
      stop();
    }
  }
}
