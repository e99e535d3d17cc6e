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
export function links(s: Pick<State, "link">): readonly LinkId[] {
  if (s.link.tag === "dialing") return s.link.dial.stage === "token" ? [] : [s.link.dial.link];
  if (s.link.tag !== "linked") return [];
  const successor = s.link.successor && s.link.successor.stage !== "token" ? s.link.successor.link : null;
  return [s.link.link, successor, s.link.retiring].filter((id) => id !== null);
}

export function snapshotOf(s: State, p: Policy): Snapshot {
  const lease =
    s.app.tag === "background" && s.app.hold?.why === "lease" && p.background !== "keep" && s.mode.wish === "on"
      ? s.app.hold
      : null;
  return {
    status: statusOf(s),
    phase: s.link.tag === "dialing" ? s.link.dial.stage : s.link.tag,
    reason: s.reason,
    attempt: s.ladder.attempt,
    retryAt: s.link.tag === "waiting" ? s.link.since.wall + s.link.until - s.link.since.now : null,
    since: s.since.wall,
    linked: s.link.tag === "linked",
    link: currentLink(s) ?? null,
    recovery: s.recovery,
    throttled:
      s.throttled.length === 0
        ? NONE
        : s.throttled.map(({ feature, reason, ms, from }) => ({
            feature,
            reason,
            until: ms === null ? null : from.wall + ms,
          })),
    mode: s.mode.auto ? "auto" : "manual",
    app: s.app.tag,
    background: p.background,
    leaseUntil: lease && lease.from.wall + lease.ms,
    online: s.network.online,
    error: s.fault && errorOf(s.fault),
    outage: s.outage && { since: s.outage.since.wall, notable: s.outage.notable },
    rttMs: s.link.tag === "linked" ? s.link.rttMs : null,
    user: s.session.tag === "active" ? s.session.user : null,
  };
}

/** `next` frozen, or `previous` where both say the same, so that an unchanged snapshot is the same object. */
export function stableSnapshot(previous: Snapshot | undefined, next: Snapshot): Snapshot {
  if (previous && (Object.keys(next) as (keyof Snapshot)[]).every((key) => says(previous[key], next[key])))
    return previous;
  [next, next.throttled, next.background, next.outage, ...next.throttled].forEach(Object.freeze);
  return next;
}

/** Errors are compared by identity: what they hold may be anything. */
const says = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && !(a instanceof Error) && JSON.stringify(a) === JSON.stringify(b));
