/**
 * `rawProtocol()`: the connection machine over any WebSocket server, text and binary untouched.
 *
 * What falls without a protocol of ours: an open socket counts as linked (B1.1), silence is not diagnosed (B6), nothing
 * is resumed (B10.1–10.5), `send` resolves when the bytes are handed over (B10.6).
 */
import { connectionError, type ProtocolHost } from "@cc/core";
import type { ProtocolFactory } from "./types.js";

export interface RawOptions {
  /** Offered as `Sec-WebSocket-Protocol`. Default: none. */
  readonly subprotocols?: readonly string[];
  /** Appended to the client's `url`. Default: nothing. */
  readonly path?: string;
}

/** Hands one message to the socket. Rejects `ERR_WEBSOCKET_ERROR` with `details.outcome: "notSent"` when not linked. */
export type RawSend = (data: string | Uint8Array) => Promise<void>;

/** Incoming messages are events of kind `message`, `data` being the string or the bytes. */
export function rawProtocol({ subprotocols = [], path = "" }: RawOptions = {}): ProtocolFactory<RawSend> {
  return {
    path,
    login: false,
    create(context) {
      let open: ProtocolHost | undefined;
      return {
        subprotocols,
        capabilities: { welcome: false, probe: false, positions: false, acknowledgements: false },
        attach: (link, host) => ({
          opened: () => {
            open = host;
            host.welcome({
              user: context.user,
              session: String(link),
              recovery: "new",
              heartbeatMs: null,
              spreadMs: null,
              probes: false,
              tokenLifeMs: null,
            });
          },
          message: (data) => context.event({ class: "ephemeral", kind: "message", channel: "", from: "", data }),
          probe: () => {},
          renew: () => {},
          heartbeat: () => {},
          bye: () => {},
          detach: () => {
            if (open === host) open = undefined;
          },
        }),
        unackedSince: () => null,
        unackedBytes: () => 0,
        deadline: () => undefined,
        tick: () => {},
        send: async (data) => {
          if (open === undefined) {
            throw connectionError("ERR_WEBSOCKET_ERROR", "Not connected", "send", {
              retryable: true,
              details: { outcome: "notSent" },
            });
          }
          open.send(data);
        },
        position: () => undefined,
        end: () => {},
      };
    },
  };
}
