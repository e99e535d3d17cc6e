/**
 * The listener bus. Law: listeners run in registration order; the same function is called once however often it was
 * registered; a listener removed during a round is not called any more, one added during a round waits for the next;
 * a thrower stops nobody (B1.5, B1.6).
 *
 * A list is replaced, never changed, so that a round needs no copy: each message of a connection is a round.
 */
import { type Unsubscribe, unsubscribe } from "./disposable.js";
import type { AbortSignalLike } from "./ports.js";
import { NONE, without } from "./step.js";

export interface ListenOptions {
  /** Aborting it unsubscribes. An aborted signal registers nothing. */
  readonly signal?: AbortSignalLike | undefined;
  /** Unsubscribe before the first call. */
  readonly once?: boolean;
}

/** A registered listener; `off` once it is removed, for a round that still holds it. */
interface Entry {
  readonly event: PropertyKey;
  call: ((value: never) => void) | undefined;
  readonly once: boolean;
  /** Lets go of the signal. */
  readonly quit: (() => void) | undefined;
}

/** Who hears what a listener threw. */
export interface BusOwner {
  onListenerError(error: unknown): void;
}

// A class, for a client is one of thousands in a process and its methods should exist once.
export class Bus<Events extends object> {
  readonly #owner: BusOwner;
  /** Those of all events: there are few, and a list for each event would cost an idle client more than all of them. */
  #entries: readonly Entry[] = NONE;
  #endings: readonly (() => void)[] = NONE;
  #closed = false;

  constructor(owner: BusOwner) {
    this.#owner = owner;
  }

  on<K extends keyof Events>(
    event: K,
    listener: (value: Events[K]) => void,
    { signal, once = false }: ListenOptions = {},
  ): Unsubscribe {
    const known = this.#entries.find((e) => e.event === event && e.call === listener);
    const quit = signal && ((): void => signal.removeEventListener("abort", off));
    const entry = known ?? { event, call: listener, once, quit };
    const off = unsubscribe(() => {
      quit?.();
      this.#remove(entry);
    });
    if (this.#closed || signal?.aborted) return off;
    // `concat`: a literal with a spread in it takes room for sixteen more.
    if (!known) this.#entries = this.#entries.concat(entry);
    signal?.addEventListener("abort", off);
    return off;
  }

  /** How many listen. */
  get length(): number {
    return this.#entries.length;
  }

  #remove(entry: Entry): void {
    entry.call = undefined;
    entry.quit?.();
    this.#entries = without(this.#entries, entry);
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
        // Read in this order.
        takers.shift()?.({ done: waiting.length === 0, value: waiting.shift() } as IteratorResult<Events[K]>);
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
      this.#endings = without(this.#endings, end);
      signal?.removeEventListener("abort", end);
      flush();
    };
    this.#endings = this.#endings.concat(end);
    if (this.#closed || signal?.aborted) end();
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

  /** Tells the listeners of `event`; those of `also` and `all` hear the same value in the same round. */
  emit<K extends keyof Events>(event: K, value: Events[K], also?: keyof Events, all?: keyof Events): void {
    for (const entry of this.#entries) {
      if (entry.event !== event && entry.event !== also && entry.event !== all) continue;
      const call = entry.call as ((value: Events[K]) => void) | undefined;
      if (entry.once) this.#remove(entry);
      try {
        call?.(value);
      } catch (error) {
        this.#owner.onListenerError(error);
      }
    }
  }

  /** Removes every listener and ends every iterator, later ones included. */
  clear(): void {
    this.#closed = true;
    for (const entry of this.#entries) this.#remove(entry);
    for (const end of this.#endings) end();
  }
}
