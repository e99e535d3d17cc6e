/** Messages between the users of this page: sent with an acknowledgement, received once and in order whatever the link does. */
import { useConnection, useSend } from "@cc/react";
import type { SendOptions } from "@cc/sdk";
import {
  type Dispatch,
  type FormEvent,
  type ReactElement,
  type SetStateAction,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { Button } from "../ui.js";
import { useSeat } from "./context.js";
import { errorText } from "./timeline.js";

export interface Message {
  readonly id: number;
  readonly from: string;
  readonly own: boolean;
  readonly text: string;
  /** Its number in the log; of an own one also: on its way, or why it failed. */
  readonly fate: string;
}

const KEPT = 50;
let ids = 0;
export const nextId = (): number => {
  ids += 1;
  return ids;
};
export const withMessage = (all: readonly Message[], one: Message): readonly Message[] => [...all, one].slice(-KEPT);

interface Props {
  readonly messages: readonly Message[];
  readonly setMessages: Dispatch<SetStateAction<readonly Message[]>>;
}

export function Thread({ messages, setMessages }: Props): ReactElement {
  const { config, seat, run } = useSeat();
  const { send, pending } = useSend();
  const user = useConnection((s) => s.user);
  const id = useId();
  const opposite = config.seats.find((other) => other.id !== seat.id)?.uid ?? "";
  const [to, setTo] = useState(opposite);
  const [text, setText] = useState("");
  const list = useRef<HTMLOListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new message is what moves the list to its end.
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [messages]);

  const sendAs = async (kind: string, data: object, options?: SendOptions): Promise<string> => {
    const ack = await send(`user:${to}`, kind, data, options);
    return ack === null ? "dropped, or on its way: nobody says" : `acknowledged as #${ack.n}`;
  };
  const say = (event: FormEvent): void => {
    event.preventDefault();
    if (text === "") return;
    const one: Message = { id: nextId(), from: user ?? "nobody", own: true, text, fate: "sending…" };
    const settle = (fate: string): void => setMessages((all) => all.map((m) => (m.id === one.id ? { ...m, fate } : m)));
    setMessages((all) => withMessage(all, one));
    setText("");
    void run(`send("user:${to}", "message", { text: ${JSON.stringify(text)} })`, async () => {
      try {
        const ack = await send(`user:${to}`, "message", { text });
        settle(`#${ack?.n}`);
        return `acknowledged as #${ack?.n}`;
      } catch (error) {
        settle(errorText(error).title);
        throw error;
      }
    });
  };
  const light = (kind: string, options: "ephemeral" | "volatile"): void =>
    void run(`send("user:${to}", "${kind}", {}, { ${options}: true })`, () => sendAs(kind, {}, { [options]: true }));

  return (
    <section className="card thread" aria-label={`Messages of seat ${seat.id}`}>
      <h3>Messages</h3>
      {/* Focusable, for what scrolls must scroll by keyboard too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: see above. */}
      <ol ref={list} aria-label="Messages" tabIndex={0}>
        {messages.map((message) => (
          <li key={message.id} className={message.own ? "own" : undefined}>
            <span className="from">{message.from}</span>
            <span className="text">{message.text}</span>
            <span className="fate">{message.fate}</span>
          </li>
        ))}
        {messages.length === 0 && <li className="empty">None yet. Log in on both sides and say something.</li>}
      </ol>
      <form className="compose" onSubmit={say}>
        <label htmlFor={`${id}-to`} className="sr">
          To
        </label>
        <select id={`${id}-to`} value={to} onChange={(event) => setTo(event.target.value)}>
          {config.users.map(({ uid, name }) => (
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
        <button type="submit" className="primary" aria-busy={pending}>
          Send
        </button>
        <Button
          hint="Ephemeral: acknowledged, without a position, never replayed"
          onClick={() => light("typing", "ephemeral")}
        >
          Typing
        </Button>
        <Button hint="Volatile: dropped when it cannot go now" onClick={() => light("presence", "volatile")}>
          Presence
        </Button>
      </form>
    </section>
  );
}
