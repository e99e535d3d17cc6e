/**
 * The client that a tree uses. Law: the provider makes nothing and ends nothing: who created the client disposes it, so StrictMode
 * and hot reload, which mount everything twice, never open a second socket.
 */
import type { Client, EventMap, SendFunction } from "@cc/sdk";
import { type Context, createContext, createElement, type ReactElement, type ReactNode, useContext } from "react";

export interface ConnectionProviderProps {
  readonly client: AnyClient;
  readonly children?: ReactNode;
}

/** A client whatever its events and its protocol. */
// biome-ignore lint/suspicious/noExplicitAny: a client of one event map is no client of another; the caller of useClient names his.
type AnyClient = Client<any, any>;

const ClientContext: Context<AnyClient | null> = createContext<AnyClient | null>(null);

/** Gives `client` to every hook below. */
export function ConnectionProvider({ client, children }: ConnectionProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the nearest provider. Throws where there is none. The type parameters are the caller's word, as with a cast. */
export function useClient<E extends EventMap = EventMap, Send extends SendFunction = Client["send"]>(): Client<
  E,
  Send
> {
  const client = useContext(ClientContext);
  if (client === null) throw new Error("No <ConnectionProvider client={…}> above this component");
  return client;
}
