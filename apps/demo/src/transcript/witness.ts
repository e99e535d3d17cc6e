/**
 * The witness: all through the run it holds the clients' statuses against the number of links that the gateway counts, and
 * remembers the longest time for which the two disagreed.
 */
import type { Actor } from "./actor.js";

export interface Witness {
  /** While a black hole is open neither side can know: what is seen until the returned call does not count. */
  excuse(): () => void;
  /** The longest disagreement so far, in ms. */
  readonly longestMs: number;
  /** How often it looked. */
  readonly looks: number;
  stop(): void;
}

const LOOK_MS = 10;

export function createWitness(actors: readonly Pick<Actor, "client">[], linkedAtGateway: () => number): Witness {
  let excused = 0;
  let since: number | undefined;
  let longestMs = 0;
  let looks = 0;
  const look = (): void => {
    const claimed = actors.filter(({ client }) => {
      const status = client.getConnectionStatus();
      return status === "connected" || status === "featureThrottled";
    }).length;
    looks += 1;
    const now = performance.now();
    if (excused > 0 || claimed === linkedAtGateway()) {
      since = undefined;
      return;
    }
    since ??= now;
    // Seen once, it may have lasted from just after the look before.
    longestMs = Math.max(longestMs, now - since + LOOK_MS);
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    excuse() {
      excused += 1;
      return () => {
        excused -= 1;
      };
    },
    get longestMs() {
      return longestMs;
    },
    get looks() {
      return looks;
    },
    stop: () => clearInterval(timer),
  };
}
