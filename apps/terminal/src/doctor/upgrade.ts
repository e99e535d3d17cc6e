/** From HTTP to a WebSocket: the answer to the upgrade, and the subprotocol that was chosen. */
import type { IncomingMessage } from "node:http";
import { SUBPROTOCOL } from "@cc/protocol";
import { WebSocket } from "ws";
import { type Answer, readAnswer, redirected } from "./http.js";
import { limited } from "./limit.js";
import { createLine, type Line } from "./line.js";
import type { Bounds } from "./network.js";
import { type Caution, codeOf, Fault, type Finding } from "./report.js";
import { open, type Place } from "./target.js";

export interface Upgraded {
  readonly line: Line;
  readonly subprotocol: { readonly ok: true } | { readonly ok: false; readonly chosen: string | undefined };
}

/** Dials as a client does; `origin` as a browser's page would. The socket is the caller's when it resolves. */
export async function upgrade(
  place: Place,
  origin: string | undefined,
  { timeoutMs, signal }: Bounds,
): Promise<Finding<Upgraded>> {
  const late = (): Fault =>
    new Fault(`no answer to the upgrade within ${timeoutMs} ms`, {
      code: "UPGRADE_TIMEOUT",
      meaning:
        "Plain requests are answered and the upgrade is not: something between swallows it, or waits for the end of an answer that never ends.",
      remedy:
        "Let the proxy pass `Upgrade` and `Connection` on, and not buffer; try from another network, and with TLS.",
    });
  return limited(timeoutMs, signal, late, (end) => dial(place, origin, end));
}

function dial(place: Place, origin: string | undefined, end: AbortSignal): Promise<Finding<Upgraded>> {
  return new Promise((resolve, reject) => {
    const url = `${place.secure ? "wss" : "ws"}://${place.host}${place.base}/v1/connect`;
    const socket = new WebSocket(url, [SUBPROTOCOL], {
      perMessageDeflate: false,
      createConnection: () => open(place),
      ...(origin !== undefined && { origin }),
    });
    let done = false;
    let switched: IncomingMessage | undefined;
    const settle = (act: () => void): void => {
      done = true;
      act();
    };
    // Aborting an attempt makes `ws` emit an error later: the listener below takes it.
    end.addEventListener("abort", () => void (done || socket.terminate()), { once: true });
    const found = (subprotocol: Upgraded["subprotocol"]): void =>
      settle(() => resolve({ value: { line: createLine(socket), subprotocol }, detail: "101 Switching Protocols" }));
    socket.on("upgrade", (response) => {
      switched = response;
    });
    socket.on("unexpected-response", (_request, response) => {
      void readAnswer(response).then((answer) =>
        settle(() => {
          reject(refusalOf(answer));
          socket.terminate();
        }),
      );
    });
    socket.on("open", () => found({ ok: true }));
    socket.on("error", (error) => {
      if (done) return;
      if (switched !== undefined && /subprotocol/.test(error.message)) {
        found({ ok: false, chosen: switched.headers["sec-websocket-protocol"] });
      } else settle(() => reject(switched === undefined ? broken(error) : nonsense(error)));
    });
  });
}

const broken = (error: Error): Fault =>
  new Fault(codeOf(error), {
    code: "UPGRADE_CLOSED",
    meaning:
      "Plain requests are answered, and the connection is closed on the upgrade: a proxy or firewall that does not let WebSockets through, or a gateway that fails.",
    remedy:
      "Let WebSockets through at the proxy; use TLS, which most devices in between leave alone; look into the gateway's log.",
  });

const nonsense = (error: Error): Fault =>
  new Fault(error.message, {
    code: "UPGRADE_BROKEN",
    meaning: "The upgrade was answered with 101 by something that is no WebSocket server, or from a cache.",
    remedy: "Do not cache /v1/connect; check what answers there.",
  });

const nginx =
  'Pass the headers on; nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade".';
const stripped = (what: string): Caution => ({ code: "UPGRADE_STRIPPED", meaning: what, remedy: nginx });

