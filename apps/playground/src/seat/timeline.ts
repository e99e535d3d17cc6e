/** What happened at a seat, newest first. Law: it is written from the client's own events, so it shows what an application is told. */
import { type AppEvent, type ConnectionError, isConnectionError, type Status } from "@cc/sdk";
import { remediation } from "@cc/sdk/remediation";

/** What an entry is about: what the stream is filtered by, and a lane of the plot. */
export type Kind = "status" | "session" | "event" | "call" | "fault" | "error";
export const kinds: readonly Kind[] = ["status", "session", "event", "call", "fault", "error"];

export interface Entry {
  readonly id: number;
  readonly at: number;
  readonly kind: Kind;
  /** Of a change of status. */
  readonly status?: Status | undefined;
  readonly title: string;
  readonly text: string;
}

export type Log = (kind: Kind, title: string, text?: string, status?: Status) => void;

const KEPT = 300;
let ids = 0;

export const entry = (kind: Kind, title: string, text: string, status?: Status): Entry => {
  ids += 1;
  return { id: ids, at: Date.now(), kind, status, title, text };
};

export const withEntry = (entries: readonly Entry[], one: Entry): readonly Entry[] => [one, ...entries].slice(0, KEPT);

export const told = ({ data, position }: AppEvent): string => {
  const said = messageText(data);
  const where = position === undefined ? "ephemeral" : `#${position.positions.join(".")}`;
  return said === undefined ? where : `“${said}” ${where}`;
};

/** The text of a message of this page. */
export const messageText = (data: unknown): string | undefined =>
  typeof data === "object" && data !== null && "text" in data && typeof data.text === "string" ? data.text : undefined;

/** An error in words, with what to do about it. */
export const errorText = (error: unknown): { readonly title: string; readonly text: string } =>
  isConnectionError(error)
    ? { title: error.code, text: errorWords(error) }
    : { title: "error", text: error instanceof Error ? error.message : String(error) };

/** Where the code says it all, the message is the code: then the remediation alone. */
export const errorWords = (error: ConnectionError): string =>
  [error.message === error.code ? "" : `${error.message.replace(/\.$/, "")}.`, remediation(error)]
    .filter((part) => part !== "")
    .join(" ");
