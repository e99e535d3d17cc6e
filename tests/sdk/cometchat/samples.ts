/**
 * The calls of CometChat's documentation in their order, page by page, as a typed application makes them: pages "Setup", "Connection
 * status", "Managing connections manually", "Authentication" with its login listener, and those on real-time events, for JavaScript and React
 * Native (public repository cometchat/docs; its text is the vendor's, so the calls are written anew). Law: the import and `setGateway` are
 * all that differs, and it compiles under `strict`; what the callbacks are told is written down for the test.
 */
import { CometChat } from "@cc/sdk/cometchat";

export const log: string[] = [];
const say = (what: string): void => void log.push(what);
const failed = (error: CometChat.CometChatException): void => say(`failed: ${error.code}`);

/** Setup, and managing connections manually: `init`. */
export const initialize = (gateway: string, auto: boolean): Promise<void> => {
  const appID: string = "demo";
  const region: string = "eu";
  const appSetting: CometChat.AppSettings = new CometChat.AppSettingsBuilder()
    .subscribePresenceForAllUsers()
    .setRegion(region)
    .autoEstablishSocketConnection(auto)
    .setGateway(gateway)
    .build();
  return CometChat.init(appID, appSetting).then((initialized: boolean) => say(`initialized: ${initialized}`), failed);
};

/** Connection status: the listener, and the status. */
export const watchConnection = (): string => {
  const listenerID: string = "UNIQUE_LISTENER_ID";
  CometChat.addConnectionListener(
    listenerID,
    new CometChat.ConnectionListener({
      onConnected: () => say("onConnected"),
      inConnecting: () => say("inConnecting"),
      onDisconnected: () => say("onDisconnected"),
      onFeatureThrottled: () => say("onFeatureThrottled"),
      onConnectionError: () => say("onConnectionError"),
    }),
  );
  const connectionStatus: string = CometChat.getConnectionStatus();
  return connectionStatus;
};

/** Authentication: create a user, the login listener, a session that is there, login by auth key, by token, logout. */
export const createUser = (uid: string, name: string, authKey: string): Promise<void> => {
  const user: CometChat.User = new CometChat.User(uid);
  user.setName(name);
  return CometChat.createUser(user, authKey).then(
    (created: CometChat.User) => say(`created: ${created.getUid()} ${created.getName()}`),
    failed,
  );
};
export const watchLogin = (): void => {
  CometChat.addLoginListener(
    "UNIQUE_LISTENER_ID",
    new CometChat.LoginListener({
      loginSuccess: (user: CometChat.User) => say(`loginSuccess: ${user.getUid()}`),
      loginFailure: (error: CometChat.CometChatException) => say(`loginFailure: ${error.code}`),
      logoutSuccess: () => say("logoutSuccess"),
      logoutFailure: (error: CometChat.CometChatException) => say(`logoutFailure: ${error.code}`),
    }),
  );
};
export const login = (UID: string, authKey: string): Promise<unknown> =>
  CometChat.getLoggedinUser().then(
    (user: CometChat.User) => {
      if (user) return say(`logged in already: ${user.getUid()}`);
      return CometChat.login(UID, authKey).then(
        (user: CometChat.User) => say(`login: ${user.getUid()} ${user.getName()}`),
        (error: CometChat.CometChatException) => say(`login failed: ${error.code}`),
      );
    },
    (error: CometChat.CometChatException) => failed(error),
  );
export const loginByToken = async (authToken: string): Promise<void> => {
  try {
    const loggedInUser = await CometChat.getLoggedinUser();
    if (!loggedInUser) {
      const user = await CometChat.login(authToken);
      say(`login: ${user.getUid()}`);
    }
  } catch (error) {
    failed(error as CometChat.CometChatException);
  }
};
export const logout = (): Promise<void> =>
  CometChat.logout().then(
    (_loggedOut: object) => say("logged out"),
    (error: CometChat.CometChatException) => failed(error),
  );
export const unwatch = (): void => {
  const listenerID: string = "UNIQUE_LISTENER_ID";
  CometChat.removeLoginListener(listenerID);
  CometChat.removeConnectionListener(listenerID);
};

/** Managing connections manually: bare calls, nobody looks at what comes of them; then those with callbacks (React Native). */
export const bare = (): void => {
  void CometChat.connect();
  void CometChat.disconnect();
  void CometChat.ping();
};
export const connect = (onSuccess: () => void, onError: (error: CometChat.CometChatException) => void): void => {
  void CometChat.connect({ onSuccess, onError });
};
/** As the typed sample has it: only that it compiles. */
export const typed = (): Promise<unknown>[] => [
  CometChat.connect({ onSuccess: Function, onError: Function }),
  CometChat.disconnect({ onSuccess: Function, onError: Function }),
  CometChat.ping({ onSuccess: Function, onError: Function }),
];

