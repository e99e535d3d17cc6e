/**
 * The account: core, protocol and storage put together for whoever is logged in.
 *
 * Law: nothing of one user reaches the next (B2.4). `user` is set and cleared in the same tick as the core's session, so
 * the two never disagree. How one logs in and out is in login.ts, what an application sees in client.ts.
 */
import {
  type Bus,
  type Cancel,
  type Clock,
  type Connection,
  type ConnectionError,
  type ConnectionOptions,
  connectionError,
  createConnection,
  type Lifecycle,
  type LifecycleSignal,
  type Logger,
  NONE,
  type OpenLink,
  type Policy,
  type RandomSource,
  Registry,
  type Snapshot,
  type State,
  type TokenRequest,
  type TokenResult,
  type Unsubscribe,
  without,
} from "@cc/core";
import { Context, type ContextOwner, type Events } from "./context.js";
import type { Renewal, SavedPosition, SavedSession } from "./records.js";
import { restAuth } from "./rest.js";
import { Store } from "./store.js";
import { claim, SharedSession, type Sharer } from "./tabs.js";
import { tokenResult } from "./token.js";
import type {
  AuthApi,
  AuthResult,
  ClientOptions,
  ClientPorts,
  GetToken,
  InitSettings,
  LoginListener,
  Position,
  ProtocolFactory,
  ProtocolSession,
  SendFunction,
  User,
} from "./types.js";
import { Abort, disposedError, within } from "./waits.js";

/** Characters of a random id: 72 bits. */
const ID_LENGTH = 14;
/** How much of what was delivered a crash may repeat (B10.3). */
const SAVE_MS = 1_000;
/** Attempts of a session that never had a link, the last of which did not open, before HTTPS is tried: one may be chance, two a restart; the third comes seconds later. */
const NEVER_OPENED = 3;
/** How long storage is waited for at most before a dial: a page that is shown again dials, with the jitter of a wake, within the second of B5.9. */
const LOOK_MS = 700;
/** An HTTPS answer later than this says nothing. As long as a first attempt (B5.8). */
const HTTPS_MS = 10_000;

/** What login listeners hear goes over the connection's bus, under a name that no event can have. */
const LOGIN: unique symbol = Symbol();
type Told = { readonly [LOGIN]: readonly [name: keyof LoginListener, ...args: (User | ConnectionError)[]] };

export type Options = ClientOptions<SendFunction> & ClientPorts & { readonly protocol: ProtocolFactory<SendFunction> };

/** A class, for its methods are shared: a process may hold thousands of clients, and each would pay for its own closures. */
export class Account implements ConnectionOptions, ContextOwner, Sharer {
  readonly connection: Connection;
  readonly options: Options;
  base = "";
  app: { readonly id: string; readonly settings: string; readonly ready: Promise<void> } | undefined;
  user: User | null = null;
  renewal: Renewal = "none";
  provider: GetToken | undefined;
  session: ProtocolSession<SendFunction> | undefined;
  shared: SharedSession | undefined;
  tab: Store | undefined;
  instance = "";
  #place = "";
  #release: Cancel | undefined;
  /** What was heard of the page last before the connection listened. */
  #page: LifecycleSignal | undefined;
  #resumeFrom: Position | undefined;
  #pending: readonly ((error: ConnectionError) => void)[] = NONE;
  /** Of the session that lives: what another's protocol says is of a user who is gone. */
  context: Context | undefined;
  #logins: Registry<LoginListener> | undefined;
  /** The outage in which HTTPS was tried. */
  #asked: number | undefined;
  #asking: Abort | undefined;
  #unsaved = false;
  #cancelSave: Cancel | undefined;
  #looking: Abort | undefined;

  constructor(options: Options) {
    this.options = options;
    this.provider = options.getToken;
    this.#resumeFrom = options.resumeFrom;
    this.connection = createConnection(this);
  }

  /** The connection's own: the names of system events are kept from kinds when an event is told. */
  get bus(): Bus<Events & Told> {
    return this.connection.bus as unknown as Bus<Events & Told>;
  }

