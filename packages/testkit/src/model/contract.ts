/**
 * What the contract says of one state: status, snapshot, explanation, and what must be under way. Read from docs/behaviour.md, by other
 * means than the core's: nothing here asks `statusOf`, `desire` or `links` what should be.
 */
import type { Deadline, Policy, Snapshot, State } from "@cc/core";
import { NOW, type Node } from "./canon.js";
import type { Machine } from "./machine.js";

type Said = string | null;

/** 1.1, row by row. */
export function statusBy({ link, throttled }: State): Snapshot["status"] {
  if (link.tag === "linked") return throttled.length === 0 ? "connected" : "featureThrottled";
  return link.tag === "dialing" ? "connecting" : "disconnected";
}

/** Whether the contract wants a link made now (3.1, 3.2, 4.3, 4.4, 5.9). */
export const wants = ({ s, g }: Node, p: Policy): boolean =>
  s.session.tag === "active" &&
  g.ban === "free" &&
  s.page === "shown" &&
  (s.app.tag === "foreground" || p.background === "keep" || !s.mode.auto);

/** Reasons that fit a phase: another one would tell the user the opposite of what is so. */
const underWay: readonly State["reason"][] = [
  "starting",
  "connectCalled",
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
];
const fits: Readonly<Record<"idle" | "waiting" | "dialing" | "linked" | "failed", readonly State["reason"][]>> = {
  idle: [
    "notInitialized",
    "loggedOut",
    "manual",
    "disconnectCalled",
    "leaseExpired",
    "lostInBackground",
    "background",
    "pageHidden",
  ],
  waiting: underWay,
  dialing: underWay,
  linked: ["welcome", "throttled", "throttleEnded"],
  failed: ["failed"],
};

/** The status, the snapshot and the words for it (1.1, 1.3, 1.8). */
export function told(
  node: Node,
  machine: Machine,
  p: Policy,
  at: { readonly now: number; readonly wall: number },
): Said {
  const { s, g } = node;
  const { link } = s;
  const status = statusBy(s);
  const shot = machine.snapshotOf(s, p);
  if (machine.statusOf(s) !== status || shot.status !== status)
    return `[B1.1] the status is ${shot.status}, the contract says ${status}`;
  const phase = link.tag === "dialing" ? link.dial.stage : link.tag;
  if (shot.phase !== phase || shot.linked !== (link.tag === "linked"))
    return "[B1.3] the phase is not that of the link";
  if (link.tag !== "linked" && s.throttled.length > 0) return "[B1.1] throttled without a link";
  if ((shot.retryAt !== null) !== (link.tag === "waiting")) return "[B1.3] retryAt exactly while waiting";
  // A wall clock that was set since leaves the time where it was.
  const set = at.wall - at.now !== NOW.wall - NOW.now;
  if (shot.retryAt !== null && !(Number.isFinite(shot.retryAt) && (set || shot.retryAt >= at.wall)))
    return "[B1.3] retryAt is no time to come";
  if (!fits[link.tag].includes(s.reason)) return `[B1.3] the reason ${s.reason} while ${link.tag}`;
  const missing = wants(node, p) && link.tag !== "linked";
  if ((shot.outage !== null) !== missing) return "[B1.3] an outage is a link that is wanted and missing";
  if (link.tag === "failed" && (shot.error === null || shot.error.retryable))
    return "[B2.7] failed without the error that is final";
  if (link.tag === "linked" && shot.recovery === null) return "[B1.3] linked without a recovery";
  const lease = g.lease !== null && g.ban === "free" ? g.lease.wall + p.leaseMs : null;
  // A lease that the wall clock ended is settled with the next tick.
  if (shot.leaseUntil !== lease && s.session.tag === "active")
    return `[B4.4] leaseUntil is ${shot.leaseUntil}, the contract says ${lease}`;
  return explained(shot, machine);
}

