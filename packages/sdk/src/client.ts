/**
 * The client: core, protocol, login and storage, put together.
 *
 * Law: nothing of one user reaches the next (B2.4). A login is one job with a number; whatever comes back for an older
 * number is dropped. `user` is set and cleared in the same tick as the core's session, so the two never disagree.
 */
import {
  Bus,
  type ConnectionError,
  connectionError,
  createConnection,
  type Identity,
  isConnectionError,
  type State,
  type TokenRequest,
  unsubscribe,
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
import { createStore, type Store } from "./store.js";
import { tokenResult } from "./token.js";
import type {
  AppEvent,
  AuthApi,
  AuthResult,
  Client,
  ClientEvents,
  ClientOptions,
  ClientPorts,
  EventMap,
  GetToken,
  InitSettings,
  LoginListener,
  LoginWithProvider,
  LogoutResult,
  Position,
  ProtocolFactory,
  ProtocolSession,
  SendFunction,
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
  const { clock, random, protocol } = options;
  let { resumeFrom } = options;
  let base = "";
  let app: { readonly id: string; readonly settings: string; readonly ready: Promise<void> } | undefined;
  let user: User | null = null;
  let renewal: Renewal = "none";
  let provider: GetToken | undefined = options.getToken;
  let session: ProtocolSession<Send> | undefined;
  let store: Store | undefined;
  let tab: Store | undefined;
  let auth: AuthApi | undefined;
  let instance = "";

  const connection = createConnection({
    ...options,
    url: () => base.replace(/^http/, "ws") + protocol.path,
    policy: {
      ...options.policy,
      ...(options.background && { background: options.background }),
      ...(options.shouldRetry && { shouldRetry: options.shouldRetry }),
    },
    save,
  });
  const onListenerError =
    options.onListenerError ??
    ((error: unknown) => options.logger?.error?.("A listener threw", { error: String(error) }));
  const appBus = new Bus<Record<string, unknown>>(onListenerError);
  const loginListeners = new Map<string, LoginListener>();

  const randomId = (): string =>
    Array.from({ length: ID_LENGTH }, () => Math.floor(random() * 36).toString(36)).join("");

  function toLogin<K extends keyof LoginListener>(name: K, ...args: Parameters<NonNullable<LoginListener[K]>>): void {
    for (const [id, listener] of [...loginListeners]) {
      if (loginListeners.get(id) !== listener) continue;
      try {
        (listener[name] as ((...a: typeof args) => void) | undefined)?.(...args);
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  // ---- init ----------------------------------------------------------------------------------------------------

  function init(appId: string, settings: InitSettings = {}): Promise<void> {
    if (connection.disposed) return Promise.reject(disposedError());
    const { autoEstablishSocketConnection: auto = true, background, region } = settings;
    const said = JSON.stringify([auto, background, region, settings.url]);
    if (app?.id === appId && app.settings === said) return app.ready;
    if (app !== undefined)
      return Promise.reject(
        connectionError("ERR_INVALID_ARGUMENT", "init() was called with other arguments before", "init"),
      );
    const url = settings.url ?? (region === undefined ? options.url : options.regions?.[region]);
    const bad = !appId
      ? "init() needs an app id"
      : !/^(http|ws)s?:\/\/[^/]/.test(url ?? "")
        ? `No usable URL (${url})`
        : undefined;
    if (bad !== undefined) return Promise.reject(connectionError("ERR_INVALID_ARGUMENT", bad, "init"));
    base = (url ?? "").replace(/^ws/, "http").replace(/\/+$/, "");
    const ready = untilDisposed(start(appId, auto, background));
    app = { id: appId, settings: said, ready };
    return ready;
  }

  async function start(appId: string, auto: boolean, background: InitSettings["background"]): Promise<void> {
    store = createStore(options.storage, `cc:${appId}:`, (fault) => connection.report(fault));
    tab = createStore(options.tabStorage, `cc:${appId}:`, (fault) => connection.report(fault));
    auth = options.auth ?? restAuth(base);
    const [saved, floor, own, place] = await Promise.all([
      store.read("session", isSession),
      store.read("floor", isFloor),
      tab.read("instance", isInstance),
      tab.read("position", isPosition),
    ]);
    if (connection.disposed) throw disposedError();
    instance = own?.id ?? randomId();
    if (own === undefined) void tab.write("instance", { id: instance });
    connection.init({ auto, floor: floor ?? null, ...(background && { policy: { background } }) });
    if (!protocol.login) enter({ user: { uid: "" }, token: "", expiresInMs: null }, "none", undefined);
    else if (saved !== undefined) {
      const age = Math.max(0, clock.wall() - saved.at);
      const left = saved.lifeMs === null ? null : Math.max(0, saved.lifeMs - age);
      enter(
        { user: saved.user, token: saved.token, expiresInMs: left },
        saved.renewal,
        place?.user === saved.user.uid ? place : undefined,
      );
    }
  }

  // ---- the session ---------------------------------------------------------------------------------------------

  /** Makes `who` the user: the protocol's session, the core's, and `user`, in one tick. */
  function enter(
    who: Omit<AuthResult, "token"> & Pick<SavedSession, "token">,
    how: Renewal,
    resume: Position | undefined,
  ): void {
    user = who.user;
    renewal = how;
    const { uid } = who.user;
    /** Whatever a protocol says after its session's end is of a user who is gone. */
    const mine =
      <T>(fn: (value: T) => void) =>
      (value: T): void => {
        if (session === own) fn(value);
      };
    const own: ProtocolSession<Send> = protocol.create({
      appId: app?.id ?? "",
      user: uid,
      instance,
      nonce: randomId(),
      resume: resumeFrom ?? resume,
      clock,
      throttled: () => connection.snapshot().throttled,
      event: mine(deliver),
      gap: mine((gap) => appBus.emit("gap", gap)),
      caughtUp: mine((position) => appBus.emit("caughtUp", position)),
      moved: mine((position) => moved(uid, position)),
    });
    session = own;
    // The app named it for the session that it starts with; a later one, of another user perhaps, goes its own way.
    resumeFrom = undefined;
    const identity: Identity = {
      user: uid,
      token: who.token,
      lifeMs: who.expiresInMs,
      fetchToken: how === "none" ? undefined : fetchToken,
      protocol: own,
    };
    connection.login(identity);
  }

  function deliver(event: AppEvent): void {
    appBus.emit(event.kind in SYSTEM ? "" : event.kind, event);
    appBus.emit(event.class === "durable" ? "event" : "ephemeral", event);
    appBus.emit("*", event);
  }

  function fetchToken(reason: "missing" | "expiring" | "rejected"): TokenRequest {
    const abort = new AbortController();
    const get = async (): Promise<ReturnType<typeof tokenResult>> => {
      if (renewal === "refresh" && auth) {
        const held = connection.state().session;
        const token = held.tag === "active" ? (held.token?.value ?? held.burnt[0]) : undefined;
        if (!token) throw connectionError("ERR_AUTH_REJECTED", "No token is left to renew", "token");
        return tokenResult(await auth.refresh(token, abort.signal));
      }
      if (provider === undefined)
        throw connectionError("ERR_TOKEN_PROVIDER", "No getToken: call login({ uid, getToken })", "token", {
          retryable: true,
        });
      return tokenResult(await provider({ reason, signal: abort.signal }));
    };
    return { result: get(), abort: () => abort.abort() };
  }

  /** The core says that token or floor changed. */
  function save(state: State): void {
    const { session: s, ladder } = state;
    void store?.write("floor", ladder.floor === null ? undefined : ladder.floor);
    if (s.tag !== "active" || user === null || !protocol.login) return;
    void store?.write("session", {
      user,
      token: s.token?.value ?? null,
      at: s.token ? s.token.from.wall : clock.wall(),
      lifeMs: s.token?.lifeMs ?? null,
      renewal,
    } satisfies SavedSession);
  }

  // ---- positions -----------------------------------------------------------------------------------------------

  let unsaved: (() => void) | undefined;
  let cancelSave: (() => void) | undefined;

  function moved(uid: string, position: Position): void {
    unsaved = () => void tab?.write("position", { ...position, user: uid } satisfies SavedPosition);
    cancelSave ??= clock.after(SAVE_MS, flush, false);
  }

  function flush(): void {
    cancelSave?.();
    cancelSave = undefined;
    unsaved?.();
    unsaved = undefined;
  }
  // A page that is being hidden closes its link: what was delivered is written before it may vanish.
  connection.on("snapshot", flush);

  // ---- login ---------------------------------------------------------------------------------------------------

  let job: { readonly key: string; readonly abort: AbortController; readonly result: Promise<User> } | undefined;

  function login(first: string | LoginWithProvider, authKey?: string): Promise<User> {
    if (connection.disposed) return Promise.reject(disposedError());
    const who =
      typeof first === "string" ? { uid: authKey === undefined ? undefined : first, getToken: undefined } : first;
    const key = JSON.stringify([first, authKey]);
    const valid =
      typeof first === "string" ? first && authKey !== "" : first?.uid && typeof first.getToken === "function";
    if (!valid) return refuse("ERR_INVALID_ARGUMENT", "login() takes uid and authKey, a token, or { uid, getToken }");
    if (app === undefined || !protocol.login) return refuse("ERR_NOT_INITIALIZED", "init() has not been called");
    if (job !== undefined) {
      // A function cannot be compared by its text: the same uid by way of getToken counts as the same login.
      return job.key === key
        ? job.result
        : Promise.reject(connectionError("ERR_LOGIN_IN_PROGRESS", "Another login is under way", "auth"));
    }
    const abort = new AbortController();
    const { signal } = abort;
    const run = async (): Promise<User> => {
      await app?.ready;
      await leaving;
      signal.throwIfAborted();
      if (stays(who.uid)) {
        if (who.getToken) provider = who.getToken;
        const { mode } = connection.state();
        // A login takes back an earlier disconnect() (B3.4), on a later task as every dial of a login.
        if (mode.auto && mode.wish !== "on") clock.after(0, () => void connection.connect().catch(() => {}));
        return user as User;
      }
      const result = await within(AUTH_MS, "The login had no answer in time", abort, () =>
        authenticate(first, authKey, signal),
      );
      if (stays(result.user.uid)) return user as User;
      if (user !== null && user.uid !== result.user.uid) await endSession();
      signal.throwIfAborted();
      const how = who.getToken ? "provider" : authKey === undefined ? "none" : "refresh";
      await store?.write("session", {
        user: result.user,
        token: result.token,
        at: clock.wall(),
        lifeMs: result.expiresInMs,
        renewal: how,
      } satisfies SavedSession);
      signal.throwIfAborted();
      provider = who.getToken;
      const resume = user === null ? undefined : session?.position();
      session?.end("ERR_LOGGED_OUT");
      enter(result, how, resume);
      return result.user;
    };
    const settle = async (): Promise<User> => {
      try {
        // A logout wins at whatever it finds the login waiting for, and in the moment after too.
        const logged = await Promise.race([run(), aborted(signal)]);
        signal.throwIfAborted();
        job = undefined;
        toLogin("loginSuccess", logged);
        appBus.emit("user", logged);
        return logged;
      } catch (cause) {
        if (job?.abort === abort) job = undefined;
        const error = isConnectionError(cause)
          ? cause
          : connectionError("ERR_TOKEN_PROVIDER", "getToken failed", "auth", {
              cause,
              retryable: (cause as { terminal?: unknown } | undefined)?.terminal !== true,
            });
        toLogin("loginFailure", error);
        throw error;
      }
    };
    const result = untilDisposed(settle());
    job = { key, abort, result };
    return result;
  }

  /** Whether a login as `uid` finds that user logged in, with nothing that a new login would mend. */
  const stays = (uid: string | undefined): boolean =>
    user !== null && user.uid === uid && connection.state().link.tag !== "failed";

  function refuse(code: ConnectionError["code"], message: string): Promise<never> {
    const error = connectionError(code, message, "auth");
    toLogin("loginFailure", error);
    return Promise.reject(error);
  }

  async function authenticate(
    first: string | LoginWithProvider,
    authKey: string | undefined,
    signal: AbortSignal,
  ): Promise<AuthResult> {
    if (typeof first !== "string") {
      const { token, lifeMs } = tokenResult(await first.getToken({ reason: "login", signal }));
      return { user: { uid: first.uid }, token, expiresInMs: lifeMs };
    }
    const api = auth as AuthApi;
    const answer = await (authKey === undefined ? api.me(first, signal) : api.login(first, authKey, signal));
    const { token, lifeMs } = tokenResult(answer);
    return { user: answer.user, token, expiresInMs: lifeMs };
  }

  // ---- logout --------------------------------------------------------------------------------------------------

  /** Ends the session here, at once: link, calls, storage. Answers whether storage could be purged. */
  function leave(): Promise<boolean> {
    user = null;
    connection.logout();
    session?.end("ERR_LOGGED_OUT");
    session = undefined;
    unsaved = undefined;
    flush();
    const purged = [store?.write("session", undefined), tab?.write("position", undefined)];
    return Promise.all(purged).then((all) => all.every((ok) => ok !== false));
  }

  function logout(): Promise<LogoutResult> {
    if (connection.disposed) return Promise.reject(disposedError());
    job?.abort.abort(connectionError("ERR_LOGGED_OUT", "logout() was called", "auth"));
    job = undefined;
    return endSession();
  }

  /** The logout that runs; a login waits for it, so that what is told of one session never comes after the next began. */
  let leaving: Promise<LogoutResult> | undefined;

  function endSession(): Promise<LogoutResult> {
    leaving ??= untilDisposed(leaveAndTell()).finally(() => {
      leaving = undefined;
    });
    return leaving;
  }

  async function leaveAndTell(): Promise<LogoutResult> {
    // A session that is still being restored is logged out as one that was.
    if (!instance) await app?.ready;
    const held = connection.state().session;
    const token = held.tag === "active" ? held.token?.value : undefined;
    const purging = leave();
    const result = await revoke(token);
    if (await purging) toLogin("logoutSuccess");
    else
      toLogin(
        "logoutFailure",
        connectionError("ERR_STORAGE", "The stored session could not be removed", "storage", { retryable: true }),
      );
    appBus.emit("user", null);
    return result;
  }

  let revoking: AbortController | undefined;

  async function revoke(token: string | undefined): Promise<LogoutResult> {
    const api = auth;
    if (!token || !api) return { revoked: false };
    revoking = new AbortController();
    const { signal } = revoking;
    try {
      await within(REVOKE_MS, "The server could not be told", revoking, () => api.revoke(token, signal));
      return { revoked: true };
    } catch (cause) {
      const error = isConnectionError(cause)
        ? cause
        : connectionError("ERR_WEBSOCKET_ERROR", "The server could not be told", "auth", { cause });
      return { revoked: false, error };
    }
  }

  /** What `act` comes to, unless its abort or `ms` come first. */
  async function within<T>(ms: number, message: string, abort: AbortController, act: () => Promise<T>): Promise<T> {
    const late = clock.after(ms, () =>
      abort.abort(connectionError("ERR_CONNECT_TIMEOUT", message, "auth", { retryable: true })),
    );
    try {
      return await Promise.race([act(), aborted(abort.signal)]);
    } finally {
      late();
    }
  }

  const pending = new Set<(error: ConnectionError) => void>();

  /** The same promise, and rejected by `dispose()`. */
  const untilDisposed = <T>(promise: Promise<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      pending.add(reject);
      const done = (): void => void pending.delete(reject);
      promise.then(resolve, reject).then(done);
    });

  // ---- the whole -----------------------------------------------------------------------------------------------

  const busOf = (event: PropertyKey): Bus<ClientEvents<E>> =>
    (event in CORE ? (connection as unknown) : appBus) as Bus<ClientEvents<E>>;

  const send = ((...args: Parameters<Send>) => {
    if (connection.disposed) return Promise.reject(disposedError());
    if (app === undefined)
      return Promise.reject(connectionError("ERR_NOT_INITIALIZED", "init() has not been called", "send"));
    if (session === undefined)
      return Promise.reject(connectionError("ERR_NOT_LOGGED_IN", "No user is logged in", "send"));
    return session.send(...args);
  }) as Send;

  async function dispose(): Promise<void> {
    if (connection.disposed) return;
    flush();
    for (const reject of pending) reject(disposedError());
    job?.abort.abort(disposedError());
    revoking?.abort(disposedError());
    loginListeners.clear();
    appBus.clear();
    session?.end("ERR_DISPOSED");
    connection.dispose();
  }

  return {
    init,
    login,
    logout,
    send,
    dispose,
    snapshot: () => connection.snapshot(),
    connect: (o) => connection.connect(o),
    disconnect: () => connection.disconnect(),
    ping: (o) => connection.ping(o),
    checkNow: (o) => connection.checkNow(o),
    reconnect: (o) => connection.reconnect(o),
    until: (what, o) => connection.until(what, o),
    subscribe: (fn, o) => connection.subscribe(fn, o),
    addConnectionListener: (id, listener) => connection.addConnectionListener(id, listener),
    removeConnectionListener: (id) => connection.removeConnectionListener(id),
    getLoggedInUser: () => user,
    getConnectionStatus: () => connection.status(),
    on: (event, listener, o) => busOf(event).on(event, listener, o),
    events: (event, o) => busOf(event).events(event, o),
    addLoginListener: (id, listener) => {
      loginListeners.set(id, listener);
      return unsubscribe(() => {
        if (loginListeners.get(id) === listener) loginListeners.delete(id);
      });
    },
    removeLoginListener: (id) => void loginListeners.delete(id),
    ...(Symbol.asyncDispose && { [Symbol.asyncDispose]: dispose }),
  } as Client<E, Send>;
}

/** Events of the core's bus, and names that no kind may take. */
const CORE: Readonly<Record<string, unknown>> = { __proto__: null, status: 0, snapshot: 0, session: 0, error: 0 };
const SYSTEM: Readonly<Record<string, unknown>> = {
  __proto__: null,
  ...CORE,
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
