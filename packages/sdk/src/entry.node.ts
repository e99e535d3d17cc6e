/** The client for Node: the one place that chooses its ports. */
import { type Lifecycle, memoryStorage, type OpenLink } from "@cc/core";
import { nodeClock, nodeLifecycle, nodeRandom } from "@cc/platform-node";
import { createWsTransport } from "@cc/transport-ws";
import { cc1 } from "./cc1.js";
import { createClient as createPortable } from "./client.js";
import type { Cc1Send, Client, ClientOptions, EventMap, ProtocolFactory, SendFunction } from "./types.js";

// What has no state of a client is one for all clients of the process: a thousand of them have one tick, not a thousand.
let openLink: OpenLink | undefined;
let lifecycle: Lifecycle | undefined;

const standard: ProtocolFactory<Cc1Send> = cc1();

/** A client over `ws`, with storage in memory. `storage: fileStorage(path)` keeps the session across restarts. Constructing it does no I/O. */
export function createClient<E extends EventMap = EventMap, Send extends SendFunction = Cc1Send>(
  options: ClientOptions<Send> = {},
): Client<E, Send> {
  // One process is one instance: what it keeps for itself lies beside what it would share.
  const storage = options.storage ?? memoryStorage();
  openLink ??= createWsTransport();
  lifecycle ??= nodeLifecycle();
  return createPortable<E, Send>({
    clock: nodeClock,
    random: nodeRandom,
    openLink,
    lifecycle,
    tabStorage: storage,
    ...options,
    storage,
    protocol: options.protocol ?? (standard as unknown as ProtocolFactory<Send>),
  });
}

export { fileStorage } from "@cc/platform-node";
export * from "./shared.js";
