/**
 * What the documentation's callbacks are given: users, groups, messages, receipts.
 *
 * Law: `getX` and `setX` are the field `x`, whatever it is called; what a class has of them is said by its type. So a getter
 * for which the gateway knows nothing answers `undefined`, where a migrated page would else break on a missing method.
 * Times are whole seconds since 1970, as documented.
 */

/** `get…` for each field. */
type Getters<F> = { readonly [K in keyof F & string as `get${Capitalize<K>}`]: () => F[K] };
/** `set…` for some. */
type Setters<F> = { readonly [K in keyof F & string as `set${Capitalize<K>}`]: (value: F[K]) => void };

type Fields = Record<string, unknown>;

/** What a pattern makes of a name: documented names follow it, of messages and of the settings builder alike. A table of them would be a tenth of the whole facade. */
const methods: ProxyHandler<Fields> = {
  get(target: Fields, name, it: Fields) {
    const [, verb, first = "", rest] = /^(get|set|subscribe|override|auto)([A-Z])(.*)/.exec(String(name)) ?? [];
    const field = first.toLowerCase() + rest;
    if (!verb) return target[name as string];
    return (...value: unknown[]) => {
      if (verb === "get") return it[field];
      it[field] = value.length ? value[0] : true;
      return it;
    };
  },
};

class Entity {}
Object.setPrototypeOf(Entity.prototype, new Proxy({}, methods));

/** The documentation's settings builder: each method keeps what it is told. */
export class AppSettingsBuilder extends Entity {
  build(): object {
    return this;
  }
}

/** A class whose constructor's arguments become these fields. */
const entity = <T>(names = "", Base: unknown = Entity): T =>
  class extends (Base as typeof Entity) {
    constructor(...args: readonly unknown[]) {
      super();
      args.forEach((value, i) => {
        (this as Fields)[names.split(" ")[i] as string] = value;
      });
    }
  } as T;

/** An object of a class, with these fields. */
export const make = <T extends object>(Class: new (...args: never) => T, ...fields: object[]): T =>
  Object.assign(new (Class as new () => T)(), ...fields);

/** The same object with more said of it. */
export const copy = <T extends object>(it: T, more: object): T =>
  make(it.constructor as new () => T, { type: "text" }, it, more);

/** What a message is on the wire and in its object alike. */
export const content = (of: object): Fields =>
  Object.fromEntries(
    "text type customData subType conversationText metadata tags"
      .split(" ")
      .map((name) => [name, (of as Fields)[name]]),
  );

// ---- users and groups

interface UserFields {
  uid: string;
  /** The uid, where only that is known; nothing in one that the app has made, until it sets it. */
  name: string;
  avatar: string | undefined;
  role: string | undefined;
  status: "online" | "offline" | undefined;
  lastActiveAt: number | undefined;
  metadata: object | undefined;
}
export interface User
  extends Getters<UserFields>,
    Setters<Pick<UserFields, "name" | "avatar" | "role" | "metadata" | "status">> {}
export const User: new (uid: string) => User = entity("uid");
type Named = { readonly uid: string };
export const userOf = (
  of: Named | string,
  user: Named = (of as Named).uid ? (of as Named) : { uid: of as string },
): User => make(User, { name: user.uid }, user);

interface GroupFields {
  guid: string;
  /** The guid: the gateway's groups have no other name. */
  name: string;
  type: string;
}
export interface Group extends Getters<GroupFields>, Setters<Pick<GroupFields, "name">> {}
export const Group: new (guid: string, name?: string, type?: string) => Group = entity("guid name type");
export const groupOf = (guid: string): Group => new Group(guid, guid, "public");

// ---- messages

/** A string: `CHANNEL/AUTHOR/ID`. It names the message for good, and to every call here. */
export type MessageId = string | number;

interface MessageFields {
  id: string;
  sender: User;
  receiver: User | Group;
  receiverId: string;
  receiverType: string;
  type: string;
  category: string;
  sentAt: number | undefined;
  editedAt: number | undefined;
  editedBy: string | undefined;
  deletedAt: number | undefined;
  deletedBy: string | undefined;
  metadata: object | undefined;
  tags: string[] | undefined;
  data: object | undefined;
}
export interface BaseMessage
  extends Getters<MessageFields>,
    Setters<{ id: MessageId; metadata: object; tags: readonly { toString(): string }[] }> {}
type BaseMessageClass = new (receiverId: string, type: string, receiverType: string, category?: string) => BaseMessage;
export const BaseMessage: BaseMessageClass = entity("receiverId type receiverType category");

export interface TextMessage extends BaseMessage, Getters<{ text: string }>, Setters<{ text: string }> {}
export const TextMessage: new (receiverId: string, text: string, receiverType: string) => TextMessage = entity(
  "receiverId text receiverType",
  BaseMessage,
);

interface CustomFields {
  customData: object;
  subType: string | undefined;
  conversationText: string | undefined;
}
export interface CustomMessage extends BaseMessage, Getters<CustomFields>, Setters<CustomFields> {}
type CustomMessageClass = new (receiverId: string, receiverType: string, type: string, data: object) => CustomMessage;
export const CustomMessage: CustomMessageClass = entity("receiverId receiverType type customData", BaseMessage);

interface ActionFields {
  /** `joined`, `left` or `kicked`. */
  action: string;
  actionBy: User;
  actionOn: User;
  actionFor: Group;
}
export interface Action extends BaseMessage, Getters<ActionFields> {}
export const Action: new () => Action = entity("", BaseMessage);

// ---- what is no message

interface SignalFields {
  receiverId: string;
  receiverType: string;
  sender: User;
}
interface TypingFields extends SignalFields {
  metadata: object | undefined;
}
export interface TypingIndicator extends Getters<TypingFields>, Setters<Pick<TypingFields, "metadata">> {}
export const TypingIndicator: new (receiverId: string, receiverType: string, metadata?: object) => TypingIndicator =
  entity("receiverId receiverType metadata");

interface TransientFields extends SignalFields {
  // biome-ignore lint/suspicious/noExplicitAny: documented as any; whoever receives it knows what his own senders send.
  data: any;
}
export interface TransientMessage extends Getters<TransientFields>, Setters<Pick<TransientFields, "data">> {}
export const TransientMessage: new (receiverId: string, receiverType: string, data: unknown) => TransientMessage =
  entity("receiverId receiverType data");

interface ReceiptFields extends SignalFields {
  messageId: string;
  /** `delivery` or `read`. */
  receiptType: string;
  timestamp: number;
  deliveredAt: number | undefined;
  readAt: number | undefined;
}
export interface MessageReceipt extends Getters<ReceiptFields> {}
export const MessageReceipt: new () => MessageReceipt = entity();
