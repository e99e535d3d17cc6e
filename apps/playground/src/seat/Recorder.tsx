/** Writes down everything that the client tells. Renders nothing. */
import { useEvent } from "@cc/react";
import type { Dispatch, SetStateAction } from "react";
import { type Message, nextId, withMessage } from "./Thread.js";
import { errorWords, type Log, messageText, told } from "./timeline.js";

interface Props {
  readonly log: Log;
  readonly setMessages: Dispatch<SetStateAction<readonly Message[]>>;
}

export function Recorder({ log, setMessages }: Props): null {
  useEvent("status", ({ current, reason, attempt, retryAt }) => {
    const wait = retryAt === null ? "" : `, next dial in ${Math.max(0, Math.round(retryAt - Date.now()))} ms`;
    log("status", current, `${reason}, attempt ${attempt}${wait}`, current);
  });
  useEvent("session", ({ recovery, downtimeMs, link }) =>
    log(
      "session",
      `session ${recovery}`,
      `link ${link}${downtimeMs > 0 ? `, ${Math.round(downtimeMs)} ms without` : ""}`,
    ),
  );
  useEvent("gap", ({ from, to }) =>
    log("error", "gap", `${from.positions} to ${to.positions} is no longer in the server's log: refetch`),
  );
  useEvent("error", (error) => log("error", error.code, errorWords(error)));
  useEvent("user", (user) => log("session", user === null ? "logged out" : `logged in as ${user.uid}`));
  useEvent("*", (event) => {
    log("event", `${event.kind} from ${event.from}`, told(event));
    const text = messageText(event.data);
    if (text === undefined) return;
    const fate = event.position === undefined ? "ephemeral" : `#${event.position.positions.join(".")}`;
    setMessages((all) => withMessage(all, { id: nextId(), from: event.from, own: false, text, fate }));
  });
  return null;
}
