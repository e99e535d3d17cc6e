/** What the server can do to everybody: throttle, drain, publish. */
import type { ReactElement } from "react";
import { type Config, type FaultName, type FaultState, publish } from "./server.js";

interface Props {
  readonly config: Config;
  readonly faults: FaultState;
  readonly apply: (name: FaultName, input: object) => Promise<void>;
}

const THROTTLE_MS = 15_000;

export function ServerBar({ config, faults, apply }: Props): ReactElement {
  const announce = (): void => {
    for (const { uid } of config.users) void publish(uid, "Hello from the server");
  };
  return (
    <fieldset className="row server">
      <legend>Gateway</legend>
      <button type="button" onClick={announce}>
        Publish to all
      </button>
      <button type="button" onClick={() => void apply("throttle", { on: true, forMs: THROTTLE_MS })}>
        Throttle typing 15 s
      </button>
      <button type="button" onClick={() => void apply("throttle", { on: false })}>
        Lift it
      </button>
      <button
        type="button"
        aria-pressed={faults.draining}
        onClick={() => void apply("drain", { on: !faults.draining })}
      >
        Drain
      </button>
    </fieldset>
  );
}
