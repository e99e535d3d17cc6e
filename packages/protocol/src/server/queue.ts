/** A first-in-first-out list that can be looked into. Law: pushing and shifting cost the same however long it is. */

/** The items from `head` on are in the queue; those before it are spent. */
export interface Queue<T> {
  readonly items: (T | undefined)[];
  head: number;
}

/** An empty queue. */
export function createQueue<T>(): Queue<T> {
  return { items: [], head: 0 };
}

/** How many items wait. */
export function sizeOf(queue: Queue<unknown>): number {
  return queue.items.length - queue.head;
}

/** The oldest item, or `undefined`. */
export function peek<T>(queue: Queue<T>): T | undefined {
  return queue.items[queue.head];
}

/** Removes and returns the oldest item, or `undefined`. */
export function shift<T>(queue: Queue<T>): T | undefined {
  const item = queue.items[queue.head];
  if (queue.head >= queue.items.length) return undefined;
  queue.items[queue.head++] = undefined;
  // Moving the rest down each time would be quadratic; when half is spent it is paid for.
  if (queue.head > 32 && queue.head * 2 > queue.items.length) {
    queue.items.splice(0, queue.head);
    queue.head = 0;
  }
  return item;
}
