/** The calls that have a button, and their results in words. */
import type { Client } from "@cc/sdk";

/** What a call resolved with. */
export type CallResult = string;

export interface Call {
  readonly name: string;
  readonly label: string;
  readonly call: (client: Client) => Promise<CallResult>;
}

const check = ({ linked, rttMs, retryAt }: Awaited<ReturnType<Client["checkNow"]>>): string => {
  if (linked) return rttMs === null ? "linked" : `linked, round trip ${rttMs.toFixed(1)} ms`;
  return retryAt === null
    ? "not linked"
    : `not linked, next dial in ${Math.max(0, Math.round(retryAt - Date.now()))} ms`;
};

export const calls: readonly Call[] = [
  {
    name: "connect",
    label: "Connect",
    call: async (client) => ((await client.connect()).alreadyConnected ? "was connected already" : "linked"),
  },
  {
    name: "disconnect",
    label: "Disconnect",
    call: async (client) => {
      await client.disconnect();
      return "nothing dials until connect()";
    },
  },
  {
    name: "ping",
    label: "Ping",
    call: async (client) => {
      const { rttMs, leaseUntil } = await client.ping();
      const lease = leaseUntil === null ? "" : `, lease for ${((leaseUntil - Date.now()) / 1000).toFixed(1)} s`;
      return `round trip ${rttMs?.toFixed(1) ?? "?"} ms${lease}`;
    },
  },
  { name: "checkNow", label: "Check now", call: async (client) => check(await client.checkNow()) },
  { name: "reconnect", label: "Reconnect", call: async (client) => check(await client.reconnect()) },
  {
    name: "logout",
    label: "Log out",
    call: async (client) => ((await client.logout()).revoked ? "the server forgot the token" : "locally"),
  },
];
