/**
 * The connection as React state. Law: one subscription per hook, to frozen snapshots that keep their identity while nothing
 * changed, so `useSyncExternalStore` neither tears nor renders twice.
 */
import type { Snapshot, Status } from "@cc/sdk";
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { useClient } from "./provider.js";

/**
 * What a server renders, and a page while it hydrates, whatever the client has come to meanwhile: the same on both sides, so
 * nothing can mismatch.
 */
const onServer: Snapshot = Object.freeze<Snapshot>({
  status: "disconnected",
  phase: "idle",
  reason: "notInitialized",
  attempt: 0,
  retryAt: null,
  since: 0,
  linked: false,
  link: null,
  recovery: null,
  throttled: [],
  mode: "auto",
  app: "foreground",
  background: "disconnect",
  leaseUntil: null,
  online: true,
  error: null,
  outage: null,
  rttMs: null,
  user: null,
});

/** The whole snapshot; renders at each change of it. */
export function useConnection(): Snapshot;
/**
 * What `select` takes from the snapshot; renders when that changes by `isEqual` (default `Object.is`). A `select` that makes an
 * object wants an `isEqual` that looks into it. Both may be written in place.
 */
export function useConnection<T>(select: (snapshot: Snapshot) => T, isEqual?: (a: T, b: T) => boolean): T;
export function useConnection<T>(
  select: (snapshot: Snapshot) => T | Snapshot = whole,
  isEqual: (a: T, b: T) => boolean = Object.is,
): T | Snapshot {
  const client = useClient();
  const shown = useRef<{ readonly value: T } | null>(null);
  // React asks again and again: the same snapshot is answered with the same value, and an equal value with the one shown.
  const read = useMemo(() => {
    let from: Snapshot | undefined;
    let value: T;
    return (snapshot: Snapshot): T => {
      if (snapshot !== from) {
        const next = select(snapshot) as T;
        const known = from ? { value } : shown.current;
        value = known && isEqual(known.value, next) ? known.value : next;
        from = snapshot;
      }
      return value;
    };
  }, [select, isEqual]);
  const value = useSyncExternalStore(
    useCallback((changed) => client.subscribe(changed), [client]),
    () => read(client.snapshot()),
    () => read(onServer),
  );
  useEffect(() => {
    shown.current = { value };
  }, [value]);
  return value;
}

const whole = (snapshot: Snapshot): Snapshot => snapshot;
const status = (snapshot: Snapshot): Status => snapshot.status;

/** One of the four documented statuses. For a banner use `useOutage`: a status flips at each attempt. */
export function useConnectionStatus(): Status {
  return useConnection(status);
}
