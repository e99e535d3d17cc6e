/**
 * The client's public types. Law: what an application sees is here; how it is done is elsewhere.
 */
import type {
  BackgroundPolicy,
  Bus,
  CallOptions,
  Clock,
  Connection,
  ConnectionError,
  ConnectionEvents,
  Lifecycle,
  Logger,
  OpenLink,
  Policy,
  Protocol,
  RandomSource,
  ShouldRetry,
  Status,
  Storage,
  Unsubscribe,
} from "@cc/core";

/** A user as the server knows it. Further fields are the server's. */
export interface User {
  readonly uid: string;
  readonly name?: string;
  readonly [field: string]: unknown;
}

/** A place in the server's log: store it with your own data and give it back as `resumeFrom`. */
export interface Position {
  readonly epoch: string;
  readonly positions: readonly number[];
}

/** An event of the application. */
export interface AppEvent<Data = unknown> {
  readonly class: "durable" | "ephemeral";
  readonly kind: string;
  /** `user:<uid>` or `group:<gid>`. */
  readonly channel: string;
  /** The uid of the sender. */
  readonly from: string;
  readonly data: Data;
  /** Durable events only: when the log accepted it, ms since 1970. */
  readonly sentAt?: number;
  /** Durable events only. */
  readonly position?: Position;
  /** The id under which its sender sent it. */
  readonly id?: string | undefined;
}

/** What the server's log no longer holds: fetch it from your own API. */
export interface Gap {
  readonly from: Position;
  readonly to: Position;
}

/** The application's own events: kind → data. Any object type will do, an `interface` too; this one is what an untyped client has. */
export type EventMap = Readonly<Record<string, unknown>>;

/** What checks one kind: Standard Schema 1 (standardschema.dev), as zod, valibot and arktype have it; written out here, for it is types alone. */
export interface EventSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    /** Must answer at once: an asynchronous schema fits no event. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What a schema says. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] };

/** Kind → schema. */
export type EventSchemas = Readonly<Record<string, EventSchema>>;

/** The event map that schemas make: what comes out of them. */
export type EventsOf<S extends EventSchemas> = {
  readonly [K in keyof S]: S[K] extends EventSchema<infer Output> ? Output : never;
};

/** Events of the connection, which no kind of the application shadows. */
export interface SystemEvents extends ConnectionEvents {
  /** What lies between the two positions is lost to replay; told before the first event that follows. */
  gap: Gap;
  /** The replay has ended. */
  caughtUp: Position;
  /** After `login()` succeeded, the user; after `logout()`, `null`. */
  user: User | null;
}

/** Every event that `on()` knows: the system's, `event` (each durable one), `ephemeral`, `*` (both), and the kinds. A kind with the name of one of those arrives through `event`, `ephemeral` and `*` only. */
export type ClientEvents<E extends object> = SystemEvents & {
  event: AppEvent;
  ephemeral: AppEvent;
  "*": AppEvent;
} & { [K in Exclude<keyof E, keyof SystemEvents | "event" | "ephemeral" | "*">]: AppEvent<E[K]> };

export interface GetTokenContext {
  readonly reason: "login" | "missing" | "expiring" | "rejected";
  /** Aborted when the token is no longer wanted. */
  readonly signal: AbortSignal;
}

/** A token, with its life in ms where the caller knows it; else the client reads a JWT's own `iat` and `exp`. */
export type TokenAnswer = string | { readonly token: string; readonly expiresInMs?: number | undefined };

/** Throw an error with `terminal: true` when no token will ever be had. */
export type GetToken = (context: GetTokenContext) => TokenAnswer | Promise<TokenAnswer>;

export interface LoginWithProvider {
  readonly uid: string;
  readonly getToken: GetToken;
}

export interface AuthResult {
  readonly user: User;
  readonly token: string;
  readonly expiresInMs: number | null;
}

/** The part of `fetch` that a login needs. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<FetchResponse>;

/** The part of a `Response` that a login needs. */
export type FetchResponse = Pick<Response, "ok" | "status" | "json"> & {
  readonly headers: Pick<Headers, "get">;
};

