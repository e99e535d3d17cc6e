/**
 * One seat: a client, who is logged in with it, and everything that can be done with it or to it.
 *
 * A client is initialised in one mode for good, so another mode is another client over the same stored session.
 */
import { ConnectionProvider } from "@cc/react";
import { isConnectionError, type User } from "@cc/sdk";
import { type ReactElement, useCallback, useEffect, useState } from "react";
import type { Config, FaultName, SeatConfig, SeatFaults } from "../server.js";
import { Controls } from "./Controls.js";
import { createSeatClient, type Mode, type SeatClient } from "./client.js";
import { Faults } from "./Faults.js";
import { Login } from "./Login.js";
import { Snapshot } from "./Snapshot.js";
import { StatusCard } from "./StatusCard.js";
import { Thread } from "./Thread.js";
import { TimelineView } from "./TimelineView.js";
import { type Entry, entry, errorText, type Log, record, withEntry } from "./timeline.js";

interface Props {
  readonly config: Config;
  readonly seat: SeatConfig;
  readonly faults: SeatFaults | undefined;
  readonly apply: (name: FaultName, input: object) => Promise<void>;
}

export function Seat({ config, seat, faults, apply }: Props): ReactElement {
  const [mode, setMode] = useState<Mode>("auto");
  const [made, setMade] = useState<SeatClient>();
  const [user, setUser] = useState<User | null>(null);
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const log: Log = useCallback(
    (tone, title, text) => setEntries((all) => withEntry(all, entry(tone, title, text))),
    [],
  );

  useEffect(() => {
    const seatClient = createSeatClient(seat);
    const { client } = seatClient;
    record(client, log);
    client.on("user", setUser);
    log("call", `init(…), ${mode} mode`, mode === "auto" ? "dials by itself" : "dials when connect() is called");
    client.init(config.appId, { autoEstablishSocketConnection: mode === "auto" }).then(
      () => setUser(client.getLoggedInUser()),
      (error: unknown) => {
        // A client that was replaced before it was ready is no news.
        if (isConnectionError(error) && error.code === "ERR_DISPOSED") return;
        const { title, text } = errorText(error);
        log("error", title, text);
      },
    );
    setMade(seatClient);
    return () => void client.dispose();
  }, [config, seat, mode, log]);

  const title = user?.name ?? (user === null ? "Nobody" : user.uid);
  return (
    <section className="seat" aria-label={`Seat ${seat.id}`} data-seat={seat.id}>
      {made !== undefined && (
        <ConnectionProvider client={made.client}>
          <StatusCard title={title} />
          {user === null && <Login config={config} seat={seat} log={log} />}
          <div className="card controls">
            {user !== null && (
              <Controls mode={mode} setMode={setMode} pretendBackground={made.pretendBackground} log={log} />
            )}
            <Faults seat={seat} user={user} faults={faults} apply={apply} log={log} />
          </div>
          {user !== null && <Thread key={user.uid} config={config} seat={seat} user={user} log={log} />}
          <TimelineView entries={entries} />
          <Snapshot />
        </ConnectionProvider>
      )}
    </section>
  );
}
