/**
 * The checker. Law: it knows nothing of `--break`, and the first claim that does not hold ends the run, by its name.
 *
 * What a claim is held against is never the client's own word alone: what the gateway's API published, how many links the
 * gateway counts, what the fault proxy did and saw, and the clock.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Paper } from "./paper.js";

export class CheckFailed extends Error {
  readonly check: string;

  constructor(check: string, evidence: string) {
    super(evidence);
    this.check = check;
  }
}

export interface Checks {
  /** Holds or ends the run. `evidence` says what was seen, whichever way it went. */
  that(name: string, holds: boolean, evidence: string): void;
  /** Waits for something that must come within `ms`; if it does not, the check `name` has failed. Passing counts nothing. */
  comes<T>(name: string, ms: number, what: Promise<T>): Promise<T>;
  /** The same for a state of the world that nobody announces; looked at every few milliseconds. */
  becomes(name: string, ms: number, holds: () => boolean): Promise<void>;
  readonly passed: number;
}

const LOOK_MS = 4;

export function createChecks(paper: Paper): Checks {
  let passed = 0;
  const fail = (name: string, evidence: string): never => {
    paper.failed(name, evidence);
    throw new CheckFailed(name, evidence);
  };
  return {
    get passed() {
      return passed;
    },
    that(name, holds, evidence) {
      if (!holds) fail(name, evidence);
      passed += 1;
      paper.passed(name, evidence);
    },
    async comes(name, ms, what) {
      const over = new AbortController();
      const late = sleep(ms, undefined, { signal: over.signal }).then(
        () => fail(name, `not within ${ms} ms`),
        () => undefined as never,
      );
      try {
        return await Promise.race([what, late]);
      } finally {
        over.abort();
      }
    },
    async becomes(name, ms, holds) {
      const end = performance.now() + ms;
      while (!holds()) {
        if (performance.now() > end) fail(name, `not within ${ms} ms`);
        await sleep(LOOK_MS);
      }
    },
  };
}

export const ms = (value: number): string => `${Math.round(value)} ms`;
