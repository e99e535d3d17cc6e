/**
 * The HTTP side of the gateway under requests that nobody should send: hostile bodies, paths, queries, headers and methods, and bytes that are no HTTP.
 *
 * Law: every request is answered, and by nobody's fault: never 500, always by the body of docs/rest.md where it is a refusal, and no secret
 * stands in an answer. A request without the right key changes nothing.
 */
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { createRandom, type Random } from "@cc/testkit";
import { type GatewayProcess, startGatewayProcess } from "./gatewayProcess.js";
import { evilUid, gatewayKeys } from "./gatewayTalk.js";
import { anything, charms, garble, membersOf, mutate, write } from "./json.js";

export interface HttpStormOptions {
  readonly seed: number;
  readonly requests: number;
  readonly script?: number | undefined;
  readonly say: (line: string) => void;
  readonly until?: number | undefined;
}

export interface HttpStormResult {
  readonly requests: number;
  readonly seconds: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly heapGrowth: number;
  readonly faults: readonly string[];
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** By the right key, and sound, but for a depth that no reader of it could go down. */
  readonly isAbyss?: boolean;
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

const enough = 5;
const atOnce = 16;
const slackBytes = 4_000_000;
/** What a gateway may say by itself (docs/rest.md), and what Node's parser says of bytes that are no request. */
const statuses = [
  200, 201, 202, 204, 400, 401, 403, 404, 405, 408, 409, 411, 413, 414, 415, 417, 426, 429, 431, 501, 503, 505,
];

const routes: readonly (readonly [method: string, path: string, body: unknown])[] = [
  ["POST", "/v1/login", { uid: "evil-0", authKey: gatewayKeys.authKey, name: "E" }],
  ["POST", "/v1/tokens", { uid: "evil-0", ttlMs: 1_000 }],
  ["GET", "/v1/me", undefined],
  ["POST", "/v1/refresh", undefined],
  ["POST", "/v1/users", { uid: "evil-0", name: "E" }],
  ["POST", "/v1/users/evil-0/events", { kind: "own.kind", data: { a: 1 }, from: "evil-1", ephemeral: true, id: "x" }],
  ["POST", "/v1/groups/open/events", { kind: "own.kind", data: [1], id: "x" }],
  ["GET", "/v1/groups/open/members", undefined],
  ["PUT", "/v1/groups/open/members/evil-1?by=evil-2", undefined],
  ["DELETE", "/v1/groups/open/members/evil-1?kicked=true", undefined],
  ["POST", "/v1/admin/throttle", { features: [{ feature: "typing", reason: "x", forMs: 1 }] }],
  ["GET", "/v1/admin/stats", undefined],
  ["GET", "/v1/openapi.json", undefined],
  ["GET", "/v1/connect", undefined],
  ["GET", "/healthz", undefined],
  ["GET", "/readyz", undefined],
  ["GET", "/metrics", undefined],
];

/** Routes whose success would change what other requests are judged by: those are asked wrongly only. */
const isDangerous = (path: string): boolean => /revoke|logout|drain/.test(path);

const segment = (random: Random): string =>
  random.pick([
    ...charms.filter(Boolean),
    "%00",
    "%2e%2e",
    "..",
    "%ff",
    "%c0%af",
    "a".repeat(101),
    "a".repeat(4_000),
    "user:x",
    "*",
    ":uid",
    "%",
    "%F0%9F%98%80",
    "evil-0;x=1",
  ]);

/** A body that is JSON to its last bracket: what goes down level by level ends its stack in it, or hands it on to somebody whose stack ends. */
function abyss(random: Random): Asked {
  const levels = random.pick([2_000, 20_000, 60_000]);
  const data = random.chance(0.5)
    ? `${"[".repeat(levels)}${"]".repeat(levels)}`
    : `${'{"a":'.repeat(levels / 4)}1${"}".repeat(levels / 4)}`;
  return {
    method: "POST",
    path: random.pick(["/v1/users/evil-0/events", "/v1/groups/open/events"]),
    headers: { "x-api-key": gatewayKeys.apiKey, "content-type": "application/json" },
    body: `{"kind":"own.kind","data":${data}}`,
    isAbyss: true,
  };
}

function askedBy(random: Random, tokens: readonly string[]): Asked {
  if (random.chance(0.01)) return abyss(random);
  const [method, path, sound] = random.pick(routes);
  const headers: Record<string, string> = {};
  if (random.chance(0.5))
    headers["x-api-key"] = random.chance(0.8)
      ? gatewayKeys.apiKey
      : random.pick(["", "x", `${gatewayKeys.apiKey}x`, "é".repeat(3)]);
  if (random.chance(0.4))
    headers["authorization"] =
      `${random.pick(["Bearer", "bearer", "Basic", ""])} ${random.chance(0.5) ? random.pick(tokens) : random.pick(["a.b.c", "x".repeat(9_000), "eyJhbGciOiJub25lIn0.e30."])}`;
  if (random.chance(0.1))
    headers["x-forwarded-for"] = random.pick(["1.2.3.4", "::1", "x, y", ",".repeat(1_000), "0177.0.0.1"]);
  if (random.chance(0.1)) headers["origin"] = random.pick(["null", "https://evil.example", "", "file://"]);
  if (random.chance(0.05)) headers["expect"] = random.pick(["100-continue", "200-ok"]);
  if (random.chance(0.05)) headers["upgrade"] = random.pick(["websocket", "h2c", ""]);
  let body: string | undefined;
  if (sound !== undefined || random.chance(0.2)) {
    const frame = membersOf((sound ?? {}) as object);
    body = random.chance(0.3)
      ? write(frame)
      : random.chance(0.6)
        ? write(mutate(random, frame))
        : random.chance(0.5)
          ? garble(random, write(frame))
          : write(anything(random));
    if (random.chance(0.01)) body = `{"kind":"x","data":"${"x".repeat(random.pick([65_000, 131_100, 400_000]))}"}`;
    if (random.chance(0.02)) body = "[".repeat(random.pick([300, 60_000]));
    headers["content-type"] = random.pick([
      "application/json",
      "application/json",
      "text/plain",
      "multipart/form-data",
      "",
    ]);
  }
  let where = path;
  if (random.chance(0.3)) where = path.replace(/(evil-\d|open)/, () => segment(random));
  if (random.chance(0.1))
    where = `${where}${random.pick(["?", "&", "//", "/", "/../..", "#"])}${segment(random)}=${segment(random)}`;
  if (random.chance(0.05)) where = `/${segment(random)}/${segment(random)}`;
  const how = random.chance(0.1)
    ? random.pick(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND"])
    : method;
  return { method: how, path: isDangerous(where) ? "/healthz" : where, headers, body };
}

const send = (
  place: { readonly host: string; readonly port: number },
  agent: Agent,
  { method, path, headers, body }: Asked,
): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const asking = request({ ...place, agent, method, path, headers: { ...headers }, timeout: 15_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    asking.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, text: "" });
    });
    asking.on("timeout", () => asking.destroy(new Error("no answer within 15 s")));
    asking.on("error", reject);
    asking.end(body);
  });

