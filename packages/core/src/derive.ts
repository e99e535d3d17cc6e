/**
 * Everything that is derived: status, snapshot, and the links that should exist. None of it is stored, so none can lie.
 */
import { type ConnectionError, errorOf } from "./errors.js";
import { currentLink } from "./link.js";
import type { BackgroundPolicy, Policy } from "./policy.js";
import type { Recovery } from "./ports.js";
import type { LinkId, Reason, State } from "./state.js";
import { NONE } from "./step.js";

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

/** The sockets that should exist: at most one, two only with a successor or a retiring link. The driver opens what is missing and closes what is not named. */
export function links({ link: l }: Pick<State, "link">): readonly LinkId[] {
  if (l.tag === "dialing") return l.dial.stage === "token" ? [] : [l.dial.link];
  if (l.tag !== "linked") return [];
  const successor = l.successor && l.successor.stage !== "token" ? l.successor.link : null;
  return [l.link, successor, l.retiring].filter((id) => id !== null);
}

export function snapshotOf(s: State, p: Policy): Snapshot {
  const { link: l, app, throttled, outage, session, mode } = s;
  const lease =
    app.tag === "background" && app.hold?.why === "lease" && p.background !== "keep" && mode.wish === "on"
      ? app.hold
      : null;
  return {
    status: statusOf(s),
    phase: l.tag === "dialing" ? l.dial.stage : l.tag,
    reason: s.reason,
    attempt: s.ladder.attempt,
    retryAt: l.tag === "waiting" ? l.since.wall + l.until - l.since.now : null,
    since: s.since.wall,
    linked: l.tag === "linked",
    link: currentLink(s) ?? null,
    recovery: s.recovery,
    throttled:
      throttled.length === 0
        ? NONE
        : throttled.map(({ feature, reason, ms, from }) => ({
            feature,
            reason,
            until: ms === null ? null : from.wall + ms,
          })),
    mode: mode.auto ? "auto" : "manual",
    app: app.tag,
    background: p.background,
    leaseUntil: lease && lease.from.wall + lease.ms,
    online: s.network.online,
    error: s.fault && errorOf(s.fault),
    outage: outage && { since: outage.since.wall, notable: outage.notable },
    rttMs: l.tag === "linked" ? l.rttMs : null,
    user: session.tag === "active" ? session.user : null,
  };
}

/** `next` frozen, or `previous` where both say the same, so that an unchanged snapshot is the same object. */
export function stableSnapshot(previous: Snapshot | undefined, next: Snapshot): Snapshot {
  if (previous && (Object.keys(next) as (keyof Snapshot)[]).every((key) => says(previous[key], next[key])))
    return previous;
  for (const value of [...next.throttled, ...Object.values(next)]) if (value !== next.error) Object.freeze(value);
  return Object.freeze(next);
}

/** Errors are compared by identity: what they hold may be anything. */
const says = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && !(a instanceof Error) && JSON.stringify(a) === JSON.stringify(b));
