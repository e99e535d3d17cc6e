/**
 * One turn of the platform's event loop, so that every promise that can settle has settled.
 *
 * Law: this is not time. It waits for no clock, only for the microtask queue to run dry, which a count of awaited
 * promises cannot promise. `setImmediate` where there is one; elsewhere a message to oneself, the only unthrottled
 * task of a page.
 */

interface Platform {
  readonly setImmediate?: (fn: () => void) => unknown;
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(value: null): void };
  };
}

/** Resolves when all promises that can settle by themselves have done so. */
export function turn(): Promise<void> {
  // Read at each call: importing this file touches nothing.
  const { setImmediate, MessageChannel } = globalThis as unknown as Platform;
  return new Promise((resolve) => {
    if (setImmediate !== undefined) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
