/**
 * Events as calls. Law: one subscription from mount to unmount, to whatever handler was rendered last.
 *
 * It stands from the commit that shows the component, in the same task as its DOM, not from the passive effect that follows some
 * time after. What arrives between a concurrent render and its commit, or while the component is not mounted, is not told: what
 * must not be missed belongs to a `client.on()` beside `createClient`.
 */
import type { ClientEvents } from "@cc/sdk";
import { useEffect, useLayoutEffect, useRef } from "react";
import { useClient } from "./provider.js";
import type { AnyClient, Events } from "./register.js";

// React 18 warns of layout effects on a server, where neither runs.
const useCommit = typeof window === "undefined" ? useEffect : useLayoutEffect;

/**
 * Calls `handler` with each event of `kind`: a kind of the application, `event`, `ephemeral`, `*`, or one of the client's own
 * (`status`, `session`, `gap`, `caughtUp`, `error`, `user`). Another handler is taken over without another subscription.
 */
export function useEvent<K extends keyof ClientEvents<Events>>(
  kind: K,
  handler: (event: ClientEvents<Events>[K]) => void,
): void {
  // Whatever `Register` says: `kind` is right by this function's own type.
  const client: AnyClient = useClient();
  const latest = useRef(handler);
  useCommit(() => {
    latest.current = handler;
  });
  useCommit(
    () => client.on(kind as string, (event: unknown) => latest.current(event as ClientEvents<Events>[K])),
    [client, kind],
  );
}
