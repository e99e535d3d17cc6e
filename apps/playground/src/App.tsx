/** The page: two seats side by side, and what can be done to their server. */
import { type ReactElement, useCallback, useEffect, useState } from "react";
import { ServerBar } from "./ServerBar.js";
import { Seat } from "./seat/Seat.js";
import { applyFault, type Config, type FaultName, type FaultState, loadConfig, loadFaults } from "./server.js";

export function App(): ReactElement {
  const [config, setConfig] = useState<Config>();
  const [faults, setFaults] = useState<FaultState>();
  const [problem, setProblem] = useState<string>();

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

  const apply = useCallback(async (name: FaultName, input: object): Promise<void> => {
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
        <div>
          <h1>Connection playground</h1>
          <p className="muted">Two users, one gateway. Break things, and watch what each client says about it.</p>
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
          config.seats.map((seat) => (
            <Seat key={seat.id} config={config} seat={seat} faults={faults.seats[seat.id]} apply={apply} />
          ))}
      </main>
      {config !== undefined && (
        <footer className="muted">
          Gateway <code>{config.gateway}</code> · auth key <code>{config.authKey}</code>
        </footer>
      )}
    </>
  );
}
