/** What happens on the open link: the token, probes there and back, and a time of quiet. */
import { randomUUID } from "node:crypto";
import { PROBE, type Welcome } from "@cc/protocol";
import type { Line } from "./line.js";
import type { Bounds } from "./network.js";
import { type Caution, type Facts, Fault, type Finding } from "./report.js";

const overloaded: Caution = {
  code: "GATEWAY_OVERLOADED",
  meaning: "The gateway does not take this link now: it drains, is full, or cannot verify tokens.",
  remedy: "Try again after the time that it names, as clients do; if it stays so, look at the gateway's log and load.",
};
const forbidden: Caution = {
  code: "TOKEN_FORBIDDEN",
  meaning: "This token will never do here: it belongs to another app, or the user is banned.",
  remedy: "Compare --app with the gateway's app id, and mint the token for that app.",
};
const unauthorised: Caution = {
  code: "TOKEN_REJECTED",
  meaning: "The token is not good, or not any more: expired, revoked, garbled, or signed with another secret.",
  remedy:
    "Get a new token; if new ones are refused too, compare the secret of who mints them with the gateway's, and both clocks.",
};
const malformed: Caution = {
  code: "NOT_CC1",
  meaning: "What answers is no cc.1 server, or something between changes messages.",
  remedy: "Check that a cc.1 gateway is behind this path, in a version that this program knows.",
};
const cut: Caution = {
  code: "LINK_CUT",
  meaning: "Nobody said goodbye: a proxy, a firewall or the network cut the connection, or the gateway died.",
  remedy:
    "Raise the idle timeout of every proxy between above the heartbeat (nginx: proxy_read_timeout), or lower the gateway's heartbeat.",
};

const handshakeTimeout: Caution = {
  code: "HANDSHAKE_TIMEOUT",
  meaning: "The gateway did not get the first frame in time, or did not come to a verdict on it.",
  remedy: "Look for a proxy that holds back what clients send; look into the gateway's log.",
};
const replaced: Caution = {
  code: "LINK_REPLACED",
  meaning: "A newer instance with the same device took over.",
  remedy: "Nothing: doctor names no device, so this is a fault of the server.",
};

/** Refusals whose code says more than what may be done about them. */
const ofReject: Readonly<Record<string, Caution>> = {
  ERR_PROTOCOL: malformed,
  ERR_CONNECT_TIMEOUT: handshakeTimeout,
  ERR_REPLACED: replaced,
};
const ofCode: Readonly<Record<number, Caution>> = {
  1001: { ...overloaded, meaning: "The gateway's process goes." },
  1006: cut,
  1012: { ...overloaded, meaning: "The gateway restarts or drains." },
  1013: overloaded,
  4400: malformed,
  4401: unauthorised,
  4403: forbidden,
  4408: handshakeTimeout,
  4409: replaced,
  4411: {
    code: "LINK_SILENT",
    meaning: "The gateway heard nothing for three heartbeats: what this side sends does not arrive.",
    remedy: "Look for a proxy that holds back or drops what clients send.",
  },
  4503: overloaded,
};

/** Throws what the end of the link, a refusal or foreign text means; else returns. */
function standing(line: Line, when: string, facts?: Facts): undefined {
  const { reject, ended, stranger } = line;
  if (reject !== undefined) {
    const { code, message, retry, minDelayMs, spreadMs } = reject;
    const floor = minDelayMs + spreadMs > 0 ? `, not before ${minDelayMs} to ${minDelayMs + spreadMs} ms` : "";
    throw new Fault(
      `${code}: ${message} (retry: ${retry}${floor})${when}`,
      ofReject[code] ?? (retry === "reauth" ? unauthorised : retry === "later" ? overloaded : forbidden),
      { ...facts, reject: code, retry, minDelayMs, spreadMs },
    );
  }
  if (stranger !== undefined) throw new Fault(`a message that is none of cc.1${when}: ${stranger}`, malformed, facts);
  if (ended === undefined) return undefined;
  const { code, reason } = ended;
  throw new Fault(
    `closed with ${code}${reason === "" ? "" : `, ${reason}`}${when}`,
    ofCode[code] ?? {
      code: "LINK_CLOSED",
      meaning:
        "The server, or a proxy that speaks WebSocket, closed the link; the code says why (docs/protocol.md, 12).",
      remedy: "Look up the code, and look into the logs of the gateway and the proxy.",
    },
    { ...facts, closeCode: code },
  );
}

export interface Hello {
  readonly app: string;
  readonly token: string;
  /** The heartbeat to ask for; absent: the server's own. */
  readonly heartbeatMs: number | undefined;
}

