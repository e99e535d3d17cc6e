/**
 * One client of `@cc/sdk/portable` with every port scripted, on the virtual clock. Law: nothing here knows what the
 * client should do; it writes down what happens, in one log, so that an order can be read off it.
 */
import { type ConnectionError, isConnectionError, type Policy } from "@cc/core";
import {
  type AppEvent,
  type AuthApi,
  type AuthResult,
  type Client,
  type ClientOptions,
  createClient,
  type GetTokenContext,
  type Position,
  type ProtocolContext,
  type ProtocolFactory,
  type TokenAnswer,
} from "@cc/sdk/portable";
import {
  createRandom,
  createScriptedFunction,
  createScriptedLifecycle,
  createScriptedLinks,
  createScriptedProtocol,
  createScriptedStorage,
  createVirtualClock,
  type ScriptedFunction,
  type ScriptedLifecycle,
  type ScriptedLinks,
  type ScriptedProtocol,
  type ScriptedStorage,
  type SharedRecords,
  type VirtualClock,
} from "@cc/testkit";

export type ScriptedSend = (text: string) => Promise<string>;

/** One protocol session: one identity. */
export interface Played {
  readonly context: ProtocolContext;
  readonly protocol: ScriptedProtocol;
  /** What `end` was called with. */
  ended: string | undefined;
  /** What `position()` answers. */
  at: Position | undefined;
  readonly pending: { readonly text: string; reject(error: unknown): void; resolve(value: string): void }[];
}

export interface ScriptedAuth extends AuthApi {
  readonly login: ScriptedFunction<
    [uid: string, authKey: string, signal: AbortSignal, name?: string | undefined],
    AuthResult
  >;
  readonly me: ScriptedFunction<[token: string, signal: AbortSignal], AuthResult>;
  readonly refresh: ScriptedFunction<[token: string, signal: AbortSignal], AuthResult>;
  readonly revoke: ScriptedFunction<[token: string, signal: AbortSignal], void>;
}

export interface RigOptions extends Omit<ClientOptions<ScriptedSend>, "policy"> {
  readonly policy?: Partial<Policy>;
  /** The storage of an earlier process or tab. */
  readonly shared?: SharedRecords;
  readonly tab?: SharedRecords;
  readonly clock?: VirtualClock;
  /** False: sockets neither open nor welcome by themselves. Default true. */
  readonly answers?: boolean;
  /** Default false: the protocol has no login, as `rawProtocol()`. */
  readonly anonymous?: boolean;
}

/** What became of a promise so far. */
export interface Watched<T> {
  readonly state: "pending" | "resolved" | "rejected";
  readonly value: T | undefined;
  readonly error: unknown;
  /** `code` of the error, `undefined` when there is none. */
  readonly code: string | undefined;
  /** Virtual time at which it settled. */
  readonly at: number | undefined;
}

export interface Rig {
  readonly client: Client<{ message: string }, ScriptedSend>;
  readonly clock: VirtualClock;
  readonly links: ScriptedLinks;
  readonly lifecycle: ScriptedLifecycle;
  readonly storage: ScriptedStorage;
  readonly tab: ScriptedStorage;
  readonly auth: ScriptedAuth;
  readonly getToken: ScriptedFunction<[GetTokenContext], TokenAnswer>;
  /** Every protocol session so far. */
  readonly played: readonly Played[];
  readonly last: Played;
  /** Tokens of every `hello`, in order. */
  readonly hellos: readonly (string | null | undefined)[];
  /** Who the server thinks that the token stands for. */
  welcomes: (token: string | null | undefined, context: ProtocolContext) => string | undefined;
  /** What happened, in order: `auth …`, `saved KEY`, `loginSuccess UID`, statuses, `dial`, `! CODE`, and what tests add. */
  readonly log: string[];
  readonly errors: ConnectionError[];
  readonly thrown: unknown[];
  watch<T>(promise: Promise<T>): Watched<T>;
  /** `init`, login as `uid` and 10 s linked, log emptied. */
  linked(uid?: string): Promise<void>;
  /** What is stored under the app's key. */
  stored(key: string, where?: ScriptedStorage): Record<string, unknown> | undefined;
}

export const app = "shop";