/** All real-time listeners, whole: callbacks that the gateway has no event for compile too. */
export const watchEvents = (): void => {
  CometChat.addUserListener(
    "UNIQUE_LISTENER_ID",
    new CometChat.UserListener({
      onUserOnline: (onlineUser: CometChat.User) => say(`online: ${onlineUser.getUid()}`),
      onUserOffline: (offlineUser: CometChat.User) => say(`offline: ${offlineUser.getUid()}`),
    }),
  );
  CometChat.addGroupListener(
    "UNIQUE_LISTENER_ID",
    new CometChat.GroupListener({
      onGroupMemberJoined: (_action: CometChat.Action, user: CometChat.User, group: CometChat.Group) =>
        say(`joined: ${user.getUid()} ${group.getGuid()}`),
      onGroupMemberBanned: (
        _action: CometChat.Action,
        _banned: CometChat.User,
        _by: CometChat.User,
        _from: CometChat.Group,
      ) => say("banned"),
      onMemberAddedToGroup: (
        _action: CometChat.Action,
        _added: CometChat.User,
        _by: CometChat.User,
        _to: CometChat.Group,
      ) => say("added"),
    }),
  );
  CometChat.addMessageListener(
    "UNIQUE_LISTENER_ID",
    new CometChat.MessageListener({
      onTextMessageReceived: (textMessage: CometChat.TextMessage) => say(`text: ${textMessage.getText()}`),
      onMediaMessageReceived: (mediaMessage: CometChat.MediaMessage) => say(`media: ${mediaMessage.getId()}`),
      onCustomMessageReceived: (message: CometChat.CustomMessage) =>
        say(`custom: ${JSON.stringify(message.getCustomData())}`),
      onMessageReactionAdded: (_reaction: CometChat.ReactionEvent) => say("reaction"),
      onMessageEdited: (message: CometChat.BaseMessage) => say(`edited by ${message.getEditedBy()}`),
      onMessageDeleted: (message: CometChat.BaseMessage) => say(`deleted by ${message.getDeletedBy()}`),
      onCardMessageReceived: (message: CometChat.CardMessage) => say(`card: ${message.getId()}`),
      onAIAssistantMessageReceived: (message: CometChat.AIAssistantMessage) => say(`assistant: ${message.getId()}`),
    }),
  );
};

/** Send, edit and delete a message; typing; transient messages; groups. */
export const send = async (receiverID: string): Promise<void> => {
  const receiverType: string = CometChat.RECEIVER_TYPE.USER;
  const textMessage: CometChat.TextMessage = new CometChat.TextMessage(receiverID, "Hello", receiverType);
  const tags: Array<string> = ["pinned"];
  textMessage.setTags(tags);
  textMessage.setMetadata({ latitude: "50.6" });
  const sent = await CometChat.sendMessage(textMessage).then((message: CometChat.TextMessage) => message);
  say(`sent: ${sent.getText()}`);
  const customData: object = { latitude: "50.6" };
  await CometChat.sendCustomMessage(new CometChat.CustomMessage(receiverID, receiverType, "location", customData)).then(
    (message: CometChat.CustomMessage) => say(`sent: ${message.getType()}`),
    failed,
  );
  await CometChat.editMessage(sent).then(
    (message: CometChat.TextMessage) => say(`edited by ${message.getEditedBy()}`),
    failed,
  );
  const messageId: string = sent.getId();
  await CometChat.deleteMessage(messageId).then(
    (message: CometChat.BaseMessage) => say(`deleted by ${message.getDeletedBy()}`),
    failed,
  );
  const typingNotification: CometChat.TypingIndicator = new CometChat.TypingIndicator(receiverID, receiverType);
  CometChat.startTyping(typingNotification);
  CometChat.endTyping(typingNotification);
  const data: object = { LIVE_REACTION: "heart" };
  CometChat.sendTransientMessage(new CometChat.TransientMessage(receiverID, receiverType, data));
  // A placeholder, as the page has it: no id of a message, so refused.
  const placeholder: number = 1;
  textMessage.setId(placeholder);
  await CometChat.editMessage(textMessage).then(() => say("edited"), failed);
  await CometChat.joinGroup("lobby", CometChat.GroupType.Public).then(
    (group: CometChat.Group) => say(`joined: ${group.getGuid()}`),
    failed,
  );
  await CometChat.leaveGroup("lobby").then((hasLeft: boolean) => say(`left: ${hasLeft}`), failed);
};
