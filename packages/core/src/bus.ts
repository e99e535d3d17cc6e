/**
 * The listener bus. Law: listeners run in registration order; the same function is called once however often it was
 * registered; a listener removed during a round is not called any more, one added during a round waits for the next;
 * a thrower stops nobody (B1.5, B1.6).
 */
import { type Unsubscribe, unsubscribe } from "./disposable.js";
import type { AbortSignalLike } from "./ports.js";

export interface ListenOptions {
  /** Aborting it unsubscribes. An aborted signal registers nothing. */
  readonly signal?: AbortSignalLike | undefined;
  /** Unsubscribe before the first call. */
  readonly once?: boolean;
}

export interface Bus<Events extends object> {
  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void, options?: ListenOptions): Unsubscribe;
  /** The same as an asynchronous iterable. Values wait in order for the consumer; leaving the loop or the signal ends it. */
  events<K extends keyof Events>(
    event: K,
    options?: { readonly signal?: AbortSignalLike | undefined },
  ): AsyncIterableIterator<Events[K]>;
  emit<K extends keyof Events>(event: K, value: Events[K]): void;
  /** True when somebody listens: lets a hot path skip work. */
  has(event: keyof Events): boolean;
  /** Removes every listener and ends every iterator. */
  clear(): void;
}

type Listener = (value: never) => void;

export function createBus<Events extends object>(onListenerError: (error: unknown) => void): Bus<Events> {
  // A Map keeps registration order, holds a function once, and tolerates changes while it is walked.
  const lists = new Map<keyof Events, Map<Listener, boolean>>();
  const endings = new Set<() => void>();

  const bus: Bus<Events> = {
    on(event, listener, { signal, once = false } = {}) {
      if (signal?.aborted) return unsubscribe(() => {});
      const own = lists.get(event) ?? new Map<Listener, boolean>();
      lists.set(event, own);
      if (!own.has(listener)) own.set(listener, once);
      const off = unsubscribe(() => {
        signal?.removeEventListener("abort", off);
        own.delete(listener);
      });
      signal?.addEventListener("abort", off);
      return off;
    },
    events(event, { signal } = {}) {
      type Value = Events[typeof event];
      const waiting: Value[] = [];
      const takers: ((result: IteratorResult<Value>) => void)[] = [];
      const done = { done: true, value: undefined } as const;
      let ended = signal?.aborted === true;
      // A function of its own for each iterator: two of them are two registrations.
      const off = bus.on(
        event,
        (value) => {
          const taker = takers.shift();
          if (taker === undefined) waiting.push(value);
          else taker({ done: false, value });
        },
        { signal },
      );
      const end = (): void => {
        ended = true;
        off();
        endings.delete(end);
        signal?.removeEventListener("abort", end);
        for (const taker of takers.splice(0)) taker(done);
      };
      if (!ended) {
        endings.add(end);
        signal?.addEventListener("abort", end);
      }
      const iterator: AsyncIterableIterator<Value> = {
        [Symbol.asyncIterator]: () => iterator,
        next: () =>
          new Promise((resolve) => {
            if (waiting.length > 0) resolve({ done: false, value: waiting.shift() as Value });
            else if (ended) resolve(done);
            else takers.push(resolve);
          }),
        async return() {
          waiting.length = 0;
          end();
          return done;
        },
      };
      return iterator;
    },
    emit(event, value) {
      const list = lists.get(event);
      if (list === undefined || list.size === 0) return;
      // The hot path has one listener: no copy for it.
      const round = list.size === 1 ? list : new Map(list);
      for (const [listener, once] of round) {
        if (!list.has(listener)) continue;
        if (once) list.delete(listener);
        try {
          (listener as (value: Events[typeof event]) => void)(value);
        } catch (error) {
          onListenerError(error);
        }
        if (round === list) break;
      }
    },
    has: (event) => (lists.get(event)?.size ?? 0) > 0,
    clear() {
      for (const list of lists.values()) list.clear();
      for (const end of [...endings]) end();
    },
  };
  return bus;
}