const byCode: Readonly<Record<string, Caution>> = {
  ERR_UPGRADE_REQUIRED: stripped(
    "The gateway was reached by a plain request: a proxy between has taken `Upgrade` and `Connection` out.",
  ),
  ERR_SUBPROTOCOL: stripped(
    "The gateway was not offered the subprotocol cc.1, which doctor offers: a proxy between has taken `Sec-WebSocket-Protocol` out.",
  ),
  ERR_INVALID_ARGUMENT: stripped("The gateway got a garbled handshake: a proxy between has changed its headers."),
  ERR_ORIGIN: {
    code: "UPGRADE_ORIGIN",
    meaning: "The gateway does not let in pages of this origin.",
    remedy: "Add the origin, scheme and port included, to the gateway's `origins` (--origin).",
  },
  ERR_NOT_FOUND: {
    code: "UPGRADE_NOT_FOUND",
    meaning: "The gateway has no WebSocket endpoint at this path.",
    remedy: "Check the path of the URL, and what the proxy makes of it: the gateway listens on /v1/connect.",
  },
  ERR_RATE_LIMITED: {
    code: "UPGRADE_LIMITED",
    meaning: "The gateway has as many sockets of this address as it takes from one.",
    remedy:
      "Close others, or wait. If a proxy of yours stands before the gateway, list it in `trustedProxies`, or all its clients count as one address.",
  },
  ERR_SERVER_OVERLOADED: {
    code: "UPGRADE_UNAVAILABLE",
    meaning: "The gateway is closing, or full.",
    remedy: "Try again after the time that it names; clients do so by themselves.",
  },
};

function refusalOf(answer: Answer): Fault {
  const { status, headers, problem } = answer;
  const redirect = redirected(answer);
  if (redirect) return redirect;
  const retry = headers["retry-after"];
  const detail = `HTTP ${status}${problem ? ` ${problem.code}: ${problem.message}` : ""}${retry === undefined ? "" : `; Retry-After: ${retry}`}`;
  return new Fault(detail, (problem && byCode[problem.code]) ?? byStatus(status), {
    status,
    ...(problem && { code: problem.code }),
    ...(retry !== undefined && { retryAfter: retry }),
  });
}

function byStatus(status: number): Caution {
  if (status < 300) {
    return stripped(
      "The upgrade was answered like a page: a proxy between has taken `Upgrade` out, or another site answers at this path.",
    );
  }
  if (status === 400 || status === 426) {
    return stripped("The upgrade arrived as something else: a proxy between has taken `Upgrade` or `Connection` out.");
  }
  if (status === 404 || status === 405) {
    return {
      code: "UPGRADE_NOT_FOUND",
      meaning: "Nothing at this path takes WebSockets.",
      remedy: "Check the path of the URL and the proxy's routes: the gateway listens on /v1/connect.",
    };
  }
  if (status === 429 || status >= 500) {
    return {
      code: "UPGRADE_UNAVAILABLE",
      meaning: "A proxy cannot reach a gateway that takes links, or limits how often one may come.",
      remedy: "Check that the gateway runs and the proxy's upstream; after 429, wait.",
    };
  }
  return {
    code: "UPGRADE_REFUSED",
    meaning: "A proxy or firewall between does not let the upgrade through, or wants a login of its own.",
    remedy: "Let /v1/connect through without a login of its own; the token travels in the first frame.",
  };
}

/** The version of the wire protocol that was agreed on. */
export function subprotocol({ line, subprotocol: chosen }: Upgraded): Finding<Line> {
  if (chosen.ok) return { value: line, detail: SUBPROTOCOL, facts: { subprotocol: SUBPROTOCOL } };
  const other = chosen.chosen;
  throw new Fault(
    other === undefined ? "none was chosen" : `${other} was chosen, ${SUBPROTOCOL} was offered`,
    {
      code: other === undefined ? "SUBPROTOCOL_NONE" : "SUBPROTOCOL_WRONG",
      meaning:
        other === undefined
          ? "The WebSocket server does not know cc.1, or a proxy has taken `Sec-WebSocket-Protocol` out of its answer. Browsers close such a connection."
          : "The server answered with a subprotocol that was not offered, which RFC 6455 forbids.",
      remedy:
        "Check that a cc.1 gateway is behind this path, and that the proxy passes `Sec-WebSocket-Protocol` on in both directions.",
    },
    { chosen: other ?? null },
  );
}
