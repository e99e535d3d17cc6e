/** What every part of a seat needs beside the client: its hands, its log, and one way to make a call. */
import { type Context, createContext, useContext } from "react";
import type { Config, SeatConfig, SeatFaults } from "../server.js";
import type { Hands, Settings } from "./client.js";
import type { Log } from "./timeline.js";

export interface SeatTools {
  readonly config: Config;
  readonly seat: SeatConfig;
  readonly settings: Settings;
  readonly faults: SeatFaults;
  readonly hands: Hands;
  readonly log: Log;
  /** Makes a call: its text is kept as code, its outcome told in the log. Resolves whether it succeeded. */
  readonly run: (code: string, call: () => Promise<string>) => Promise<boolean>;
}

export const SeatContext: Context<SeatTools | null> = createContext<SeatTools | null>(null);

export function useSeat(): SeatTools {
  const tools = useContext(SeatContext);
  if (tools === null) throw new Error("outside a seat");
  return tools;
}
