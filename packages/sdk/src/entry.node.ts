/** The client for Node: the one place that chooses its ports. */
import { memoryStorage } from "@cc/core";
import { nodeClock, nodeLifecycle, nodeRandom } from "@cc/platform-node";
import { createWsTransport } from "@cc/transport-ws";
import { cc1 } from "./cc1.js";
import { createClient as createPortable } from "./client.js";
import type { Cc1Send, Client, ClientOptions, EventMap, ProtocolFactory, SendFunction } from "./types.js";

/** A client over `ws`, with storage in memory. `storage: fileStorage(path)` keeps the session across restarts. Constructing it does no I/O. */
export function createClient<E extends EventMap = EventMap, Send extends SendFunction = Cc1Send>(
  options: ClientOptions<Send> = {},
): Client<E, Send> {
  return createPortable<E, Send>({
    clock: nodeClock,
    random: nodeRandom,
    openLink: createWsTransport(),
    lifecycle: nodeLifecycle(),
    storage: memoryStorage(),
    // One process is one instance: what it keeps for itself lies beside what it would share.
    tabStorage: options.storage ?? memoryStorage(),
    ...options,
    protocol: options.protocol ?? (cc1() as unknown as ProtocolFactory<Send>),
  });
}

export { fileStorage } from "@cc/platform-node";
export * from "./shared.js";
