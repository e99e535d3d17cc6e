/** Waiting that ends: by its result, by an abort, by a clock. */
import { type Clock, type ConnectionError, connectionError } from "@cc/core";

export const disposedError = (): ConnectionError => connectionError("ERR_DISPOSED", "The client was disposed");

/** Rejects with the signal's reason when it is aborted. */
export const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

/** What `act` comes to, unless its abort or `ms` come first: then `ERR_CONNECT_TIMEOUT` with `message`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  message: string,
  abort: AbortController,
  act: () => Promise<T>,
): Promise<T> {
  const late = clock.after(ms, () =>
    abort.abort(connectionError("ERR_CONNECT_TIMEOUT", message, "auth", { retryable: true })),
  );
  try {
    return await Promise.race([act(), aborted(abort.signal)]);
  } finally {
    late();
  }
}
