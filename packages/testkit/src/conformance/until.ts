/**
 * Waiting in tests: on a condition, with a deadline, never for a length of time.
 */

/** Something that can be waited on because it says when it changes. */
export interface Changes {
  changed(): void;
  /** Resolves when `condition` holds; rejects after `ms` (default 5,000) naming what was waited for. */
  until(what: string, condition: () => boolean, ms?: number): Promise<void>;
}

export function createChanges(): Changes {
  const looks = new Set<() => void>();
  return {
    changed() {
      for (const look of [...looks]) look();
    },
    until: (what, condition, ms = 5000) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          looks.delete(look);
          reject(new Error(`not within ${ms} ms: ${what}`));
        }, ms);
        const look = (): void => {
          if (!condition()) return;
          looks.delete(look);
          clearTimeout(late);
          resolve();
        };
        looks.add(look);
        look();
      }),
  };
}

/** For what does not say when it changes: looks again in later tasks until `condition` holds; rejects after `ms`. */
export async function poll(what: string, condition: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await laterTask();
  }
}

/** A later task: what was queued before has run. */
export function laterTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
