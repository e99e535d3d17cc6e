/**
 * What the playground's buttons do: faults on one seat's network, on its user's tokens, or on the gateway.
 *
 * Law: each request is checked whole before anything is done, and each answer is the state of all faults, so that a page shows
 * what is and not what it believes it did.
 */
import type { Gateway } from "@cc/gateway";
import type { FaultProxy } from "@cc/testkit/node";

export interface Seat {
  readonly id: string;
  readonly proxy: FaultProxy;
}

export interface SeatFaults {
  readonly blackhole: boolean;
  readonly refuse: boolean;
  readonly delayMs: number;
}

export interface FaultState {
  readonly seats: Readonly<Record<string, SeatFaults>>;
  readonly throttled: readonly string[];
  readonly draining: boolean;
  /** Links that the gateway counts. */
  readonly linked: number;
}

/** The request is wrong; the message says how. */
export class InputError extends Error {}

export interface Faults {
  state(): FaultState;
  /** Carries out the fault `name`. Rejects `InputError`. */
  apply(name: string, input: Readonly<Record<string, unknown>>): Promise<FaultState>;
}

const MAX_DELAY_MS = 5_000;
const MAX_THROTTLE_MS = 600_000;
/** While draining, clients are asked to stay away for a second, and spread over another. */
const DRAIN = { waitMs: 3_000, minDelayMs: 1_000, spreadMs: 1_000 };

export function createFaults(gateway: Gateway, seats: readonly Seat[]): Faults {
  const standing = new Map<string, SeatFaults>(
    seats.map(({ id }) => [id, { blackhole: false, refuse: false, delayMs: 0 }]),
  );
  const seatOf = (input: Readonly<Record<string, unknown>>): Seat => {
    const seat = seats.find(({ id }) => id === input["seat"]);
    if (seat === undefined) throw new InputError(`seat must be one of ${seats.map(({ id }) => id).join(", ")}`);
    return seat;
  };
  const set = ({ id }: Seat, change: Partial<SeatFaults>): void => {
    standing.set(id, { blackhole: false, refuse: false, delayMs: 0, ...standing.get(id), ...change });
  };

  const acts: Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => Promise<void> | void>> = {
    cut: (input) => seatOf(input).proxy.cut(),
    blackhole(input) {
      const [seat, blackhole] = [seatOf(input), flag(input, "on")];
      seat.proxy.blackhole(blackhole);
      set(seat, { blackhole });
    },
    async refuse(input) {
      const [seat, refuse] = [seatOf(input), flag(input, "on")];
      await seat.proxy.refuse(refuse);
      set(seat, { refuse });
    },
    delay(input) {
      const [seat, delayMs] = [seatOf(input), count(input, "ms", MAX_DELAY_MS)];
      seat.proxy.delay(delayMs);
      set(seat, { delayMs });
    },
    throttle(input) {
      if (flag(input, "on")) {
        const forMs = count(input, "forMs", MAX_THROTTLE_MS);
        gateway.throttle([{ feature: "typing", reason: "operator", forMs }]);
      } else gateway.throttle([]);
    },
    "reject-token"(input) {
      const uid = text(input, "uid");
      if (!gateway.users().some((user) => user.uid === uid)) throw new InputError(`no user ${uid}`);
      gateway.revokeUser(uid);
    },
    drain(input) {
      // The answer does not wait for the drain: it shows that it has begun.
      if (flag(input, "on")) void gateway.drain(DRAIN);
      else gateway.undrain();
    },
  };

  const state = (): FaultState => {
    const { throttled, draining, linked } = gateway.stats();
    return {
      seats: Object.fromEntries(standing),
      throttled: throttled.map(({ feature }) => feature),
      draining,
      linked,
    };
  };
  return {
    state,
    async apply(name, input) {
      const act = Object.hasOwn(acts, name) ? acts[name] : undefined;
      if (act === undefined) throw new InputError(`no fault ${name}; there are ${Object.keys(acts).join(", ")}`);
      await act(input);
      return state();
    },
  };
}

function flag(input: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = input[name];
  if (typeof value !== "boolean") throw new InputError(`${name} must be true or false`);
  return value;
}

function count(input: Readonly<Record<string, unknown>>, name: string, max: number): number {
  const value = input[name];
  if (typeof value !== "number" || !(value >= 0) || value > max) {
    throw new InputError(`${name} must be a number from 0 to ${max}`);
  }
  return value;
}

export function text(input: Readonly<Record<string, unknown>>, name: string): string {
  const value = input[name];
  if (typeof value !== "string" || value === "") throw new InputError(`${name} must be a string`);
  return value;
}
