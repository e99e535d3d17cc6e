/**
 * The abstraction: a state and its ghost as a string, and back.
 *
 * Law: two states with the same string behave alike under every guard of the machine, up to the numbers that a scope bounds. Times
 * are counted from now, in ticks; what lies beyond the last guard that reads it is cut off there; what no guard reads at all is left
 * out (docs/proof.md has the table, field by field, with the reason). A time off the lattice is an error, never rounded.
 */
import type { Hold, LinkState, Policy, Probe, Session, Stamp, State, Token, WelcomeInfo } from "@cc/core";
import { bans, type Ghost } from "./ghost.js";
import { type Scope, TICK } from "./scope.js";

export interface Node {
  readonly s: State;
  readonly g: Ghost;
}

/** The instant at which every decoded state stands. */
export const NOW: Stamp = { now: 4_000_000_000, wall: 8_000_000_000 };
/** Farther than everything: a wall clock jumps by so much, and a very late timer is so late. */
export const FAR = 1_000_000_000;
/** The link and the job of a decoded state; 0 stands for all that were. */
export const LINK = 1;
export const JOB = 2;

const NEVER = 250;
const wishes = ["on", "manual", "disconnectCalled", "leaseExpired", "lostInBackground"] as const;
const holds = ["lease", "grace", "acks"] as const;
const jobs = ["missing", "expiring", "rejected"] as const;
const stages = ["token", "transport", "handshake"] as const;
const whys = ["quiet", "offline", "user"] as const;
export const reasons: readonly State["reason"][] = [
  "notInitialized",
  "loggedOut",
  "manual",
  "disconnectCalled",
  "leaseExpired",
  "lostInBackground",
  "background",
  "pageHidden",
  "starting",
  "connectCalled",
  "welcome",
  "linkLost",
  "probeFailed",
  "attemptFailed",
  "attemptTimeout",
  "tokenFailed",
  "rejected",
  "serverBusy",
  "goaway",
  "wake",
  "retry",
  "checkCalled",
  "reconnectCalled",
  "throttled",
  "throttleEnded",
  "failed",
];

const failed: NonNullable<State["fault"]> = {
  code: "ERR_AUTH_REJECTED",
  message: "refused",
  phase: "handshake",
  retryable: false,
};

export interface Canon {
  encode(node: Node, at: Stamp): string;
  decode(key: string): Node;
}

function ticks(ms: number, what: string): number {
  const n = ms / TICK;
  if (!Number.isInteger(n) || n > 240) throw new Error(`${what}: ${ms} ms is off the lattice`);
  return n;
}

/** Ticks until `at`, 0 for what has passed. */
const left = (at: number, now: number, what: string): number => (at <= now ? 0 : ticks(at - now, what));

/** How the wall clock stands to a span that the monotonic one has not ended: 0 alike, 1 ended by the wall, 2 the wall will not end it. */
function byWall(from: Stamp, at: Stamp, ms: number): number {
  const mono = from.now + ms - at.now;
  const wall = from.wall + ms - at.wall;
  if (mono <= 0 || mono === wall) return 0;
  if (wall > 0 && wall < mono) throw new Error("a wall clock that jumped by less than everything");
  return wall <= 0 ? 1 : 2;
}

/** The wall time of a stamp that lies `age` back, by the word of `byWall`. */
const wallOf = (age: number, flag: number): number => NOW.wall - age - (flag === 1 ? FAR : flag === 2 ? -FAR : 0);
const stampOf = (age: number, flag: number): Stamp => ({ now: NOW.now - age, wall: wallOf(age, flag) });

/** Where the reason is no part of the state: one that its phase may have. */
const reasonOf = ({ link, session, mode, page }: State): number =>
  reasons.indexOf(
    link.tag === "linked"
      ? "welcome"
      : link.tag === "failed"
        ? "failed"
        : link.tag !== "idle"
          ? "retry"
          : session.tag === "uninitialized"
            ? "notInitialized"
            : session.tag === "loggedOut"
              ? "loggedOut"
              : mode.wish !== "on"
                ? mode.wish
                : page === "hidden"
                  ? "pageHidden"
                  : "background",
  );

/** When a token of this life counts as stale, in ms after its beginning. */
const staleAfter = (lifeMs: number, p: Policy): number => lifeMs - Math.min(p.tokenMarginMs, lifeMs / 5);