/** Bytes that are no HTTP: they may be answered or not, and the socket must end. */
const garbage = (
  { host, port }: { readonly host: string; readonly port: number },
  random: Random,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect(port, host);
    const late = setTimeout(() => {
      resolve("a socket with bytes that are no HTTP stood for 15 s");
      socket.destroy();
    }, 15_000);
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => {
      clearTimeout(late);
      resolve(undefined);
    });
    const upgrade = "GET /v1/connect HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    const end = "\r\n\r\n";
    socket.end(
      random.pick([
        garble(
          random,
          `${upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: cc.1${end}`,
        ),
        `${upgrade}Sec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Protocol: cc.1${end}`,
        `${upgrade}Sec-WebSocket-Protocol: cc.1, ${"x".repeat(9_000)}${end}`,
        `POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked${end}0\r\n\r\nGET / HTTP/1.1`,
        `POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked${end}ffffffffffffffff\r\n`,
        `GET /${"x".repeat(20_000)} HTTP/1.1\r\n\r\n`,
        `\u0016\u0003\u0001\u0000garbage${"\u0000".repeat(100)}`,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\r\n".repeat(50),
      ]),
    );
  });

function judged(
  { isAbyss = false }: Asked,
  { status, text }: Answered,
  secrets: readonly string[],
): string | undefined {
  if (isAbyss && status !== 400 && status !== 413) return `what no reader could go down was answered ${status}`;
  if (status === 500) return `answered 500: ${text.slice(0, 200)}`;
  if (!statuses.includes(status) && status !== 101) return `answered ${status}: ${text.slice(0, 200)}`;
  if (secrets.some((secret) => text.includes(secret)))
    return `a secret stands in the answer ${status}: ${text.slice(0, 200)}`;
  if (status < 400 || text === "") return undefined;
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly code?: unknown; readonly message?: unknown } };
    // A gateway that is not ready says so in its own words.
    if (typeof error?.code === "string" && typeof error.message === "string") return undefined;
  } catch {
    // Told below.
  }
  return `${status} without the body of a refusal: ${text.slice(0, 200)}`;
}

