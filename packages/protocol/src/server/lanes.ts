/** One after another. Law: jobs of one lane run in order, each after the one before has called `done`; lanes do not wait for each other. */

/** Runs `job` when its lane is free. */
export type Lanes = (lane: string, job: (done: () => void) => void) => void;

/** No lane in use. */
export function createLanes(): Lanes {
  const waiting = new Map<string, ((done: () => void) => void)[]>();
  return (lane, job) => {
    const queue = waiting.get(lane);
    if (queue) {
      queue.push(job);
      return;
    }
    const jobs: ((done: () => void) => void)[] = [];
    waiting.set(lane, jobs);
    const next = (): void => {
      const following = jobs.shift();
      if (following) following(next);
      else waiting.delete(lane);
    };
    job(next);
  };
}
