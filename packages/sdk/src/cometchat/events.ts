/**
 * Events of docs/chat-events.md become calls of the documentation's listeners.
 *
 * Law: an edit or a deletion whose author is not the message's is nobody's. What the gateway has not checked, because
 * `chat` is off there, may throw here, into `onListenerError`.
 */
import type { AppEvent } from "@cc/sdk";
import {
  Action,
  BaseMessage,
  CustomMessage,
  content,
  groupOf,
  MessageReceipt,
  make,
  TextMessage,
  TransientMessage,
  TypingIndicator,
  userOf,
} from "./entities.js";

/** Calls a callback of all listeners that have it. */
export type Tell = (name: string, ...args: unknown[]) => void;

/** What the data of the chat kinds may have. */
interface Data {
  readonly of: string;
  readonly kind: string;
  readonly data: Data;
  readonly type: string;
  readonly metadata: object;
  readonly channel: string;
  readonly ended: boolean;
  readonly status: string;
  readonly lastActiveAt: number;
  readonly user: string;
  readonly change: string;
}

export const seconds = (ms: number | undefined): number | undefined => ms && Math.floor(ms / 1000);

const capital = (word: string): string => word.replace(/./, (first) => first.toUpperCase());

export function dispatch(
  { channel, kind, from, id, data: said, sentAt }: AppEvent,
  me: string | undefined,
  tell: Tell,
): void {
  const data = (said ?? {}) as Data;
  const at = seconds(sentAt);
  const [receiverType = "", receiverId = ""] = channel.split(":");
  const group = groupOf(receiverId);
  const where = {
    sender: userOf(from),
    receiverId,
    receiverType,
    receiver: receiverType === "group" ? group : userOf(receiverId),
    sentAt: at,
  };
  const message = (of: string, kind: string, data: Data, more?: object): object =>
    make(kind === "custom" ? CustomMessage : kind === "message" ? TextMessage : BaseMessage, where, content(data), {
      id: `${channel}/${of}`,
      category: kind,
      type: data.type ?? "text",
      data,
      ...more,
    });
  if (kind === "message" || kind === "custom")
    tell(`on${kind === "custom" ? "Custom" : "Text"}MessageReceived`, message(`${from}/${id}`, kind, data));
  else if (kind === "edited" || kind === "deleted") {
    const more = { [`${kind}At`]: at, [`${kind}By`]: from };
    if (data.of.startsWith(`${from}/`))
      tell(`onMessage${capital(kind)}`, message(data.of, data.kind, data.data ?? data, more));
  } else if (kind === "receipt") {
    const [type, id] = data.channel.split(":");
    tell(
      `onMessages${capital(data.type)}`,
      make(MessageReceipt, where, {
        messageId: `${data.channel}/${data.of}`,
        receiverId: type === "group" ? id : receiverId,
        receiverType: type,
        receiptType: data.type === "read" ? "read" : "delivery",
        timestamp: at,
        [`${data.type}At`]: at,
      }),
    );
  } else if (kind === "transient") tell("onTransientMessageReceived", make(TransientMessage, where, { data: said }));
  else if (kind === "member") {
    const { change } = data;
    const user = userOf(data.user);
    const by = where.sender;
    const action = make(Action, where, { action: change, actionBy: by, actionOn: user, actionFor: group });
    tell(`onGroupMember${capital(change)}`, action, user, ...(change === "kicked" ? [by] : []), group);
  } else if (from === me) return;
  else if (kind === "typing")
    tell(`onTyping${data.ended ? "Ended" : "Started"}`, make(TypingIndicator, where, { metadata: data.metadata }));
  else if (kind === "presence")
    tell(
      `onUser${capital(data.status)}`,
      userOf({ ...data, uid: from, lastActiveAt: seconds(data.lastActiveAt) } as { uid: string }),
    );
}
