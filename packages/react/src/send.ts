/**
 * Sending, with what a form shows of it. Law: a failure is told in `error` and by the promise, and who takes neither is not
 * punished with an unhandled rejection.
 */
import type { ConnectionError } from "@cc/sdk";
import { useCallback, useState } from "react";
import { useClient } from "./provider.js";
import type { Send } from "./register.js";

export interface Sending<S = Send> {
  /** `client.send`: resolves with the acknowledgement, rejects with a `ConnectionError`. Keeps its identity; may be called freely. */
  readonly send: S;
  /** Sends of this hook that have not settled are under way. */
  readonly pending: boolean;
  /** Why a send of this hook failed; `null` from the next one on. */
  readonly error: ConnectionError | null;
}

export function useSend(): Sending {
  const client = useClient();
  const [open, setOpen] = useState(0);
  const [error, setError] = useState<ConnectionError | null>(null);
  const send = useCallback(
    (...args: Parameters<Send>) => {
      setError(null);
      setOpen((n) => n + 1);
      const sent = client.send(...args);
      // Both ways of `then`, so that this branch never rejects; the caller's promise still does, for who awaits it.
      const settled = (): void => setOpen((n) => n - 1);
      sent.then(settled, (why) => {
        settled();
        setError(why);
      });
      return sent;
    },
    [client],
  );
  return { send: send as Send, pending: open > 0, error };
}
