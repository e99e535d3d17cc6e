/** The demo's server, as the page sees it: its configuration, the faults that stand, and what the buttons ask for. */

export interface SeatConfig {
  readonly id: string;
  /** Through this seat's own fault proxy; relative to the page. */
  readonly url: string;
  /** Who is offered to log in here. */
  readonly uid: string;
}

export interface Config {
  readonly appId: string;
  readonly authKey: string;
  readonly gateway: string;
  readonly users: readonly { readonly uid: string; readonly name: string }[];
  readonly seats: readonly SeatConfig[];
  /** What the gateway can throttle. */
  readonly features: readonly string[];
}

export type Black = "none" | "both" | "toClient" | "toTarget";

export interface SeatFaults {
  readonly blackhole: Black;
  readonly refuse: boolean;
  readonly delayMs: number;
  readonly overload: boolean;
  readonly tokenTtlMs: number | null;
}

export const noFaults: SeatFaults = {
  blackhole: "none",
  refuse: false,
  delayMs: 0,
  overload: false,
  tokenTtlMs: null,
};

export interface FaultState {
  readonly seats: Readonly<Record<string, SeatFaults>>;
  readonly throttled: readonly { readonly feature: string; readonly until: number }[];
  readonly draining: boolean;
  readonly linked: number;
}

export type FaultName =
  | "cut"
  | "blackhole"
  | "half-open"
  | "refuse"
  | "delay"
  | "overload"
  | "throttle"
  | "revoke-token"
  | "kick"
  | "short-tokens"
  | "goaway"
  | "drain"
  | "clear";

/** Causes a fault; what goes wrong is told on the page. */
export type Apply = (name: FaultName, input: object) => Promise<void>;

async function answer<T>(response: Response): Promise<T> {
  const value = (await response.json()) as T & { readonly error?: string };
  if (!response.ok) throw new Error(value.error ?? `HTTP ${response.status}`);
  return value;
}

const post = async <T>(path: string, body: object): Promise<T> =>
  answer<T>(
    await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

export const loadConfig = async (): Promise<Config> => answer<Config>(await fetch("./config.json"));
export const loadFaults = async (): Promise<FaultState> => answer<FaultState>(await fetch("./faults"));
export const applyFault = (name: FaultName, input: object): Promise<FaultState> => post(`./faults/${name}`, input);
export const publish = (uid: string, text: string): Promise<unknown> => post("./publish", { uid, text });
/** What an app's own server would do for `getToken`. */
export const mintToken = (
  uid: string,
  seat: string,
): Promise<{ readonly token: string; readonly expiresInMs: number }> => post("./token", { uid, seat });
