/**
 * An open WebSocket as cc.1 sees it, from the client's side, down to what an examination needs: pings are answered, what came is kept.
 *
 * Law: it decides nothing; whoever waits looks again after each thing that happened, and the end of the link ends every wait.
 */
import { decode, encode, type Goaway, PING, PROBE, type Reject, type Welcome } from "@cc/protocol";
import type { WebSocket } from "ws";
import { limited } from "./limit.js";

export interface Ended {
  /** 1006: without a close frame. */
  readonly code: number;
  readonly reason: string;
}

export interface Line {
  readonly welcome: Welcome | undefined;
  readonly reject: Reject | undefined;
  readonly goaway: Goaway | undefined;
  /** A message that is none of cc.1. */
  readonly stranger: string | undefined;
  readonly pings: number;
  readonly ended: Ended | undefined;
  send(frame: Parameters<typeof encode>[0]): void;
  /** Whether the probe with this number was answered. */
  answered(k: number): boolean;
  /** Waits until `look` finds something. Rejects with what `late` makes after `ms`, with `Interrupted` when `signal` is aborted. */
  until<T>(ms: number, signal: AbortSignal, late: () => Error, look: () => T | undefined): Promise<T>;
  /** Says goodbye, and lets go. Does nothing when it has ended. */
  close(): void;
}

/** How long a closing handshake may take before the socket is destroyed, in ms. */
const closeMs = 500;

type Fields = Readonly<Record<string, unknown>>;

/** Another kind of server may have frames of these names: what the report reads of them is there. */
const isWelcome = (frame: object): boolean => {
  const { user, heartbeatMs, throttled } = frame as Fields;
  const isFeature = (each: unknown): boolean => typeof (each as Fields | null)?.["feature"] === "string";
  return (
    typeof user === "string" &&
    typeof heartbeatMs === "number" &&
    Array.isArray(throttled) &&
    throttled.every(isFeature)
  );
};
const isReject = (frame: object): boolean => {
  const { code, message, retry, minDelayMs, spreadMs } = frame as Fields;
  const isText = [code, message, retry].every((each) => typeof each === "string");
  return isText && typeof minDelayMs === "number" && typeof spreadMs === "number";
};

export function createLine(socket: WebSocket): Line {
  const looks = new Set<() => void>();
  const answers = new Set<number>();
  const seen: { welcome?: Welcome; reject?: Reject; goaway?: Goaway; stranger?: string; ended?: Ended } = {};
  let pings = 0;
  const changed = (): void => {
    for (const look of [...looks]) look();
  };
  const send: Line["send"] = (frame) => socket.send(encode(frame), () => {});

  const take = (text: string): void => {
    const frames = decode(text);
    if (frames === undefined) seen.stranger ??= text;
    for (const frame of frames ?? []) {
      if (Array.isArray(frame)) {
        if (frame[0] === PING) {
          pings += 1;
          send([PING]);
        } else if (frame[0] === PROBE) answers.add(Number(frame[1]));
        continue;
      }
      const { t } = frame as { t?: unknown };
      if (t === "welcome" && isWelcome(frame)) seen.welcome = frame as unknown as Welcome;
      else if (t === "reject" && isReject(frame)) seen.reject = frame as unknown as Reject;
      else if (t === "welcome" || t === "reject") seen.stranger ??= text;
      if (t === "goaway") seen.goaway = frame as unknown as Goaway;
    }
    changed();
  };
  // cc.1 is text: what is not is as foreign to it as text that is no JSON.
  socket.on("message", (data, isBinary) => take(isBinary ? "" : String(data)));
  socket.on("error", () => {});
  socket.on("close", (code, reason) => {
    seen.ended = { code, reason: reason.toString() };
    changed();
  });

  return {
    get welcome() {
      return seen.welcome;
    },
    get reject() {
      return seen.reject;
    },
    get goaway() {
      return seen.goaway;
    },
    get stranger() {
      return seen.stranger;
    },
    get ended() {
      return seen.ended;
    },
    get pings() {
      return pings;
    },
    send,
    answered: (k) => answers.has(k),
    until: (ms, signal, late, look) =>
      limited(
        ms,
        signal,
        late,
        (end) =>
          new Promise((resolve, reject) => {
            const again = (): void => {
              try {
                const found = look();
                if (found !== undefined) resolve(found);
              } catch (error) {
                reject(error);
              }
            };
            looks.add(again);
            end.addEventListener("abort", () => looks.delete(again), { once: true });
            again();
          }),
      ),
    close() {
      if (socket.readyState !== socket.OPEN) return socket.terminate();
      send({ t: "bye" });
      socket.close(1000);
      const late = setTimeout(() => socket.terminate(), closeMs);
      socket.once("close", () => clearTimeout(late));
    },
  };
}
