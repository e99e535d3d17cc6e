/**
 * The client that a tree uses, and how long it lives. Law: what a mount begins is done one macrotask later, and so is what an
 * unmount ends; whichever comes last takes the other's place. So the mount–unmount–mount of StrictMode and of hot reload begins
 * once and ends nothing, and where another provider takes over, the old client has closed before the new one dials.
 */
import type { Client, SendFunction } from "@cc/sdk";
import {
  type Context,
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
} from "react";
import type { AnyClient, Events, Send } from "./register.js";

export type ConnectionProviderProps = {
  readonly children?: ReactNode;
} & (
  | {
      /** Made elsewhere, and its maker's to dispose: the provider does nothing with it. */
      readonly client: AnyClient;
      readonly create?: undefined;
      readonly start?: undefined;
    }
  | {
      readonly client?: undefined;
      /**
       * Makes the client, without I/O: React may render and throw away before it mounts, on a server too, so it may be called
       * more than once. Another function later changes nothing: give the provider another `key`. The provider disposes what
       * it has mounted, one macrotask after it was unmounted for good; the user stays logged in.
       */
      readonly create: () => AnyClient;
      /**
       * Called once for the client that was mounted, never on a server: the place for `client.init(…)`. What it throws or
       * rejects with is reported as an uncaught error.
       */
      readonly start?: ((client: AnyClient) => unknown) | undefined;
    }
);

interface Made {
  readonly client: AnyClient;
  started?: boolean;
  ended?: boolean;
  timer?: ReturnType<typeof setTimeout>;
}

const ClientContext: Context<AnyClient | null> = createContext<AnyClient | null>(null);

/** Gives a client to every hook below it. */
export function ConnectionProvider({ client, create, start, children }: ConnectionProviderProps): ReactElement {
  const make = (): Made => ({ client: client ?? (create as () => AnyClient)() });
  const [own, setOwn] = useState(make);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `create` and `start` count once, as their documentation says.
  useEffect(() => {
    if (!create) return;
    clearTimeout(own.timer);
    // React keeps the state of what it hides, and shows it again after we have let go.
    if (own.ended) return setOwn(make());
    own.timer = setTimeout(() => {
      if (own.started) return;
      own.started = true;
      new Promise((resolve) => resolve(start?.(own.client))).catch((error) => {
        // Thrown where every platform reports it; but what came after the end is nobody's concern.
        if (!own.ended)
          setTimeout(() => {
            throw error;
          });
      });
    });
    return () => {
      clearTimeout(own.timer);
      own.timer = setTimeout(() => {
        own.ended = true;
        void own.client.dispose();
      });
    };
  }, [own]);
  return createElement(ClientContext.Provider, { value: client ?? own.client }, children);
}

/** The client of the nearest provider. Throws where there is none. Its types are those of `Register`, or the caller's word. */
export function useClient<E extends object = Events, S extends SendFunction = Send>(): Client<E, S> {
  const client = useContext(ClientContext);
  if (!client) throw new Error("No <ConnectionProvider> above this component");
  return client;
}