/** `hello`, and the verdict on it. Names a fresh instance and no device: nobody else's link is replaced. */
export async function present(
  line: Line,
  { app, token, heartbeatMs }: Hello,
  { timeoutMs, signal }: Bounds,
): Promise<Finding<Welcome>> {
  line.send({
    t: "hello",
    token,
    app,
    instance: `doctor-${randomUUID()}`,
    linkNo: 1,
    nonce: randomUUID(),
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  });
  const late = (): Fault =>
    new Fault(`no word within ${timeoutMs} ms`, {
      code: "SILENT",
      meaning:
        "The WebSocket stands and nobody answers the hello: a proxy that opens sockets by itself, a gateway that hangs or waits for its log, or another kind of server.",
      remedy:
        "Look into the gateway's log for this link; if it never came, look at the proxy; check that a cc.1 gateway is behind this path.",
    });
  const welcome = await line.until(timeoutMs, signal, late, () => {
    standing(line, "");
    return line.welcome;
  });
  const { user, recovery, heartbeatMs: granted, expiresInMs, limits, throttled } = welcome;
  const features = throttled.map(({ feature }) => feature);
  const ends = expiresInMs === undefined ? "" : `, token ends in ${Math.round(expiresInMs / 1000)} s`;
  return {
    value: welcome,
    detail: `welcome as ${user}, heartbeat ${granted} ms${ends}${features.length === 0 ? "" : `, throttled: ${features.join(", ")}`}`,
    facts: { user, recovery, heartbeatMs: granted, expiresInMs: expiresInMs ?? null, throttled: features, limits },
    ...(expiresInMs !== undefined &&
      expiresInMs < 60_000 && {
        caution: {
          code: "TOKEN_ENDS_SOON",
          meaning: "The token ends within a minute: this client would have to renew at once, and again and again.",
          remedy: "Mint tokens that live longer; an hour is the gateway's default.",
        },
      }),
  };
}

const probes = 5;
/** Up to this round trip the detection times of the contract hold (docs/behaviour.md, 6.3). */
const slowMs = 700;

/** Probes one after another: what a round trip takes on this link. */
export async function roundTrip(line: Line, { timeoutMs, signal }: Bounds): Promise<Finding> {
  const taken: number[] = [];
  for (let k = 1; k <= probes; k++) taken.push(await probe(line, k, "", timeoutMs, signal));
  taken.sort((a, b) => a - b);
  const round = (ms: number | undefined): number => Math.round((ms ?? 0) * 10) / 10;
  const [min, median, max] = [round(taken[0]), round(taken[(probes - 1) / 2]), round(taken[probes - 1])];
  return {
    value: undefined,
    detail: `${probes} probes: min ${min} ms, median ${median} ms, max ${max} ms`,
    facts: { probes, minMs: min, medianMs: median, maxMs: max },
    ...(median > slowMs && {
      caution: {
        code: "ROUND_TRIP_SLOW",
        meaning: `Above ${slowMs} ms a dead link is noticed later than the contract's times, for probes are given longer.`,
        remedy: "Use a gateway that is nearer; look for a proxy or VPN on the way.",
      },
    }),
  };
}

async function probe(line: Line, k: number, when: string, timeoutMs: number, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  line.send([PROBE, k]);
  const late = (): Fault =>
    new Fault(`probe unanswered for ${timeoutMs} ms${when}`, {
      code: "LINK_DEAD",
      meaning:
        "The connection still stands on this side and nothing comes back: a firewall or NAT has forgotten it, or the gateway hangs.",
      remedy:
        "Raise the idle timeout of firewalls and NAT above the heartbeat, or lower the gateway's heartbeat; look at the gateway's process.",
    });
  await line.until(timeoutMs, signal, late, () => {
    standing(line, when);
    return line.answered(k) || undefined;
  });
  return performance.now() - began;
}

/** The time of quiet is over, and nothing has happened. */
class Quiet extends Error {}

/** Says nothing but pongs for `idleMs`, then asks whether the link still lives. */
export async function idle(
  line: Line,
  idleMs: number,
  { heartbeatMs }: Welcome,
  { timeoutMs, signal }: Bounds,
): Promise<Finding> {
  const began = performance.now();
  const pingsBefore = line.pings;
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;
  const standStill = (): undefined =>
    standing(line, ` after ${seconds()} s of quiet`, { lastedMs: Math.round(performance.now() - began) });
  await line
    .until<never>(idleMs, signal, () => new Quiet(), standStill)
    .catch((error: unknown) => {
      if (!(error instanceof Quiet)) throw error;
    });
  const pings = line.pings - pingsBefore;
  const lasted = seconds();
  await probe(line, probes + 1, ` after ${lasted} s of quiet`, timeoutMs, signal);
  return {
    value: undefined,
    detail: `lasted ${lasted} s with ${pings} ${pings === 1 ? "ping" : "pings"} of the gateway, and lives`,
    facts: { lastedMs: Math.round(lasted * 1000), pings, heartbeatMs },
    ...cautionOf(line, pings, idleMs, heartbeatMs),
  };
}

function cautionOf(line: Line, pings: number, idleMs: number, heartbeatMs: number): { caution?: Caution } {
  if (line.goaway !== undefined) {
    return {
      caution: {
        code: "GATEWAY_DRAINING",
        meaning: "The gateway has begun to send its clients away.",
        remedy: overloaded.remedy,
      },
    };
  }
  if (idleMs < heartbeatMs) {
    return {
      caution: {
        code: "IDLE_TOO_SHORT",
        meaning: "The time of quiet was shorter than the heartbeat: that links survive between two pings is not shown.",
        remedy: `Say --idle ${Math.ceil(heartbeatMs / 1000) + 5} or more.`,
      },
    };
  }
  if (pings > 0 || idleMs < 1.5 * heartbeatMs) return {};
  return {
    caution: {
      code: "NO_PINGS",
      meaning: "The gateway announced a heartbeat and none came: nothing keeps quiet links open.",
      remedy: "Look at the gateway: it hangs, or is no cc.1 gateway in full.",
    },
  };
}
