/** What happened at a seat, newest first. Law: it is written from the client's own events, so it shows what an application is told. */
import { type AppEvent, type Client, type ConnectionError, isConnectionError, type Status } from "@cc/sdk";
import { remediation } from "@cc/sdk/remediation";

export type Tone = Status | "event" | "session" | "error" | "call" | "fault";

export interface Entry {
  readonly id: number;
  readonly at: number;
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
}

export type Log = (tone: Tone, title: string, text: string) => void;

const KEPT = 200;
let ids = 0;

export const entry = (tone: Tone, title: string, text: string): Entry => {
  ids += 1;
  return { id: ids, at: Date.now(), tone, title, text };
};

export const withEntry = (entries: readonly Entry[], one: Entry): readonly Entry[] => [one, ...entries].slice(0, KEPT);

/** Writes down everything that the client tells. The client's `dispose()` ends it. */
export function record(client: Client, log: Log): void {
  client.on("status", ({ current, reason, attempt, retryAt }) => {
    const wait = retryAt === null ? "" : `, next dial in ${Math.max(0, Math.round(retryAt - Date.now()))} ms`;
    log(current, current, `${reason}, attempt ${attempt}${wait}`);
  });
  client.on("session", ({ recovery, downtimeMs, link }) =>
    log(
      "session",
      `session ${recovery}`,
      `link ${link}${downtimeMs > 0 ? `, ${Math.round(downtimeMs)} ms without` : ""}`,
    ),
  );
  client.on("gap", ({ from, to }) =>
    log("error", "gap", `${from.positions} to ${to.positions} is no longer in the server's log: refetch`),
  );
  client.on("error", (error) => log("error", error.code, `${error.message}. ${remediation(error)}`));
  client.on("*", (event) => log("event", `${event.kind} from ${event.from}`, told(event)));
}

const told = ({ data, position }: AppEvent): string =>
  `${textOf(data)}${position === undefined ? "ephemeral" : `#${position.positions.join(".")}`}`;

const textOf = (data: unknown): string => {
  const text = messageText(data);
  return text === undefined ? "" : `“${text}” · `;
};

/** The text of a message of this page. */
export const messageText = (data: unknown): string | undefined =>
  typeof data === "object" && data !== null && "text" in data && typeof data.text === "string" ? data.text : undefined;

/** An error in words, with what to do about it. */
export const errorText = (error: unknown): { readonly title: string; readonly text: string } =>
  isConnectionError(error)
    ? { title: error.code, text: `${error.message}. ${remediation(error as ConnectionError)}` }
    : { title: "error", text: error instanceof Error ? error.message : String(error) };
