/**
 * The types of `CometChat.User` and the like under names of their own. The bundler of types puts all files into one, where
 * `namespace CometChat { type User = User }` would name itself.
 */
import type * as entities from "./entities.js";
import type * as callbacks from "./listeners.js";
import type * as types from "./types.js";

export type UserType = entities.User;
export type GroupType = entities.Group;
export type BaseMessageType = entities.BaseMessage;
export type TextMessageType = entities.TextMessage;
export type CustomMessageType = entities.CustomMessage;
export type ActionType = entities.Action;
export type TypingIndicatorType = entities.TypingIndicator;
export type TransientMessageType = entities.TransientMessage;
export type MessageReceiptType = entities.MessageReceipt;
export type ConnectionListenerType = callbacks.ConnectionListener;
export type LoginListenerType = callbacks.LoginListener;
export type MessageListenerType = callbacks.MessageListener;
export type UserListenerType = callbacks.UserListener;
export type GroupListenerType = callbacks.GroupListener;
export type MediaMessageType = callbacks.MediaMessage;
export type CardMessageType = callbacks.CardMessage;
export type AIAssistantMessageType = callbacks.AIAssistantMessage;
export type AIToolResultMessageType = callbacks.AIToolResultMessage;
export type AIToolArgumentMessageType = callbacks.AIToolArgumentMessage;
export type ReactionEventType = callbacks.ReactionEvent;
export type AppSettingsType = types.AppSettings;
export type AppSettingsBuilderType = types.AppSettingsBuilder;
