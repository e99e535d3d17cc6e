/** Snapshots without names and texts, in which a redacted replay differs from the run. */
import type { Snapshot } from "@cc/core";

/** What a snapshot tells beside names and texts. */
export const tellsOf = ({ error, user, throttled, ...rest }: Snapshot): unknown => ({
  ...rest,
  error: error && [error.code, error.phase, error.retryable, error.closeCode, error.retryAfterMs],
  user: user !== null,
  throttled: throttled.map(({ until }) => until),
});

/** The list without what repeats the one before. */
export const oneOfEach = (list: readonly unknown[]): readonly unknown[] =>
  list.filter((item, i) => i === 0 || JSON.stringify(item) !== JSON.stringify(list[i - 1]));
