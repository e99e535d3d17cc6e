/**
 * What a server must do with what a client sends, by sections 1, 3, 5, 8, 10 and 12 of docs/protocol.md.
 *
 * Law: judged is the link's fate. Whether a send is applied is a `nack`'s matter, and no reason to end a link.
 */
import {
  ends,
  type Fields,
  framesIn,
  isCount,
  isNumber,
  isPositions,
  isText,
  malformed,
  may,
  own,
  stays,
  type Verdict,
  will,
} from "./verdict.js";

/** What the oracle knows of the server. */
export interface ServerFacts {
  readonly app: string;
  readonly frameBytes: number;
  /** Tokens that are good, and whose. */
  readonly tokens: ReadonlyMap<string, string>;
}

export type Stage = "beforeHello" | "afterHello" | "live";

/** One link, message by message. */
export interface ClientOracle {
  /** `bytes` of its UTF-8. */
  message(text: string, bytes: number): Verdict;
  /** The welcome has come. */
  welcomed(): void;
  readonly stage: Stage;
  /** Ids that want an answer, as often as they were asked, while the link was live. */
  readonly asked: ReadonlyMap<string, number>;
  /** The last renewal was by a token that is not good: the link will end with 4401. */
  readonly badRenewal: boolean;
  /** Frames judged so far. */
  readonly frames: number;
}

const optional = (value: unknown, most: number): boolean => value === undefined || isText(value, 1, most);

/** Section 3, `hello`. */
export function isHello(frame: Fields | readonly unknown[]): boolean {
  if (Array.isArray(frame)) return false;
  const { t, token, app, instance, linkNo, nonce, device, resume, heartbeatMs, listen } = frame as Fields;
  return (
    t === "hello" &&
    isText(token, 1, Infinity) &&
    isText(app, 1, 256) &&
    isText(instance, 1, 128) &&
    isCount(linkNo) &&
    optional(nonce, 128) &&
    optional(device, 128) &&
    (resume === undefined || resume === null || isPlace(resume)) &&
    (heartbeatMs === undefined || (isNumber(heartbeatMs) && heartbeatMs > 0)) &&
    (listen === undefined ||
      (Array.isArray(listen) && listen.length <= 16 && listen.every((name) => isText(name, 1, 64))))
  );
}

function isPlace(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { epoch, positions } = own(value);
  return isText(epoch, 1, 128) && isPositions(positions);
}

/** Section 3, the positional frames and what they ask for. Nothing: not judged here. */
function judgeArray(frame: readonly unknown[], asks: (id: string) => void): Verdict {
  const [code, ...rest] = frame;
  if (code === 4) return isNumber(rest[0]) ? stays : malformed;
  if (code === 5) return isPositions(rest) ? stays : malformed;
  if (code !== 6) return stays;
  const [id, channel, kind, data, flags] = rest;
  if (!isText(id, 0, 128) || !isText(channel, 1, 256) || !isText(kind, 1, 64) || data === undefined || !isCount(flags))
    return malformed;
  if (id === "") return flags % 2 === 1 ? stays : malformed;
  asks(id);
  return stays;
}

export function createClientOracle({ app, frameBytes, tokens }: ServerFacts): ClientOracle {
  let stage: Stage = "beforeHello";
  let user: string | undefined;
  let frames = 0;
  let badRenewal = false;
  const asked = new Map<string, number>();
  const asks = (id: string): void => void asked.set(id, (asked.get(id) ?? 0) + 1);

  function hello(frame: Fields | readonly unknown[]): Verdict {
    if (!isHello(frame)) return malformed;
    stage = "afterHello";
    const { token, app: asked } = frame as Fields;
    user = tokens.get(token as string);
    if (asked !== app) return will(4403);
    return user === undefined ? will(4401) : stays;
  }

  function object(frame: Fields): Verdict {
    const { t, token, ms, channel, id } = frame;
    switch (t) {
      case "hello":
        return malformed;
      case "bye":
        return ends(1000);
      case "token":
        if (!isText(token, 1, Infinity)) return malformed;
        // Judged in its own time: what follows is still heard, and of several renewals the last one counts.
        badRenewal = tokens.get(token) !== user;
        return badRenewal ? may(4401) : stays;
      case "heartbeat":
        return isNumber(ms) && ms > 0 ? stays : malformed;
      case "join":
      case "leave":
        if (!isText(channel, 1, 256) || !isText(id, 1, 128)) return malformed;
        asks(id);
        return stays;
      default:
        return typeof t === "string" ? stays : malformed;
    }
  }

  function one(frame: Fields | readonly unknown[]): Verdict {
    frames += 1;
    if (stage === "beforeHello") return hello(frame);
    if (stage === "afterHello") return malformed;
    return Array.isArray(frame) ? judgeArray(frame, asks) : object(frame as Fields);
  }

  return {
    message(text, bytes) {
      if (bytes > frameBytes) return ends(4413);
      const list = framesIn(text);
      if (list === undefined) return malformed;
      let sum = stays;
      for (const frame of list) {
        const verdict = one(frame);
        if (verdict.is === "stays") continue;
        const codes = [...(sum.is === "stays" ? [] : sum.codes), ...verdict.codes];
        if (verdict.is === "ends") return ends(...codes);
        sum = { is: sum.is === "will" ? "will" : verdict.is, codes };
      }
      return sum;
    },
    welcomed() {
      stage = "live";
    },
    get stage() {
      return stage;
    },
    asked,
    get badRenewal() {
      return badRenewal;
    },
    get frames() {
      return frames;
    },
  };
}
