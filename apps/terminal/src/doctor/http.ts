/** Requests before any WebSocket: does HTTP get through, is it the gateway, does it take links. */
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { limited } from "./limit.js";
import { type Bounds, clientCertificate, speaksTls, wantsCertificate } from "./network.js";
import { type Caution, codeOf, Fault, type Finding, isSystemError } from "./report.js";
import { open, type Place } from "./target.js";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most 4 kB of it. */
  readonly body: string;
  /** `error` of a refusal in the gateway's own form (docs/rest.md). */
  readonly problem: { readonly code: string; readonly message: string } | undefined;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const bodyLimit = 4096;

/** Reads the beginning of an answer's body; resolves at its end, at its limit, or when it breaks off. */
export function readAnswer(response: IncomingMessage): Promise<Answer> {
  return new Promise((resolve) => {
    let body = "";
    const done = (): void =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body, problem: problemOf(body) });
    response.on("data", (chunk: Buffer) => {
      body = (body + chunk.toString()).slice(0, bodyLimit);
      if (body.length === bodyLimit) done();
    });
    for (const event of ["end", "close", "error"]) response.on(event, done);
  });
}

function problemOf(body: string): Answer["problem"] {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown; message?: unknown } };
    if (typeof error?.code !== "string") return undefined;
    return { code: error.code, message: typeof error.message === "string" ? error.message : "" };
  } catch {
    return undefined;
  }
}

