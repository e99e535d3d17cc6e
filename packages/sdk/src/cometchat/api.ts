/**
 * The calls that CometChat documents for its JavaScript SDKs, over one client of ours.
 *
 * Law: nothing is decided here. Names, statuses, callbacks and codes are the documentation's; each call ends in a
 * promise and, where one is given, in a callback that is called exactly once. Names that follow a pattern are made by it,
 * for every byte of this is loaded by a page; their types stand in `types.ts`.
 */
import { connectionError } from "@cc/core";
import {
  type Cc1Send,
  type Client,
  type ClientOptions,
  ConnectionError,
  cc1,
  createClient,
  restAuth,
  sessionStorageStorage,
} from "@cc/sdk";
import {
  Action,
  AppSettingsBuilder,
  BaseMessage,
  CustomMessage,
  content,
  copy,
  Group,
  groupOf,
  type MessageId,
  MessageReceipt,
  make,
  TextMessage,
  TransientMessage,
  TypingIndicator,
  User,
  userOf,
} from "./entities.js";
import { dispatch, seconds } from "./events.js";
import type * as named from "./names.js";
import type { AppSettings, Facade, ResultCallbacks } from "./types.js";

type Listener = Record<string, (...args: unknown[]) => void>;

const report = (error: unknown): void => {
  // biome-ignore lint/suspicious/noConsole: what an app's own callback throws must not vanish where the platform has no place for it.
  (globalThis.reportError ?? console.error)(error);
};
const wire: { listen?: readonly string[] | undefined } = {};
const options: { -readonly [K in keyof ClientOptions]: ClientOptions[K] } = {
  protocol: cc1(wire),
  onListenerError: report,
};
let instance: Client | undefined;
let gateway = "";
/** From `disconnect()` until the next welcome no listener of events is called (B9.5). */
let muted = false;

/** The one client. Made at the first use, for listeners may be added before `init`. */
function client(): Client {
  if (!instance) {
    instance = createClient(options);
    instance.on("*", (event) => dispatch(event, uid(), tell));
    instance.on("session", () => {
      muted = false;
    });
  }
  return instance;
}

const uid = (): string | undefined => client().getLoggedInUser()?.uid;

/** Listeners of messages, users and groups, each under its sort and id. Their callbacks have no name in common. */
const listeners = new Map<string, Listener>();

function tell(name: string, ...args: unknown[]): void {
  // A set, for one record may be registered as several sorts.
  for (const listener of new Set(listeners.values())) {
    // One that was removed in this round, or that follows a disconnect() in it, is not called any more.
    if (muted || ![...listeners.values()].includes(listener)) continue;
    try {
      listener[name]?.(...args);
    } catch (error) {
      report(error);
    }
  }
}

const yes = (): boolean => true;
/** Calls one of the callbacks, once, beside the promise. A rejection counts as handled; what a callback throws is reported. */
function settle<T>(promise: Promise<T>, callbacks?: ResultCallbacks<T>): Promise<T> {
  // Old code may pass `null` for none.
  promise.then(callbacks?.onSuccess as undefined, (callbacks?.onError as () => void) ?? yes).catch(report);
  return promise;
}

const channelOf = (to: { getReceiverType(): string; getReceiverId(): string }): string =>
  `${to.getReceiverType()}:${to.getReceiverId()}`;
const now = (): number | undefined => seconds(Date.now());
/** The channel, and what names the message there: a message is named `CHANNEL/AUTHOR/ID`. */
const split = (id: MessageId): readonly string[] => `${id}`.split(/\/(.+)/);
const kindOf = (message: BaseMessage): string => (message instanceof CustomMessage ? "custom" : "message");
const send: Cc1Send = (...args) => client().send(...args);

async function sendMessage(message: BaseMessage): Promise<BaseMessage> {
  const channel = channelOf(message);
  const data = content(message);
  const ack = await send(channel, kindOf(message), data);
  const me = uid() as string;
  return copy(message, { data, id: `${channel}/${me}/${ack?.id}`, sender: userOf(me), sentAt: now() });
}
async function mark(message: BaseMessage | MessageId, type: string): Promise<void> {
  const [channel, of = ""] = split((message as Partial<BaseMessage>).getId?.() ?? (message as MessageId));
  const [author] = of.split("/");
  // One's own from another device: there is nobody to tell.
  if (author !== uid()) await send(`user:${author}`, "receipt", { of, channel, type });
}
const fire = (to: TypingIndicator | TransientMessage, kind: string, data: unknown): void => {
  settle(send(channelOf(to), kind, data, { volatile: true }));
};
const typing = (ended?: boolean) => (to: TypingIndicator) => fire(to, "typing", { ended, metadata: to.getMetadata() });
const member = (guid: string, change: string): Promise<unknown> => send(`group:${guid}`, "member", change);

const statuses = {
  CONNECTED: "connected",
  CONNECTING: "connecting",
  DISCONNECTED: "disconnected",
  FEATURE_THROTTLED: "featureThrottled",
};

/** In both documented spellings. */
const groupTypes = {
  PUBLIC: "public",
  PASSWORD: "password",
  PRIVATE: "private",
  Public: "public",
  Password: "password",
  Private: "private",
};

const getLoggedInUser = async (): Promise<object | null> => {
  const user = client().getLoggedInUser();
  return user && userOf(user);
};

