/** The client for pages and workers: the one place that chooses their ports. */
import { localStorageStorage, sessionStorageStorage, webClock, webLifecycle, webRandom } from "@cc/platform-web";
import { openWebSocket } from "@cc/transport-browser";
import { cc1 } from "./cc1.js";
import { createClient as createPortable } from "./client.js";
import type {
  Cc1Send,
  Client,
  ClientOptions,
  EventMap,
  EventSchemas,
  EventsOf,
  ProtocolFactory,
  SendFunction,
} from "./types.js";

const standard: ProtocolFactory<Cc1Send> = cc1();

/**
 * A client over the platform's WebSocket, `localStorage` for the session and `sessionStorage` for the tab. Constructing it does no I/O.
 * A worker has neither: there nothing is kept unless `storage` is given (`indexedDbStorage()`), which then also holds what
 * is the worker's own.
 */
export function createClient<S extends EventSchemas, Send extends SendFunction = Cc1Send>(
  options: ClientOptions<Send> & { readonly events: S },
): Client<EventsOf<S>, Send>;
export function createClient<E extends object = EventMap, Send extends SendFunction = Cc1Send>(
  options?: ClientOptions<Send>,
): Client<E, Send>;
export function createClient<E extends object, Send extends SendFunction>(
  options: ClientOptions<Send> = {},
): Client<E, Send> {
  return createPortable<E, Send>({
    clock: webClock,
    random: webRandom,
    openLink: openWebSocket,
    lifecycle: webLifecycle(),
    tabStorage: (globalThis.document ? undefined : options.storage) ?? sessionStorageStorage(),
    ...options,
    storage: options.storage ?? localStorageStorage(),
    protocol: options.protocol ?? (standard as unknown as ProtocolFactory<Send>),
  });
}

export { indexedDbStorage } from "@cc/platform-web";
export * from "./shared.js";
export { sessionStorageStorage };