/** One request over a connection of its own. Rejects with the system's error, or with what `late` makes. */
export function ask(
  place: Place,
  path: string,
  { timeoutMs, signal }: Bounds,
  late: () => Error,
  asking: Asking = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = asking;
  return limited(
    timeoutMs,
    signal,
    late,
    (end) =>
      new Promise<Answer>((resolve, reject) => {
        const socket = open(place);
        end.addEventListener("abort", () => socket.destroy(), { once: true });
        const sent = request(
          {
            // `Connection: close` and the pinned address: what a pool would reuse is not what is examined.
            createConnection: () => socket,
            method,
            path: place.base + path,
            headers: {
              host: place.host,
              connection: "close",
              ...(body !== undefined && { "content-type": "application/json" }),
              ...headers,
            },
          },
          (response) => void readAnswer(response).then(resolve),
        );
        sent.on("error", reject);
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
  );
}

/** A redirect is its own answer: WebSocket clients follow none. */
export const redirected = (answer: Answer): Fault | undefined =>
  answer.status >= 300 && answer.status < 400
    ? new Fault(`HTTP ${answer.status} to ${answer.headers.location ?? "nowhere"}`, {
        code: "HTTP_REDIRECTED",
        meaning: "The server sends callers elsewhere, often from http to https; WebSocket clients do not follow.",
        remedy: "Use the address that it redirects to.",
      })
    : undefined;

/** `/healthz`: something that speaks HTTP answers, and it is a gateway. */
export async function healthy(place: Place, bounds: Bounds): Promise<Finding> {
  const late = (): Fault =>
    new Fault(`no answer within ${bounds.timeoutMs} ms`, {
      code: "HTTP_TIMEOUT",
      meaning: place.secure
        ? "The connection stands and no HTTP answer comes: the server hangs, or the proxy cannot reach it and waits."
        : "The connection stands and no HTTP answer comes: the server hangs, or this port expects something else, such as TLS.",
      remedy: place.secure
        ? "Look at the process and the log of the gateway and of the proxy before it."
        : "Try https:// for this port; look at the process and the log of the gateway and of the proxy before it.",
    });
  const answer = await ask(place, "/healthz", bounds, late).catch(async (error: unknown) => {
    if (!isSystemError(error)) throw error;
    if (!place.secure && (await speaksTls(place, bounds))) throw isTls(codeOf(error));
    if (place.secure && (await wantsCertificate(place, bounds))) throw new Fault(codeOf(error), clientCertificate);
    throw new Fault(
      codeOf(error),
      codeOf(error).startsWith("HPE_")
        ? {
            code: "HTTP_NOT_HTTP",
            meaning: "What answers on this port does not speak HTTP.",
            remedy: "Check the port of the URL: another service listens there.",
          }
        : {
            code: "HTTP_CLOSED",
            meaning:
              "The connection was closed without an answer: a proxy without a server behind it, a firewall that looks inside, or a crash.",
            remedy: "Look at the log of the gateway and of every proxy between; try from another network.",
          },
    );
  });
  const { status, problem, body } = answer;
  const fault = redirected(answer);
  if (fault) throw fault;
  // Some servers answer plain HTTP on their TLS port in words.
  if (status === 400 && !place.secure && problem === undefined && (await speaksTls(place, bounds)))
    throw isTls(`HTTP 400`);
  const via = [answer.headers["server"], answer.headers.via].filter(Boolean).join(", ");
  const detail = `HTTP ${status}${problem ? ` ${problem.code}` : ""}${via === "" ? "" : `, by ${via}`}`;
  const facts = { status, ...(via !== "" && { via }) };
  if (status >= 500) {
    throw new Fault(
      detail,
      {
        code: "HTTP_UNAVAILABLE",
        meaning: "A proxy answers and cannot reach a gateway, or the gateway fails.",
        remedy: "Start the gateway; check the proxy's upstream address and both logs.",
      },
      facts,
    );
  }
  if (status === 200 && /"status"\s*:\s*"ok"/.test(body)) return { value: undefined, detail, facts };
  return {
    value: undefined,
    detail,
    facts,
    caution: status === 401 || status === 403 || status === 407 ? barred : stranger,
  };
}

const isTls = (detail: string): Fault =>
  new Fault(detail, {
    code: "HTTP_IS_TLS",
    meaning: "The port speaks TLS, and the URL says that it does not.",
    remedy: "Use https:// or wss://.",
  });

const barred: Caution = {
  code: "HTTP_BARRED",
  meaning: "A proxy or firewall wants to know who asks before it lets anything through.",
  remedy: "Let /v1 (and /healthz, /readyz where you watch from here) through without a login of its own.",
};
const stranger: Caution = {
  code: "HTTP_NOT_A_GATEWAY",
  meaning:
    "HTTP works, but /healthz is not answered as a gateway does: another site, a path prefix that is missing in the URL, or a proxy that lets only /v1 through.",
  remedy: "Check host, port and prefix of the URL. If the next steps are ok, only /healthz is not let through.",
};

/** `/readyz`: the gateway takes links now. */
export async function ready(place: Place, bounds: Bounds): Promise<Finding> {
  const late = (): Fault =>
    new Fault(`no answer within ${bounds.timeoutMs} ms`, {
      code: "HTTP_TIMEOUT",
      meaning: "The gateway answered /healthz and not /readyz.",
      remedy: "Look at its process and log.",
    });
  const answer = await ask(place, "/readyz", bounds, late).catch((error: unknown) => {
    if (!isSystemError(error)) throw error;
    throw new Fault(codeOf(error), {
      code: "HTTP_CLOSED",
      meaning: "The connection was closed without an answer to /readyz, though /healthz was answered.",
      remedy: "Look at the log of the gateway and of every proxy between.",
    });
  });
  const { status, body } = answer;
  const facts = { status, ...stateOf(body) };
  // Anybody may say 503; what it means is known where the gateway's own answer came with it.
  if (status === 503 && facts.ready === false) {
    const draining = facts.draining === true;
    throw new Fault(
      `HTTP 503${draining ? ", draining" : ""}`,
      draining
        ? {
            code: "GATEWAY_DRAINING",
            meaning: "The gateway runs, and sends its clients away to others: it is being taken out of service.",
            remedy:
              "Wait for the restart; or end the drain by DELETE /v1/admin/drain. A load balancer should not send you here.",
          }
        : {
            code: "GATEWAY_NOT_READY",
            meaning: "The gateway runs and does not take links yet: it waits for its log (the broker).",
            remedy: "Wait; if it stays so, check that the broker runs and can be reached, and the gateway's log.",
          },
      facts,
    );
  }
  if (status === 200 && facts.ready === true)
    return { value: undefined, detail: `takes links, ${facts.linked} linked`, facts };
  return {
    value: undefined,
    detail: `HTTP ${status}`,
    facts,
    caution: {
      code: "READY_UNKNOWN",
      meaning:
        "Whether the gateway takes links cannot be asked here: /readyz is not let through, or this is no gateway.",
      remedy: "Nothing, if the next steps are ok.",
    },
  };
}

function stateOf(body: string): { ready?: unknown; draining?: unknown; linked?: unknown } {
  try {
    const { ready, draining, linked } = JSON.parse(body) as Record<string, unknown>;
    return { ready, draining, linked };
  } catch {
    return {};
  }
}