/** Ann's first token is `ann-1`, the next `ann-2`; lives are unknown unless a test says otherwise. */
export function createRig(options: RigOptions = {}): Rig {
  const clock = options.clock ?? createVirtualClock();
  const links = createScriptedLinks({ clock });
  const lifecycle = createScriptedLifecycle();
  const log: string[] = [];
  const errors: ConnectionError[] = [];
  const thrown: unknown[] = [];
  const played: Played[] = [];
  const hellos: (string | null | undefined)[] = [];
  let tokens = 0;
  const fresh = (uid: string): string => {
    tokens += 1;
    return `${uid}-${tokens}`;
  };
  const told = <T>(what: string, value: T): T => {
    log.push(what);
    return value;
  };
  const noted = (name: string, shared: SharedRecords | undefined): ScriptedStorage => {
    const storage = createScriptedStorage({ clock, ...(shared && { shared }) });
    const { set, remove } = storage;
    storage.set = (key, value) => set(key, value).then(() => void log.push(`saved ${name}${key}`));
    storage.remove = (key) => remove(key).then(() => void log.push(`removed ${name}${key}`));
    return storage;
  };
  const storage = noted("", options.shared);
  const tab = noted("tab ", options.tab);
  const auth: ScriptedAuth = {
    login: createScriptedFunction<Parameters<AuthApi["login"]>, AuthResult>((uid) =>
      told(`auth login ${uid}`, { user: { uid, name: uid.toUpperCase() }, token: fresh(uid), expiresInMs: null }),
    ),
    me: createScriptedFunction<Parameters<AuthApi["me"]>, AuthResult>((token) =>
      told(`auth me ${token}`, { user: { uid: uidOf(token) }, token, expiresInMs: null }),
    ),
    refresh: createScriptedFunction<Parameters<AuthApi["refresh"]>, AuthResult>((token) =>
      told(`auth refresh ${token}`, { user: { uid: uidOf(token) }, token: fresh(uidOf(token)), expiresInMs: null }),
    ),
    revoke: createScriptedFunction<Parameters<AuthApi["revoke"]>, void>((token) =>
      told(`auth revoke ${token}`, undefined),
    ),
  };
  const getToken = createScriptedFunction<[GetTokenContext], TokenAnswer>(({ reason }) =>
    told(`getToken ${reason}`, fresh("ann")),
  );
  const protocol: ProtocolFactory<ScriptedSend> = {
    path: "/scripted",
    login: !options.anonymous,
    create(context) {
      const scripted = createScriptedProtocol();
      const one: Played = { context, protocol: scripted, ended: undefined, at: undefined, pending: [] };
      played.push(one);
      scripted.onAct = (link, act) => {
        if (act !== "opened") return;
        hellos.push(link.token);
        const user = rig.welcomes(link.token, context);
        if (options.answers === false || user === undefined) return;
        clock.after(0, () => link.welcome({ user, heartbeatMs: null }), false);
      };
      return Object.assign(scripted, {
        send: (text: string) => new Promise<string>((resolve, reject) => one.pending.push({ text, resolve, reject })),
        position: () => one.at,
        end: (code: string) => {
          one.ended = code;
          for (const { reject } of one.pending) reject(Object.assign(new Error(code), { code }));
        },
      });
    },
  };
  const { policy, shared: _shared, tab: _tab, answers, anonymous: _anonymous, clock: _clock, ...rest } = options;
  links.onAttempt = (link) => {
    log.push("dial");
    if (answers !== false && link.state === "connecting") link.open();
  };
  const client = createClient<{ message: string }, ScriptedSend>({
    url: "https://gateway.test",
    clock,
    random: createRandom(7),
    openLink: links.open,
    lifecycle,
    storage,
    tabStorage: tab,
    auth,
    onListenerError: (error) => void thrown.push(error),
    ...rest,
    protocol: rest.protocol ?? protocol,
    ...(policy && { policy }),
  });
  client.on("status", ({ current }) => void log.push(current));
  client.on("error", (error) => {
    errors.push(error);
    log.push(`! ${error.code}`);
  });
  client.addLoginListener("rig", {
    loginSuccess: ({ uid }) => void log.push(`loginSuccess ${uid}`),
    loginFailure: ({ code }) => void log.push(`loginFailure ${code}`),
    logoutSuccess: () => void log.push("logoutSuccess"),
    logoutFailure: ({ code }) => void log.push(`logoutFailure ${code}`),
  });

  const rig: Rig = {
    client,
    clock,
    links,
    lifecycle,
    storage,
    tab,
    auth,
    getToken,
    played,
    get last() {
      const one = played.at(-1);
      if (one === undefined) throw new Error("no protocol session was created");
      return one;
    },
    hellos,
    welcomes: (_token, { user }) => user,
    log,
    errors,
    thrown,
    watch: (promise) => watch(promise, clock),
    async linked(uid = "ann") {
      await settled(client.init(app), clock);
      await settled(client.login(uid, "key"), clock);
      await clock.advanceAsync(10_000);
      log.length = 0;
    },
    stored(key, where = storage) {
      const text = where.records.get(`cc:${app}:${key}`);
      return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
    },
  };
  return rig;
}

const uidOf = (token: string): string => token.split("-")[0] ?? "";

/** Lets time stand still until the promise has settled; a promise that needs time to pass is a failure of the test. */
export async function settled<T>(promise: Promise<T>, clock: VirtualClock): Promise<T> {
  const watched = watch(promise, clock);
  await clock.advanceAsync(0);
  if (watched.state === "pending") throw new Error("still pending");
  return promise;
}

export function watch<T>(promise: Promise<T>, clock: VirtualClock): Watched<T> {
  const watched: { -readonly [K in keyof Watched<T>]: Watched<T>[K] } = {
    state: "pending",
    value: undefined,
    error: undefined,
    code: undefined,
    at: undefined,
  };
  promise.then(
    (value) => Object.assign(watched, { state: "resolved", value, at: clock.now() }),
    (error: unknown) => {
      const code = isConnectionError(error) ? error.code : undefined;
      Object.assign(watched, { state: "rejected", error, code, at: clock.now() });
    },
  );
  return watched;
}

export const durable = (data: string, n: number): AppEvent => ({
  class: "durable",
  kind: "message",
  channel: "user:ann",
  from: "bob",
  data,
  position: { epoch: "e1", positions: [n] },
});

/** Ann by getToken, each token living `lifeMs`. */
export async function byProvider(
  lifeMs: number | null,
  rig: Rig = createRig(),
): Promise<Rig & { readonly at: number[] }> {
  const at: number[] = [];
  let n = 0;
  rig.getToken.answer = (): TokenAnswer => {
    at.push(rig.clock.now());
    n += 1;
    return { token: `T${n}`, ...(lifeMs !== null && { expiresInMs: lifeMs }) };
  };
  await rig.client.init(app);
  await rig.client.login({ uid: "ann", getToken: rig.getToken });
  await rig.clock.advanceAsync(1_000);
  return Object.assign(Object.create(rig) as Rig, { at });
}

/** For what getToken was asked so far. */
export const reasons = ({ getToken }: Rig): string[] => getToken.calls.map(({ args }) => args[0].reason);
