/** A web server for pages of the tests, on a port of loopback of its own: so each has an origin that nobody has stored anything for. */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Site {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  close(): Promise<void>;
}

/** What a page can ask of this process, by `/command/NAME?args=[…]`. Answered when it resolves. */
export type Commands = Readonly<Record<string, (...args: readonly never[]) => Promise<void>>>;

async function obey(commands: Commands, url: URL, response: ServerResponse): Promise<void> {
  try {
    const name = url.pathname.slice("/command/".length);
    const command = commands[name];
    if (command === undefined) throw new Error(`no such command: ${name}`);
    await command(...(JSON.parse(url.searchParams.get("args") ?? "[]") as never[]));
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
    return;
  }
  response.end();
}

/** Serves `files` by path: scripts where the path ends in `.js`, pages else. Anything unknown is an empty page. */
export async function serveSite(files: Readonly<Record<string, string>>, commands: Commands = {}): Promise<Site> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://site");
    if (url.pathname.startsWith("/command/")) {
      void obey(commands, url, response);
      return;
    }
    response.setHeader("content-type", url.pathname.endsWith(".js") ? "text/javascript" : "text/html");
    response.end(files[url.pathname] ?? "<!doctype html><title>empty</title>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
