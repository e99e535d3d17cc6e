/** Messages between the users of this page: sent with an acknowledgement, received once and in order whatever the link does. */
import { useClient } from "@cc/react";
import type { User } from "@cc/sdk";
import { type FormEvent, type ReactElement, useEffect, useId, useRef, useState } from "react";
import type { Config, SeatConfig } from "../server.js";
import { errorText, type Log, messageText } from "./timeline.js";

interface Message {
  readonly id: number;
  readonly from: string;
  readonly text: string;
  /** Of an own message: on its way, its number in the log, or why it failed. */
  readonly fate: string;
}

interface Props {
  readonly config: Config;
  readonly seat: SeatConfig;
  readonly user: User;
  readonly log: Log;
}

const KEPT = 50;
let ids = 0;

export function Thread({ config, seat, user, log }: Props): ReactElement {
  const client = useClient();
  const id = useId();
  const others = config.users.filter(({ uid }) => uid !== user.uid);
  const opposite = config.seats.find((other) => other.id !== seat.id && other.uid !== user.uid)?.uid;
  const [to, setTo] = useState(opposite ?? others[0]?.uid ?? "");
  const [text, setText] = useState("");
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const list = useRef<HTMLOListElement>(null);

  const add = (message: Omit<Message, "id">): number => {
    ids += 1;
    const one = { ...message, id: ids };
    setMessages((all) => [...all, one].slice(-KEPT));
    return one.id;
  };
  const settle = (which: number, fate: string): void =>
    setMessages((all) => all.map((m) => (m.id === which ? { ...m, fate } : m)));

  useEffect(
    () =>
      client.on("event", ({ from, data, position }) => {
        const said = messageText(data);
        if (said === undefined) return;
        ids += 1;
        const one = { id: ids, from, text: said, fate: `#${position?.positions.join(".")}` };
        setMessages((all) => [...all, one].slice(-KEPT));
      }),
    [client],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new message is what moves the list to its end.
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages]);

  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (text === "") return;
    const sent = add({ from: user.uid, text, fate: "sending…" });
    setText("");
    try {
      const ack = await client.send(`user:${to}`, "message", { text });
      settle(sent, `#${ack?.n}`);
    } catch (error) {
      const { title, text: why } = errorText(error);
      settle(sent, title);
      log("error", `send() rejected: ${title}`, why);
    }
  };
  const type = async (): Promise<void> => {
    try {
      await client.send(`user:${to}`, "typing", {}, { ephemeral: true });
      log("call", "send(typing) resolved", "ephemeral: no position, never replayed");
    } catch (error) {
      const { title, text: why } = errorText(error);
      log("error", `send(typing) rejected: ${title}`, why);
    }
  };

  return (
    <div className="card thread">
      <ol ref={list} aria-label="Messages">
        {messages.map((message) => (
          <li key={message.id} className={message.from === user.uid ? "own" : ""}>
            <span className="from">{message.from}</span>
            <span className="text">{message.text}</span>
            <span className="fate">{message.fate}</span>
          </li>
        ))}
        {messages.length === 0 && <li className="empty">No message yet</li>}
      </ol>
      <form className="row" onSubmit={(event) => void send(event)}>
        <label htmlFor={`${id}-to`} className="sr">
          To
        </label>
        <select id={`${id}-to`} value={to} onChange={(event) => setTo(event.target.value)}>
          {others.map(({ uid, name }) => (
            <option key={uid} value={uid}>
              to {name}
            </option>
          ))}
        </select>
        <label htmlFor={`${id}-text`} className="sr">
          Message
        </label>
        <input
          id={`${id}-text`}
          value={text}
          onChange={(event) => setText(event.target.value)}
          placeholder="Message"
          autoComplete="off"
        />
        <button type="submit" className="primary" disabled={text === ""}>
          Send
        </button>
        <button type="button" onClick={() => void type()}>
          Typing
        </button>
      </form>
    </div>
  );
}
