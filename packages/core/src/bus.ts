/**
 * The listener bus. Law: listeners run in registration order; the same function is called once however often it was
 * registered; a listener removed during a round is not called any more, one added during a round waits for the next;
 * a thrower stops nobody (B1.5, B1.6).
 *
 * A list is replaced, never changed, so that a round needs no copy: each message of a connection is a round.
 */
import { type Unsubscribe, unsubscribe } from "./disposable.js";
import type { AbortSignalLike } from "./ports.js";

export interface ListenOptions {
  /** Aborting it unsubscribes. An aborted signal registers nothing. */
  readonly signal?: AbortSignalLike | undefined;
  /** Unsubscribe before the first call. */
  readonly once?: boolean;
}

/** A registered listener; `off` once it is removed, for a round that still holds it. */
interface Entry {
  call: ((value: never) => void) | undefined;
  readonly once: boolean;
}

/** Who hears what a listener threw. */
export interface BusOwner {
  onListenerError(error: unknown): void;
}

// A class, for a client is one of thousands in a process and its methods should exist once.
export class Bus<Events extends object> {
  readonly #owner: BusOwner;
  // Made when the first listener comes. A Map, for a kind may be called `constructor`.
  #lists: Map<keyof Events, readonly Entry[]> | undefined;
  #endings: readonly (() => void)[] | undefined;

  constructor(owner: BusOwner) {
    this.#owner = owner;
  }

  on<K extends keyof Events>(
    event: K,
    listener: (value: Events[K]) => void,
    { signal, once = false }: ListenOptions = {},
  ): Unsubscribe {
    this.#lists ??= new Map<keyof Events, readonly Entry[]>();
    const lists = this.#lists;
    const list = lists.get(event) ?? [];
    const entry = list.find((e) => e.call === listener) ?? { call: listener, once };
    const off = unsubscribe(() => {
      signal?.removeEventListener("abort", off);
      this.#remove(event, entry);
    });
    if (signal?.aborted) return off;
    if (!list.includes(entry)) lists.set(event, [...list, entry]);
    signal?.addEventListener("abort", off);
    return off;
  }

  #remove(event: keyof Events, entry: Entry): void {
    entry.call = undefined;
    this.#lists?.set(event, this.#lists.get(event)?.filter((e) => e !== entry) ?? []);
  }

  /** The same as an asynchronous iterable. Values wait in order for the consumer; leaving the loop or the signal ends it. */
  events<K extends keyof Events>(
    event: K,
    { signal }: { readonly signal?: AbortSignalLike | undefined } = {},
  ): AsyncIterableIterator<Events[K]> {
    const waiting: Events[K][] = [];
    const takers: ((result: IteratorResult<Events[K]>) => void)[] = [];
    let ended = false;
    const flush = (): void => {
      while (takers.length > 0 && (waiting.length > 0 || ended)) {
        takers.shift()?.(
          waiting.length > 0 ? { done: false, value: waiting.shift() as Events[K] } : { done: true, value: undefined },
        );
      }
    };
    // A function of its own for each iterator: two of them are two registrations.
    const off = this.on(event, (value) => {
      waiting.push(value);
      flush();
    });
    const end = (): void => {
      ended = true;
      off();
      this.#endings = this.#endings?.filter((e) => e !== end);
      signal?.removeEventListener("abort", end);
      flush();
    };
    this.#endings = [...(this.#endings ?? []), end];
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
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    const list = this.#lists?.get(event);
    if (list === undefined) return;
    for (const entry of list) {
      const call = entry.call as ((value: Events[K]) => void) | undefined;
      if (entry.once) this.#remove(event, entry);
      try {
        call?.(value);
      } catch (error) {
        this.#owner.onListenerError(error);
      }
    }
  }

  /** Removes every listener and ends every iterator. */
  clear(): void {
    for (const list of this.#lists?.values() ?? []) for (const entry of list) entry.call = undefined;
    this.#lists = undefined;
    for (const end of this.#endings ?? []) end();
  }
}
