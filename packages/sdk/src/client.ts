/**
 * The client: core, protocol, login and storage, put together.
 *
 * Law: nothing of one user reaches the next (B2.4). A login is one job with a number; whatever comes back for an older
 * number is dropped. `user` is set and cleared in the same tick as the core's session, so the two never disagree.
 */
import {
  type Bus,
  type CallOptions,
  type Cancel,
  type Clock,
  type Connection,
  type ConnectionError,
  type ConnectionOptions,
  connectionError,
  createConnection,
  type Identity,
  isConnectionError,
  type Lifecycle,
  type ListenOptions,
  type Logger,
  NONE,
  type OpenLink,
  type Policy,
  type Protocol,
  type RandomSource,
  type Snapshot,
  type State,
  type Status,
  type TokenRequest,
  type TokenResult,
  type Unsubscribe,
  unsubscribe,
  without,
} from "@cc/core";
import {
  isFloor,
  isInstance,
  isPosition,
  isSession,
  type Renewal,
  type SavedPosition,
  type SavedSession,
} from "./records.js";
import { restAuth } from "./rest.js";
import { Store } from "./store.js";
import { tokenResult } from "./token.js";
import type {
  AppEvent,
  AuthApi,
  AuthResult,
  Client,
  ClientOptions,
  ClientPorts,
  EventMap,
  Gap,
  GetToken,
  InitSettings,
  LoginListener,
  LoginWithProvider,
  LogoutResult,
  Position,
  ProtocolContext,
  ProtocolFactory,
  ProtocolSession,
  SendFunction,
  SystemEvents,
  User,
} from "./types.js";

/** Characters of a random id: 72 bits. */
const ID_LENGTH = 14;
/** How much of what was delivered a crash may repeat (B10.3). */
const SAVE_MS = 1_000;
/** A server that cannot be told of a logout within this is not waited for (B2.5). */
const REVOKE_MS = 3_000;
/** A login that has no answer by then has failed. */
const AUTH_MS = 15_000;

/** A client over the given ports. Constructing it does no I/O. */
export function createClient<E extends EventMap, Send extends SendFunction>(
  options: ClientOptions<Send> & ClientPorts & { readonly protocol: ProtocolFactory<Send> },
): Client<E, Send> {
  // Younger than some runtimes that we support.
  if (Symbol.asyncDispose) Instance.prototype[Symbol.asyncDispose] = Instance.prototype.dispose;
  return new Instance(options) as unknown as Client<E, Send>;
}

type Events = SystemEvents & Record<string, unknown>;
type Options = ClientOptions<SendFunction> & ClientPorts & { readonly protocol: ProtocolFactory<SendFunction> };

