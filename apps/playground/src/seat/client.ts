/**
 * One seat's client: the sdk as any page would use it, in a room of its own, with hands on what a page cannot do to itself.
 *
 * Two clients share this page, so each has its own corner of the storage. The tab's storage is used for all of it: a second tab
 * of the playground is two other users' business. A page that is looked at is never in the background, and the machine seldom
 * offline, so each seat can pretend to be; its storage can fail; and the probes that the protocol sends are watched, for the
 * snapshot does not tell of them.
 */
import { sessionStorageStorage, webLifecycle } from "@cc/platform-web";
import {
  type BackgroundPolicy,
  type Cc1Send,
  type Client,
  cc1,
  createClient,
  type Lifecycle,
  type LifecycleSignal,
  type ProtocolFactory,
  type Storage,
} from "@cc/sdk";
import { mintToken, type SeatConfig } from "../server.js";

export type Mode = "auto" | "manual";
export type Background = "disconnect" | "grace" | "keep";

export interface Settings {
  readonly mode: Mode;
  readonly background: Background;
}

export const GRACE_MS = 10_000;
export const policyOf = (background: Background): BackgroundPolicy =>
  background === "grace" ? { graceMs: GRACE_MS } : background;

/** What is done to the client from the side of its platform. */
export interface Hands {
  /** Pretends; `true` until told otherwise. */
  background(on: boolean): void;
  offline(on: boolean): void;
  failStorage(on: boolean): void;
  /** One signal of the platform. */
  signal(signal: LifecycleSignal): void;
  /** Whether a probe is open now, and whom to tell when that changes. */
  probing(): boolean;
  watchProbes(changed: () => void): () => void;
}

export interface SeatClient {
  readonly client: Client;
  readonly hands: Hands;
}

/** Where the seat's client dials, absolute. */
export const urlOf = (seat: SeatConfig): string => new URL(seat.url, document.baseURI).href;

/** Makes the client. Nothing happens before `init()`. */
export function createSeatClient(seat: SeatConfig, { background }: Settings): SeatClient {
  const real = webLifecycle();
  const watchers = new Set<(signal: LifecycleSignal) => void>();
  const pretended = { background: false, offline: false, failStorage: false };
  const probes = watchProbes();
  const tell = (signal: LifecycleSignal): void => {
    for (const handler of [...watchers]) handler(signal);
  };
  const lifecycle: Lifecycle = {
    current: () => ({
      background: pretended.background || real.current().background,
      online: !pretended.offline && real.current().online,
    }),
    watch(handler) {
      // While something is pretended, the real page's word to the contrary is none.
      const stop = real.watch((signal) => {
        const belied =
          (pretended.background && signal.type === "foreground") || (pretended.offline && signal.type === "online");
        if (!belied) handler(signal);
      });
      watchers.add(handler);
      return () => {
        watchers.delete(handler);
        stop();
      };
    },
  };
  const storage = corner(sessionStorageStorage(), `${seat.id}/`, () => pretended.failStorage);
  const client: Client = createClient({
    url: urlOf(seat),
    background: policyOf(background),
    storage,
    tabStorage: storage,
    lifecycle,
    protocol: probes.protocol,
    // For a session that a reload restored: who logged in by getToken goes on by it.
    getToken: () => mintToken(client.getLoggedInUser()?.uid ?? seat.uid, seat.id),
  });
  const pretend = (what: keyof typeof pretended, on: boolean, signal: LifecycleSignal["type"] | undefined): void => {
    if (pretended[what] === on) return;
    pretended[what] = on;
    if (signal !== undefined) tell({ type: signal } as LifecycleSignal);
  };
  return {
    client,
    hands: {
      background: (on) => pretend("background", on, on ? "background" : "foreground"),
      offline: (on) => pretend("offline", on, on ? "offline" : "online"),
      failStorage: (on) => pretend("failStorage", on, undefined),
      signal: tell,
      probing: probes.probing,
      watchProbes: probes.watch,
    },
  };
}

function corner(storage: Storage, prefix: string, fails: () => boolean): Storage {
  const full = (): void => {
    if (fails()) throw new DOMException("The playground lets this fail", "QuotaExceededError");
  };
  return {
    get: async (key) => storage.get(prefix + key),
    async set(key, value) {
      full();
      return storage.set(prefix + key, value);
    },
    async remove(key) {
      full();
      return storage.remove(prefix + key);
    },
  };
}

/** cc.1, with an eye on its probes. */
function watchProbes(): {
  readonly protocol: ProtocolFactory<Cc1Send>;
  readonly probing: () => boolean;
  readonly watch: (changed: () => void) => () => void;
} {
  const factory = cc1();
  const watchers = new Set<() => void>();
  let open: number | undefined;
  const set = (link: number | undefined): void => {
    if (open === link) return;
    open = link;
    for (const changed of [...watchers]) changed();
  };
  const protocol: ProtocolFactory<Cc1Send> = {
    ...factory,
    create(context) {
      const session = factory.create(context);
      const attach = session.attach.bind(session);
      return Object.assign(session, {
        attach(no: number, host: Parameters<typeof attach>[1]) {
          const acknowledged = host.probeAck.bind(host);
          host.probeAck = () => {
            set(undefined);
            acknowledged();
          };
          const link = attach(no, host);
          const [probe, detach] = [link.probe.bind(link), link.detach.bind(link)];
          link.probe = () => {
            set(no);
            probe();
          };
          link.detach = () => {
            set(undefined);
            detach();
          };
          return link;
        },
      });
    },
  };
  return {
    protocol,
    probing: () => open !== undefined,
    watch(changed) {
      watchers.add(changed);
      return () => void watchers.delete(changed);
    },
  };
}
