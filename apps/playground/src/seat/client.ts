/**
 * One seat's client: the sdk as any page would use it, in a room of its own.
 *
 * Two clients share this page, so each has its own corner of the storage. The tab's storage is used for all of it: a second tab
 * of the playground is two other users' business. And a page that is looked at is never in the background, so each seat can
 * pretend to be.
 */
import { sessionStorageStorage, webLifecycle } from "@cc/platform-web";
import { type Client, createClient, type Lifecycle, type LifecycleSignal, type Storage } from "@cc/sdk";
import { mintToken, type SeatConfig } from "../server.js";

export type Mode = "auto" | "manual";

export interface SeatClient {
  readonly client: Client;
  /** Sends the seat to the background, or back. */
  pretendBackground(on: boolean): void;
}

/** Makes the client. Nothing happens before `init()`. */
export function createSeatClient(seat: SeatConfig): SeatClient {
  const { lifecycle, pretendBackground } = pretending(webLifecycle());
  const storage = corner(sessionStorageStorage(), `${seat.id}/`);
  const client: Client = createClient({
    url: seat.url,
    storage,
    tabStorage: storage,
    lifecycle,
    // For a session that a reload restored: who logged in by getToken goes on by it.
    getToken: () => mintToken(client.getLoggedInUser()?.uid ?? seat.uid),
  });
  return { client, pretendBackground };
}

const corner = (storage: Storage, prefix: string): Storage => ({
  get: (key) => storage.get(prefix + key),
  set: (key, value) => storage.set(prefix + key, value),
  remove: (key) => storage.remove(prefix + key),
});

/** The page's real lifecycle, with a background that can be pretended on top. */
function pretending(real: Lifecycle): { readonly lifecycle: Lifecycle } & Pick<SeatClient, "pretendBackground"> {
  const watchers = new Set<(signal: LifecycleSignal) => void>();
  let pretended = false;
  const lifecycle: Lifecycle = {
    current: () => ({ ...real.current(), background: pretended || real.current().background }),
    watch(handler) {
      // While the background is pretended, the real page's return to the foreground is none.
      const stop = real.watch((signal) => {
        if (!(pretended && signal.type === "foreground")) handler(signal);
      });
      watchers.add(handler);
      return () => {
        watchers.delete(handler);
        stop();
      };
    },
  };
  return {
    lifecycle,
    pretendBackground(on) {
      if (pretended === on) return;
      pretended = on;
      for (const handler of [...watchers]) handler({ type: on ? "background" : "foreground" });
    },
  };
}
