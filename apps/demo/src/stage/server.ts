/**
 * The playground's one port: the page, its configuration, the buttons, and each seat's way to the gateway (seats.ts).
 *
 * Law: it is for this machine's user alone. It listens on loopback, takes requests only under a loopback name (a rebound DNS name
 * is refused), and acts only on JSON that the page itself sent (another site's form or script is refused).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Gateway } from "@cc/gateway";
import type { Faults } from "./faults.js";
import { pageFile } from "./files.js";
import { InputError, text } from "./input.js";
import type { SeatRoutes } from "./seats.js";

/** What the page needs to know; `/config.json`. */
export interface PageConfig {
  readonly appId: string;
  /** Development only: logs anybody in. */
  readonly authKey: string;
  readonly gateway: string;
  readonly users: readonly { readonly uid: string; readonly name: string }[];
  /** Each seat dials through a fault proxy of its own; `url` is relative to the page. */
  readonly seats: readonly { readonly id: string; readonly url: string; readonly uid: string }[];
  /** What can be throttled. */
  readonly features: readonly string[];
}

export interface Page {
  readonly gateway: Gateway;
  readonly faults: Faults;
  readonly routes: SeatRoutes;
  readonly config: PageConfig;
}

const BODY_BYTES = 16_384;

/** Binds a loopback port: the wished one, or a free one where that is taken. */
export async function listenNear(server: Server, port: number): Promise<number> {
  const listen = (wished: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(wished, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });
  try {
    await listen(port);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || !["EADDRINUSE", "EACCES"].includes(String(error.code))) {
      throw error;
    }
    await listen(0);
  }
  return (server.address() as AddressInfo).port;
}

/** A server over the folder of the built page. `page` is asked for with each request: what it names is made after the port is known. */
export function createPageServer(folder: string, page: () => Page | undefined): Server {
  const server = createServer((request, response) => {
    answer(folder, page(), request, response).catch((error: unknown) => {
      const status = error instanceof InputError ? 400 : 500;
      json(response, status, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  server.on("upgrade", (request, socket, head) => {
    const taken = isLocal(request) && isOwn(request) && page()?.routes.upgrade(request, socket, head);
    if (!taken) socket.destroy();
  });
  return server;
}

/** Asked for under a loopback name: a name of the open net that was bent to this machine is refused. */
const isLocal = ({ headers }: IncomingMessage): boolean =>
  /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(headers.host ?? "");

/** Sent by this page, or by no page at all. */
const isOwn = ({ headers: { origin, host } }: IncomingMessage): boolean =>
  origin === undefined || origin === `http://${host}`;

async function answer(
  folder: string,
  page: Page | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (page === undefined || !isLocal(request)) {
    return json(response, 403, { error: "this server answers under a loopback name only" });
  }
  if (isOwn(request) && page.routes.request(request, response)) return;
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (request.method === "POST") {
    if (!isOwn(request) || !request.headers["content-type"]?.startsWith("application/json")) {
      return json(response, 403, { error: "JSON from the playground itself only" });
    }
    return act(page, pathname, await body(request), response);
  }
  if (request.method !== "GET" && request.method !== "HEAD") return json(response, 405, { error: "GET or POST" });
  if (pathname === "/config.json") return json(response, 200, page.config);
  if (pathname === "/faults") return json(response, 200, page.faults.state());
  const file = await pageFile(folder, pathname);
  if (file === undefined) return json(response, 404, { error: "not found" });
  response.writeHead(200, {
    ...headers,
    "content-type": file.type,
    "content-security-policy":
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; frame-ancestors 'none'",
  });
  response.end(request.method === "HEAD" ? undefined : file.body);
}

const headers = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

async function act(
  { gateway, faults, config }: Page,
  path: string,
  input: Readonly<Record<string, unknown>>,
  response: ServerResponse,
): Promise<void> {
  const fault = /^\/faults\/([a-z-]+)$/.exec(path)?.[1];
  if (fault !== undefined) return json(response, 200, await faults.apply(fault, input));
  if (path !== "/publish" && path !== "/token") return json(response, 404, { error: "not found" });
  const uid = text(input, "uid");
  if (!config.users.some((user) => user.uid === uid)) throw new InputError(`no user ${uid}`);
  if (path === "/token") {
    const ttlMs = faults.state().seats[text(input, "seat")]?.tokenTtlMs;
    const { token, expiresInMs } = await gateway.mintToken(uid, ttlMs ? { ttlMs } : {});
    return json(response, 200, { token, expiresInMs });
  }
  const data = { text: text(input, "text") };
  json(response, 200, await gateway.publish({ channel: `user:${uid}`, kind: "message", data }));
}

async function body(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) throw new InputError("the body is too large");
    chunks.push(chunk);
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString() || "{}");
    if (typeof parsed === "object" && parsed !== null) return parsed as Readonly<Record<string, unknown>>;
  } catch {
    // Falls through: whatever is wrong with it, the answer is the same.
  }
  throw new InputError("the body must be a JSON object");
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { ...headers, "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
