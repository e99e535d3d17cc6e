/** Mode, foreground, and the calls of the contract. Each call's outcome is written to the timeline. */
import { useClient, useConnection } from "@cc/react";
import type { ReactElement } from "react";
import type { CallResult } from "./calls.js";
import { calls } from "./calls.js";
import type { Mode } from "./client.js";
import { errorText, type Log } from "./timeline.js";

interface Props {
  readonly mode: Mode;
  readonly setMode: (mode: Mode) => void;
  readonly pretendBackground: (on: boolean) => void;
  readonly log: Log;
}

export function Controls({ mode, setMode, pretendBackground, log }: Props): ReactElement {
  const client = useClient();
  const app = useConnection((s) => s.app);

  const run = async (title: string, call: () => Promise<CallResult>): Promise<void> => {
    log("call", title, "");
    try {
      log("call", `${title} resolved`, await call());
    } catch (error) {
      const { title: code, text } = errorText(error);
      log("error", `${title} rejected: ${code}`, text);
    }
  };

  const choose = (
    name: string,
    options: readonly string[],
    chosen: string,
    set: (value: string) => void,
  ): ReactElement => (
    <fieldset className="segments">
      <legend>{name}</legend>
      {options.map((option) => (
        <button key={option} type="button" aria-pressed={option === chosen} onClick={() => set(option)}>
          {option}
        </button>
      ))}
    </fieldset>
  );

  return (
    <>
      <div className="row">
        {choose("Mode", ["auto", "manual"], mode, (value) => setMode(value === "auto" ? "auto" : "manual"))}
        {choose("App (pretended)", ["foreground", "background"], app, (value) =>
          pretendBackground(value === "background"),
        )}
      </div>
      <fieldset className="row">
        <legend>Calls</legend>
        {calls.map(({ name, label, call }) => (
          <button key={name} type="button" onClick={() => void run(`${name}()`, () => call(client))}>
            {label}
          </button>
        ))}
      </fieldset>
    </>
  );
}
