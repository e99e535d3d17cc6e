/** A binary heap of what falls due. Law: the first is the one with the earliest time, and of those at one time the one asked for first. */

export interface Due {
  readonly due: number;
  readonly order: number;
}

const before = (a: Due, b: Due): boolean => a.due < b.due || (a.due === b.due && a.order < b.order);

/** Adds it. `heap[0]` is the first. */
export function push<T extends Due>(heap: T[], job: T): void {
  let at = heap.push(job) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] as T;
    if (!before(job, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = job;
}

/** Takes the first away. There must be one. */
export function pop<T extends Due>(heap: T[]): void {
  const last = heap.pop() as T;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    const left = heap[down];
    if (left === undefined) break;
    const right = heap[down + 1];
    if (right !== undefined && before(right, left)) down += 1;
    const child = heap[down] as T;
    if (!before(child, last)) break;
    heap[at] = child;
    at = down;
  }
  heap[at] = last;
}
