/** The client as an application sees it. Law: nothing is decided here. */
import {
  type CallOptions,
  type Connection,
  connectionError,
  type ListenOptions,
  type Snapshot,
  type Status,
  type Trace,
  type Unsubscribe,
} from "@cc/core";
import { Account, type Options } from "./account.js";
import { Login } from "./login.js";
import type {
  Cc1Send,
  Client,
  ClientOptions,
  ClientPorts,
  EventMap,
  InitSettings,
  LoginListener,
  LoginWithProvider,
  LogoutResult,
  ProtocolFactory,
  SendFunction,
  User,
} from "./types.js";
import { disposedError } from "./waits.js";

/** A client over the given ports. Constructing it does no I/O. */
export function createClient<E extends object = EventMap, Send extends SendFunction = Cc1Send>(
  options: ClientOptions<Send> & ClientPorts & { readonly protocol: ProtocolFactory<Send> },
): Client<E, Send> {
  return new Instance(options) as unknown as Client<E, Send>;
}

/** What `createClient` makes. */
export class Instance {
  declare [Symbol.asyncDispose]: () => Promise<void>;
  readonly #account: Account;
  #login: Login | undefined;

  constructor(options: Options) {
    // Younger than some runtimes that we support.
    if (Symbol.asyncDispose) Instance.prototype[Symbol.asyncDispose] = Instance.prototype.dispose;
    this.#account = new Account(options);
  }

  get #connection(): Connection {
    return this.#account.connection;
  }

  init(appId: string, settings?: InitSettings): Promise<void> {
    return this.#account.init(appId, settings);
  }
  login(first: string | LoginWithProvider, authKey?: string): Promise<User> {
    this.#login ??= new Login(this.#account);
    return this.#login.login(first, authKey);
  }
  logout(): Promise<LogoutResult> {
    this.#login ??= new Login(this.#account);
    return this.#login.logout();
  }

  async dispose(): Promise<void> {
    if (this.#connection.disposed) return;
    this.#login?.dispose();
    this.#account.dispose();
  }

  send(...args: unknown[]): Promise<unknown> {
    if (this.#connection.disposed) return Promise.reject(disposedError());
    if (!this.#account.app) return Promise.reject(connectionError("ERR_NOT_INITIALIZED", undefined, "send"));
    if (!this.#account.session) return Promise.reject(connectionError("ERR_NOT_LOGGED_IN", undefined, "send"));
    return this.#account.session.send(...args);
  }

  getLoggedInUser(): User | null {
    return this.#account.user;
  }
  getConnectionStatus(): Status {
    return this.#connection.status();
  }

  on(event: string, ...args: [(value: unknown) => void, ListenOptions?]): Unsubscribe {
    return this.#account.bus.on(event, ...args);
  }
  events(event: string, options?: CallOptions): AsyncIterableIterator<unknown> {
    return this.#account.bus.events(event, options);
  }

  addLoginListener(id: string, listener: LoginListener): Unsubscribe {
    return this.#account.addLoginListener(id, listener);
  }
  removeLoginListener(id: string): void {
    this.#account.removeLoginListener(id);
  }

  snapshot(): Snapshot {
    return this.#connection.snapshot();
  }
  trace(): Trace {
    return this.#connection.trace();
  }
  connect(...args: Parameters<Connection["connect"]>): ReturnType<Connection["connect"]> {
    return this.#connection.connect(...args);
  }
  disconnect(): Promise<void> {
    return this.#connection.disconnect();
  }
  ping(...args: Parameters<Connection["ping"]>): ReturnType<Connection["ping"]> {
    return this.#connection.ping(...args);
  }
  checkNow(...args: Parameters<Connection["checkNow"]>): ReturnType<Connection["checkNow"]> {
    return this.#connection.checkNow(...args);
  }
  reconnect(...args: Parameters<Connection["reconnect"]>): ReturnType<Connection["reconnect"]> {
    return this.#connection.reconnect(...args);
  }
  until(...args: Parameters<Connection["until"]>): ReturnType<Connection["until"]> {
    return this.#connection.until(...args);
  }
  subscribe(...args: Parameters<Connection["subscribe"]>): Unsubscribe {
    return this.#connection.subscribe(...args);
  }
  addConnectionListener(...args: Parameters<Connection["addConnectionListener"]>): Unsubscribe {
    return this.#connection.addConnectionListener(...args);
  }
  removeConnectionListener(id: string): void {
    this.#connection.removeConnectionListener(id);
  }
}
