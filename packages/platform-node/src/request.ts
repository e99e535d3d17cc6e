/**
 * `fetch` in the little that a login needs, over node:http and node:https: for the platform's own `fetch` takes no agent,
 * and what a proxy or a private CA stands before must be reached as the WebSocket is.
 *
 * Law: one request, one answer, read whole. A redirect is an answer like any other, for a token is not carried elsewhere.
 */
import { type Agent, type IncomingMessage, request as plain } from "node:http";
import { request as secure } from "node:https";
import type { Holding } from "./hold.js";

export interface RequestOptions {
  /** Sent with each request. Those of the request itself win. Default: none. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where connections come from. Default: Node's own agents. */
  readonly agent?: Agent | undefined;
  /** Certificate authorities in PEM, in place of Node's own list. Default: Node's. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
}

/** What a request is; the part of `fetch`'s that is known here. */
export interface RequestInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** What comes back; the part of a `Response` that is known here. */
export interface NodeResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** The body; rejects when it is no JSON. */
  json(): Promise<unknown>;
}

/** A larger answer is no answer to a login. Bytes. */
const MAX_BODY_BYTES = 1024 * 1024;

/** A `fetch` that goes the way of `options`. Rejects when no whole answer comes, or `signal` is aborted. `holder` hears of each socket while it is used. */
export function nodeFetch(
  { headers, agent, ca }: RequestOptions = {},
  holder?: { add(what: Holding): void; drop(what: Holding): void },
): (url: string, init: RequestInit) => Promise<NodeResponse> {
  return (url, { method, headers: own, body, signal }) =>
    new Promise((resolve, reject) => {
      const request = (url.startsWith("https:") ? secure : plain)(url, {
        method,
        signal,
        headers: { ...headers, ...own, ...(body !== undefined && { "content-length": Buffer.byteLength(body) }) },
        ...(agent && { agent }),
        ...(ca && { ca: ca as string | Buffer }),
      });
      request.once("socket", (socket) => {
        holder?.add(socket);
        request.once("close", () => holder?.drop(socket));
      });
      request.once("error", reject);
      request.once("response", (response) => void read(response).then(resolve, reject));
      request.end(body);
    });
}

async function read(response: IncomingMessage): Promise<NodeResponse> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Error(`The answer is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { statusCode: status = 0, headers } = response;
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name) => headers[name]?.toString() ?? null },
    json: async () => JSON.parse(Buffer.concat(chunks).toString()) as unknown,
  };
}