  // What the connection needs of the world: this object is its options.
  get clock(): Clock {
    return this.options.clock;
  }
  get random(): RandomSource {
    return this.options.random;
  }
  get openLink(): OpenLink {
    return this.options.openLink;
  }
  /**
   * The platform's. A page that comes out of the back/forward cache is told as shown when storage has been looked at: a logout
   * elsewhere may have been missed there, and the wake would dial before it is seen (B2.9). Slow storage holds it up for a moment only.
   */
  get lifecycle(): Lifecycle {
    const { lifecycle, storage, protocol } = this.options;
    return {
      current: () => lifecycle.current(),
      watch: (handler) => {
        if (this.#page) handler(this.#page);
        if (!storage.watch || !protocol.login) return lifecycle.watch(handler);
        return lifecycle.watch((signal) => {
          if (signal.type === "pageHidden") this.#stopLooking();
          if (signal.type !== "pageShown") return handler(signal);
          const abort = new Abort();
          this.#looking = abort;
          // Hidden again in the meantime, it was not shown.
          void this.#look(abort).then(() => this.#looking === abort && handler(signal));
        });
      },
    };
  }
  /** Looks at storage for the end of this login elsewhere (B2.9). */
  async #look(abort: Abort): Promise<void> {
    await within(this.clock, LOOK_MS, abort, async () => this.shared?.check()).catch(() => {});
  }
  #stopLooking(): void {
    this.#looking?.abort(0);
    this.#looking = undefined;
  }
  get logger(): Logger | undefined {
    return this.options.logger;
  }
  get policy(): Partial<Policy> {
    const { background, shouldRetry, policy } = this.options;
    return { ...policy, ...(background && { background }), ...(shouldRetry && { shouldRetry }) };
  }
  url(): string {
    return this.base.replace(/^http/, "ws") + this.options.protocol.path;
  }
  /** A page that is being hidden closes its link, or goes on with slow timers: what was delivered is written before that. */
  changed(): void {
    this.flush();
    const { attempt, phase, recovery, outage, error } = this.snapshot();
    if (phase === "idle") this.#asking?.abort(disposedError());
    const never = phase === "waiting" && attempt >= NEVER_OPENED && !recovery && error?.phase === "transport";
    // A server that said it is busy was reached.
    if (never && error.code !== "ERR_SERVER_OVERLOADED" && outage && this.#asked !== outage.since) {
      this.#asked = outage.since;
      void this.#askHttps();
    }
  }

  /** Whether it is WebSockets alone that do not get through (B7.5). */
  async #askHttps(): Promise<void> {
    const { clock, protocol } = this.options;
    const abort = new Abort();
    this.#asking = abort;
    const asked = within(clock, HTTPS_MS, abort, async () => protocol.login && this.auth().reachable?.(abort.signal));
    if (await asked.catch(() => {}))
      this.connection.hint({
        code: "ERR_TRANSPORT_BLOCKED",
        message: "The server answers HTTPS, but no WebSocket opens",
        phase: "transport",
        retryable: true,
      });
  }
  onListenerError(error: unknown): void {
    const { onListenerError } = this.options;
    // Not everywhere: Node and React Native have none, whatever the types say.
    const report: typeof onListenerError = onListenerError ?? globalThis.reportError;
    if (report) report(error);
    else this.logger?.error?.("A listener threw", { error: String(error) });
  }

  randomId(): string {
    return Array.from({ length: ID_LENGTH }, () => Math.floor(this.options.random() * 36).toString(36)).join("");
  }

  /** The same id replaces in place. */
  addLoginListener(id: string, listener: LoginListener): Unsubscribe {
    this.#logins ??= new Registry();
    return this.#logins.add(id, listener, (entry) =>
      this.bus.on(LOGIN, ([name, ...args]) =>
        (entry.listener[name] as ((...a: typeof args) => void) | undefined)?.(...args),
      ),
    );
  }
  removeLoginListener(id: string): void {
    this.#logins?.remove(id);
  }
  toLogin(...told: Told[typeof LOGIN]): void {
    this.bus.emit(LOGIN, told);
  }

  // ---- init ----------------------------------------------------------------------------------------------------

  init(appId: string, settings: InitSettings = {}): Promise<void> {
    if (this.connection.disposed) return Promise.reject(disposedError());
    const app = this.app;
    const { autoEstablishSocketConnection: auto = true, background, region } = settings;
    const said = JSON.stringify([auto, background, region, settings.url]);
    if (app?.id === appId && app.settings === said) return app.ready;
    if (app)
      return Promise.reject(
        connectionError("ERR_INVALID_ARGUMENT", "init() was called with other arguments before", "init"),
      );
    const { url: own, regions } = this.options;
    const url = settings.url ?? (region === undefined ? own : regions?.[region]);
    const bad = !appId
      ? "init() needs an app id"
      : !/^(http|ws)s?:\/\/[^/]/.test(url ?? "")
        ? `No usable URL (${url})`
        : undefined;
    if (bad) return Promise.reject(connectionError("ERR_INVALID_ARGUMENT", bad, "init"));
    this.base = (url ?? "").replace(/^ws/, "http");
    // A path is appended to the base; where there is none, the URL is the app's to the letter.
    if (this.options.protocol.path) this.base = this.base.replace(/\/+$/, "");
    const ready = this.untilDisposed(this.#start(appId, auto, background));
    this.app = { id: appId, settings: said, ready };
    return ready;
  }

  async #start(appId: string, auto: boolean, background: InitSettings["background"]): Promise<void> {
    const { connection } = this;
    const { lifecycle, storage, tabStorage, protocol } = this.options;
    const prefix = `cc:${appId}:`;
    const store = new Store(storage, prefix, connection);
    const tab = tabStorage === storage ? store : new Store(tabStorage, prefix, connection);
    const shared = new SharedSession(store, this, protocol.login);
    this.shared = shared;
    this.tab = tab;
    // The connection hears nothing yet, and a page may be hidden while storage is read (B5.9).
    const unwatch = lifecycle.watch((signal) => {
      if (/^page/.test(signal.type)) this.#page = signal;
    });
    this.#release = unwatch;
    const own = await claim(tab, tab === store, () => this.randomId());
    // Last, for a logout elsewhere in the meantime is told to nobody here.
    const [saved, floor] = await shared.load();
    unwatch();
    if (connection.disposed) {
      own.release?.();
      throw disposedError();
    }
    this.#release = own.release;
    this.instance = own.id;
    this.#place = own.place;
    // A disconnect() while storage was read is no word of an earlier start: it holds, for the session found there too (B3.4).
    const { mode } = connection.state();
    connection.init({ auto, floor, ...(background && { policy: { background } }) });
    if (!protocol.login) this.enter({ user: { uid: "" }, token: "", expiresInMs: null }, "none", undefined);
    else if (saved) {
      const place = own.position?.user === saved.user.uid ? own.position : undefined;
      this.enter({ ...saved, expiresInMs: this.#left(saved) }, saved.renewal, place);
    }
    if (mode.wish !== "on") void connection.disconnect();
  }

  // ---- the session ---------------------------------------------------------------------------------------------

  /** Makes `who` the user: the protocol's session, the core's, and `user`, in one tick. */
  enter(
    { user, token, expiresInMs }: Omit<AuthResult, "token"> & Pick<SavedSession, "token">,
    how: Renewal,
    resume: Position | undefined,
  ): void {
    const { protocol, clock } = this.options;
    this.user = user;
    this.renewal = how;
    const context = new Context(this, {
      appId: this.app?.id ?? "",
      user: user.uid,
      instance: this.instance,
      nonce: this.randomId(),
      resume: this.#resumeFrom ?? resume,
      clock,
      token,
      lifeMs: expiresInMs,
      renewable: how !== "none",
    });
    this.context = context;
    const session = protocol.create(context);
    this.session = session;
    // The app named it for the session that it starts with; a later one, of another user perhaps, goes its own way.
    this.#resumeFrom = undefined;
    context.protocol = session;
    this.connection.login(context);
  }

  fetchToken(reason: "missing" | "expiring" | "rejected"): TokenRequest {
    const abort = new AbortController();
    const get = async (): Promise<TokenResult> => {
      // A logout elsewhere ends the token too, and its refusal may be here before storage has told why.
      if (reason === "rejected") await this.#look(new Abort());
      const held = this.connection.state().session;
      if (abort.signal.aborted || held.tag !== "active") throw connectionError("ERR_LOGGED_OUT");
      const seen = this.shared?.seen();
      // After a rejection the app is asked: another tab's may be void with ours, and a second one is the last (B2.7).
      const asks = reason === "rejected" && this.renewal === "provider";
      if (!asks && seen?.token && ![...held.burnt, held.token?.value].includes(seen.token)) {
        // Another tab has renewed it. What is nearly over is not worth the change.
        const lifeMs = this.#left(seen);
        if (lifeMs === null || lifeMs * 2 > Number(seen.lifeMs)) return { token: seen.token, lifeMs };
      }
      if (this.renewal === "refresh") {
        const token = held.token?.value ?? held.burnt[0];
        if (!token) throw connectionError("ERR_AUTH_REJECTED", undefined, "token");
        return tokenResult(await this.auth().refresh(token, abort.signal));
      }
      if (!this.provider)
        throw connectionError("ERR_TOKEN_PROVIDER", "No getToken: call login({ uid, getToken })", "token", {
          retryable: true,
        });
      return tokenResult(await this.provider({ reason, signal: abort.signal }));
    };
    return { result: get(), abort: () => abort.abort() };
  }

  /** What is left of its life. */
  #left({ lifeMs, at }: SavedSession): number | null {
    return lifeMs && Math.max(0, lifeMs - Math.max(0, this.options.clock.wall() - at));
  }

  /** The core says that token or floor changed. */
  save({ ladder }: State): void {
    this.shared?.save(ladder.floor, this.options.protocol.login);
  }

  record(): Omit<SavedSession, "login"> | undefined {
    const { session } = this.connection.state();
    const { user, renewal } = this;
    if (session.tag !== "active" || user === null) return undefined;
    const { token } = session;
    return {
      user,
      token: token?.value ?? null,
      at: token ? token.from.wall : this.options.clock.wall(),
      lifeMs: token?.lifeMs ?? null,
      renewal,
    };
  }

  /** Ends the session here, at once: link and calls. */
  leave(): void {
    this.user = null;
    this.connection.logout();
    this.session?.end("ERR_LOGGED_OUT");
    this.session = undefined;
    this.context = undefined;
    this.flush();
  }

  fenced(): void {
    this.leave();
    void this.forgetPosition();
    this.toLogin("logoutSuccess");
    this.bus.emit("user", null);
  }

  // ---- positions -----------------------------------------------------------------------------------------------

  moved(): void {
    this.#unsaved = true;
    this.#cancelSave ??= this.options.clock.after(SAVE_MS, () => this.flush(), false);
  }

  flush(): void {
    const { user } = this;
    const position = this.session?.position();
    if (this.#unsaved && user && position)
      void this.tab?.write(this.#place, { ...position, user: user.uid } satisfies SavedPosition);
    this.#unsaved = false;
    this.#cancelSave?.();
    this.#cancelSave = undefined;
  }

  async forgetPosition(): Promise<boolean> {
    return this.tab?.write(this.#place, undefined) ?? true;
  }

  auth(): AuthApi {
    return this.options.auth ?? restAuth(this.base, this.options.fetch);
  }

  snapshot(): Snapshot {
    return this.connection.snapshot();
  }

  // ---- the end -------------------------------------------------------------------------------------------------

  /** The same promise, and rejected by `dispose()`. */
  untilDisposed<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#pending = this.#pending.concat(reject);
      promise.then(resolve, reject).then(() => {
        this.#pending = without(this.#pending, reject);
      });
    });
  }

  dispose(): void {
    this.flush();
    for (const reject of this.#pending) reject(disposedError());
    this.#asking?.abort(disposedError());
    this.#stopLooking();
    this.session?.end("ERR_DISPOSED");
    this.connection.dispose();
    this.shared?.dispose();
    this.#release?.();
  }
}