/**
 * The server's side of a login. What a method rejects with is told as it is when it is a `ConnectionError`, else as the
 * `cause` of one: `ERR_WEBSOCKET_ERROR` for a login, `ERR_TOKEN_PROVIDER` for a refresh.
 */
export interface AuthApi {
  /** Development: a uid and the app's auth key; a name for a user whom this lets come to be. */
  login(uid: string, authKey: string, signal: AbortSignal, name?: string): Promise<AuthResult>;
  /** Whose token is this? */
  me(token: string, signal: AbortSignal): Promise<AuthResult>;
  /** A new token for one that is still valid. */
  refresh(token: string, signal: AbortSignal): Promise<AuthResult>;
  /** Makes a token worthless. */
  revoke(token: string, signal: AbortSignal): Promise<void>;
  /** Whether the server answers plain HTTPS. Asked at most once an outage, when no WebSocket opens; without it `ERR_TRANSPORT_BLOCKED` is never told. */
  reachable?(signal: AbortSignal): Promise<boolean>;
}

/** Everything of the platform. The entries for browsers and Node wire it; `@cc/sdk/portable` takes it all. */
export interface ClientPorts {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly openLink: OpenLink;
  readonly lifecycle: Lifecycle;
  /** Shared by tabs and processes: session and floor. Passing one port to several clients makes them one login. */
  readonly storage: Storage;
  /** Of this tab or process alone: instance and positions. The very value of `storage` where several share that: then each takes a place in it. */
  readonly tabStorage: Storage;
  /** Default: REST over `fetch` at `url`. */
  readonly auth?: AuthApi | undefined;
  /** What the REST of `auth` goes through. Default: the platform's `fetch`; in Node its http and https, by the same agent, CA and headers as the WebSocket. */
  readonly fetch?: Fetch | undefined;
  /** What a listener threw. Default: the platform's `reportError`, else `logger.error`. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
}

export interface ClientOptions<Send extends SendFunction = Cc1Send> extends Partial<ClientPorts> {
  /** Where the gateway is: `https://host`, `http://`, `wss://` or `ws://`, with an optional path prefix. */
  readonly url?: string | undefined;
  /** Region → URL, for `init(appId, { region })`. */
  readonly regions?: Readonly<Record<string, string>> | undefined;
  /** Default `cc1()`. */
  readonly protocol?: ProtocolFactory<Send> | undefined;
  /** What becomes of the connection in the background; default `"disconnect"`. A desktop web chat usually wants `"keep"`. */
  readonly background?: BackgroundPolicy | undefined;
  /** Has the last word after each failure. */
  readonly shouldRetry?: ShouldRetry | undefined;
  /** Replaces numbers of the contract. */
  readonly policy?: Partial<Policy> | undefined;
  /** Begins where your own data ends instead of at the stored position. */
  readonly resumeFrom?: Position | undefined;
  /** Gets tokens for a session that was restored from storage, before `login` names another way. */
  readonly getToken?: GetToken | undefined;
  /**
   * Checks the data of events that come in, by kind; what a schema makes of it is what listeners get. One that does not
   * fit is told as the error `ERR_INVALID_EVENT`, to no listener of events, and its position advances. Kinds without a
   * schema, and what is sent, are not checked. Default: none.
   */
  readonly events?: EventSchemas | undefined;
  readonly logger?: Logger | undefined;
}

export interface InitSettings {
  /** Default true: auto mode. */
  readonly autoEstablishSocketConnection?: boolean | undefined;
  readonly region?: string | undefined;
  /** Where the gateway is, in the place of the option `url`. */
  readonly url?: string | undefined;
  readonly background?: BackgroundPolicy | undefined;
}

export interface LogoutResult {
  /** The server has made the token worthless. */
  readonly revoked: boolean;
  /** Why not. */
  readonly error?: ConnectionError;
}

