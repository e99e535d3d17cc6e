/**
 * `@cc/sdk/cometchat`: the interface that CometChat documents for its JavaScript SDKs, over one client of ours.
 *
 * Law: nothing is decided here. Names, statuses, callbacks and codes are the documentation's; each call ends in a
 * promise and, where one is given, in a callback that is called exactly once.
 */
import { type Client, ConnectionError, createClient, type User as SdkUser, type Status } from "@cc/sdk";

type Instance = Client;

/** The four documented statuses. */
const CONNECTION_STATUS: { readonly [S in "CONNECTED" | "CONNECTING" | "DISCONNECTED" | "FEATURE_THROTTLED"]: Status } =
  {
    CONNECTED: "connected",
    CONNECTING: "connecting",
    DISCONNECTED: "disconnected",
    FEATURE_THROTTLED: "featureThrottled",
  };

/** What `AppSettingsBuilder` builds. */
export interface AppSettings {
  readonly region: string | undefined;
  readonly autoEstablishSocketConnection: boolean;
  readonly gateway: string | undefined;
}

class AppSettingsBuilder {
  #region: string | undefined;
  #auto = true;
  #gateway: string | undefined;

  setRegion(region: string): this {
    this.#region = region;
    return this;
  }
  /** Documented; presence subscriptions are the gateway's own matter, so the choice has no effect here. */
  subscribePresenceForAllUsers(): this {
    return this;
  }
  /** Default true: auto mode. */
  autoEstablishSocketConnection(auto: boolean): this {
    this.#auto = auto;
    return this;
  }
  /** The one line that differs: where your gateway is, `https://host`. */
  setGateway(url: string): this {
    this.#gateway = url;
    return this;
  }
  build(): AppSettings {
    return { region: this.#region, autoEstablishSocketConnection: this.#auto, gateway: this.#gateway };
  }
}

/** A logged-in user, with the documentation's getters. */
export class User {
  readonly #user: SdkUser;
  constructor(user: SdkUser) {
    this.#user = user;
  }
  getUid(): string {
    return this.#user.uid;
  }
  getName(): string {
    return this.#user.name ?? this.#user.uid;
  }
}

type Callbacks<T> = { readonly [K in keyof T]?: T[K] };

interface ConnectionCallbacks {
  onConnected(): void;
  onConnecting(): void;
  inConnecting(): void;
  onDisconnected(): void;
  onFeatureThrottled(): void;
  onConnectionError(error: ConnectionError): void;
}

interface LoginCallbacks {
  loginSuccess(user: User): void;
  loginFailure(error: ConnectionError): void;
  logoutSuccess(): void;
  logoutFailure(error: ConnectionError): void;
}

class ConnectionListener {
  readonly callbacks: Callbacks<ConnectionCallbacks>;
  constructor(callbacks: Callbacks<ConnectionCallbacks>) {
    this.callbacks = callbacks;
  }
}

class LoginListener {
  readonly callbacks: Callbacks<LoginCallbacks>;
  constructor(callbacks: Callbacks<LoginCallbacks>) {
    this.callbacks = callbacks;
  }
}

export interface ResultCallbacks<T> {
  readonly onSuccess?: ((value: T) => void) | undefined;
  readonly onError?: ((error: ConnectionError) => void) | undefined;
}

let instance: Instance | undefined;

/** The one client. Made at the first use, for listeners may be added before `init`. */
function client(): Instance {
  instance ??= createClient();
  return instance;
}

/** Calls one of the callbacks, once, beside the promise. Where callbacks are given a rejection counts as handled; what they throw is reported. */
function withCallbacks<T>(promise: Promise<T>, callbacks: ResultCallbacks<T> | undefined): Promise<T> {
  if (callbacks) {
    const report = (error: unknown): void => globalThis.reportError?.(error);
    promise.then(callbacks.onSuccess, callbacks.onError ?? (() => {})).catch(report);
  }
  return promise;
}

/** The documentation's static interface. Idiomatic code is better off with `createClient` of `@cc/sdk`. */
export class CometChat {
  static readonly CONNECTION_STATUS: typeof CONNECTION_STATUS = CONNECTION_STATUS;
  static readonly CometChatWSState: typeof CONNECTION_STATUS = CONNECTION_STATUS;
  static readonly AppSettingsBuilder: typeof AppSettingsBuilder = AppSettingsBuilder;
  static readonly ConnectionListener: typeof ConnectionListener = ConnectionListener;
  static readonly LoginListener: typeof LoginListener = LoginListener;
  static readonly CometChatException: typeof ConnectionError = ConnectionError;
  static readonly User: typeof User = User;

  static async init(appId: string, { region, autoEstablishSocketConnection, gateway }: AppSettings): Promise<boolean> {
    // The region is the vendor's; with a gateway named there is nothing left for it to say.
    await client().init(appId, { url: gateway, region: gateway ? undefined : region, autoEstablishSocketConnection });
    return true;
  }
  static login(uid: string, authKey: string): Promise<User>;
  static login(authToken: string): Promise<User>;
  static async login(first: string, authKey?: string): Promise<User> {
    return new User(await (authKey === undefined ? client().login(first) : client().login(first, authKey)));
  }
  static async logout(): Promise<void> {
    await client().logout();
  }
  static async getLoggedinUser(): Promise<User | null> {
    return CometChat.getLoggedInUser();
  }
  static async getLoggedInUser(): Promise<User | null> {
    const user = client().getLoggedInUser();
    return user && new User(user);
  }
  static getConnectionStatus(): Status {
    return client().getConnectionStatus();
  }
  /** While connected it reports the documented code (B7.4). */
  static connect(callbacks?: ResultCallbacks<boolean>): Promise<boolean> {
    const connect = async (): Promise<boolean> => {
      const { alreadyConnected } = await client().connect();
      if (!alreadyConnected) return true;
      const code = "ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE";
      throw new ConnectionError({ code, message: "The connection exists", phase: "call", retryable: false });
    };
    return withCallbacks(connect(), callbacks);
  }
  static disconnect(callbacks?: ResultCallbacks<boolean>): Promise<boolean> {
    return withCallbacks(
      client()
        .disconnect()
        .then(() => true),
      callbacks,
    );
  }
  static ping(callbacks?: ResultCallbacks<boolean>): Promise<boolean> {
    return withCallbacks(
      client()
        .ping()
        .then(() => true),
      callbacks,
    );
  }
  static addConnectionListener(id: string, { callbacks }: ConnectionListener): void {
    client().addConnectionListener(id, callbacks);
  }
  static removeConnectionListener(id: string): void {
    client().removeConnectionListener(id);
  }
  static addLoginListener(id: string, { callbacks }: LoginListener): void {
    client().addLoginListener(id, {
      ...callbacks,
      loginSuccess: (user) => callbacks.loginSuccess?.(new User(user)),
    });
  }
  static removeLoginListener(id: string): void {
    client().removeLoginListener(id);
  }
}

export { ConnectionError as CometChatException } from "@cc/sdk";
