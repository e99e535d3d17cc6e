/**
 * What the playground's buttons do: faults on one seat's network, on its user's tokens, or on the gateway.
 *
 * Law: each request is checked whole before anything is done, and each answer is the state of all faults, so that a page shows
 * what is and not what it believes it did.
 */
import type { Gateway } from "@cc/gateway";
import type { Direction, FaultProxy } from "@cc/testkit/node";
import { count, flag, type Input, InputError, oneOf, text } from "./input.js";
import type { SeatRoutes } from "./seats.js";

export interface Seat {
  readonly id: string;
  readonly proxy: FaultProxy;
  /** New connections go to a gateway that refuses them with a floor. */
  overloaded: boolean;
}

/** Which way no byte passes. */
type Black = "none" | "both" | Direction;
const blacks: readonly Black[] = ["none", "both", "toClient", "toTarget"];

export interface SeatFaults {
  readonly blackhole: Black;
  readonly refuse: boolean;
  readonly delayMs: number;
  readonly overload: boolean;
  /** Tokens minted for this seat live this long; `null`: as long as the gateway gives. */
  readonly tokenTtlMs: number | null;
}

export interface FaultState {
  readonly seats: Readonly<Record<string, SeatFaults>>;
  /** Each with its end, as wall-clock ms. */
  readonly throttled: readonly { readonly feature: string; readonly until: number }[];
  readonly draining: boolean;
  /** Links that the gateway counts. */
  readonly linked: number;
}

export interface Faults {
  state(): FaultState;
  /** Carries out the fault `name`. Rejects `InputError`. */
  apply(name: string, input: Input): Promise<FaultState>;
}

/** What the gateway throttles, lowest value first (B8.3). */
export const features = ["typing", "presence", "receipts"] as const;

const MAX_DELAY_MS = 5_000;
const MAX_THROTTLE_MS = 600_000;
const MAX_TTL_MS = 3_600_000;
/** While draining, clients are asked to stay away for a second, and spread over another. */
const DRAIN = { waitMs: 3_000, minDelayMs: 1_000, spreadMs: 1_000 };
const NONE: SeatFaults = { blackhole: "none", refuse: false, delayMs: 0, overload: false, tokenTtlMs: null };

export function createFaults(gateway: Gateway, seats: readonly Seat[], routes: SeatRoutes): Faults {
  const standing = new Map<string, SeatFaults>(seats.map(({ id }) => [id, NONE]));
  const seatOf = (input: Input): Seat => {
    const seat = seats.find(({ id }) => id === input["seat"]);
    if (seat === undefined) throw new InputError(`seat must be one of ${seats.map(({ id }) => id).join(", ")}`);
    return seat;
  };
  const set = ({ id }: Seat, change: Partial<SeatFaults>): void => {
    standing.set(id, { ...NONE, ...standing.get(id), ...change });
  };
  const uidOf = (input: Input): string => {
    const uid = text(input, "uid");
    if (!gateway.users().some((user) => user.uid === uid)) throw new InputError(`no user ${uid}`);
    return uid;
  };
  const cut = ({ id, proxy }: Seat): void => {
    routes.cut(id);
    proxy.cut();
  };

  const acts: Readonly<Record<string, (input: Input) => Promise<void> | void>> = {
    cut: (input) => cut(seatOf(input)),
    blackhole(input) {
      const [seat, blackhole] = [seatOf(input), oneOf(input, "direction", blacks)];
      for (const direction of ["toClient", "toTarget"] as const) {
        seat.proxy.blackhole(blackhole === "both" || blackhole === direction, direction);
      }
      set(seat, { blackhole });
    },
    "half-open"(input) {
      routes.halfOpen(seatOf(input).id);
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
    overload(input) {
      const [seat, overload] = [seatOf(input), flag(input, "on")];
      seat.overloaded = overload;
      set(seat, { overload });
      if (overload) cut(seat);
    },
    throttle(input) {
      const feature = oneOf(input, "feature", features);
      const others = gateway.stats().throttled.filter((one) => one.feature !== feature);
      const now = flag(input, "on")
        ? [{ feature, reason: "operator", forMs: count(input, "forMs", MAX_THROTTLE_MS) }]
        : [];
      gateway.throttle([...others, ...now]);
    },
    "revoke-token": (input) => void gateway.revokeUser(uidOf(input)),
    kick: (input) => void gateway.kick(uidOf(input)),
    "short-tokens"(input) {
      const [seat, ms] = [seatOf(input), count(input, "ms", MAX_TTL_MS)];
      set(seat, { tokenTtlMs: ms === 0 ? null : ms });
    },
    goaway() {
      void gateway.drain(DRAIN);
      gateway.undrain();
    },
    drain(input) {
      // The answer does not wait for the drain: it shows that it has begun.
      if (flag(input, "on")) void gateway.drain(DRAIN);
      else gateway.undrain();
    },
    async clear() {
      for (const seat of seats) {
        seat.overloaded = false;
        await seat.proxy.refuse(false);
        seat.proxy.blackhole(false);
        seat.proxy.delay(0);
        standing.set(seat.id, NONE);
      }
      gateway.throttle([]);
      gateway.undrain();
    },
  };

  const state = (): FaultState => {
    const { throttled, draining, linked } = gateway.stats();
    return {
      seats: Object.fromEntries(standing),
      throttled: throttled.map(({ feature, forMs }) => ({ feature, until: Date.now() + forMs })),
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