export interface LoginListener {
  readonly loginSuccess?: ((user: User) => void) | undefined;
  readonly loginFailure?: ((error: ConnectionError) => void) | undefined;
  readonly logoutSuccess?: (() => void) | undefined;
  readonly logoutFailure?: ((error: ConnectionError) => void) | undefined;
}

// ---- protocols -----------------------------------------------------------------------------------------------

// biome-ignore lint/suspicious/noExplicitAny: the parameters of a protocol's own send function; `never[]` would forbid calling it.
export type SendFunction = (...args: any[]) => Promise<unknown>;

/** What a protocol needs to know and may tell. */
export interface ProtocolContext {
  readonly appId: string;
  readonly user: string;
  readonly instance: string;
  readonly nonce: string;
  readonly resume: Position | undefined;
  readonly clock: Clock;
  /** The features throttled now, with their end in wall-clock ms. */
  throttled(): readonly { readonly feature: string; readonly until: number | null }[];
  event(event: AppEvent): void;
  gap(gap: Gap): void;
  caughtUp(position: Position): void;
  /** The delivered position moved: it is asked for and saved before long. */
  moved(): void;
}

/** A protocol at work for one identity. */
export interface ProtocolSession<Send extends SendFunction> extends Protocol {
  readonly send: Send;
  /** How far this client has got: everything up to here was delivered. */
  position(): Position | undefined;
  /** Rejects what is pending. */
  end(code: "ERR_LOGGED_OUT" | "ERR_DISPOSED"): void;
}

export interface ProtocolFactory<Send extends SendFunction> {
  /** Appended to the client's `url`. */
  readonly path: string;
  /** False: there is no login, the client is ready after `init()`. */
  readonly login: boolean;
  create(context: ProtocolContext): ProtocolSession<Send>;
}

export interface SendOptions extends CallOptions {
  /** No position, at most once, never replayed. Default false. */
  readonly ephemeral?: boolean;
  /** Dropped when it cannot go now; resolves `null` at once. Implies `ephemeral`. */
  readonly volatile?: boolean;
  /** Stopped by a failure before it on the same channel. Default false. */
  readonly chained?: boolean;
  /** Default 20,000 ms. */
  readonly timeoutMs?: number;
}

export interface SendAck {
  readonly id: string;
  /** Its number in the log; 0 for an ephemeral event. */
  readonly n: number;
}

/**
 * Sends `data` as an event of `kind` to `user:<uid>` or `group:<gid>`; resolves with the server's acknowledgement.
 * The kind `member` asks to be a member of the group from now on, or no longer: with the data `"joined"` or `"left"`, and 20 s to be answered.
 */
export type Cc1Send = (channel: string, kind: string, data: unknown, options?: SendOptions) => Promise<SendAck | null>;

// ---- the client ----------------------------------------------------------------------------------------------

export interface Client<E extends object = EventMap, Send extends SendFunction = Cc1Send>
  extends Pick<
    Connection,
    | "snapshot"
    | "trace"
    | "connect"
    | "disconnect"
    | "ping"
    | "checkNow"
    | "reconnect"
    | "until"
    | "subscribe"
    | "addConnectionListener"
    | "removeConnectionListener"
  > {
  /** Idempotent for equal arguments; restores a saved session; in auto mode dials on a later task. */
  init(appId: string, settings?: InitSettings): Promise<void>;
  login(uid: string, authKey: string): Promise<User>;
  login(authToken: string): Promise<User>;
  login(provider: LoginWithProvider): Promise<User>;
  logout(): Promise<LogoutResult>;
  getLoggedInUser(): User | null;
  /** One of the four documented statuses, at any time. */
  getConnectionStatus(): Status;
  readonly send: Send;
  readonly on: Bus<ClientEvents<E>>["on"];
  readonly events: Bus<ClientEvents<E>>["events"];
  addLoginListener(id: string, listener: LoginListener): Unsubscribe;
  removeLoginListener(id: string): void;
  /** Closes, cancels, detaches; does not log out; no callback afterwards. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
