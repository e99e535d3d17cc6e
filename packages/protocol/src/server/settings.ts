/** The options of a hub with their defaults. Law: a number that cannot work is refused when the hub is made, in one line. */
import { dedupGraceMs, defaultLimits, type Limits, limitsFault } from "../limits.js";
import type { HubOptions } from "./types.js";

/** Every option, decided. */
export interface Settings extends Omit<HubOptions, "limits"> {
  readonly limits: Limits;
  readonly heartbeatMs: number;
  readonly heartbeatMinMs: number;
  readonly heartbeatMaxMs: number;
  readonly handshakeMs: number;
  readonly admitPerSecond: number;
  readonly connectionsPerUser: number;
  readonly channelsPerUser: number;
  readonly ringEntries: number;
  readonly ringBytes: number;
  readonly ringAgeMs: number;
  readonly readsAtOnce: number;
  readonly readsWaiting: number;
  readonly dedupEntries: number;
  readonly expiryNoticeMs: number;
  readonly outboundBytes: number;
}

const defaults = {
  heartbeatMs: 10_000,
  heartbeatMinMs: 5_000,
  heartbeatMaxMs: 60_000,
  handshakeMs: 10_000,
  admitPerSecond: 500,
  connectionsPerUser: 50,
  channelsPerUser: 1000,
  ringEntries: 100_000,
  ringBytes: 67_108_864,
  ringAgeMs: 900_000,
  readsAtOnce: 8,
  readsWaiting: 256,
  dedupEntries: 200_000,
  expiryNoticeMs: 60_000,
  outboundBytes: 1_048_576,
} as const;

/** The settings of a hub. Throws a `RangeError` whose message names the option that cannot work. */
export function settingsOf(options: HubOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const asked = Object.fromEntries(Object.entries(options.limits ?? {}).filter(([, value]) => value !== undefined));
  const limits: Limits = { ...defaultLimits, ...asked };
  const fault = limitsFault(limits);
  if (fault !== undefined) throw new RangeError(fault);
  const brokerMs = options.broker.dedupMs - dedupGraceMs;
  if (brokerMs < 1000) throw new RangeError(`broker.dedupMs must be at least ${dedupGraceMs + 1000} ms`);
  const settings: Settings = {
    ...defaults,
    ...(given as unknown as HubOptions & typeof defaults),
    limits: { ...limits, dedupMs: Math.min(limits.dedupMs, brokerMs) },
  };
  for (const name of Object.keys(defaults) as (keyof typeof defaults)[]) {
    const value = settings[name];
    if (!(Number.isFinite(value) && value > 0)) throw new RangeError(`${name} must be a number above 0, not ${value}`);
  }
  const { admitBurst } = settings;
  if (admitBurst !== undefined && !(admitBurst >= 1))
    throw new RangeError(`admitBurst must be at least 1, not ${admitBurst}`);
  return settings;
}
