/**
 * One socket of a connection: the handlers that the transport calls and the host that the protocol calls.
 *
 * Law: nothing is decided here. A word of the server becomes an input of the machine; a message goes straight to the
 * protocol, and one number is written for it.
 */
import type { Input } from "./events.js";
import type {
  Clock,
  Link,
  LinkClose,
  LinkHandlers,
  ProtocolHost,
  ProtocolLink,
  RejectInfo,
  ThrottledFeature,
  WelcomeInfo,
} from "./ports.js";
import type { State } from "./state.js";

/** What a socket needs of its driver. */
export interface SocketOwner {
  readonly clock: Clock;
  /** Those that exist. */
  readonly sockets: readonly Socket[];
  state(): State;
  enqueue(job: () => void): void;
  dispatch(input: Input): void;
  /** Called before a loss is told. */
  beforeLoss(): void;
  /** The unacknowledged sends changed. */
  outbox(): void;
}

type LinkWord = Extract<Input, { readonly link: number }>;

/**
 * A socket that exists: what the transport and the protocol of one link call. Late events of an old link die here as
 * well as in the machine. One object with prototype methods, for there is one in each of thousands of clients.
 */
export class Socket implements LinkHandlers, ProtocolHost {
  link: Link | undefined;
  protocol: ProtocolLink | undefined;
  inboundAt: number = Number.NEGATIVE_INFINITY;
  readonly id: number;
  readonly #driver: SocketOwner;

  constructor(driver: SocketOwner, id: number) {
    this.#driver = driver;
    this.id = id;
  }

  get alive(): boolean {
    return this.#driver.sockets.includes(this);
  }

  #word(type: LinkWord["type"], more?: object): void {
    if (this.alive) this.#driver.dispatch({ type, link: this.id, ...more } as LinkWord);
  }

  // The transport's.
  opened(): void {
    this.#word("opened");
    this.#driver.enqueue(() => {
      const { session } = this.#driver.state();
      if (this.alive && session.tag === "active") this.protocol?.opened(session.token?.value ?? null);
    });
  }
  message(data: string | Uint8Array): void {
    if (!this.alive) return;
    this.inboundAt = this.#driver.clock.now();
    this.protocol?.message(data);
  }
  closed(close: LinkClose): void {
    if (this.alive) this.#driver.beforeLoss();
    this.#word("closed", { close });
  }

  // The protocol's.
  send(data: string | Uint8Array): void {
    if (this.alive) this.link?.send(data);
  }
  welcome(info: WelcomeInfo): void {
    this.#word("welcome", { info });
  }
  reject(info: RejectInfo): void {
    this.#word("reject", { info });
  }
  goaway(minDelayMs: number, spreadMs: number): void {
    this.#word("goaway", { minDelayMs, spreadMs });
  }
  throttle(features: readonly ThrottledFeature[]): void {
    this.#word("throttle", { features });
  }
  probeAck(): void {
    this.#word("probeAck");
  }
  expiring(inMs: number): void {
    this.#word("expiring", { inMs });
  }
  tokenOk(lifeMs: number | null): void {
    this.#word("tokenOk", { lifeMs });
  }
  fault(message: string): void {
    if (this.alive) this.link?.close(4400);
    this.#word("fault", { message });
  }
  outbox(): void {
    this.#driver.outbox();
  }
}
