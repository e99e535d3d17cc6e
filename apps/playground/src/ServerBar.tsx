/** What the server can do to everybody: throttle, send away, drain, publish. */
import type { ReactElement } from "react";
import { type Apply, type Config, type FaultState, publish } from "./server.js";
import { Button, Group } from "./ui.js";
import { secondsTo, useNow } from "./useNow.js";

interface Props {
  readonly config: Config;
  readonly faults: FaultState;
  readonly apply: Apply;
}

const THROTTLE_MS = 15_000;

export function ServerBar({ config, faults, apply }: Props): ReactElement {
  // What has ended by itself meanwhile needs no answer of the server.
  const now = useNow(faults.throttled.length > 0);
  const announce = (): void => {
    for (const { uid } of config.users) void publish(uid, "Hello from the server");
  };
  return (
    <div className="server">
      <Group label="Throttle for 15 s, at the gateway">
        {config.features.map((feature) => {
          const until = faults.throttled.find((one) => one.feature === feature)?.until ?? 0;
          const on = until > now;
          return (
            <Button
              key={feature}
              kind="fault"
              pressed={on}
              hint={`${on ? "Lifts" : "Sheds"} ${feature} for every client`}
              onClick={() => void apply("throttle", { feature, on: !on, forMs: THROTTLE_MS })}
            >
              {feature}
              {on && <span className="count"> {secondsTo(until, now)}</span>}
            </Button>
          );
        })}
      </Group>
      <Group label="Gateway">
        <Button kind="fault" hint="Asks every client to move to another link" onClick={() => void apply("goaway", {})}>
          Go away
        </Button>
        <Button
          kind="fault"
          pressed={faults.draining}
          hint="Sends everybody away and takes nobody, until it is lifted"
          onClick={() => void apply("drain", { on: !faults.draining })}
        >
          Drain
        </Button>
        <Button hint="A durable message to each user" onClick={announce}>
          Publish to all
        </Button>
        <Button hint="Ends every fault on this page that stands at the server" onClick={() => void apply("clear", {})}>
          End all faults
        </Button>
      </Group>
    </div>
  );
}