const api = {
  Action,
  BaseMessage,
  CustomMessage,
  Group,
  MessageReceipt,
  TextMessage,
  TransientMessage,
  TypingIndicator,
  User,
  AppSettingsBuilder,
  CometChatException: ConnectionError,
  CONNECTION_STATUS: statuses,
  CometChatWSState: statuses,
  RECEIVER_TYPE: { USER: "user", GROUP: "group" },
  GROUP_TYPE: groupTypes,
  GroupType: groupTypes,
  StorageMode: { LOCAL: "local", SESSION: "session" },

  async init(appId: string, settings: AppSettings) {
    // A client that exists has its storage: the documentation has init() before everything.
    if (settings.storageMode === "session") options.storage ??= sessionStorageStorage();
    gateway = settings.gateway ?? `https://${settings.clientHost ?? ""}`;
    wire.listen = settings.presenceForAllUsers && ["presence"];
    return client()
      .init(appId, { url: gateway, autoEstablishSocketConnection: settings.establishSocketConnection })
      .then(yes);
  },
  async login(...args: [uid: string, authKey: string]) {
    return userOf(await client().login(...args));
  },
  async createUser(user: User, authKey: string) {
    return userOf(
      (await restAuth(gateway).login(user.getUid(), authKey, new AbortController().signal, user.getName())).user,
    );
  },
  logout() {
    muted = true;
    return client().logout();
  },
  getLoggedInUser,
  getLoggedinUser: getLoggedInUser,
  getConnectionStatus: () => client().getConnectionStatus(),
  connect: (callbacks?: ResultCallbacks<boolean>) =>
    settle(
      client()
        .connect()
        .then(({ alreadyConnected }) => {
          if (!alreadyConnected) return true;
          throw connectionError("ERROR_WEBSOCKETS_ALLREADY_IN_CONNECTED_STATE");
        }),
      callbacks,
    ),
  disconnect(callbacks?: ResultCallbacks<boolean>) {
    muted = true;
    return settle(client().disconnect().then(yes), callbacks);
  },
  ping: (callbacks?: ResultCallbacks<boolean>) => settle(client().ping().then(yes), callbacks),

  sendMessage,
  sendCustomMessage: sendMessage,
  async editMessage(message: BaseMessage) {
    const [channel = "", of] = split(message.getId());
    const data = content(message);
    await send(channel, "edited", { of, kind: kindOf(message), data });
    return copy(message, { editedAt: now(), editedBy: uid(), data });
  },
  async deleteMessage(id: MessageId) {
    const [channel = "", of] = split(id);
    await send(channel, "deleted", { of });
    return make(BaseMessage, { id, deletedAt: now(), deletedBy: uid() });
  },
  markAsDelivered: (message: BaseMessage | MessageId) => settle(mark(message, "delivered")),
  markAsRead: (message: BaseMessage | MessageId) => settle(mark(message, "read")),
  startTyping: typing(),
  endTyping: typing(true),
  sendTransientMessage: (to: TransientMessage) => fire(to, "transient", to.getData()),
  joinGroup: (guid: string) => member(guid, "joined").then(() => groupOf(guid)),
  leaveGroup: (guid: string) => member(guid, "left").then(yes),
};

type Named = Record<string, ((...args: unknown[]) => void) | undefined>;
for (const sort of "Connection Login Message User Group".split(" ")) {
  const name = `${sort}Listener`;
  const add = `add${name}`;
  const remove = `remove${name}`;
  Object.assign(api, {
    // A listener is the record that it is made from: `new Object(record)` is that record.
    [name]: Object,
    [add](id: string, listener: Listener) {
      const it = client() as unknown as Named;
      const loginSuccess = (user: { readonly uid: string }): void => listener["loginSuccess"]?.(userOf(user));
      if (it[add]) it[add](id, { __proto__: listener, loginSuccess } as never);
      else listeners.set(sort + id, listener);
    },
    [remove](id: string) {
      (client() as unknown as Named)[remove]?.(id);
      listeners.delete(sort + id);
    },
  });
}

/** The documentation's static interface. Idiomatic code is better off with `createClient` of `@cc/sdk`. */
export const CometChat: Facade = api as unknown as Facade;

// biome-ignore lint/style/noNamespace: the documentation's typed samples say `CometChat.User`; it holds types only and is not in what runs.
export namespace CometChat {
  export type User = named.UserType;
  export type Group = named.GroupType;
  export type BaseMessage = named.BaseMessageType;
  export type TextMessage = named.TextMessageType;
  export type CustomMessage = named.CustomMessageType;
  export type Action = named.ActionType;
  export type TypingIndicator = named.TypingIndicatorType;
  export type TransientMessage = named.TransientMessageType;
  export type MessageReceipt = named.MessageReceiptType;
  export type ConnectionListener = named.ConnectionListenerType;
  export type LoginListener = named.LoginListenerType;
  export type MessageListener = named.MessageListenerType;
  export type UserListener = named.UserListenerType;
  export type GroupListener = named.GroupListenerType;
  export type MediaMessage = named.MediaMessageType;
  export type CardMessage = named.CardMessageType;
  export type AIAssistantMessage = named.AIAssistantMessageType;
  export type AIToolResultMessage = named.AIToolResultMessageType;
  export type AIToolArgumentMessage = named.AIToolArgumentMessageType;
  export type ReactionEvent = named.ReactionEventType;
  export type AppSettings = named.AppSettingsType;
  export type AppSettingsBuilder = named.AppSettingsBuilderType;
  export type CometChatException = ConnectionError;
}
