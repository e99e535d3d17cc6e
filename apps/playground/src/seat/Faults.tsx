/** What can be done to this seat: to its network, by the fault proxy it dials through, and to its user's tokens. */
import type { User } from "@cc/sdk";
import type { ReactElement } from "react";
import type { FaultName, SeatConfig, SeatFaults } from "../server.js";
import type { Log } from "./timeline.js";

interface Props {
  readonly seat: SeatConfig;
  readonly user: User | null;
  readonly faults: SeatFaults | undefined;
  readonly apply: (name: FaultName, input: object) => Promise<void>;
  readonly log: Log;
}

const DELAY_MS = 600;

export function Faults({ seat, user, faults, apply, log }: Props): ReactElement {
  const { blackhole = false, refuse = false, delayMs = 0 } = faults ?? {};
  const cause = (name: FaultName, title: string, input: object): void => {
    log("fault", title, "");
    void apply(name, { seat: seat.id, ...input });
  };
  const toggle = (name: FaultName, label: string, on: boolean, input: object, title: string): ReactElement => (
    <button type="button" aria-pressed={on} onClick={() => cause(name, title, input)}>
      {label}
    </button>
  );
  return (
    <fieldset className="row">
      <legend>Faults</legend>
      <button type="button" onClick={() => cause("cut", "the connection is reset", {})}>
        Cut
      </button>
      {toggle(
        "blackhole",
        "Black hole",
        blackhole,
        { on: !blackhole },
        blackhole ? "bytes pass again" : "no byte passes",
      )}
      {toggle("refuse", "Refuse", refuse, { on: !refuse }, refuse ? "dials are accepted" : "dials are refused")}
      {toggle(
        "delay",
        `Delay ${DELAY_MS} ms`,
        delayMs > 0,
        { ms: delayMs > 0 ? 0 : DELAY_MS },
        delayMs > 0 ? "no delay" : `each way takes ${DELAY_MS} ms`,
      )}
      <button
        type="button"
        disabled={user === null}
        onClick={() => cause("reject-token", "the user's tokens are revoked", { uid: user?.uid })}
      >
        Reject token
      </button>
    </fieldset>
  );
}
