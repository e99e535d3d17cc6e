/**
 * Everything that is derived: status, snapshot, and the links that should exist. None of it is stored, so none can lie.
 */
import { type ConnectionError, errorOf } from "./errors.js";
import type { BackgroundPolicy, Policy } from "./policy.js";
import type { Recovery } from "./ports.js";
import type { Dialing, LinkId, Reason, Stamp, State } from "./state.js";

/** The documented statuses (B1.1). */
export type Status = "disconnected" | "connecting" | "connected" | "featureThrottled";

/** `idle`: none is wanted. `waiting`: a dial is due at `retryAt`. `token`, `transport`, `handshake`: the stages of an attempt. */
export type Phase = "idle" | "waiting" | "token" | "transport" | "handshake" | "linked" | "failed";

/** All that can be known of the connection at one moment. Frozen; the same object as long as nothing in it changes. Times are wall-clock ms since 1970. */
export interface Snapshot {
  readonly status: Status;
  readonly phase: Phase;
  readonly reason: Reason;
  /** Dials since the last stable link; 0 when there was none. */
  readonly attempt: number;
  /** When the next dial is due; `null` unless `phase` is `waiting`. */
  readonly retryAt: number | null;
  /** When `status` last changed. */
  readonly since: number;
  readonly linked: boolean;
  /** Number of the link that stands or is dialled, `null` for none. */
  readonly link: number | null;
  /** How the last `welcome` recovered the session. */
  readonly recovery: Recovery | null;
  readonly throttled: readonly ThrottledUntil[];
  readonly mode: "auto" | "manual";
  readonly app: "foreground" | "background";
  /** The declared background policy (B3.2). */
  readonly background: BackgroundPolicy;
  /** Manual mode in the background: the end of the lease (30 s; the link closes `leaseSlackMs` later). */
  readonly leaseUntil: number | null;
  /** The platform's hint, never more. */
  readonly online: boolean;
  /** The last error; cleared by 5 s linked and by a new session. */
  readonly error: ConnectionError | null;
  /** A link is wanted and missing. `notable` after 5 s: what a banner should follow. */
  readonly outage: { readonly since: number; readonly notable: boolean } | null;
  /** Smoothed round trip in ms, `null` before the first answered probe of this link. */
  readonly rttMs: number | null;
  readonly user: string | null;
}

export interface ThrottledUntil {
  readonly feature: string;
  readonly reason: string;
  /** `null`: until the server says otherwise. */
  readonly until: number | null;
}

export function statusOf(s: Pick<State, "link" | "throttled">): Status {
  switch (s.link.tag) {
    case "linked":
      return s.throttled.length > 0 ? "featureThrottled" : "connected";
    case "dialing":
      return "connecting";
    default:
      return "disconnected";
  }
}

/** A socket that should exist. The driver opens what is missing and closes what is not named. */
export interface WantedLink {
  readonly link: LinkId;
  readonly role: "dialing" | "linked" | "successor" | "retiring";
}

/** At most one, two only with a successor or a retiring link. */
export function links({ link: l }: Pick<State, "link">): readonly WantedLink[] {
  const dialled = (d: Dialing | null, role: WantedLink["role"]): WantedLink[] =>
    d === null || d.stage === "token" ? [] : [{ link: d.link, role }];
  if (l.tag === "dialing") return dialled(l.dial, "dialing");
  if (l.tag !== "linked") return [];
  return [
    { link: l.link, role: "linked" },
    ...dialled(l.successor, "successor"),
    ...(l.retiring === null ? [] : [{ link: l.retiring, role: "retiring" } as const]),
  ];
}

const wallAt = (from: Stamp, until: number): number => from.wall + (until - from.now);

export function snapshotOf(s: State, p: Policy): Snapshot {
  const l = s.link;
  const lease =
    s.app.tag === "background" && s.app.hold?.why === "lease" && p.background !== "keep" ? s.app.hold : null;
  return {
    status: statusOf(s),
    phase: l.tag === "dialing" ? l.dial.stage : l.tag,
    reason: s.reason,
    attempt: s.ladder.attempt,
    retryAt: l.tag === "waiting" ? wallAt(l.since, l.until) : null,
    since: s.since.wall,
    linked: l.tag === "linked",
    link: l.tag === "linked" ? l.link : l.tag === "dialing" ? l.dial.link : null,
    recovery: s.recovery,
    throttled: s.throttled.map((t) => ({
      feature: t.feature,
      reason: t.reason,
      until: t.ms === null ? null : t.from.wall + t.ms,
    })),
    mode: s.mode.auto ? "auto" : "manual",
    app: s.app.tag,
    background: p.background,
    leaseUntil: lease !== null && s.mode.wish === "on" ? lease.from.wall + lease.ms : null,
    online: s.network.online,
    error: s.fault === null ? null : errorOf(s.fault),
    outage: s.outage === null ? null : { since: s.outage.since.wall, notable: s.outage.notable },
    rttMs: l.tag === "linked" ? l.rttMs : null,
    user: s.session.tag === "active" ? s.session.user : null,
  };
}

/** `next` frozen, or `previous` where both say the same, so that an unchanged snapshot is the same object. */
export function stableSnapshot(previous: Snapshot | undefined, next: Snapshot): Snapshot {
  if (previous !== undefined && equal(previous, next)) return previous;
  for (const value of Object.values(next))
    if (typeof value === "object" && value !== null && value !== next.error) Object.freeze(value);
  next.throttled.forEach(Object.freeze);
  return Object.freeze(next);
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (
    typeof a !== "object" ||
    typeof b !== "object" ||
    a === null ||
    b === null ||
    a instanceof Error ||
    b instanceof Error
  )
    return false;
  const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  const keys = Object.keys(x);
  return keys.length === Object.keys(y).length && keys.every((k) => equal(x[k], y[k]));
}
