/** Waiting that ends: by its result, by an abort, by a clock. */
import { type Clock, type ConnectionError, connectionError } from "@cc/core";

export const disposedError = (): ConnectionError => connectionError("ERR_DISPOSED");

/** An `AbortController` that keeps its reason: React Native's knows none, and has no `throwIfAborted`. */
export class Abort {
  readonly #controller: AbortController = new AbortController();
  #reason: unknown;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  abort(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller.abort(reason);
  }
  /** Throws the reason once it is aborted. */
  check(): void {
    if (this.signal.aborted) throw this.#reason;
  }
  /** Rejects with the reason when it is aborted. */
  aborted(): Promise<never> {
    return new Promise((_, reject) => this.signal.addEventListener("abort", () => reject(this.#reason)));
  }
}

/** What `act` comes to, unless its abort or `ms` come first: then `ERR_CONNECT_TIMEOUT`. */
export async function within<T>(clock: Clock, ms: number, abort: Abort, act: () => Promise<T>): Promise<T> {
  const late = clock.after(ms, () =>
    abort.abort(connectionError("ERR_CONNECT_TIMEOUT", undefined, "auth", { retryable: true })),
  );
  try {
    return await Promise.race([act(), abort.aborted()]);
  } finally {
    late();
  }
}
