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
      const list = lists.get(event) ?? new Map<Listener, boolean>();
      lists.set(event, list);
      const off = unsubscribe(() => {
        signal?.removeEventListener("abort", off);
        list.delete(listener);
      });
      if (signal?.aborted) return off;
      if (!list.has(listener)) list.set(listener, once);
      signal?.addEventListener("abort", off);
      return off;
    },
    events(event, { signal } = {}) {
      type Value = Events[typeof event];
      const waiting: Value[] = [];
      const takers: ((result: IteratorResult<Value>) => void)[] = [];
      let ended = false;
      const flush = (): void => {
        while (takers.length > 0 && (waiting.length > 0 || ended)) {
          takers.shift()?.(
            waiting.length > 0 ? { done: false, value: waiting.shift() as Value } : { done: true, value: undefined },
          );
        }
      };
      // A function of its own for each iterator: two of them are two registrations.
      const off = bus.on(event, (value) => {
        waiting.push(value);
        flush();
      });
      const end = (): void => {
        ended = true;
        off();
        endings.delete(end);
        signal?.removeEventListener("abort", end);
        flush();
      };
      endings.add(end);
      if (signal?.aborted) end();
      else signal?.addEventListener("abort", end);
      return {
        [Symbol.asyncIterator]() {
          return this;
        },
        next: () =>
          new Promise((resolve) => {
            takers.push(resolve);
            flush();
          }),
        async return() {
          waiting.length = 0;
          end();
          return { done: true, value: undefined };
        },
      };
    },
    emit(event, value) {
      const list = lists.get(event);
      // A copy, for the round is those who listen now.
      for (const [listener, once] of list?.size ? [...list] : []) {
        if (!list?.has(listener)) continue;
        if (once) list.delete(listener);
        try {
          (listener as (value: Events[typeof event]) => void)(value);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
    clear() {
      for (const list of lists.values()) list.clear();
      for (const end of [...endings]) end();
    },
  };
  return bus;
}
