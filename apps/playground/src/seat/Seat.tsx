/**
 * One seat: a client, who is logged in with it, and everything that can be done with it or to it.
 *
 * A client is made and initialised with its settings for good, so other settings are another client over the same stored session:
 * another key of the provider, which disposes the old one before the new one dials.
 */
import { ConnectionProvider } from "@cc/react";
import type { Client } from "@cc/sdk";
import { type ReactElement, useCallback, useMemo, useRef, useState } from "react";
import type { Apply, Config, SeatConfig, SeatFaults } from "../server.js";
import { CodeView } from "./CodeView.js";
import { Controls } from "./Controls.js";
import { createSeatClient, type Hands, type Settings } from "./client.js";
import { SeatContext, type SeatTools } from "./context.js";
import { EventStream } from "./EventStream.js";
import { Faults } from "./Faults.js";
import { PlotView } from "./PlotView.js";
import { Recorder } from "./Recorder.js";
import { Session } from "./Session.js";
import { SnapshotView } from "./SnapshotView.js";
import { StatusCard } from "./StatusCard.js";
import { Tabs } from "./Tabs.js";
import { type Message, Thread } from "./Thread.js";
import { type Entry, entry, errorText, type Log, withEntry } from "./timeline.js";

interface Props {
  readonly config: Config;
  readonly seat: SeatConfig;
  readonly number: number;
  readonly faults: SeatFaults;
  readonly apply: Apply;
}

/** Kept for a client that has been made: a context carries no second value. */
const handsOf = new WeakMap<Client, Hands>();

export function Seat({ config, seat, number, faults, apply }: Props): ReactElement {
  const [settings, setSettings] = useState<Settings>({ mode: "auto", background: "disconnect" });
  const [generation, setGeneration] = useState(0);
  const [disposed, setDisposed] = useState(false);
  const [entries, setEntries] = useState<readonly Entry[]>([]);
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const [code, setCode] = useState<readonly string[]>([]);
  const log: Log = useCallback(
    (kind, title, text = "", status) => setEntries((all) => withEntry(all, entry(kind, title, text, status))),
    [],
  );
  const run: SeatTools["run"] = useCallback(
    async (line, call) => {
      log("call", line);
      setCode((all) => [...all, line].slice(-12));
      try {
        log("call", `${line.split("(")[0]}() resolved`, await call());
        return true;
      } catch (error) {
        const { title, text } = errorText(error);
        log("error", `${line.split("(")[0]}() rejected: ${title}`, text);
        return false;
      }
    },
    [log],
  );

  // One client for one key, whatever React renders twice; its hands are found by it.
  const made = useRef<{ readonly key: string; readonly client: Client } | null>(null);
  const key = `${settings.mode} ${settings.background} ${generation}`;
  const create = (): Client => {
    if (made.current?.key !== key) {
      const { client, hands } = createSeatClient(seat, settings);
      handsOf.set(client, hands);
      made.current = { key, client };
    }
    return made.current.client;
  };
  const start = async (client: Client): Promise<void> => {
    log("call", `init(…), ${settings.mode} mode`, settings.mode === "auto" ? "dials by itself" : "waits for connect()");
    await client.init(config.appId, { autoEstablishSocketConnection: settings.mode === "auto" });
  };
  const hands = handsOf.get(create()) as Hands;
  const tools: SeatTools = useMemo(
    () => ({ config, seat, settings, faults, hands, log, run }),
    [config, seat, settings, faults, hands, log, run],
  );
  const again = (change: Partial<Settings>): void => {
    setSettings((all) => ({ ...all, ...change }));
    setGeneration((n) => n + 1);
    setDisposed(false);
    setCode([]);
  };

  return (
    <section className="seat" aria-label={`Seat ${seat.id}`} data-seat={seat.id} tabIndex={-1}>
      <SeatContext.Provider value={tools}>
        <ConnectionProvider key={key} create={create} start={start}>
          <Recorder log={log} setMessages={setMessages} />
          <StatusCard number={number} disposed={disposed} />
          <PlotView entries={entries} />
          <div className="card drive">
            <Session disposed={disposed} />
            <Controls disposed={disposed} setDisposed={setDisposed} again={again} />
            <Faults apply={apply} />
          </div>
          <Thread messages={messages} setMessages={setMessages} />
          <Tabs
            label={`Details of seat ${seat.id}`}
            tabs={[
              { name: "Events", panel: <EventStream entries={entries} /> },
              { name: "Snapshot", panel: <SnapshotView /> },
              { name: "Code", panel: <CodeView calls={code} /> },
            ]}
          />
        </ConnectionProvider>
      </SeatContext.Provider>
    </section>
  );
}
