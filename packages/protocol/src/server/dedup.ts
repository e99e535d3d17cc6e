/**
 * Repeated sends.
 *
 * Law: for `keepMs` after its first answer a key is not run again: whoever repeats it gets the first answer, and whoever
 * repeats it while it runs waits for that answer. A refusal is remembered as success is: judged anew, what was refused could
 * come behind what was sent after it (B10.6). At `entries` the oldest answer goes, and the broker's own `dedupId` decides.
 */

/** Answers by key. */
export interface Dedup<T> {
  /** Calls `reply` with the remembered or running answer; otherwise runs `start`, which must call its argument once. */
  once(key: string, reply: (answer: T) => void, start: (done: (answer: T) => void) => void, now: () => number): void;
  /** Forgets what is old. */
  trim(now: number): void;
  readonly size: number;
}

/** Nothing remembered. `remember` says which answers to keep. */
export function createDedup<T>(keepMs: number, entries: number, remember: (answer: T) => boolean): Dedup<T> {
  const running = new Map<string, ((answer: T) => void)[]>();
  // In the order of answering, so the oldest are in front.
  const answered = new Map<string, { readonly answer: T; readonly at: number }>();
  return {
    once(key, reply, start, now) {
      const known = answered.get(key);
      if (known && now() - known.at <= keepMs) {
        reply(known.answer);
        return;
      }
      const waiting = running.get(key);
      if (waiting) {
        waiting.push(reply);
        return;
      }
      const replies = [reply];
      running.set(key, replies);
      start((answer) => {
        running.delete(key);
        if (remember(answer)) {
          answered.delete(key);
          answered.set(key, { answer, at: now() });
          if (answered.size > entries) {
            for (const oldest of answered.keys()) {
              answered.delete(oldest);
              break;
            }
          }
        }
        for (const each of replies) each(answer);
      });
    },
    trim(now) {
      for (const [key, { at }] of answered) {
        if (now - at <= keepMs) break;
        answered.delete(key);
      }
    },
    get size() {
      return answered.size + running.size;
    },
  };
}
