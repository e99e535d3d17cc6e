/** Wrappers that stay generic over the application's events and over the protocol. Compiled, never run. */
import {
  type AppEvent,
  type Client,
  type ClientEvents,
  type ClientOptions,
  createClient,
  type EventMap,
  type SendFunction,
  type Unsubscribe,
} from "@cc/sdk";

/** A function that passes an event on. */
export function listen<E extends EventMap, K extends keyof ClientEvents<E>>(
  client: Client<E>,
  kind: K,
  listener: (value: ClientEvents<E>[K]) => void,
): Unsubscribe {
  return client.on(kind, listener);
}

/** A factory over every client, whatever it sends. */
export function make<E extends EventMap, Send extends SendFunction>(options: ClientOptions<Send>): Client<E, Send> {
  return createClient<E, Send>({ background: "keep", ...options });
}

/** A class that holds a client of somebody's events. */
export class Room<E extends EventMap> {
  readonly client: Client<E>;
  readonly #channel: string;

  constructor(client: Client<E>, group: string) {
    this.client = client;
    this.#channel = `group:${group}`;
  }

  say<K extends keyof E & string>(kind: K, data: E[K]): Promise<boolean> {
    return this.client.send(this.#channel, kind, data).then((ack) => ack !== null);
  }

  heard<K extends keyof ClientEvents<E>>(kind: K): AsyncIterableIterator<ClientEvents<E>[K]> {
    return this.client.events(kind);
  }
}

/** What works with every client takes one of any events and any protocol. */
export const isLinked = (client: Pick<Client, "snapshot">): boolean => client.snapshot().linked;
export const end = async (clients: readonly Pick<Client, "dispose">[]): Promise<void> => {
  await Promise.all(clients.map((client) => client.dispose()));
};

type Chat = { message: { readonly text: string } };
declare const chat: Client<Chat>;

listen(chat, "message", (event) => event.data.text.length);
listen(chat, "status", ({ current }) => current.length);
// @ts-expect-error: through the wrapper too, no such kind
listen(chat, "mesage", () => {});
// @ts-expect-error: through the wrapper too, another kind's data
listen(chat, "message", (event: AppEvent<{ readonly on: boolean }>) => event.data.on);

const room = new Room(chat, "team");
room.say("message", { text: "hello" });
// @ts-expect-error: not what a message holds
room.say("message", { txt: "hello" });
// @ts-expect-error: no such kind
room.say("mesage", { text: "hello" });
export const first = async (): Promise<string | undefined> => {
  for await (const event of room.heard("message")) return event.data.text;
  return undefined;
};
isLinked(chat);
end([chat, make<Chat, Client["send"]>({})]);

/** An `interface` is an event map as a `type` is, although it has no index signature. */
interface ChatEvents {
  readonly chat: { readonly text: string };
}

export function interfaces(client: Client<ChatEvents>): void {
  client.on("chat", ({ data }) => data.text.toUpperCase());
  // @ts-expect-error: no such kind
  client.on("chatt", () => {});
  // @ts-expect-error: a text is no number
  client.on("chat", ({ data }) => data.text.toFixed());
  createClient<ChatEvents>().on("chat", ({ data }) => data.text.toUpperCase());
  listenTo(client, "chat", ({ data }) => data.text.toUpperCase());
}

/** Generic over any object type. */
export function listenTo<E extends object, K extends keyof ClientEvents<E>>(
  client: Client<E>,
  kind: K,
  listener: (value: ClientEvents<E>[K]) => void,
): Unsubscribe {
  return client.on(kind, listener);
}
