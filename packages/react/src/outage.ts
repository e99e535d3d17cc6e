/** What a banner follows. Law: `null` until an outage is worth a user's attention, so that nothing flickers at each attempt. */
import type { Snapshot } from "@cc/sdk";
import { useConnection } from "./snapshot.js";

export interface Outage {
  /** Since when a link has been wanted and missing, wall-clock ms since 1970. */
  readonly since: number;
}

const notable = ({ outage }: Snapshot): Outage | null => (outage?.notable ? outage : null);
const same = (a: Outage | null, b: Outage | null): boolean => a?.since === b?.since;

/**
 * The outage that is going on, once it has lasted 5 s (policy `notableMs`); `null` before, after, and whenever no link is wanted
 * (logged out, `disconnect()`, background). The same object for as long as it lasts.
 */
export function useOutage(): Outage | null {
  return useConnection(notable, same);
}