function explained(shot: Snapshot, machine: Machine): Said {
  const words = machine.explain(shot);
  for (const key of ["why", "next", "change", "user"] as const)
    if (typeof words[key] !== "string" || words[key].length === 0) return `[B1.8] explain() has no ${key}`;
  const scheduled =
    shot.phase === "waiting" || (shot.phase === "linked" && (shot.leaseUntil !== null || shot.throttled.length > 0));
  if (words.when !== null && !(scheduled && Number.isFinite(words.when)))
    return `[B1.8] explain() names a time while ${shot.phase}`;
  if (shot.phase === "waiting" && words.when !== shot.retryAt)
    return "[B1.8] explain() names another time than retryAt";
  if (shot.phase === "linked" && shot.leaseUntil !== null && words.when !== shot.leaseUntil)
    return "[B1.8] explain() does not name the lease";
  const still = words.next === "Nothing happens by itself.";
  const ends =
    shot.phase === "failed" || (shot.phase === "idle" && !["background", "pageHidden"].includes(shot.reason));
  if (still !== ends) return `[B1.8] explain() says "${words.next}" while ${shot.phase} (${shot.reason})`;
  return null;
}

/** Sockets, and that no state waits for nothing (5.1, 5.7, 5.9, 6). */
export function alive(node: Node, machine: Machine, p: Policy, now: number, due: boolean): Said {
  const { s, g } = node;
  const { link, session } = s;
  const sockets = machine.links(s);
  const two = link.tag === "linked" && (link.successor !== null || link.retiring !== null);
  if (sockets.length > (two ? 2 : 1)) return "[R20] more links than one, and neither a successor nor a retiring one";
  if (new Set(sockets).size !== sockets.length) return "[R20] one link twice";
  if (sockets.length > 0 && link.tag !== "linked" && (link.tag !== "dialing" || link.dial.stage === "token"))
    return "a socket without a link";
  const job = session.tag === "active" ? session.job : null;
  if (link.tag === "dialing" && link.dial.stage === "token" && job === null)
    return "waits for a token that nobody fetches";

  const list = machine.deadlines(s, p);
  for (const d of list) if (!Number.isFinite(d.at)) return `the deadline ${d.kind} never comes`;
  const has = (...kinds: readonly Deadline["kind"][]): boolean => list.some(({ kind }) => kinds.includes(kind));
  if (link.tag === "waiting" && !has("retry")) return "waits, and no dial is due";
  if (link.tag === "dialing" && !has("attempt")) return "an attempt without a budget (B5.8)";
  if (link.tag === "linked" && link.welcome.probes && link.heartbeatMs !== null && !has("look", "probe"))
    return "[B6.1] a link whose silence nobody notices";
  if (link.tag === "linked" && link.probe !== null && !has("probe")) return "[B6.1] a probe without a deadline";
  // What a passed deadline changes is told with the step that runs it.
  if (due) return null;
  if (list.some((d) => d.at <= now)) return "a deadline is due, and dueDeadline says no";
  if (g.ban !== "free" || s.page === "hidden") {
    const why = s.page === "hidden" ? "on a hidden page (B5.9)" : `though nothing may dial (${g.ban})`;
    if (sockets.length > 0 || !["idle", "failed"].includes(link.tag)) return `${link.tag} ${why}`;
    if (job !== null) return `a token is fetched ${why}`;
    return null;
  }
  if (session.tag !== "active") return link.tag === "idle" ? null : `${link.tag} though nobody is logged in`;
  if (wants(node, p)) return link.tag === "idle" ? "waits for nothing: a link is wanted and none is on its way" : null;
  // Background of auto mode: what is held ends by itself (3.2).
  if (link.tag === "idle" || link.tag === "failed") return null;
  if (link.tag !== "linked") return `[B3.2] ${link.tag} in the background`;
  return has("hold") ? null : "[B3.2] a link is kept in the background, and nothing ends that";
}
