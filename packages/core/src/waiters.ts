/**
 * Public promises. Law: a promise is a predicate over the connection, looked at after every step in one place, and
 * settled once. No promise is ever resolved from inside a callback of a socket or a timer (R27).
 */
import type { AbortSignalLike } from "./ports.js";

/** `undefined`: not yet. */
export type Verdict<T> = { readonly ok: T } | { readonly error: unknown } | undefined;

/** One promise that waits. */
interface Waiter {
  look(now: number): void;
  /** Monotonic time at which the wait is over, `undefined` for none. */
  until(): number | undefined;
  reject(error: unknown): void;
}

export interface Waiters {
  /** Must be called inside a step; `check` is called after it and after every further one. `until` is asked as often. */
  add<T>(
    check: () => Verdict<T>,
    signal?: AbortSignalLike | undefined,
    until?: () => number | undefined,
    timedOut?: () => unknown,
  ): Promise<T>;
  readonly all: ReadonlySet<Waiter>;
}

export function createWaiters(changed: () => void): Waiters {
  const all = new Set<Waiter>();
  return {
    all,
    add: (check, signal, until = () => undefined, timedOut) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          all.delete(waiter);
          signal?.removeEventListener("abort", aborted);
          changed();
          act();
        };
        const waiter: Waiter = {
          until,
          look(now) {
            const verdict = check();
            if (verdict) settle(() => ("ok" in verdict ? resolve(verdict.ok) : reject(verdict.error)));
            else if (now >= (until() ?? Number.POSITIVE_INFINITY)) waiter.reject(timedOut?.());
          },
          reject: (error) => settle(() => reject(error)),
        };
        const aborted = (): void => waiter.reject(signal?.reason);
        all.add(waiter);
        signal?.addEventListener("abort", aborted);
      }),
  };
}
