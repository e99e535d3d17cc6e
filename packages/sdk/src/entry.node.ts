/** The client for Node: the one place that chooses its ports. */
import { type Clock, type Lifecycle, memoryStorage, type OpenLink, type Storage } from "@cc/core";
import { HoldingClock, nodeFetch, nodeLifecycle, nodeRandom, type RequestOptions } from "@cc/platform-node";
import { createWsTransport, type OpenWsLink } from "@cc/transport-ws";
import { cc1 } from "./cc1.js";
import { Instance } from "./client.js";
import type {
  Cc1Send,
  Client,
  ClientOptions,
  EventMap,
  EventSchemas,
  EventsOf,
  Fetch,
  ProtocolFactory,
  SendFunction,
} from "./types.js";

/** Options of Node alone. They hold for the WebSocket and for REST alike; a port of your own (`openLink`, `auth`, `fetch`) goes its own way. */
export interface NodeOptions {
  /** Where connections come from: an `https.Agent`, or a proxy's (`https-proxy-agent`). Default: none; each link is a fresh connection. */
  readonly agent?: RequestOptions["agent"];
  /** Certificate authorities in PEM, in place of Node's own list. Default: Node's. */
  readonly ca?: RequestOptions["ca"];
  /** Sent with the WebSocket's upgrade and with each REST request. Default: none. Never put a token here that a proxy's log may not show. */
  readonly headers?: RequestOptions["headers"];
}

/** In Node a client that is linked, tries to be, or owes an answer keeps the process alive. */
export interface NodeClient<E extends object = EventMap, Send extends SendFunction = Cc1Send> extends Client<E, Send> {
  /** From now on nothing of this client keeps the process alive: no link, no attempt, no retry, no promise. */
  unref(): void;
  /** Takes `unref()` back. */
  ref(): void;
}

// What has no state of a client is one for all clients of the process: a thousand of them have one tick, not a thousand.
let transport: OpenWsLink | undefined;
let lifecycle: Lifecycle | undefined;

const ALONE = { lock: undefined, watch: undefined };

const standard: ProtocolFactory<Cc1Send> = cc1();

/** A client over `ws`, with storage in memory. `storage: fileStorage(path)` keeps the session across restarts. Constructing it does no I/O. */
export function createClient<S extends EventSchemas, Send extends SendFunction = Cc1Send>(
  options: ClientOptions<Send> & NodeOptions & { readonly events: S },
): NodeClient<EventsOf<S>, Send>;
export function createClient<E extends object = EventMap, Send extends SendFunction = Cc1Send>(
  options?: ClientOptions<Send> & NodeOptions,
): NodeClient<E, Send>;
export function createClient<E extends object, Send extends SendFunction>(
  options: ClientOptions<Send> & NodeOptions = {},
): NodeClient<E, Send> {
  // One process is one instance: what it keeps for itself lies beside what it would share. A store that nobody else can
  // reach needs neither lock nor watch, which would cost each of a thousand clients some heap.
  const { storage = Object.assign(memoryStorage(), ALONE) as Storage } = options;
  const protocol = options.protocol ?? standard;
  const chosen = { __proto__: standardPorts, ...options, storage, protocol, [HOLD]: new HoldingClock() };
  return new NodeInstance(chosen as unknown as Wired) as unknown as NodeClient<E, Send>;
}

const HOLD = Symbol("hold");
type Wired = NodeOptions & {
  readonly [HOLD]: HoldingClock;
  readonly storage: Storage;
} & ConstructorParameters<typeof Instance>[0];

/** The ports that an app does not bring. Inherited by its options: a process may hold thousands, and each would pay for its own functions. */
const standardPorts: ThisType<Wired> & object = {
  random: nodeRandom,
  get clock(): Clock {
    return this[HOLD];
  },
  get lifecycle(): Lifecycle {
    lifecycle ??= nodeLifecycle();
    return lifecycle;
  },
  get tabStorage(): Storage {
    return this.storage;
  },
  get openLink(): OpenLink {
    transport ??= createWsTransport();
    const open = ownWay(this) ? createWsTransport(wayOf(this)) : transport;
    return (...args) => open(...args, this[HOLD]);
  },
  get fetch(): Fetch {
    return nodeFetch(wayOf(this), this[HOLD]);
  },
};

const ownWay = ({ agent, ca, headers }: NodeOptions): unknown => agent || ca || headers;
const wayOf = ({ agent, ca, headers }: NodeOptions): object => ({
  ...(agent && { agent }),
  ...(ca && { ca }),
  ...(headers && { headers }),
});

class NodeInstance extends Instance {
  readonly #hold: HoldingClock;

  constructor(options: Wired) {
    super(options);
    this.#hold = options[HOLD];
  }

  unref(): void {
    this.#hold.unref();
  }
  ref(): void {
    this.#hold.ref();
  }
}

/** What ends with the tab in a page ends with the process here. */
export { memoryStorage as sessionStorageStorage } from "@cc/core";
export { fileStorage } from "@cc/platform-node";
export * from "./shared.js";
