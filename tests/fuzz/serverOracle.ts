/**
 * What a client must do with what a server sends, by sections 1, 4, 5, 6 and 11 of docs/protocol.md, and where its positions may stand afterwards.
 *
 * Law: written from the page. The same judge reads what our own gateway sends during the storm: nothing of that may be malformed.
 */
import {
  type Fields,
  framesIn,
  isCount,
  isMs,
  isNumber,
  isPositions,
  isText,
  malformed,
  own,
  stays,
  type Verdict,
} from "./verdict.js";

/** What a client brings to a link. */
export interface ClientFacts {
  readonly user: string;
  readonly epoch: string | undefined;
  readonly received: readonly number[];
}

/** One link, as the client must read it. */
export interface ServerOracle {
  message(text: string): Verdict;
  /** The welcome was taken, or the refusal. */
  readonly stage: "before" | "live" | "refused";
  /** Where `received` stands now. */
  readonly epoch: string | undefined;
  readonly received: readonly number[];
  /** Data of the events that must have been handed on, durable and ephemeral ones, in order. */
  readonly events: readonly unknown[];
  readonly frames: number;
}

const any = Infinity;
const isFeature = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false;
  const { feature, reason, forMs } = own(value);
  return isText(feature, 0, any) && isText(reason, 0, any) && isMs(forMs);
};
const isFeatures = (value: unknown): boolean => Array.isArray(value) && value.every(isFeature);
const limitNames = ["window", "windowBytes", "batchBytes", "eventBytes", "frameBytes", "frameRate", "dedupMs"];
const isLimits = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false;
  const limits = own(value);
  return limitNames.every((name) => isCount(limits[name]) && limits[name] > 0);
};
const maybeMs = (value: unknown): boolean => value === undefined || isMs(value);

/** Section 4: has a known object frame all its fields? Unknown ones have nothing to lack. */
export function isServerObject(frame: Fields): boolean {
  const { t } = frame;
  switch (t) {
    case "welcome":
      return (
        isText(frame["session"], 0, any) &&
        isText(frame["user"], 0, any) &&
        ["resumed", "gap", "new"].includes(frame["recovery"] as string) &&
        isText(frame["epoch"], 1, 128) &&
        isPositions(frame["positions"]) &&
        isMs(frame["heartbeatMs"]) &&
        frame["heartbeatMs"] > 0 &&
        isMs(frame["reconnectSpreadMs"]) &&
        isLimits(frame["limits"]) &&
        isFeatures(frame["throttled"]) &&
        maybeMs(frame["expiresInMs"])
      );
    case "reject":
      return (
        isText(frame["code"], 0, any) &&
        isText(frame["message"], 0, any) &&
        ["never", "later", "reauth"].includes(frame["retry"] as string) &&
        isMs(frame["minDelayMs"]) &&
        isMs(frame["spreadMs"])
      );
    case "channel":
      return isCount(frame["alias"]) && isText(frame["channel"], 0, any) && isCount(frame["partition"]);
    case "gap":
      return isPositions(frame["from"]) && isPositions(frame["to"]);
    case "caughtUp":
      return isPositions(frame["positions"]);
    case "nack":
      return (
        isText(frame["id"], 0, any) &&
        isText(frame["code"], 0, any) &&
        isText(frame["message"], 0, any) &&
        maybeMs(frame["retryAfterMs"])
      );
    case "throttle":
      return isFeatures(frame["features"]);
    case "goaway":
      return isMs(frame["minDelayMs"]) && isMs(frame["spreadMs"]) && typeof frame["overlap"] === "boolean";
    case "tokenOk":
      return maybeMs(frame["expiresInMs"]);
    case "expiring":
      return isMs(frame["inMs"]);
    default:
      return typeof t === "string";
  }
}

const known = ["channel", "gap", "caughtUp", "nack", "throttle", "goaway", "tokenOk", "expiring"];

