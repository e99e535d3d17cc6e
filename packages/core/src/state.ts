/**
 * The whole state of a connection, as data.
 *
 * Law: facts and link machine stand side by side and are never multiplied out. Each union carries only the
 * fields that mean something in that case. Status, snapshot, deadlines and the links that should exist are
 * derived (derive.ts), never stored. All of it is plain immutable data: it can be printed, compared and replayed.
 */
import type { Fault } from "./errors.js";
import type { ThrottledFeature, WelcomeInfo } from "./ports.js";

/** Number of a link (in public docs: connection). Grows by one with each attempt; never used twice. */
export type LinkId = number;

/** One instant on both clocks, in ms. The lease and a token's life are judged by the greater of the two elapsed times. */
export interface Stamp {
  readonly now: number;
  readonly wall: number;
}

// ---- facts ---------------------------------------------------------------------------------------------------

export interface Token {
  readonly value: string;
  readonly from: Stamp;
  /** Life from `from`, in ms; `null`: unknown, the server will say. */
  readonly lifeMs: number | null;
}

/** A token is being fetched. While this stands in the state the driver keeps that job running; when it goes, the job is aborted. */
export interface TokenJob {
  readonly job: number;
  readonly reason: "missing" | "expiring" | "rejected";
}

export type Session =
  | { readonly tag: "uninitialized" }
  | { readonly tag: "loggedOut" }
  | {
      readonly tag: "active";
      readonly user: string;
      /** `null`: none is held that may be sent. */
      readonly token: Token | null;
      /** False: a fetch is useless, for example with a fixed token. */
      readonly renewable: boolean;
      readonly job: TokenJob | null;
      /** The tokens that the server refused, newest first: never sent again (B2.7). The last eight. */
      readonly burnt: readonly string[];
      /** Consecutive rejections; forgotten after a stable link. */
      readonly rejections: number;
      /** Monotonic time before which no scheduled refresh starts. */
      readonly refreshFrom: number;
    };

/** What the user asked for. A `wish` that is not `on` tells why there is to be no link. */
export interface Mode {
  readonly auto: boolean;
  readonly wish: "on" | OffReason;
}
export type OffReason = "manual" | "disconnectCalled" | "leaseExpired" | "lostInBackground";

/** Foreground or background. `hold` keeps a link in the background for `ms` from `from` on. */
export type App =
  | { readonly tag: "foreground" }
  | { readonly tag: "background"; readonly since: Stamp; readonly hold: Hold | null };

export interface Hold {
  readonly why: "lease" | "grace" | "acks";
  readonly from: Stamp;
  readonly ms: number;
}

export interface Network {
  readonly online: boolean;
}

/** `shown`, or hidden by `pagehide`: then the page may be in the back/forward cache and must hold no socket. */
export type Page = "shown" | "hidden";

export interface Throttled extends ThrottledFeature {
  readonly from: Stamp;
  /** `forMs` with this client's jitter. */
  readonly ms: number | null;
}

// ---- link machine --------------------------------------------------------------------------------------------

export interface Dialing {
  readonly link: LinkId;
  readonly stage: "token" | "transport" | "handshake";
  /** Monotonic end of the stage's budget. */
  readonly until: number;
  /** How often a late timer was forgiven. */
  readonly grace: number;
}

export interface Probe {
  /** Counts up within a link, so that `ping()` knows its own. */
  readonly n: number;
  readonly why: "quiet" | "ack" | "wake" | "offline" | "user";
  readonly sentAt: number;
  readonly until: number;
  /** How often a late timer was forgiven. */
  readonly grace: number;
}

export interface Linked {
  readonly tag: "linked";
  readonly link: LinkId;
  readonly since: Stamp;
  readonly welcome: WelcomeInfo;
  readonly heartbeatMs: number | null;
  /** The ladder still stands; until when the link must live to reset it. `null`: it is reset. */
  readonly stableAt: number | null;
  /**
   * When to look whether the server has gone quiet, or an acknowledgement is late; `null`: nothing to wait for. Judged
   * lazily: a step for each message or send would put messages through the machine.
   */
  readonly lookAt: number | null;
  readonly probe: Probe | null;
  /** Number of the last probe sent on this link, 0 for none. */
  readonly probes: number;
  /** The last answered probe. */
  readonly answered: { readonly n: number; readonly rttMs: number } | null;
  /** Smoothed round trip in ms, `null` before the first answer. */
  readonly rttMs: number | null;
  /** When a wake was last looked into; by both clocks, for the monotonic one may have stood still since. */
  readonly wokenAt: Stamp | null;
  /** A `goaway` asks to leave at this monotonic time. */
  readonly leaveAt: number | null;
  /** A second link that will take over (10.9). */
  readonly successor: Dialing | null;
  /** The link that was taken over and still settles its sends (10.9). */
  readonly retiring: LinkId | null;
}

export type LinkState =
  | { readonly tag: "idle" }
  /** A dial is due at the monotonic time `until`. */
  | { readonly tag: "waiting"; readonly since: Stamp; readonly until: number }
  | { readonly tag: "dialing"; readonly dial: Dialing }
  | Linked
  /** A terminal refusal: only `connect()`, a new login or a logout leads out. */
  | { readonly tag: "failed"; readonly fault: Fault };

/** What the retry ladder knows. */
export interface Ladder {
  /** Dials since the last stable link. */
  readonly attempt: number;
  /** `null`: the next delay is that of a first retry (B5.2); else the exponent of B5.3. */
  readonly step: number | null;
  /** S in ms. */
  readonly spreadMs: number;
  /** Consecutive connection timeouts. */
  readonly timeouts: number;
  /** The dial under way was caused by `online`. */
  readonly online: boolean;
  /** Nothing dials before it (B5.4). */
  readonly floor: Floor | null;
}

export interface Floor {
  readonly from: Stamp;
  readonly ms: number;
}

/** Why the status is what it is: stable codes, for programs. `explain()` has the words. */
export type Reason =
  | "notInitialized"
  | "loggedOut"
  | OffReason
  | "background"
  | "pageHidden"
  | "starting"
  | "connectCalled"
  | "welcome"
  | "linkLost"
  | "probeFailed"
  | "attemptFailed"
  | "attemptTimeout"
  | "tokenFailed"
  | "rejected"
  | "serverBusy"
  | "goaway"
  | "wake"
  | "retry"
  | "checkCalled"
  | "reconnectCalled"
  | "throttled"
  | "throttleEnded"
  | "failed";

export interface State {
  readonly session: Session;
  readonly mode: Mode;
  readonly app: App;
  readonly page: Page;
  readonly network: Network;
  readonly throttled: readonly Throttled[];
  readonly link: LinkState;
  readonly ladder: Ladder;
  /** A link is wanted and there is none: since when, and whether it is notable by now. */
  readonly outage: { readonly since: Stamp; readonly notable: boolean } | null;
  /** When the last link ended; `null` while linked and before the first link of a session. */
  readonly lostAt: Stamp | null;
  /** `recovery` of the last welcome. */
  readonly recovery: WelcomeInfo["recovery"] | null;
  readonly reason: Reason;
  /** When the status last changed. */
  readonly since: Stamp;
  /** The last fault, cleared by a stable link. */
  readonly fault: Fault | null;
  /** Last number given to a link or a job. */
  readonly ids: number;
}
