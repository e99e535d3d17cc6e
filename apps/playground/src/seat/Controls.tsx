/** Settings of the client, and the calls of the contract. Each call's outcome is written to the event stream. */
import { useClient } from "@cc/react";
import type { Client } from "@cc/sdk";
import type { ReactElement } from "react";
import { Button, Group, Segments } from "../ui.js";
import type { Background, Mode, Settings } from "./client.js";
import { useSeat } from "./context.js";
import { downloadTrace } from "./trace.js";

interface Props {
  readonly disposed: boolean;
  readonly setDisposed: (disposed: boolean) => void;
  /** Makes another client. */
  readonly again: (change: Partial<Settings>) => void;
}

const modes: readonly Mode[] = ["auto", "manual"];
const backgrounds: readonly Background[] = ["disconnect", "grace", "keep"];

const check = ({ linked, rttMs, retryAt }: Awaited<ReturnType<Client["checkNow"]>>): string => {
  if (linked) return rttMs === null ? "linked" : `linked, round trip ${rttMs.toFixed(1)} ms`;
  return retryAt === null
    ? "not linked"
    : `not linked, next dial in ${Math.max(0, Math.round(retryAt - Date.now()))} ms`;
};

/** The calls that have a button, and their results in words. */
const calls: readonly { readonly name: string; readonly hint: string; call(client: Client): Promise<string> }[] = [
  {
    name: "connect",
    hint: "Wants a link, and resolves when it stands",
    call: async (client) => ((await client.connect()).alreadyConnected ? "was connected already" : "linked"),
  },
  {
    name: "disconnect",
    hint: "Ends the link; nothing dials until connect()",
    call: async (client) => {
      await client.disconnect();
      return "nothing dials until connect()";
    },
  },
  {
    name: "ping",
    hint: "Manual mode: asks the server, and renews the lease",
    call: async (client) => {
      const { rttMs, leaseUntil } = await client.ping();
      const lease = leaseUntil === null ? "" : `, lease for ${((leaseUntil - Date.now()) / 1000).toFixed(1)} s`;
      return `round trip ${rttMs?.toFixed(1) ?? "?"} ms${lease}`;
    },
  },
  { name: "checkNow", hint: "Probes the link, or dials now", call: async (client) => check(await client.checkNow()) },
  { name: "reconnect", hint: "Replaces the link", call: async (client) => check(await client.reconnect()) },
];

export function Controls({ disposed, setDisposed, again }: Props): ReactElement {
  const client = useClient();
  const { settings, run, seat } = useSeat();
  return (
    <>
      <div className="fields">
        <Segments label="Mode" options={modes} value={settings.mode} set={(mode) => again({ mode })} />
        <Segments
          label="In the background"
          options={backgrounds}
          value={settings.background}
          words={{ disconnect: "close at once", grace: "10 s grace" }}
          set={(background) => again({ background })}
        />
      </div>
      <Group label="Calls">
        {calls.map(({ name, hint, call }) => (
          <Button key={name} hint={hint} disabled={disposed} onClick={() => void run(`${name}()`, () => call(client))}>
            {name}
          </Button>
        ))}
        <Button
          hint="The flight recorder: what this client went through, without tokens, names and texts"
          onClick={() => void run("trace()", async () => downloadTrace(client, seat.id))}
        >
          Download trace
        </Button>
        {disposed ? (
          <Button kind="primary" hint="Over the same stored session" onClick={() => again({})}>
            New client
          </Button>
        ) : (
          <Button
            hint="Closes, cancels, detaches; does not log out"
            onClick={() => {
              setDisposed(true);
              void run("dispose()", async () => {
                await client.dispose();
                return "no callback from here on";
              });
            }}
          >
            dispose
          </Button>
        )}
      </Group>
    </>
  );
}
