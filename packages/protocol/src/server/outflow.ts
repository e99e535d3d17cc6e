/**
 * What one link is about to be sent.
 *
 * Law: what becomes ready in one turn shares a message, in the order of becoming ready; a message of several frames is no
 * longer than `batchBytes`, so that a ping is never far behind. A longer frame goes alone.
 */

/** Collects frames for one link. */
export interface Outflow {
  add(text: string, bytes: number): void;
  flush(): void;
  /** Bytes that wait for the end of the turn. */
  readonly bytes: number;
}

/** Nothing to send. `schedule` is called when something waits and must lead to `flush`. */
export function createOutflow(batchBytes: number, send: (text: string) => void, schedule: () => void): Outflow {
  // One frame waits as itself, several as the inside of an array: a link that is idle holds no array.
  let waiting = "";
  let frames = 0;
  let bytes = 0;
  function flush(): void {
    if (frames === 0) return;
    const text = frames === 1 ? waiting : `[${waiting}]`;
    waiting = "";
    frames = bytes = 0;
    send(text);
  }
  return {
    add(text, size) {
      // Two brackets, and a comma for each frame before.
      if (frames > 0 && bytes + size + frames + 2 > batchBytes) flush();
      if (frames === 0) schedule();
      waiting = frames === 0 ? text : `${waiting},${text}`;
      frames++;
      bytes += size;
    },
    flush,
    get bytes() {
      return bytes;
    },
  };
}
