/**
 * Public promises. Law: a promise is a predicate over the connection, looked at after every step in one place, and
 * settled once. Whatever arrives, from a socket or from a timer, settles a promise only by way of a step (R27).
 */
import type { AbortSignalLike } from "./ports.js";

/** `undefined`: not yet. */
export type Verdict<T> = { readonly ok: T } | { readonly error: unknown } | undefined;

/** One promise that waits. */
export class Waiter {
  /** Monotonic time at which the wait is over, `undefined` for none; asked after every step. */
  readonly until: (() => number | undefined) | undefined;
  readonly #check: () => Verdict<unknown>;
  readonly #timedOut: (() => unknown) | undefined;
  readonly #settle: (act: () => void) => void;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  /** `settled` is called before the promise is. */
  constructor(
    check: () => Verdict<unknown>,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    signal: AbortSignalLike | undefined,
    until: (() => number | undefined) | undefined,
    timedOut: (() => unknown) | undefined,
    settled: () => void,
  ) {
    const aborted = (): void => this.reject(signal?.reason);
    signal?.addEventListener("abort", aborted);
    this.until = until;
    this.#check = check;
    this.#timedOut = timedOut;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#settle = (act) => {
      signal?.removeEventListener("abort", aborted);
      settled();
      act();
    };
  }

  look(now: number): void {
    const verdict = this.#check();
    if (verdict) this.#settle(() => ("ok" in verdict ? this.#resolve(verdict.ok) : this.#reject(verdict.error)));
    else if (now >= (this.until?.() ?? Number.POSITIVE_INFINITY)) this.reject(this.#timedOut?.());
  }

  reject(error: unknown): void {
    this.#settle(() => this.#reject(error));
  }
}