/** A class, for its methods are shared: a process may hold thousands of clients, and each would pay for its own closures. */
class Instance implements ConnectionOptions {
  declare [Symbol.asyncDispose]: () => Promise<void>;
  readonly connection: Connection;
  readonly #options: Options;
  #loginListeners: readonly { readonly id: string; readonly listener: LoginListener }[] = NONE;
  #base = "";
  #app: { readonly id: string; readonly settings: string; readonly ready: Promise<void> } | undefined;
  #user: User | null = null;
  #renewal: Renewal = "none";
  #provider: GetToken | undefined;
  #session: ProtocolSession<SendFunction> | undefined;
  #store: Store | undefined;
  #tab: Store | undefined;
  #instance = "";
  #resumeFrom: Position | undefined;
  /** The logout that runs; a login waits for it, so that what is told of one session never comes after the next began. */
  #leaving: Promise<LogoutResult> | undefined;
  #revoking: AbortController | undefined;
  #pending: readonly ((error: ConnectionError) => void)[] = NONE;
  /** Of the session that lives: what another's protocol says is of a user who is gone. */
  context: Context | undefined;
  #job: { readonly key: string; readonly abort: AbortController; readonly result: Promise<User> } | undefined;
  #unsaved = false;
  #cancelSave: Cancel | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#provider = options.getToken;
    this.#resumeFrom = options.resumeFrom;
    this.connection = createConnection(this);
  }

  /** The connection's own: the names of system events are kept from kinds when an event is told. */
  get bus(): Bus<Events> {
    return this.connection.bus as unknown as Bus<Events>;
  }

  // What the connection needs of the world: this object is its options.
  get clock(): Clock {
    return this.#options.clock;
  }
  get random(): RandomSource {
    return this.#options.random;
  }
  get openLink(): OpenLink {
    return this.#options.openLink;
  }
  get lifecycle(): Lifecycle {
    return this.#options.lifecycle;
  }
  get logger(): Logger | undefined {
    return this.#options.logger;
  }
  get policy(): Partial<Policy> {
    const { background, shouldRetry, policy } = this.#options;
    return { ...policy, ...(background && { background }), ...(shouldRetry && { shouldRetry }) };
  }
  url(): string {
    return this.#base.replace(/^http/, "ws") + this.#options.protocol.path;
  }
  /** A page that is being hidden closes its link, or goes on with slow timers: what was delivered is written before that. */
  changed(): void {
    this.#flush();
  }
  onListenerError(error: unknown): void {
    const { onListenerError, logger } = this.#options;
    if (onListenerError) onListenerError(error);
    else logger?.error?.("A listener threw", { error: String(error) });
  }

  #randomId(): string {
    return Array.from({ length: ID_LENGTH }, () => Math.floor(this.#options.random() * 36).toString(36)).join("");
  }

  #toLogin<K extends keyof LoginListener>(name: K, ...args: Parameters<NonNullable<LoginListener[K]>>): void {
    for (const entry of this.#loginListeners) {
      if (!this.#loginListeners.includes(entry)) continue;
      const { listener } = entry;
      try {
        (listener[name] as ((...a: typeof args) => void) | undefined)?.(...args);
      } catch (error) {
        this.onListenerError(error);
      }
    }
  }

  // ---- init ----------------------------------------------------------------------------------------------------

  init(appId: string, settings: InitSettings = {}): Promise<void> {
    if (this.connection.disposed) return Promise.reject(disposedError());
    const app = this.#app;
    const { autoEstablishSocketConnection: auto = true, background, region } = settings;
    const said = JSON.stringify([auto, background, region, settings.url]);
    if (app?.id === appId && app.settings === said) return app.ready;
    if (app !== undefined)
      return Promise.reject(
        connectionError("ERR_INVALID_ARGUMENT", "init() was called with other arguments before", "init"),
      );
    const { url: own, regions } = this.#options;
    const url = settings.url ?? (region === undefined ? own : regions?.[region]);
    const bad = !appId
      ? "init() needs an app id"
      : !/^(http|ws)s?:\/\/[^/]/.test(url ?? "")
        ? `No usable URL (${url})`
        : undefined;
    if (bad !== undefined) return Promise.reject(connectionError("ERR_INVALID_ARGUMENT", bad, "init"));
    this.#base = (url ?? "").replace(/^ws/, "http").replace(/\/+$/, "");
    const ready = this.#untilDisposed(this.#start(appId, auto, background));
    this.#app = { id: appId, settings: said, ready };
    return ready;
  }

  async #start(appId: string, auto: boolean, background: InitSettings["background"]): Promise<void> {
    const { connection } = this;
    const { storage, tabStorage, protocol, clock } = this.#options;
    const prefix = `cc:${appId}:`;
    const store = new Store(storage, prefix, connection);
    const tab = tabStorage === storage ? store : new Store(tabStorage, prefix, connection);
    this.#store = store;
    this.#tab = tab;
    const [saved, floor, own, place] = await Promise.all([
      store.read("session", isSession),
      store.read("floor", isFloor),
      tab.read("instance", isInstance),
      tab.read("position", isPosition),
    ]);
    if (connection.disposed) throw disposedError();
    this.#instance = own?.id ?? this.#randomId();
    if (own === undefined) void tab.write("instance", { id: this.#instance });
    connection.init({ auto, floor: floor ?? null, ...(background && { policy: { background } }) });
    if (!protocol.login) this.#enter({ user: { uid: "" }, token: "", expiresInMs: null }, "none", undefined);
    else if (saved !== undefined) {
      const age = Math.max(0, clock.wall() - saved.at);
      const left = saved.lifeMs === null ? null : Math.max(0, saved.lifeMs - age);
      this.#enter(
        { user: saved.user, token: saved.token, expiresInMs: left },
        saved.renewal,
        place?.user === saved.user.uid ? place : undefined,
      );
    }
  }

  // ---- the session ---------------------------------------------------------------------------------------------

  /** Makes `who` the user: the protocol's session, the core's, and `user`, in one tick. */
  #enter(
    { user, token, expiresInMs }: Omit<AuthResult, "token"> & Pick<SavedSession, "token">,
    how: Renewal,
    resume: Position | undefined,
  ): void {
    const { protocol, clock } = this.#options;
    this.#user = user;
    this.#renewal = how;
    const context = new Context(this, {
      appId: this.#app?.id ?? "",
      user: user.uid,
      instance: this.#instance,
      nonce: this.#randomId(),
      resume: this.#resumeFrom ?? resume,
      clock,
      token,
      lifeMs: expiresInMs,
      renewable: how !== "none",
    });
    this.context = context;
    const session = protocol.create(context);
    this.#session = session;
    // The app named it for the session that it starts with; a later one, of another user perhaps, goes its own way.
    this.#resumeFrom = undefined;
    context.protocol = session;
    this.connection.login(context);
  }

  fetchToken(reason: "missing" | "expiring" | "rejected"): TokenRequest {
    const abort = new AbortController();
    const get = async (): Promise<TokenResult> => {
      if (this.#renewal === "refresh") {
        const held = this.connection.state().session;
        const token = held.tag === "active" ? (held.token?.value ?? held.burnt[0]) : undefined;
        if (!token) throw connectionError("ERR_AUTH_REJECTED", "No token is left to renew", "token");
        return tokenResult(await this.#auth().refresh(token, abort.signal));
      }
      if (this.#provider === undefined)
        throw connectionError("ERR_TOKEN_PROVIDER", "No getToken: call login({ uid, getToken })", "token", {
          retryable: true,
        });
      return tokenResult(await this.#provider({ reason, signal: abort.signal }));
    };
    return { result: get(), abort: () => abort.abort() };
  }

  /** The core says that token or floor changed. */
  save({ session, ladder }: State): void {
    void this.#store?.write("floor", ladder.floor ?? undefined);
    if (session.tag !== "active" || this.#user === null || !this.#options.protocol.login) return;
    const { token } = session;
    void this.#store?.write("session", {
      user: this.#user,
      token: token?.value ?? null,
      at: token ? token.from.wall : this.#options.clock.wall(),
      lifeMs: token?.lifeMs ?? null,
      renewal: this.#renewal,
    } satisfies SavedSession);
  }

  // ---- positions -----------------------------------------------------------------------------------------------

  moved(): void {
    this.#unsaved = true;
    this.#cancelSave ??= this.#options.clock.after(SAVE_MS, () => this.#flush(), false);
  }

  #flush(): void {
    const user = this.#user?.uid;
    const position = this.#session?.position();
    if (this.#unsaved && user !== undefined && position)
      void this.#tab?.write("position", { ...position, user } satisfies SavedPosition);
    this.#unsaved = false;
    this.#cancelSave?.();
    this.#cancelSave = undefined;
  }

  // ---- login ---------------------------------------------------------------------------------------------------

  login(first: string | LoginWithProvider, authKey?: string): Promise<User> {
    if (this.connection.disposed) return Promise.reject(disposedError());
    const key = JSON.stringify([first, authKey]);
    const valid =
      typeof first === "string" ? first && authKey !== "" : first?.uid && typeof first.getToken === "function";
    if (!valid)
      return this.#refuse("ERR_INVALID_ARGUMENT", "login() takes uid and authKey, a token, or { uid, getToken }");
    if (this.#app === undefined || !this.#options.protocol.login)
      return this.#refuse("ERR_NOT_INITIALIZED", "init() has not been called");
    const running = this.#job;
    if (running !== undefined) {
      // A function cannot be compared by its text: the same uid by way of getToken counts as the same login.
      return running.key === key
        ? running.result
        : Promise.reject(connectionError("ERR_LOGIN_IN_PROGRESS", "Another login is under way", "auth"));
    }
    const abort = new AbortController();
    const result = this.#untilDisposed(this.#settled(first, authKey, abort));
    this.#job = { key, abort, result };
    return result;
  }

  async #settled(
    first: string | LoginWithProvider,
    authKey: string | undefined,
    abort: AbortController,
  ): Promise<User> {
    const { signal } = abort;
    try {
      // A logout wins at whatever it finds the login waiting for, and in the moment after too.
      const user = await Promise.race([this.#logIn(first, authKey, abort), aborted(signal)]);
      signal.throwIfAborted();
      this.#job = undefined;
      this.#toLogin("loginSuccess", user);
      this.bus.emit("user", user);
      return user;
    } catch (cause) {
      if (this.#job?.abort === abort) this.#job = undefined;
      const error = isConnectionError(cause)
        ? cause
        : connectionError("ERR_TOKEN_PROVIDER", "getToken failed", "auth", {
            cause,
            retryable: (cause as { terminal?: unknown } | undefined)?.terminal !== true,
          });
      this.#toLogin("loginFailure", error);
      throw error;
    }
  }

  async #logIn(first: string | LoginWithProvider, authKey: string | undefined, abort: AbortController): Promise<User> {
    const { signal } = abort;
    const { clock } = this.#options;
    const { uid, getToken } =
      typeof first === "string" ? { uid: authKey === undefined ? undefined : first, getToken: undefined } : first;
    await this.#app?.ready;
    await this.#leaving;
    signal.throwIfAborted();
    const known = this.#stay(uid, getToken);
    if (known) return known;
    const result = await this.#within(AUTH_MS, "The login had no answer in time", abort, () =>
      this.#authenticate(first, authKey, signal),
    );
    const { user, token, expiresInMs: lifeMs } = result;
    const same = authKey === undefined && !getToken ? this.#stay(user.uid) : undefined;
    if (same) return same;
    if (this.#user !== null && this.#user.uid !== user.uid) await this.#endSession();
    signal.throwIfAborted();
    const renewal = getToken ? "provider" : authKey === undefined ? "none" : "refresh";
    await this.#store?.write("session", { user, token, at: clock.wall(), lifeMs, renewal } satisfies SavedSession);
    signal.throwIfAborted();
    this.#provider = getToken;
    const resume = this.#user === null ? undefined : this.#session?.position();
    this.#session?.end("ERR_LOGGED_OUT");
    this.#enter(result, renewal, resume);
    return user;
  }

  /** The user, if a login as `uid` finds that user logged in, and nothing that a new login would mend. */
  #stay(uid: string | undefined, getToken?: GetToken): User | undefined {
    const { link, session, mode } = this.connection.state();
    const user = this.#user;
    if (user?.uid !== uid || link.tag === "failed" || session.tag !== "active") return undefined;
    if (link.tag !== "linked" && !this.#renews(session.token, getToken)) return undefined;
    if (getToken) {
      this.#provider = getToken;
      if (this.#renewal !== "none") this.#renewal = "provider";
    }
    // A login takes back an earlier disconnect() (B3.4), on a later task as every dial of a login.
    if (mode.auto && mode.wish !== "on")
      this.#options.clock.after(0, () => void this.connection.connect().catch(() => {}));
    return user ?? undefined;
  }

  /** Whether the session has a token to come: a restored one may have nothing but what ran out meanwhile. */
  #renews(token: Extract<State["session"], { tag: "active" }>["token"], getToken: GetToken | undefined): boolean {
    if (this.#renewal !== "refresh") return this.#renewal === "provider" && !!(getToken ?? this.#provider);
    const { clock } = this.#options;
    return (
      !!getToken ||
      (!!token &&
        (token.lifeMs === null ||
          Math.max(clock.now() - token.from.now, clock.wall() - token.from.wall) < token.lifeMs))
    );
  }

  #refuse(code: ConnectionError["code"], message: string): Promise<never> {
    const error = connectionError(code, message, "auth");
    this.#toLogin("loginFailure", error);
    return Promise.reject(error);
  }

  async #authenticate(
    first: string | LoginWithProvider,
    authKey: string | undefined,
    signal: AbortSignal,
  ): Promise<AuthResult> {
    if (typeof first !== "string") {
      const { token, lifeMs } = tokenResult(await first.getToken({ reason: "login", signal }));
      return { user: { uid: first.uid }, token, expiresInMs: lifeMs };
    }
    const api = this.#auth();
    const answer = await (authKey === undefined ? api.me(first, signal) : api.login(first, authKey, signal));
    const { token, lifeMs } = tokenResult(answer);
    return { user: answer.user, token, expiresInMs: lifeMs };
  }

  #auth(): AuthApi {
    return this.#options.auth ?? restAuth(this.#base);
  }

  // ---- logout --------------------------------------------------------------------------------------------------

  /** Ends the session here, at once: link, calls, storage. Answers whether storage could be purged. */
  async #leave(): Promise<boolean> {
    this.#user = null;
    this.connection.logout();
    this.#session?.end("ERR_LOGGED_OUT");
    this.#session = this.context = undefined;
    this.#flush();
    const purged = [this.#store?.write("session", undefined), this.#tab?.write("position", undefined)];
    return (await Promise.all(purged)).every((ok) => ok !== false);
  }

  logout(): Promise<LogoutResult> {
    if (this.connection.disposed) return Promise.reject(disposedError());
    this.#job?.abort.abort(connectionError("ERR_LOGGED_OUT", "logout() was called", "auth"));
    this.#job = undefined;
    return this.#endSession();
  }

  #endSession(): Promise<LogoutResult> {
    this.#leaving ??= this.#untilDisposed(this.#leaveAndTell()).finally(() => {
      this.#leaving = undefined;
    });
    return this.#leaving;
  }

  async #leaveAndTell(): Promise<LogoutResult> {
    // A session that is still being restored is logged out as one that was.
    if (!this.#instance) await this.#app?.ready;
    const held = this.connection.state().session;
    const token = held.tag === "active" ? held.token?.value : undefined;
    const purging = this.#leave();
    const result = await this.#revoke(token);
    if (await purging) this.#toLogin("logoutSuccess");
    else
      this.#toLogin(
        "logoutFailure",
        connectionError("ERR_STORAGE", "The stored session could not be removed", "storage", { retryable: true }),
      );
    this.bus.emit("user", null);
    return result;
  }

  async #revoke(token: string | undefined): Promise<LogoutResult> {
    if (!token || !this.#base) return { revoked: false };
    const abort = new AbortController();
    this.#revoking = abort;
    try {
      await this.#within(REVOKE_MS, "The server could not be told", abort, () =>
        this.#auth().revoke(token, abort.signal),
      );
      return { revoked: true };
    } catch (cause) {
      const error = isConnectionError(cause)
        ? cause
        : connectionError("ERR_WEBSOCKET_ERROR", "The server could not be told", "auth", { cause });
      return { revoked: false, error };
    }
  }

  /** What `act` comes to, unless its abort or `ms` come first. */
  async #within<T>(ms: number, message: string, abort: AbortController, act: () => Promise<T>): Promise<T> {
    const late = this.#options.clock.after(ms, () =>
      abort.abort(connectionError("ERR_CONNECT_TIMEOUT", message, "auth", { retryable: true })),
    );
    try {
      return await Promise.race([act(), aborted(abort.signal)]);
    } finally {
      late();
    }
  }

  /** The same promise, and rejected by `dispose()`. */
  #untilDisposed<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending = this.#pending.concat(reject);
      const done = (): void => {
        this.#pending = without(this.#pending, reject);
      };
      promise.then(resolve, reject).then(done);
    });
  }

  // ---- the whole -----------------------------------------------------------------------------------------------

  async dispose(): Promise<void> {
    if (this.connection.disposed) return;
    this.#flush();
    for (const reject of this.#pending) reject(disposedError());
    this.#job?.abort.abort(disposedError());
    this.#revoking?.abort(disposedError());
    this.#loginListeners = [];
    this.#session?.end("ERR_DISPOSED");
    this.connection.dispose();
  }

  send(...args: unknown[]): Promise<unknown> {
    if (this.connection.disposed) return Promise.reject(disposedError());
    if (this.#app === undefined)
      return Promise.reject(connectionError("ERR_NOT_INITIALIZED", "init() has not been called", "send"));
    if (this.#session === undefined)
      return Promise.reject(connectionError("ERR_NOT_LOGGED_IN", "No user is logged in", "send"));
    return this.#session.send(...args);
  }

  getLoggedInUser(): User | null {
    return this.#user;
  }
  getConnectionStatus(): Status {
    return this.connection.status();
  }

  on(event: string, ...args: [(value: unknown) => void, ListenOptions?]): Unsubscribe {
    return this.bus.on(event, ...args);
  }
  events(event: string, options?: CallOptions): AsyncIterableIterator<unknown> {
    return this.bus.events(event, options);
  }

  addLoginListener(id: string, listener: LoginListener): Unsubscribe {
    const added = { id, listener };
    const all = this.#loginListeners;
    this.#loginListeners = all.some((entry) => entry.id === id)
      ? all.map((entry) => (entry.id === id ? added : entry))
      : all.concat(added);
    return unsubscribe(() => {
      this.#loginListeners = this.#loginListeners.filter((entry) => entry.id !== id || entry.listener !== listener);
    });
  }
  removeLoginListener(id: string): void {
    this.#loginListeners = this.#loginListeners.filter((entry) => entry.id !== id);
  }

  snapshot(): Snapshot {
    return this.connection.snapshot();
  }
  connect(...args: Parameters<Connection["connect"]>): ReturnType<Connection["connect"]> {
    return this.connection.connect(...args);
  }
  disconnect(): Promise<void> {
    return this.connection.disconnect();
  }
  ping(...args: Parameters<Connection["ping"]>): ReturnType<Connection["ping"]> {
    return this.connection.ping(...args);
  }
  checkNow(...args: Parameters<Connection["checkNow"]>): ReturnType<Connection["checkNow"]> {
    return this.connection.checkNow(...args);
  }
  reconnect(...args: Parameters<Connection["reconnect"]>): ReturnType<Connection["reconnect"]> {
    return this.connection.reconnect(...args);
  }
  until(...args: Parameters<Connection["until"]>): ReturnType<Connection["until"]> {
    return this.connection.until(...args);
  }
  subscribe(...args: Parameters<Connection["subscribe"]>): Unsubscribe {
    return this.connection.subscribe(...args);
  }
  addConnectionListener(...args: Parameters<Connection["addConnectionListener"]>): Unsubscribe {
    return this.connection.addConnectionListener(...args);
  }
  removeConnectionListener(id: string): void {
    this.connection.removeConnectionListener(id);
  }
}

type Facts = Pick<ProtocolContext, "appId" | "user" | "instance" | "nonce" | "resume" | "clock"> &
  Pick<Identity, "token" | "lifeMs" | "renewable">;

/** What the protocol of one session knows and may tell. Whatever it says after its session's end is of a user who is gone. */
class Context implements ProtocolContext, Identity {
  readonly #client: Instance;
  readonly appId: string;
  readonly user: string;
  readonly instance: string;
  readonly nonce: string;
  readonly resume: Position | undefined;
  readonly clock: Clock;
  readonly token: string | null;
  readonly lifeMs: number | null;
  readonly renewable: boolean;
  declare protocol: Protocol;

  constructor(client: Instance, facts: Facts) {
    this.#client = client;
    this.appId = facts.appId;
    this.user = facts.user;
    this.instance = facts.instance;
    this.nonce = facts.nonce;
    this.resume = facts.resume;
    this.clock = facts.clock;
    this.token = facts.token;
    this.lifeMs = facts.lifeMs;
    this.renewable = facts.renewable;
  }

  fetchToken(reason: "missing" | "expiring" | "rejected"): TokenRequest {
    return this.#client.fetchToken(reason);
  }

  get #live(): boolean {
    return this.#client.context === this;
  }

  throttled(): Snapshot["throttled"] {
    return this.#client.snapshot().throttled;
  }
  event(event: AppEvent): void {
    if (!this.#live) return;
    const { bus } = this.#client;
    if (!(event.kind in SYSTEM)) bus.emit(event.kind, event);
    bus.emit(event.class === "durable" ? "event" : "ephemeral", event);
    bus.emit("*", event);
  }
  gap(gap: Gap): void {
    if (this.#live) this.#client.bus.emit("gap", gap);
  }
  caughtUp(position: Position): void {
    if (this.#live) this.#client.bus.emit("caughtUp", position);
  }
  moved(): void {
    if (this.#live) this.#client.moved();
  }
}

/** Names that no kind may take. */
const SYSTEM: Readonly<Record<string, unknown>> = {
  __proto__: null,
  status: 0,
  snapshot: 0,
  session: 0,
  error: 0,
  gap: 0,
  caughtUp: 0,
  user: 0,
  event: 0,
  ephemeral: 0,
  "*": 0,
};

const disposedError = (): ConnectionError => connectionError("ERR_DISPOSED", "The client was disposed");

/** Rejects with the signal's reason when it is aborted. */
const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
