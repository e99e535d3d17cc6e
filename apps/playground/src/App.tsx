/** The page: two seats side by side, what can be done to their server, and how to use it all by keyboard. */
import { type ReactElement, useCallback, useEffect, useRef, useState } from "react";
import { Help } from "./Help.js";
import { ServerBar } from "./ServerBar.js";
import { Seat } from "./seat/Seat.js";
import { type Apply, applyFault, type Config, type FaultState, loadConfig, loadFaults, noFaults } from "./server.js";
import { useShortcuts } from "./shortcuts.js";
import { themes, useTheme } from "./theme.js";
import { Segments } from "./ui.js";

export function App(): ReactElement {
  const [config, setConfig] = useState<Config>();
  const [faults, setFaults] = useState<FaultState>();
  const [problem, setProblem] = useState<string>();
  const [theme, setTheme] = useTheme();
  const help = useRef<HTMLDialogElement>(null);
  const showHelp = useCallback(() => help.current?.showModal(), []);
  const [shortcuts, setShortcuts] = useShortcuts(showHelp);

  useEffect(() => {
    let mounted = true;
    const failed = (error: unknown): void => setProblem(error instanceof Error ? error.message : String(error));
    // Another configuration would be other clients: the one of an effect that was undone is dropped.
    loadConfig().then((loaded) => mounted && setConfig(loaded), failed);
    loadFaults().then((loaded) => mounted && setFaults(loaded), failed);
    return () => {
      mounted = false;
    };
  }, []);

  const apply: Apply = useCallback(async (name, input) => {
    try {
      setFaults(await applyFault(name, input));
      setProblem(undefined);
    } catch (error) {
      setProblem(`The demo's server did not answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  }, []);

  return (
    <>
      <header className="top">
        <div className="title">
          <h1>Connection playground</h1>
          <p className="muted">Two users, one gateway. Break it, and read what each client says.</p>
        </div>
        <div className="tools">
          <Segments label="Theme" options={themes} value={theme} set={setTheme} />
          <button type="button" onClick={showHelp}>
            Keyboard
          </button>
        </div>
        {config !== undefined && faults !== undefined && <ServerBar config={config} faults={faults} apply={apply} />}
      </header>
      {problem !== undefined && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
      <main className="seats">
        {config !== undefined &&
          faults !== undefined &&
          config.seats.map((seat, i) => (
            <Seat
              key={seat.id}
              config={config}
              seat={seat}
              number={i + 1}
              faults={faults.seats[seat.id] ?? noFaults}
              apply={apply}
            />
          ))}
      </main>
      {config !== undefined && (
        <footer className="muted">
          Gateway <code>{config.gateway}</code>, app <code>{config.appId}</code>, auth key <code>{config.authKey}</code>
        </footer>
      )}
      <Help ref={help} on={shortcuts} set={setShortcuts} />
    </>
  );
}
