/** Time limits. Law: what is waited for is told to stop when its time is over, and its late answers and errors go nowhere. */

/** Thrown when the person, or a pipe without a reader, has ended the examination. */
export class Interrupted extends Error {}

/**
 * Runs `work` for at most `ms`. Rejects with what `late` makes when the time is over, with `Interrupted` when `outer` is aborted.
 * @param work gets a signal that ends with its time, also when it has been answered: what it opened may be left to that.
 */
export async function limited<T>(
  ms: number,
  outer: AbortSignal,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  let stop: (reason: Error) => void = () => {};
  const over = new Promise<never>((_, reject) => {
    stop = reject;
  });
  const onAbort = (): void => stop(new Interrupted());
  const timer = setTimeout(() => stop(late()), ms);
  outer.addEventListener("abort", onAbort, { once: true });
  if (outer.aborted) onAbort();
  try {
    return await Promise.race([work(end.signal), over]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener("abort", onAbort);
    end.abort();
  }
}
