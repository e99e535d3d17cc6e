/**
 * The connection as React state. Law: one subscription per component, to frozen snapshots that keep their identity while nothing
 * changed, so `useSyncExternalStore` neither tears nor renders twice.
 */
import type { Client, Snapshot, Status } from "@cc/sdk";
import { useCallback, useSyncExternalStore } from "react";
import { useClient } from "./provider.js";

/** The whole snapshot; renders at each change of it. */
export function useConnection(): Snapshot;
/** What `select` takes from the snapshot; renders when that changes by `Object.is`. `select` must return a part, not make an object. */
export function useConnection<T>(select: (snapshot: Snapshot) => T): T;
export function useConnection<T>(select?: (snapshot: Snapshot) => T): T | Snapshot {
  const client: Client = useClient();
  const subscribe = useCallback((changed: () => void) => client.subscribe(changed), [client]);
  const read = (): T | Snapshot => (select === undefined ? client.snapshot() : select(client.snapshot()));
  // On a server nothing is connected, and a client there says so.
  return useSyncExternalStore(subscribe, read, read);
}

const status = (snapshot: Snapshot): Status => snapshot.status;

/** One of the four documented statuses. */
export function useConnectionStatus(): Status {
  return useConnection(status);
}