export function createServerOracle({ user, epoch: broughtEpoch, received: brought }: ClientFacts): ServerOracle {
  let stage: ServerOracle["stage"] = "before";
  let epoch = broughtEpoch;
  let received = [...brought];
  let linkEpoch = "";
  let partitions = 0;
  /** Section 6: the welcome said `gap`, and the frame that tells it has not come. */
  let owesGap = false;
  let frames = 0;
  const channels = new Map<number, { readonly channel: string; readonly partition: number }>();
  const events: unknown[] = [];

  const upTo = (heads: readonly number[]): void => {
    received = received.map((at, p) => Math.max(at, heads[p] ?? 0));
  };
  const fits = (positions: readonly unknown[]): boolean => positions.length === partitions;

  function welcome(frame: Fields): Verdict {
    const positions = frame["positions"] as readonly number[];
    // Section 5: nothing of another identity is taken; the link is given up.
    if (frame["user"] !== user) {
      stage = "refused";
      return { is: "ends", codes: [4401] };
    }
    const recovery = frame["recovery"];
    const here = frame["epoch"] as string;
    if (recovery === "resumed" && (here !== epoch || positions.length !== received.length)) return malformed;
    stage = "live";
    linkEpoch = here;
    partitions = positions.length;
    owesGap = recovery === "gap";
    if (recovery === "new" || epoch === undefined) {
      epoch = here;
      received = [...positions];
    }
    return stays;
  }

  function object(frame: Fields): Verdict {
    const { t } = frame;
    if (!isServerObject(frame)) return malformed;
    if (t === "welcome") return stage === "before" ? welcome(frame) : malformed;
    if (t === "reject") {
      stage = "refused";
      return { is: "ends", codes: [] };
    }
    if (stage === "before" && known.includes(t as string)) return malformed;
    if (t === "channel") {
      const partition = frame["partition"] as number;
      if (partition >= partitions) return malformed;
      channels.set(frame["alias"] as number, { channel: frame["channel"] as string, partition });
    }
    if (t === "gap") {
      const to = frame["to"] as readonly number[];
      if (!fits(to)) return malformed;
      owesGap = false;
      epoch = linkEpoch;
      received = [...to];
    }
    if (t === "caughtUp") {
      const positions = frame["positions"] as readonly number[];
      if (!fits(positions) || owesGap) return malformed;
      upTo(positions);
    }
    return stays;
  }

  function array(frame: readonly unknown[]): Verdict {
    const [code, ...rest] = frame;
    if (stage === "before" && [0, 1, 2, 3, 4].includes(code as number)) return malformed;
    switch (code) {
      case 0:
        if (rest.length === 0) return stays;
        if (!isPositions(rest) || !fits(rest) || owesGap) return malformed;
        upTo(rest);
        return stays;
      case 1: {
        const [n, alias, kind, from, sentAt, data, id] = rest;
        const to = channels.get(alias as number);
        if (!isCount(n) || to === undefined || !isText(kind, 0, any) || !isText(from, 0, any)) return malformed;
        if (!isNumber(sentAt) || data === undefined || !(id === undefined || isText(id, 0, any))) return malformed;
        const last = received[to.partition];
        if (last === undefined || owesGap) return malformed;
        if (n > last) {
          received[to.partition] = n;
          events.push(data);
        }
        return stays;
      }
      case 2: {
        const [alias, kind, from, data] = rest;
        const fine =
          channels.has(alias as number) && isText(kind, 0, any) && isText(from, 0, any) && data !== undefined;
        if (fine) events.push(data);
        return fine ? stays : malformed;
      }
      case 3:
        return isText(rest[0], 0, any) && isCount(rest[1]) ? stays : malformed;
      case 4:
        return isNumber(rest[0]) ? stays : malformed;
      default:
        return stays;
    }
  }

  return {
    message(text) {
      const list = framesIn(text);
      if (list === undefined) return malformed;
      for (const frame of list) {
        frames += 1;
        const verdict = Array.isArray(frame) ? array(frame) : object(frame as Fields);
        if (verdict.is === "ends") return verdict;
      }
      return stays;
    },
    get stage() {
      return stage;
    },
    get epoch() {
      return epoch;
    },
    get received() {
      return received;
    },
    events,
    get frames() {
      return frames;
    },
  };
}
