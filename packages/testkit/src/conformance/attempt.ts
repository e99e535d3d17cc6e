/** One attempt of the link suite: what the port told, in order, and what the server saw of it. */
import type { Link, LinkClose, LinkHandlers, OpenLink } from "@cc/core";
import { createChanges } from "./until.js";

export interface LinkHarness {
  readonly open: OpenLink;
  /** Of `startLinkServer()`. */
  readonly server: { readonly url: string; readonly refusedUrl: string };
  /** The platform shows why an upgrade was refused: `httpStatus` and `retryAfterMs` are demanded, else forbidden. */
  readonly showsRefusals: boolean;
  /**
   * Giving an attempt up ends its TCP connection too, as it should: default true. `false` for a platform that keeps it until the
   * server answers (Firefox): then only that nothing is told is demanded.
   */
  readonly endsHandshakes?: boolean;
}

export interface Attempt {
  readonly link: Link;
  /** Every handler call, in order; `early` stands first when one came inside `OpenLink`. */
  readonly calls: readonly string[];
  readonly messages: readonly (string | Uint8Array)[];
  readonly closes: readonly LinkClose[];
  until(what: string, condition: () => boolean): Promise<void>;
  /** `/mute` only: the server reads from now on. */
  letRead(): Promise<void>;
  /** What the server saw, as soon as the attempt has reached it or is over there. */
  seen(
    until: "begun" | "ended",
  ): Promise<{ readonly code: number | null; readonly reason: string; readonly messages: number }>;
}

type Reactions = { readonly [K in keyof LinkHandlers]?: (link: Link) => void };

let links = 0;

export function attempt(
  harness: LinkHarness,
  path: string,
  subprotocols: readonly string[] = [],
  react: Reactions = {},
): Attempt {
  const id = `${Date.now()}-${++links}`;
  const { server } = harness;
  const url = path.startsWith("/") ? `${server.url}${path}${path.includes("?") ? "&" : "?"}id=${id}` : path;
  const http = server.url.replace("ws", "http");
  const calls: string[] = [];
  const messages: (string | Uint8Array)[] = [];
  const closes: LinkClose[] = [];
  const { changed, until } = createChanges();
  let inside = true;
  const note = (call: string, reaction: ((link: Link) => void) | undefined): void => {
    if (inside) calls.push("early");
    calls.push(call);
    reaction?.(link);
    changed();
  };
  const link = harness.open(
    url,
    { subprotocols },
    {
      opened: (subprotocol) => note(`opened ${subprotocol}`, react.opened),
      message(data) {
        messages.push(data);
        note("message", react.message);
      },
      closed(close) {
        closes.push(close);
        note(`closed ${close.code}`, react.closed);
      },
    },
  );
  inside = false;
  return {
    link,
    calls,
    messages,
    closes,
    until,
    async letRead() {
      await fetch(`${http}/listen?id=${id}`);
    },
    async seen(moment) {
      const answer = await fetch(`${http}/seen?id=${id}&until=${moment}`);
      return answer.json();
    },
  };
}

export type Dial = (path: string, subprotocols?: readonly string[], react?: Reactions) => Attempt;

export const opened = (one: Attempt): Promise<void> =>
  one.until("opened", () => one.calls.some((call) => call.startsWith("opened")));
export const closed = (one: Attempt): Promise<void> => one.until("closed", () => one.closes.length > 0);
