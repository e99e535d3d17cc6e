/**
 * Going away politely [B5.2]: every link is told to go, and told a spread that follows from how many there are, so that whoever
 * takes them next admits them at its rate. Waiting is for them to leave by themselves; whoever stays is the caller's to close.
 */
import type { Hub } from "@cc/protocol/server";
import type { DrainOptions } from "./api.js";
import type { Clock } from "./clock.js";

/** The drain of one gateway. */
export interface Drain {
  /** Starts, or joins the one under way. Resolves with the links that are left. Never rejects. */
  start(options: DrainOptions): Promise<{ readonly left: number }>;
  /** Takes links again, and ends a wait. */
  undo(): void;
  /** Looks whether the wait is over. Called from the gateway's one tick and when a socket ends. */
  settle(): void;
  /** Ends a wait now. */
  finish(): void;
}

export interface DrainPorts {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly drainMs: number;
}

interface Waiting {
  readonly until: number;
  readonly promise: Promise<{ readonly left: number }>;
  readonly resolve: (outcome: { readonly left: number }) => void;
}

export const createDrain = ({ hub, clock, drainMs }: DrainPorts): Drain => {
  let waiting: Waiting | undefined;

  const finish = (): void => {
    const ended = waiting;
    waiting = undefined;
    ended?.resolve({ left: hub.stats().linked });
  };
  const settle = (): void => {
    if (waiting !== undefined && (hub.stats().linked === 0 || clock.now() >= waiting.until)) finish();
  };

  return {
    start: ({ waitMs = drainMs, minDelayMs, spreadMs }) => {
      if (waiting !== undefined) return waiting.promise;
      hub.drain({
        ...(minDelayMs === undefined ? {} : { minDelayMs }),
        ...(spreadMs === undefined ? {} : { spreadMs }),
      });
      const { promise, resolve } = withResolvers<{ readonly left: number }>();
      waiting = { until: clock.now() + waitMs, promise, resolve };
      settle();
      return promise;
    },
    undo: () => {
      hub.undrain();
      finish();
    },
    settle,
    finish,
  };
};

/** `Promise.withResolvers`, which Node 20 has not. */
const withResolvers = <T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } => {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
};
