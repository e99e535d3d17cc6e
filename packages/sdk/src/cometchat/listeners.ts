/**
 * The documentation's listeners.
 *
 * Law: a listener is the very record of callbacks that it was made from, every one optional. Callbacks that the gateway has
 * no event for are in the types alone: code that names them compiles, and they are never called.
 */
import type { ConnectionError } from "@cc/sdk";
import type {
  Action,
  BaseMessage,
  CustomMessage,
  Group,
  MessageReceipt,
  TextMessage,
  TransientMessage,
  TypingIndicator,
  User,
} from "./entities.js";

export interface ConnectionListener {
  onConnected?(): void;
  onConnecting?(): void;
  inConnecting?(): void;
  onDisconnected?(): void;
  onFeatureThrottled?(): void;
  onConnectionError?(error: ConnectionError): void;
}

export interface LoginListener {
  loginSuccess?(user: User): void;
  loginFailure?(error: ConnectionError): void;
  logoutSuccess?(): void;
  logoutFailure?(error: ConnectionError): void;
}

// Of the vendor's alone: no event of ours makes one.
export type MediaMessage = BaseMessage;
export type CardMessage = BaseMessage;
export type AIAssistantMessage = BaseMessage;
export type AIToolResultMessage = BaseMessage;
export type AIToolArgumentMessage = BaseMessage;
export type ReactionEvent = object;

export interface MessageListener {
  onTextMessageReceived?(message: TextMessage): void;
  onCustomMessageReceived?(message: CustomMessage): void;
  onTransientMessageReceived?(message: TransientMessage): void;
  onTypingStarted?(typing: TypingIndicator): void;
  onTypingEnded?(typing: TypingIndicator): void;
  onMessagesDelivered?(receipt: MessageReceipt): void;
  onMessagesRead?(receipt: MessageReceipt): void;
  onMessageEdited?(message: BaseMessage): void;
  onMessageDeleted?(message: BaseMessage): void;
  /** Never called, like all that follow. */
  onMediaMessageReceived?(message: MediaMessage): void;
  onMessagesDeliveredToAll?(receipt: MessageReceipt): void;
  onMessagesReadByAll?(receipt: MessageReceipt): void;
  onMessageReactionAdded?(reaction: ReactionEvent): void;
  onMessageReactionRemoved?(reaction: ReactionEvent): void;
  onMessageModerated?(message: BaseMessage): void;
  onCardMessageReceived?(message: CardMessage): void;
  onAIAssistantMessageReceived?(message: AIAssistantMessage): void;
  onAIToolResultReceived?(message: AIToolResultMessage): void;
  onAIToolArgumentsReceived?(message: AIToolArgumentMessage): void;
}

export interface UserListener {
  onUserOnline?(user: User): void;
  onUserOffline?(user: User): void;
}

export interface GroupListener {
  onGroupMemberJoined?(action: Action, joined: User, group: Group): void;
  onGroupMemberLeft?(action: Action, left: User, group: Group): void;
  onGroupMemberKicked?(action: Action, kicked: User, by: User, group: Group): void;
  /** Never called, like all that follow. */
  onGroupMemberBanned?(action: Action, banned: User, by: User, group: Group): void;
  onGroupMemberUnbanned?(action: Action, unbanned: User, by: User, group: Group): void;
  onGroupMemberScopeChanged?(action: Action, changed: User, scope: string, before: string, group: Group): void;
  onMemberAddedToGroup?(action: Action, added: User, by: User, group: Group): void;
}