/** Canonical strings for one scope. */
export function createCanon({ policy: p, variety }: Scope): Canon {
  const spreads = [
    ...new Set([
      p.spreadMs,
      ...variety.spreads.map((t) =>
        t === null ? p.spreadMs : Math.min(Math.max(t * TICK, p.minSpreadMs), p.maxSpreadMs),
      ),
    ]),
  ];
  // The rung from which on the ladder's step is its cap, whatever S and the age of the outage.
  const caps = p.caps.map(([, cap]) => cap);
  const highest = Math.max(...caps, 2 * Math.max(...spreads));
  let topStep = 0;
  while (2 * Math.max(Math.min(...spreads), 250) * 2 ** topStep < highest) topStep += 1;
  const lastAge = Math.max(0, ...p.caps.map(([age]) => (age === Number.POSITIVE_INFINITY ? 0 : age)));
  const heartbeat = Math.max(
    0,
    ...variety.heartbeats.map((t) => (t ?? 0) * TICK),
    p.background === "keep" ? p.backgroundHeartbeatMs : 0,
  );
  const oldLink = Math.max(heartbeat + p.quietSlackMs, p.stableMs);
  const longTrip = (p.probeMs + TICK - p.probeSlackMs) / 2;
  const lifeMs = (variety.lifeTicks ?? 5) * TICK;
  const fullLife = staleAfter(lifeMs, p);
  const lastTimeout = p.connectBudgetsMs.length - 1;
  const leaseMs = p.leaseMs + p.leaseSlackMs;
  const renewals = variety.renewals || variety.lifeTicks !== null;

  const holdMs = ({ why, ms }: Hold): number => (why === "lease" ? ms + p.leaseSlackMs : ms);
  const lengthOf = (why: Hold["why"]): number =>
    why === "lease"
      ? p.leaseMs
      : why === "grace"
        ? typeof p.background === "object"
          ? p.background.graceMs
          : 0
        : p.deferMs;

  function encode({ s, g }: Node, at: Stamp): string {
    const { now } = at;
    const out: number[] = [];
    const session = s.session;
    out.push(session.tag === "uninitialized" ? 0 : session.tag === "loggedOut" ? 1 : 2);
    if (session.tag === "active") {
      const { token, job } = session;
      if (token === null) out.push(0, 0, 0);
      else if (token.lifeMs === null) out.push(1, 0, 0);
      else {
        const stale = staleAfter(token.lifeMs, p);
        const end = left(token.from.now + stale, now, "a token's life");
        // A fixed token is never stale: the server decides.
        out.push(2, session.renewable ? end : 0, session.renewable ? byWall(token.from, at, stale) : 0);
      }
      const refreshFrom =
        session.refreshFrom === Number.POSITIVE_INFINITY ? NEVER : left(session.refreshFrom, now, "refreshFrom");
      out.push(
        session.renewable ? 1 : 0,
        job === null ? 0 : 1 + jobs.indexOf(job.reason),
        variety.reoffers && session.burnt.length > 0 ? 1 : 0,
        Math.min(session.rejections, 2),
        // Only a renewal reads it, and only of a token whose life is known.
        session.renewable && renewals ? refreshFrom : 0,
      );
    }
    out.push(s.mode.auto ? 1 : 0, wishes.indexOf(s.mode.wish));
    if (s.app.tag === "foreground") out.push(0);
    else {
      const hold = s.app.hold;
      // A lease that no wish uses is replaced by the wish that comes.
      if (hold === null || (!s.mode.auto && s.mode.wish !== "on")) out.push(1, 0, 0);
      else {
        const ms = holdMs(hold);
        out.push(2 + holds.indexOf(hold.why), left(hold.from.now + ms, now, "a hold"), byWall(hold.from, at, ms));
      }
    }
    out.push(
      s.page === "shown" ? 1 : 0,
      s.network.online ? 1 : 0,
      variety.reasons ? reasons.indexOf(s.reason) : reasonOf(s),
    );
    out.push(s.throttled.length);
    for (const t of s.throttled) out.push(t.ms === null ? NEVER : left(t.from.now + t.ms, now, "a throttling"));
    encodeLink(s.link, at, out);
    const { ladder, outage } = s;
    out.push(
      Math.min(ladder.attempt, 1),
      ladder.step === null ? 0 : 1 + Math.min(ladder.step, topStep),
      spreads.indexOf(ladder.spreadMs),
      Math.min(ladder.timeouts, lastTimeout),
      ladder.online && p.onlineRetryMs < highest ? 1 : 0,
      ladder.floor === null ? 0 : left(ladder.floor.from.now + ladder.floor.ms, now, "a floor"),
    );
    if (outage === null) out.push(0);
    else {
      const bound = outage.notable ? lastAge : Math.max(lastAge, p.notableMs);
      const age = Math.min(now - outage.since.now, bound);
      out.push(outage.notable ? 2 : 1, ticks(age, "an outage"), lastAge > 0 ? byWall(outage.since, at, lastAge) : 0);
    }
    out.push(
      bans.indexOf(g.ban),
      left(g.floor, now, "the ghost's floor"),
      variety.reoffers && g.refused ? 1 : 0,
      g.rejections,
    );
    if (g.lease === null) out.push(0);
    else out.push(1 + left(g.lease.now + leaseMs, now, "the ghost's lease"), byWall(g.lease, at, leaseMs));
    return String.fromCharCode(...out);
  }

  function encodeLink(link: LinkState, at: Stamp, out: number[]): void {
    const { now } = at;
    switch (link.tag) {
      case "idle":
        out.push(0);
        return;
      case "failed":
        out.push(1);
        return;
      case "waiting":
        // `connect()` looks at most a second back.
        out.push(2, left(link.until, now, "a retry"), Math.min(4, ticks(now - link.since.now, "a wait")));
        return;
      case "dialing": {
        const { stage, until, grace } = link.dial;
        out.push(3, stages.indexOf(stage), left(until, now, "an attempt"), grace);
        return;
      }
      case "linked": {
        const { probe, welcome } = link;
        const woken = link.wokenAt === null ? p.wakeWindowMs : now - link.wokenAt.now;
        out.push(
          4,
          ticks(Math.min(now - link.since.now, oldLink), "a link"),
          welcome.heartbeatMs === null ? 0 : 1 + ticks(welcome.heartbeatMs, "a heartbeat"),
          link.heartbeatMs === null ? 0 : 1 + ticks(link.heartbeatMs, "a heartbeat"),
          welcome.probes ? 1 : 0,
          link.stableAt === null ? 0 : 1 + left(link.stableAt, now, "stableAt"),
          // While a question is open nobody looks.
          link.lookAt === null || probe !== null ? 0 : 1 + left(link.lookAt, now, "a look"),
          2 * (link.rttMs ?? 0) + p.probeSlackMs > p.probeMs ? 1 : 0,
          link.wokenAt === null || woken >= p.wakeWindowMs
            ? 0
            : 1 + 3 * ticks(woken, "a wake") + byWall(link.wokenAt, at, p.wakeWindowMs),
          link.leaveAt === null ? 0 : 1 + left(link.leaveAt, now, "leaveAt"),
        );
        if (probe === null) out.push(0);
        else
          out.push(
            // A quiet peer, a late acknowledgement and a wake come to the same.
            1 + Math.max(0, whys.indexOf(probe.why as (typeof whys)[number])),
            left(probe.until, now, "a probe"),
            ticks(Math.min(now - probe.sentAt, p.probeMs + TICK), "a probe's age"),
            probe.grace,
          );
        return;
      }
    }
  }

  function decode(key: string): Node {
    let i = 0;
    const next = (): number => key.charCodeAt(i++);
    const ahead = (): number => NOW.now + next() * TICK;
    const session = decodeSession(next, ahead);
    const mode: State["mode"] = { auto: next() === 1, wish: wishes[next()] ?? "on" };
    const app = decodeApp(next);
    const page: State["page"] = next() === 1 ? "shown" : "hidden";
    const online = next() === 1;
    const reason = reasons[next()] ?? "failed";
    const throttled = Array.from({ length: next() }, () => {
      const rest = next();
      return {
        feature: "typing",
        reason: "load",
        forMs: rest === NEVER ? null : rest * TICK,
        from: NOW,
        ms: rest === NEVER ? null : rest * TICK,
      };
    });
    const link = decodeLink(next, ahead);
    const attempt = next();
    const step = next();
    const spreadMs = spreads[next()] ?? p.spreadMs;
    const timeouts = next();
    const byOnline = next() === 1;
    const floor = next();
    const ladder: State["ladder"] = {
      attempt,
      step: step === 0 ? null : step - 1,
      spreadMs,
      timeouts,
      online: byOnline,
      floor: floor === 0 ? null : { from: NOW, ms: floor * TICK },
    };
    const missing = next();
    let outage: State["outage"] = null;
    if (missing !== 0) {
      const age = next() * TICK;
      outage = { since: { now: NOW.now - age, wall: wallOf(age, next()) }, notable: missing === 2 };
    }
    const ban = bans[next()] ?? "off";
    const ghostFloor = next();
    const refused = next() === 1;
    const rejections = next();
    const lease = next();
    let leaseFrom: Stamp | null = null;
    if (lease !== 0) {
      const age = leaseMs - (lease - 1) * TICK;
      leaseFrom = { now: NOW.now - age, wall: wallOf(age, next()) };
    }
    return {
      s: {
        session,
        mode,
        app,
        page,
        network: { online },
        throttled,
        link,
        ladder,
        outage,
        lostAt: null,
        recovery: link.tag === "linked" ? "resumed" : null,
        reason,
        since: NOW,
        fault: link.tag === "failed" ? link.fault : null,
        ids: JOB,
      },
      g: {
        ban,
        floor: ghostFloor === 0 ? Number.NEGATIVE_INFINITY : NOW.now + ghostFloor * TICK,
        lease: leaseFrom,
        refused,
        rejections,
      },
    };
  }

  function decodeSession(next: () => number, ahead: () => number): Session {
    const tag = next();
    if (tag !== 2) return { tag: tag === 0 ? "uninitialized" : "loggedOut" };
    const [held, rest, flag] = [next(), next(), next()];
    let token: Token | null = null;
    if (held === 1) token = { value: "T", from: NOW, lifeMs: null };
    else if (held === 2 && rest === 0) token = { value: "T", from: NOW, lifeMs: 0 };
    else if (held === 2) {
      const age = fullLife - rest * TICK;
      token = { value: "T", from: { now: NOW.now - age, wall: wallOf(age, flag) }, lifeMs };
    }
    const renewable = next() === 1;
    const job = next();
    const burnt = next() === 1 ? ["B"] : [];
    const rejections = next();
    const refresh = ahead();
    return {
      tag: "active",
      user: "ann",
      token,
      renewable,
      job: job === 0 ? null : { job: JOB, reason: jobs[job - 1] ?? "missing" },
      burnt,
      rejections,
      refreshFrom: refresh === NOW.now + NEVER * TICK ? Number.POSITIVE_INFINITY : refresh,
    };
  }

  function decodeApp(next: () => number): State["app"] {
    const tag = next();
    if (tag === 0) return { tag: "foreground" };
    const [rest, flag] = [next() * TICK, next()];
    const why = holds[tag - 2];
    if (why === undefined) return { tag: "background", since: NOW, hold: null };
    const ms = lengthOf(why);
    const age = (why === "lease" ? ms + p.leaseSlackMs : ms) - rest;
    return { tag: "background", since: NOW, hold: { why, from: { now: NOW.now - age, wall: wallOf(age, flag) }, ms } };
  }

  function decodeLink(next: () => number, ahead: () => number): LinkState {
    switch (next()) {
      case 0:
        return { tag: "idle" };
      case 1:
        return { tag: "failed", fault: failed };
      case 2: {
        const until = ahead();
        const age = next() * TICK;
        return { tag: "waiting", since: { now: NOW.now - age, wall: NOW.wall - age }, until };
      }
      case 3: {
        const stage = stages[next()] ?? "token";
        return { tag: "dialing", dial: { link: LINK, stage, until: ahead(), grace: next() } };
      }
      default: {
        const age = next() * TICK;
        const [told, asked, probes, stable, look, slow, woken, leave, why] = Array.from({ length: 9 }, next) as [
          number,
          number,
          number,
          number,
          number,
          number,
          number,
          number,
          number,
        ];
        const probe: Probe | null =
          why === 0
            ? null
            : {
                n: 1,
                why: whys[why - 1] ?? "quiet",
                until: ahead(),
                sentAt: NOW.now - next() * TICK,
                grace: next(),
              };
        return {
          tag: "linked",
          link: LINK,
          since: { now: NOW.now - age, wall: NOW.wall - age },
          welcome: welcomeInfo(told === 0 ? null : (told - 1) * TICK, probes === 1, null, null),
          heartbeatMs: asked === 0 ? null : (asked - 1) * TICK,
          stableAt: stable === 0 ? null : NOW.now + (stable - 1) * TICK,
          lookAt: look === 0 ? null : NOW.now + (look - 1) * TICK,
          probe,
          probes: probe === null ? 0 : 1,
          answered: null,
          rttMs: slow === 1 ? longTrip : null,
          wokenAt: woken === 0 ? null : stampOf(Math.floor((woken - 1) / 3) * TICK, (woken - 1) % 3),
          leaveAt: leave === 0 ? null : NOW.now + (leave - 1) * TICK,
          successor: null,
          retiring: null,
        };
      }
    }
  }

  return { encode, decode };
}

export const welcomeInfo = (
  heartbeatMs: number | null,
  probes: boolean,
  spreadMs: number | null,
  tokenLifeMs: number | null,
  user = "ann",
): WelcomeInfo => ({ user, session: "s", recovery: "resumed", heartbeatMs, spreadMs, probes, tokenLifeMs });
