/** Listeners under an id. Law: one registration for the life of an id; what it calls may be replaced. */
import type { Bus } from "./bus.js";
import type { ConnectionEvents, ConnectionListener } from "./connection.js";
import { type Unsubscribe, unsubscribe } from "./disposable.js";
import type { Cancel } from "./ports.js";
import { NONE } from "./step.js";

/** A listener under its id. */
export interface Registered<L> {
  readonly id: string;
  listener: L;
}

/** Those of one kind. */
export class Registry<L> {
  #all: readonly (Registered<L> & { off: Cancel })[] = NONE;

  /** The same id replaces in place: the registration stays where it is in the order. `listen` registers a new one. */
  add(id: string, listener: L, listen: (entry: Registered<L>) => Cancel): Unsubscribe {
    let entry = this.#all.find((known) => known.id === id);
    if (entry) entry.listener = listener;
    else {
      entry = { id, listener, off: (): void => {} };
      entry.off = listen(entry);
      this.#all = this.#all.concat(entry);
    }
    // Another listener may have taken the id since, or the same one again.
    return unsubscribe(() => this.#all.includes(entry) && entry.listener === listener && this.remove(id));
  }

  remove(id: string): void {
    this.#all = this.#all.filter((entry) => entry.id !== id || entry.off());
  }
}

/** The callbacks of a listener that each status calls. */
const CALLS = {
  connected: ["onConnected"],
  connecting: ["onConnecting", "inConnecting"],
  disconnected: ["onDisconnected"],
  featureThrottled: ["onFeatureThrottled"],
} as const;

/** Registers the documented listener. Errors of storage and of events are the client's, not the connection's: they are not told here. */
export function listen(bus: Bus<ConnectionEvents>, entry: Registered<ConnectionListener>): Cancel {
  const error = bus.on("error", (e) => {
    if (e.phase !== "storage" && e.phase !== "event") entry.listener.onConnectionError?.(e);
  });
  const status = bus.on("status", ({ current }) => {
    for (const call of CALLS[current]) entry.listener[call]?.();
  });
  return () => {
    error();
    status();
  };
}