export async function runHttpStorm({
  seed,
  requests: most,
  script,
  say,
  until = Number.POSITIVE_INFINITY,
}: HttpStormOptions): Promise<HttpStormResult> {
  const began = performance.now();
  const gateway: GatewayProcess = await startGatewayProcess(3);
  const { host, port, tokens } = gateway.ready;
  const place = { host, port };
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const faults: string[] = [];
  const seen: Record<string, number> = {};
  const theirs = tokens.filter(([uid]) => uid === evilUid(0)).map(([, token]) => token);
  const secrets = [
    gatewayKeys.apiKey,
    gatewayKeys.jwtSecret,
    ...tokens.filter(([uid]) => uid === "canary").map(([, token]) => token),
  ];
  let next = 0;
  const worker = async (upTo: number): Promise<void> => {
    while (next < upTo && faults.length < enough && gateway.died() === undefined && performance.now() < until) {
      const index = script ?? next;
      next += 1;
      const random = createRandom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x27d4eb2f)) | 0);
      let fault: string | undefined;
      let what = "bytes that are no HTTP";
      if (random.chance(0.03)) fault = await garbage(place, random);
      else {
        const asked = askedBy(random, theirs);
        what = `${asked.method} ${asked.path.slice(0, 200)} ${asked.body?.slice(0, 300) ?? ""}`;
        try {
          const answer = await send(place, agent, asked);
          seen[answer.status] = (seen[answer.status] ?? 0) + 1;
          fault = judged(asked, answer, secrets);
        } catch (error) {
          const { code, message } = error as NodeJS.ErrnoException;
          // Ours: Node's own client refuses to write it. The gateway's: a body that is too large is not read to its end.
          if (
            code !== "ERR_INVALID_CHAR" &&
            code !== "ERR_UNESCAPED_CHARACTERS" &&
            code !== "ECONNRESET" &&
            code !== "EPIPE"
          )
            fault = message;
        }
      }
      if (fault !== undefined)
        faults.push(
          `request ${index}: ${fault}\n    repeat: pnpm fuzz --only http --seed ${seed} --script ${index}\n      ${what}`,
        );
    }
  };
  const round = async (upTo: number): Promise<void> => {
    await Promise.all(Array.from({ length: script === undefined ? atOnce : 1 }, () => worker(upTo)));
    const died = gateway.died();
    if (died !== undefined) faults.push(died);
    else faults.push(...(await gateway.stats()).faults);
  };
  let heapGrowth = 0;
  try {
    if (script !== undefined) await round(1);
    else {
      await round(Math.ceil(most / 3));
      const early = faults.length === 0 ? await gateway.memory() : undefined;
      await round(most);
      if (early !== undefined && faults.length === 0) {
        heapGrowth = (await gateway.memory()).heapUsed - early.heapUsed;
        if (heapGrowth > slackBytes)
          faults.push(`the heap grew by ${heapGrowth} bytes, and ${slackBytes} is the bound`);
      }
      const answer = await send(place, agent, { method: "GET", path: "/readyz", headers: {}, body: undefined });
      if (answer.status !== 200) faults.push(`afterwards /readyz says ${answer.status}`);
    }
  } catch (error) {
    faults.push(gateway.died() ?? String(error));
  } finally {
    agent.destroy();
    await gateway.close();
  }
  say(`  statuses: ${JSON.stringify(seen)}`);
  return { requests: next, seconds: (performance.now() - began) / 1000, statuses: seen, heapGrowth, faults };
}
