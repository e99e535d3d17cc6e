/// <reference lib="esnext.disposable" />
/**
 * An unsubscribe that is also a disposable. `Symbol.dispose` is younger than some runtimes that we support; where it
 * is missing, the function works and `using` is not available anyway.
 */

/** Ends a registration. Idempotent. `using registration = client.on(…)` works where the runtime knows `Symbol.dispose`. */
export interface Unsubscribe {
  (): void;
  [Symbol.dispose](): void;
}

export function unsubscribe(undo: () => unknown): Unsubscribe {
  let active = true;
  const off = (): void => {
    if (!active) return;
    active = false;
    undo();
  };
  const symbol: symbol | undefined = Symbol.dispose;
  return (symbol === undefined ? off : Object.assign(off, { [symbol]: off })) as Unsubscribe;
}
