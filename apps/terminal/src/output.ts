/**
 * What is printed. Law: one line for one thing that happened; text of others (names, messages, data) can move no cursor and paint
 * nothing, whatever it holds.
 */
import type { AppEvent, ConnectionError, Gap, SessionEvent, Snapshot, Status, StatusChange, User } from "@cc/sdk";
import { explain } from "@cc/sdk/explain";
import { remediation } from "@cc/sdk/remediation";
import type pc from "picocolors";

type Colours = ReturnType<typeof pc.createColors>;

export interface Output {
  user(user: User): void;
  status(change: StatusChange, snapshot: Snapshot): void;
  session(session: SessionEvent): void;
  event(event: AppEvent): void;
  gap(gap: Gap): void;
  error(error: ConnectionError): void;
  /** The last line. */
  end(how: "loggedOut" | "disconnected" | "failed"): void;
}

/** One object per line: `at` (ISO 8601), `type`, and what the SDK told. */
export function jsonOutput(write: (line: string) => void): Output {
  const line = (type: string, rest: object): void =>
    write(JSON.stringify({ at: new Date().toISOString(), type, ...rest }));
  return {
    user: ({ uid, name }) => line("user", { uid, name }),
    status: ({ previous, current, reason, attempt, retryAt, error }, snapshot) =>
      line("status", {
        status: current,
        previous,
        reason,
        attempt,
        retryAt: retryAt === null ? null : new Date(retryAt).toISOString(),
        ...(error && { error: error.code }),
        explain: explain(snapshot),
      }),
    session: ({ recovery, downtimeMs, session, link }) => line("session", { recovery, downtimeMs, session, link }),
    event: (event) => line("event", { event }),
    gap: ({ from, to }) => line("gap", { from, to }),
    error: (error) => {
      const { code, message, phase, retryable, closeCode, retryAfterMs } = error;
      line("error", { code, message, phase, retryable, closeCode, retryAfterMs, remediation: remediation(error) });
    },
    end: (how) => line("end", { how }),
  };
}

const STATUS_WIDTH = 16;

export function textOutput(write: (line: string) => void, colours: Colours): Output {
  const { dim, red, green, yellow, magenta, cyan, bold } = colours;
  const paint: Readonly<Record<Status, (text: string) => string>> = {
    connected: green,
    connecting: yellow,
    disconnected: red,
    featureThrottled: magenta,
  };
  const line = (head: string, text: string): void =>
    write(`${dim(new Date().toISOString().slice(11, 23))}  ${head} ${text}`);
  const label = (text: string): string => text.padEnd(STATUS_WIDTH);
  return {
    user: ({ uid, name }) =>
      line(bold(label("user")), plain(name === undefined || name === uid ? uid : `${name} (${uid})`)),
    status({ current, reason, attempt }, snapshot) {
      const { why, next, when } = explain(snapshot);
      const wait = when === null ? "" : ` (in ${Math.max(0, (when - Date.now()) / 1000).toFixed(1)} s)`;
      line(
        paint[current](bold(label(current))),
        `${plain(why)} ${plain(next)}${wait} ${dim(`[${reason}, attempt ${attempt}]`)}`,
      );
    },
    session({ recovery, downtimeMs, link }) {
      const away = downtimeMs > 0 ? ` after ${(downtimeMs / 1000).toFixed(1)} s without a connection` : "";
      line(cyan(label("session")), `${recovery}${away} ${dim(`[link ${link}]`)}`);
    },
    event({ kind, channel, from, data, position }) {
      const place = position === undefined ? "ephemeral" : `#${position.positions.join(".")}`;
      line(cyan(label("event")), plain(`${kind} from ${from} on ${channel} ${place} ${JSON.stringify(data)}`));
    },
    gap: ({ from, to }) =>
      line(
        red(label("gap")),
        `the server's log no longer holds ${from.positions} to ${to.positions}: fetch it from your own API`,
      ),
    error: (error) => line(red(label("error")), `${error.code}: ${plain(error.message)} → ${remediation(error)}`),
    end: (how) =>
      line(bold(label("end")), { loggedOut: "logged out", disconnected: "disconnected", failed: "failed" }[how]),
  };
}

/** Control characters as escapes: C0, DEL and C1, which terminals obey, and line separators. */
export const plain = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
