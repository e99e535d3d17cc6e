/** The client for pages and workers: the one place that chooses their ports. */
import { localStorageStorage, sessionStorageStorage, webClock, webLifecycle, webRandom } from "@cc/platform-web";
import { openWebSocket } from "@cc/transport-browser";
import { cc1 } from "./cc1.js";
import { createClient as createPortable } from "./client.js";
import type { Cc1Send, Client, ClientOptions, EventMap, ProtocolFactory, SendFunction } from "./types.js";

const standard: ProtocolFactory<Cc1Send> = cc1();

/** A client over the platform's WebSocket, `localStorage` for the session and `sessionStorage` for the tab. Constructing it does no I/O. */
export function createClient<E extends EventMap = EventMap, Send extends SendFunction = Cc1Send>(
  options: ClientOptions<Send> = {},
): Client<E, Send> {
  return createPortable<E, Send>({
    clock: webClock,
    random: webRandom,
    openLink: openWebSocket,
    lifecycle: webLifecycle(),
    storage: localStorageStorage(),
    tabStorage: sessionStorageStorage(),
    ...options,
    protocol: options.protocol ?? (standard as unknown as ProtocolFactory<Send>),
  });
}

export * from "./shared.js";
