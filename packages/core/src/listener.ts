/** The documented listener, on the bus. Law: one registration for its life; what it calls may be replaced. */
import type { Bus } from "./bus.js";
import type { ConnectionEvents, ConnectionListener } from "./connection.js";

/** The callbacks of a listener that each status calls. */
const CALLS = {
  connected: ["onConnected"],
  connecting: ["onConnecting", "inConnecting"],
  disconnected: ["onDisconnected"],
  featureThrottled: ["onFeatureThrottled"],
} as const;

/** A listener under its id. */
export interface Registered {
  readonly id: string;
  listener: ConnectionListener;
  off(): void;
}

/** Registers `listener`. Storage errors are events of the client, not of the connection: they are not told here. */
export function listen(bus: Bus<ConnectionEvents>, id: string, listener: ConnectionListener): Registered {
  const error = bus.on("error", (e) => {
    if (e.phase !== "storage") registered.listener.onConnectionError?.(e);
  });
  const status = bus.on("status", ({ current }) => {
    for (const call of CALLS[current]) registered.listener[call]?.();
  });
  const off = (): void => {
    error();
    status();
  };
  const registered: Registered = { id, listener, off };
  return registered;
}
