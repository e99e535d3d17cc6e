/**
 * Public promises. Law: a promise is a predicate over the connection, looked at after every step in one place, and
 * settled once. No promise is ever resolved from inside a callback of a socket or a timer (R27).
 */

import { connectionError } from "./errors.js";
import type { AbortSignalLike } from "./ports.js";

/** `undefined`: not yet. */
export type Verdict<T> = { readonly ok: T } | { readonly error: unknown } | undefined;

export interface WaitOptions {
  readonly signal?: AbortSignalLike | undefined;
  /** Monotonic time at which the wait is over, or `undefined` for none; asked after every step. */
  readonly until?: () => number | undefined;
  readonly timedOut?: () => unknown;
}

export interface Waiters {
  /** Must be called inside a step; `check` is called at once and after every step. */
  add<T>(check: (first: boolean) => Verdict<T>, options?: WaitOptions): Promise<T>;
  /** Looks at every promise. */
  settle(now: number): void;
  /** The earliest end of a wait. */
  next(): number | undefined;
  readonly size: number;
  /** Rejects every promise. */
  end(error: () => unknown): void;
}

interface Waiter {
  look(now: number): void;
  until(): number | undefined;
  reject(error: unknown): void;
}

export function createWaiters(changed: () => void): Waiters {
  const all = new Set<Waiter>();
  return {
    add: <T>(check: (first: boolean) => Verdict<T>, { signal, until = () => undefined, timedOut }: WaitOptions = {}) =>
      new Promise<T>((resolve, reject) => {
        let first = true;
        const done = (): void => {
          all.delete(waiter);
          signal?.removeEventListener("abort", aborted);
          changed();
        };
        const waiter: Waiter = {
          until,
          look(now) {
            const verdict = check(first);
            first = false;
            const end = until();
            if (verdict !== undefined) {
              done();
              if ("ok" in verdict) resolve(verdict.ok);
              else reject(verdict.error);
            } else if (end !== undefined && now >= end) waiter.reject(timedOut?.());
          },
          reject(error) {
            done();
            reject(error);
          },
        };
        const aborted = (): void =>
          waiter.reject(signal?.reason ?? connectionError("ERR_ABORTED", "Aborted by its signal"));
        all.add(waiter);
        if (signal?.aborted) aborted();
        else signal?.addEventListener("abort", aborted);
      }),
    settle(now) {
      for (const waiter of [...all]) waiter.look(now);
    },
    next() {
      let first: number | undefined;
      for (const w of all) {
        const at = w.until();
        if (at !== undefined && (first === undefined || at < first)) first = at;
      }
      return first;
    },
    get size() {
      return all.size;
    },
    end(error) {
      for (const waiter of [...all]) waiter.reject(error());
    },
  };
}
