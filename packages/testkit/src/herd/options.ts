/** What a herd is made from. Law: a number that cannot work is refused by name before anything runs. */

/** What happens. `crash` and `drain` strike one gateway, the others all of them. */
export type Kind = "refuse" | "blackhole" | "crash" | "drain" | "restart";
const kinds: readonly Kind[] = ["refuse", "blackhole", "crash", "drain", "restart"];

export interface HerdOptions {
  /** Default 100,000; at most 2,000,000. */
  readonly clients?: number | undefined;
  /** How long it lasts, in seconds. Default 30. */
  readonly outageSeconds?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Default `refuse`. */
  readonly kind?: Kind | undefined;
  /** Default 10. */
  readonly gateways?: number | undefined;
  /** S of a full gateway in seconds, 0.1 to 10: the admission rate that each gateway states is its clients ÷ S. Default 1. */
  readonly spreadSeconds?: number | undefined;
  /** Instead of `spreadSeconds`: the connects per second that each gateway states. */
  readonly rate?: number | undefined;
  /** Hellos that a gateway admits at once after a quiet time. Default: as the hub's, two seconds' worth. */
  readonly burst?: number | undefined;
  /** Strike as soon as the gateways have filled up, with no link renewed since. Default false. */
  readonly fresh?: boolean | undefined;
  /** The run goes on for at least this many virtual minutes. Default 0: until everybody is back. */
  readonly minutes?: number | undefined;
  /**
   * The balancer keeps a client within its zone: each has its share of clients and gateways, and nothing crosses, so zones can be run
   * beside each other. Only where the outage strikes every gateway; clients and gateways must be divisible by it. Default: as many as
   * leave 10,000 clients to each, so 1 below 20,000 clients and 10 from 100,000 on.
   */
  readonly zones?: number | undefined;
}

/** The same, decided. */
export interface HerdPlan {
  readonly clients: number;
  readonly outageMs: number;
  readonly seed: number;
  readonly kind: Kind;
  readonly gateways: number;
  readonly rate: number;
  readonly burst: number;
  /** S that a full gateway tells by this rate. */
  readonly spreadMs: number;
  readonly fresh: boolean;
  readonly minutes: number;
  readonly zones: number;
}

/** The fewest clients of a zone that nobody asked for: what is told of a herd must not be that of many small ones. */
const zoneClients = 10_000;

/** The most zones into which both can be dealt. */
function zonesOf(clients: number, gateways: number): number {
  for (let zones = gateways; zones > 1; zones--)
    if (clients % zones === 0 && gateways % zones === 0 && clients / zones >= zoneClients) return zones;
  return 1;
}

const within = (name: string, value: number, least: number, most: number, whole = false): number => {
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new RangeError(
    `${name} must be ${whole ? "a whole number" : "a number"} from ${least} to ${most}, not ${value}`,
  );
};

/** Decides what is left open. Throws a `RangeError` that names what cannot work. */
export function herdPlan(options: HerdOptions = {}): HerdPlan {
  const kind = options.kind ?? "refuse";
  if (!kinds.includes(kind)) throw new RangeError(`kind must be one of ${kinds.join(", ")}, not ${String(kind)}`);
  const clients = within("clients", options.clients ?? 100_000, 1, 2_000_000, true);
  const strikesOne = kind === "crash" || kind === "drain";
  const least = strikesOne ? 2 : 1;
  const gateways = within("gateways", options.gateways ?? 10, least, 1_000, true);
  if (options.rate !== undefined && options.spreadSeconds !== undefined)
    throw new RangeError("rate and spread say the same thing: give one of them");
  const zones = within("zones", options.zones ?? (strikesOne ? 1 : zonesOf(clients, gateways)), 1, gateways, true);
  if (zones > 1 && strikesOne)
    throw new RangeError(`zones: of ${kind} there is one, for it strikes one gateway of all`);
  if (clients % zones !== 0 || gateways % zones !== 0)
    throw new RangeError(
      `zones must divide ${clients} clients and ${gateways} gateways evenly, which ${zones} does not`,
    );
  const spread = within("spread", options.spreadSeconds ?? 1, 0.1, 10);
  const rate = within("rate", options.rate ?? clients / gateways / spread, 1, 1_000_000_000);
  return {
    kind,
    clients,
    gateways,
    outageMs: Math.round(1000 * within("outage", options.outageSeconds ?? 30, 0.001, 3_600)),
    seed: within("seed", options.seed ?? 1, 0, 4_294_967_295, true),
    rate,
    burst: within("burst", options.burst ?? Math.max(1, 2 * rate), 1, 2_000_000_000),
    spreadMs: Math.round(Math.min(10_000, Math.max(100, (clients / gateways / rate) * 1000))),
    fresh: options.fresh ?? false,
    minutes: within("minutes", options.minutes ?? 0, 0, 120),
    zones,
  };
}
