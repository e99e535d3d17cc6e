/**
 * The application's own types, told once:
 *
 *     declare module "@cc/react" {
 *       interface Register { events: { message: { text: string } } }
 *     }
 *
 * Law: types only. Context cannot carry a client's type parameters, and naming them at each hook is where they go wrong.
 */
import type { Cc1Send, Client, EventMap, SendFunction } from "@cc/sdk";

/** `events`: the event map of `createClient<Events>`. `send`: the send function of another protocol. Both optional. */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be merged into.
export interface Register {}

export type Events = Register extends { readonly events: infer E extends object } ? E : EventMap;
export type Send = Register extends { readonly send: infer S extends SendFunction } ? S : Cc1Send;

/** A client whatever its events and its protocol. */
// biome-ignore lint/suspicious/noExplicitAny: a client of one event map is no client of another; `Register` says which it is.
export type AnyClient = Client<any, any>;
