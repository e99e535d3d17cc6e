/** What `CometChat` has. Law: the names and shapes are the documentation's; what differs is said here and in docs/migrating-from-cometchat.md. */
import type { ConnectionError, LogoutResult, Status } from "@cc/sdk";
import type {
  Action,
  BaseMessage,
  CustomMessage,
  Group,
  MessageId,
  MessageReceipt,
  TextMessage,
  TransientMessage,
  TypingIndicator,
  User,
} from "./entities.js";
import type { ConnectionListener, GroupListener, LoginListener, MessageListener, UserListener } from "./listeners.js";

/**
 * A promise whose `then` takes what the documentation's typed samples pass: a callback for a part of what may come, such as
 * `(user: User) => …` where `null` may come too. `await` says what may come.
 */
export interface Answer<T> extends Promise<T> {
  then<A = T, B = never>(
    onSuccess?: { call(value: T): A | PromiseLike<A> }["call"] | null,
    onError?: ((error: ConnectionError) => B | PromiseLike<B>) | null,
  ): Promise<A | B>;
}

// biome-ignore lint/complexity/noBannedTypes: the documentation's sample passes `Function` itself.
type Callback<T> = ((value: T) => void) | Function;

/** One of them is called, once. */
export interface ResultCallbacks<T> {
  readonly onSuccess?: Callback<T> | undefined;
  readonly onError?: Callback<ConnectionError> | undefined;
}

/** What an `AppSettingsBuilder` was told that has an effect. */
export interface AppSettings {
  readonly gateway?: string;
  readonly clientHost?: string;
  readonly presenceForAllUsers?: true;
  readonly establishSocketConnection?: boolean;
  readonly storageMode?: string;
}

export interface AppSettingsBuilder {
  /** The one line that differs: where your gateway is, `https://host`. */
  setGateway(url: string): this;
  /** The same by the documented name: a host name, to be reached by https. */
  overrideClientHost(host: string): this;
  /** No effect: the gateway serves both. */
  overrideAdminHost(host: string): this;
  /** No effect: a region is the vendor's. */
  setRegion(region: string): this;
  /** Without it no `UserListener` is called. */
  subscribePresenceForAllUsers(): this;
  /** No effect: the gateway knows no roles, so nobody has one of them. */
  subscribePresenceForRoles(roles: readonly { toString(): string }[]): this;
  /** No effect: the gateway knows no friends. */
  subscribePresenceForFriends(): this;
  /** Default true: auto mode. */
  autoEstablishSocketConnection(auto: boolean): this;
  /** `SESSION`: the session ends with the tab (in Node, the process). To be said before anything else is asked of `CometChat`. Default `LOCAL`. */
  setStorageMode(mode: string): this;
  build(): AppSettings;
}

type Names<N extends string> = { readonly [K in N]: Lowercase<K> };
type Statuses = { readonly [S in "CONNECTED" | "CONNECTING" | "DISCONNECTED" | "FEATURE_THROTTLED"]: Status };

interface Listeners {
  readonly Connection: ConnectionListener;
  readonly Login: LoginListener;
  readonly Message: MessageListener;
  readonly User: UserListener;
  readonly Group: GroupListener;
}

/** Same id: replaced in place. */
type Adders = { readonly [S in keyof Listeners as `add${S}Listener`]: (id: string, listener: Listeners[S]) => void };
type Removers = { readonly [S in keyof Listeners as `remove${S}Listener`]: (id: string) => void };
type ListenerClasses = {
  readonly [S in keyof Listeners as `${S}Listener`]: new (
    callbacks: Listeners[S],
  ) => Listeners[S];
};

/** The documentation's static interface. Calls reject `CometChatException`s, by `code`: docs/errors.md. */
export interface Facade extends Adders, Removers, ListenerClasses {
  readonly AppSettingsBuilder: new () => AppSettingsBuilder;
  readonly CometChatException: typeof ConnectionError;
  readonly CONNECTION_STATUS: Statuses;
  readonly CometChatWSState: Statuses;
  readonly RECEIVER_TYPE: Names<"USER" | "GROUP">;
  /** No effect: the gateway's groups are of one type. */
  readonly GROUP_TYPE: Names<"PUBLIC" | "PASSWORD" | "PRIVATE">;
  readonly GroupType: Names<"Public" | "Password" | "Private">;
  readonly StorageMode: Names<"LOCAL" | "SESSION">;

  readonly User: new (uid: string) => User;
  readonly Group: new (guid: string, name?: string, type?: string) => Group;
  readonly BaseMessage: new (receiverId: string, type: string, receiverType: string, category?: string) => BaseMessage;
  readonly TextMessage: new (receiverId: string, text: string, receiverType: string) => TextMessage;
  readonly CustomMessage: new (receiverId: string, receiverType: string, type: string, data: object) => CustomMessage;
  readonly Action: new (fields: object) => Action;
  readonly TypingIndicator: new (receiverId: string, receiverType: string, metadata?: object) => TypingIndicator;
  readonly TransientMessage: new (receiverId: string, receiverType: string, data: unknown) => TransientMessage;
  readonly MessageReceipt: new (fields: object) => MessageReceipt;

  init(appId: string, settings: AppSettings): Promise<boolean>;
  login(uid: string, authKey: string): Promise<User>;
  login(authToken: string): Promise<User>;
  logout(): Promise<LogoutResult>;
  /** Development only: needs the gateway's `authKey` and its `createUsers`. */
  createUser(user: User, authKey: string): Promise<User>;
  getLoggedinUser(): Answer<User | null>;
  getLoggedInUser(): Answer<User | null>;
  getConnectionStatus(): Status;
  /** While connected it rejects with the documented code. Unlike others these three count as handled when nobody looks. */
  connect(callbacks?: ResultCallbacks<boolean>): Promise<boolean>;
  disconnect(callbacks?: ResultCallbacks<boolean>): Promise<boolean>;
  ping(callbacks?: ResultCallbacks<boolean>): Promise<boolean>;

  /** Resolves with a copy that has its id. */
  sendMessage(message: TextMessage): Promise<TextMessage>;
  sendCustomMessage(message: CustomMessage): Promise<CustomMessage>;
  /** By the author alone. Resolves with a copy that says when. */
  editMessage<M extends TextMessage | CustomMessage>(message: M): Promise<M>;
  /** By the author alone. */
  deleteMessage(id: MessageId): Promise<BaseMessage>;
  /** The message, or its id, which says all that the further arguments do. Counts as handled when nobody looks. */
  markAsDelivered(message: BaseMessage | MessageId, ...more: string[]): Promise<void>;
  markAsRead(message: BaseMessage | MessageId, ...more: string[]): Promise<void>;
  /** Dropped when it cannot go now. */
  startTyping(typing: TypingIndicator): void;
  endTyping(typing: TypingIndicator): void;
  sendTransientMessage(message: TransientMessage): void;
  joinGroup(guid: string, type?: string, password?: string): Promise<Group>;
  leaveGroup(guid: string): Promise<boolean>;
}
