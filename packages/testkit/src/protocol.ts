/**
 * A wire protocol without a wire: the test itself says what the server said.
 *
 * Law: it is a `Protocol` as the driver sees it and nothing more; it sends one line of text for each act, so that
 * what was said on which link can be read from the link's `sent`. For the real cc.1 use the in-memory gateway.
 */
import type { Capabilities, Protocol, ProtocolHost, ProtocolLink, WelcomeInfo } from "@cc/core";
import { ScriptMisuse } from "./misuse.js";

/** One link as the protocol knows it, in the hands of the test. */
export interface ScriptedProtocolLink {
  readonly link: number;
  /** Tells the driver what the server said. */
  readonly host: ProtocolHost;
  /** Token handed to `hello`; `undefined` before the transport opened. */
  readonly token: string | null | undefined;
  /** What the driver asked for, oldest first: `opened`, `probe`, `renew TOKEN`, `heartbeat MS`, `bye`, `detach`. */
  readonly acts: readonly string[];
  /** Messages that arrived. */
  readonly messages: readonly (string | Uint8Array)[];
  /** Welcomes with `defaultWelcome` overlaid by `info`. */
  welcome(info?: Partial<WelcomeInfo>): void;
}

export interface ScriptedProtocol extends Protocol {
  readonly links: readonly ScriptedProtocolLink[];
  /** The newest link. Raises `ScriptMisuse` when there was none. */
  readonly last: ScriptedProtocolLink;
  /** What `unackedSince()` answers; after a change call `host.outbox()` as a protocol would. */
  unacked: { readonly since: number; readonly bytes: number } | null;
  /** Monotonic time that `deadline()` answers; `tick()` clears it and counts. */
  due: number | undefined;
  readonly ticks: number;
  /** Called when a link asked for something, with the act. */
  onAct: ((link: ScriptedProtocolLink, act: string) => void) | undefined;
}

export const defaultWelcome: WelcomeInfo = {
  user: "ann",
  session: "s1",
  recovery: "new",
  heartbeatMs: 10_000,
  spreadMs: null,
  tokenLifeMs: null,
  probes: true,
};

/** A protocol port with a script, with all capabilities unless told otherwise; see `ScriptedProtocol`. */
export function createScriptedProtocol(capabilities: Partial<Capabilities> = {}): ScriptedProtocol {
  const links: ScriptedProtocolLink[] = [];
  let ticks = 0;
  const protocol: ScriptedProtocol = {
    subprotocols: ["scripted"],
    capabilities: { welcome: true, probe: true, positions: true, acknowledgements: true, ...capabilities },
    links,
    unacked: null,
    due: undefined,
    get ticks() {
      return ticks;
    },
    onAct: undefined,
    get last() {
      const link = links.at(-1);
      if (link === undefined) throw new ScriptMisuse("no link was attached");
      return link;
    },
    unackedSince: () => protocol.unacked?.since ?? null,
    unackedBytes: () => protocol.unacked?.bytes ?? 0,
    deadline: () => protocol.due,
    tick() {
      protocol.due = undefined;
      ticks += 1;
    },
    attach(link, host): ProtocolLink {
      const acts: string[] = [];
      const messages: (string | Uint8Array)[] = [];
      let token: string | null | undefined;
      const far: ScriptedProtocolLink = {
        link,
        host,
        acts,
        messages,
        get token() {
          return token;
        },
        welcome: (info = {}) => host.welcome({ ...defaultWelcome, ...info }),
      };
      links.push(far);
      const act = (what: string, text: string | null): void => {
        acts.push(what);
        if (text !== null) host.send(text);
        protocol.onAct?.(far, what);
      };
      return {
        opened(given) {
          token = given;
          act("opened", `hello ${given ?? ""}`);
        },
        message: (data) => void messages.push(data),
        probe: () => act("probe", "probe"),
        renew: (given) => act(`renew ${given}`, `token ${given}`),
        heartbeat: (ms) => act(`heartbeat ${ms}`, `heartbeat ${ms}`),
        bye: () => act("bye", "bye"),
        detach: () => act("detach", null),
      };
    },
  };
  return protocol;
}
