/**
 * What can be done to this seat: to its network, by the fault proxy it dials through; to its user's tokens, by the gateway; and to
 * the platform around it, by this page.
 */
import { useClient, useConnection } from "@cc/react";
import { type ReactElement, useState } from "react";
import type { Apply, FaultName } from "../server.js";
import { Button, Group } from "../ui.js";
import { useSeat } from "./context.js";

const DELAY_MS = 600;
const SHORT_MS = 8_000;

export function Faults({ apply }: { readonly apply: Apply }): ReactElement {
  const client = useClient();
  const { seat, faults, hands, log } = useSeat();
  const user = useConnection((s) => s.user);
  const background = useConnection((s) => s.app === "background");
  const online = useConnection((s) => s.online);
  const [failing, setFailing] = useState(false);

  const cause = (name: FaultName, title: string, input: object = {}): void => {
    log("fault", title);
    void apply(name, { seat: seat.id, ...input });
  };
  const act = (label: string, hint: string, name: FaultName, title: string, input: object = {}): ReactElement => (
    <Button kind="fault" hint={hint} onClick={() => cause(name, title, input)}>
      {label}
    </Button>
  );
  const toggle = (
    label: string,
    hint: string,
    on: boolean,
    name: FaultName,
    input: (on: boolean) => object,
    titles: readonly [on: string, off: string],
  ): ReactElement => (
    <Button kind="fault" hint={hint} pressed={on} onClick={() => cause(name, on ? titles[1] : titles[0], input(!on))}>
      {label}
    </Button>
  );
  const token = (label: string, hint: string, name: FaultName, title: string): ReactElement => (
    <Button kind="fault" hint={hint} disabled={user === null} onClick={() => cause(name, title, { uid: user })}>
      {label}
    </Button>
  );
  const { blackhole, refuse, delayMs, overload, tokenTtlMs } = faults;

  return (
    <>
      <Group label="Network faults">
        {act("Cut", "Resets the connection", "cut", "the connection is reset")}
        {act(
          "Half-open",
          "The server forgets the connection; the client is not told",
          "half-open",
          "the server's end is gone, and nobody says so",
        )}
        {toggle(
          "Black hole",
          "No byte passes, either way",
          blackhole === "both",
          "blackhole",
          (on) => ({ direction: on ? "both" : "none" }),
          ["no byte passes", "bytes pass again"],
        )}
        {toggle(
          "Deaf",
          "Nothing arrives; what is sent gets through",
          blackhole === "toClient",
          "blackhole",
          (on) => ({ direction: on ? "toClient" : "none" }),
          ["nothing arrives any more", "bytes pass again"],
        )}
        {toggle("Refuse", "New connections are reset", refuse, "refuse", (on) => ({ on }), [
          "dials are refused",
          "dials are accepted",
        ])}
        {toggle(
          `Delay ${DELAY_MS} ms`,
          "Each way takes that much longer",
          delayMs > 0,
          "delay",
          (on) => ({ ms: on ? DELAY_MS : 0 }),
          [`each way takes ${DELAY_MS} ms`, "no delay"],
        )}
      </Group>
      <Group label="Server and token">
        {toggle(
          "Overloaded",
          "The server refuses, and says to stay away for 6 to 8 s",
          overload,
          "overload",
          (on) => ({ on }),
          ["the server refuses with a floor", "the server has room again"],
        )}
        {token("Kick", "The link is closed; the token stays good", "kick", "the user is kicked")}
        {token("Revoke token", "Every token of the user is refused from now on", "revoke-token", "tokens are revoked")}
        {toggle(
          "8 s tokens",
          "getToken gets tokens that expire soon",
          tokenTtlMs !== null,
          "short-tokens",
          (on) => ({ ms: on ? SHORT_MS : 0 }),
          ["new tokens live 8 s", "new tokens live an hour"],
        )}
      </Group>
      <Group label="Platform, pretended">
        <Button
          kind="fault"
          pressed={background}
          hint="As if the tab were hidden"
          onClick={() => {
            log("fault", background ? "foreground" : "background");
            hands.background(!background);
          }}
        >
          Background
        </Button>
        <Button
          kind="fault"
          pressed={!online}
          hint="As if the system said: no network. The network itself stays"
          onClick={() => {
            log("fault", online ? "offline, says the system" : "online, says the system");
            hands.offline(online);
          }}
        >
          Offline hint
        </Button>
        <Button
          kind="fault"
          hint="As if the machine had slept for a minute"
          onClick={() => {
            log("fault", "the clock jumps by a minute");
            hands.signal({ type: "clockJump", ms: 60_000 });
          }}
        >
          Wake
        </Button>
        <Button
          kind="fault"
          hint="As if the interface had changed"
          onClick={() => {
            log("fault", "the network interface changes");
            hands.signal({ type: "networkChange" });
          }}
        >
          New network
        </Button>
        <Button
          kind="fault"
          pressed={failing}
          hint="Every write to the storage throws"
          onClick={() => {
            log("fault", failing ? "storage works" : "storage is full");
            hands.failStorage(!failing);
            setFailing(!failing);
            // Something to write: else a full storage is noticed only when a token or a position changes.
            if (!failing && user !== null) void client.send(`user:${user}`, "note", {}).catch(() => {});
          }}
        >
          Storage full
        </Button>
      </Group>
    </>
  );
}
