/**
 * The laws that every state and every step keeps. Law of the file: a check answers null, or one line that names the law.
 */
import type { Policy, Stamp } from "@cc/core";
import { NOW, type Node } from "./canon.js";
import { alive, told, wants } from "./contract.js";
import type { Edge } from "./edge.js";
import { current, rejects } from "./ghost.js";
import type { Machine } from "./machine.js";
import { carried, made } from "./promises.js";
import type { Scope } from "./scope.js";

type Said = string | null;

export interface Laws {
  /** Of a state by itself, as it is enumerated. */
  state(node: Node): Said;
  /** Of each step. */
  step(edge: Edge): Said;
  /** Of the first step from one state to another: what does not depend on the input. */
  passage(edge: Edge): Said;
  /** Of the first step into each state: what does not depend on where it comes from. */
  arrival(edge: Edge): Said;
}

const leavesFailed: readonly string[] = ["connect", "login", "logout"];

/** Refusals that are final, by the contract's words (2.4, 2.7, 5.1). */
function final({ from, move: { input } }: Edge): boolean {
  switch (input.type) {
    case "reject":
      return input.info.retry === "never";
    case "closed":
      return input.close.code === 4403 || input.close.code === 4409;
    case "welcome":
      return (
        from.s.link.tag === "dialing" && from.s.session.tag === "active" && input.info.user !== from.s.session.user
      );
    case "tokenFailed":
      return input.terminal && from.s.link.tag === "dialing" && from.s.link.dial.stage === "token";
    default:
      return false;
  }
}

function identity({ from: { s }, to: { s: after }, move, effects }: Edge): Said {
  if (move.stale && (after !== s || effects.length > 0)) return `[R19] a stale ${move.input.type} changed something`;
  if (after.ids < s.ids) return "[R19] numbers run backwards";
  const [had, has] = [current(s), current(after)];
  if (has !== undefined && has !== had && has <= s.ids) return "[R19] a link's number is given twice";
  const [job, next] = [s, after].map(({ session }) => (session.tag === "active" ? session.job?.job : undefined));
  if (next !== undefined && next !== job && next <= s.ids) return "[R19] a job's number is given twice";
  return null;
}

/** A new attempt: nothing may stand in its way. */
function dialled({ from, to, move, world, policy: p }: Edge): Said {
  const { s } = to;
  if (s.link.tag !== "dialing" || s.link.dial.link === current(from.s)) return null;
  if (to.g.ban !== "free") return `dials though nothing may: ${to.g.ban}`;
  if (world.now < to.g.floor) return `[B5.4] dials ${to.g.floor - world.now} ms below the server's floor`;
  if (s.session.tag !== "active") return "[B2.4] dials though nobody is logged in";
  if (!wants(to, p))
    return `dials though ${s.page === "hidden" ? "the page is hidden (B5.9)" : "in the background (B3.2)"}`;
  if (from.s.link.tag === "failed" && !leavesFailed.includes(move.input.type))
    return `[B2.7] ${move.input.type} dials after a terminal refusal`;
  return null;
}

function refused(edge: Edge): Said {
  const { from, to, move, world, effects } = edge;
  const { s } = to;
  const job = from.s.session.tag === "active" ? from.s.session.job?.job : undefined;
  const mine =
    "link" in move.input ? move.input.link === current(from.s) : "job" in move.input && move.input.job === job;
  const asked = world.verdict !== undefined && world.verdict !== "none";
  if (from.s.link.tag === "failed" && s.link.tag !== "failed" && !leavesFailed.includes(move.input.type))
    return `[B5.1] ${move.input.type} leads out of failed`;
  if (mine && final(edge) && !asked && s.link.tag !== "failed")
    return `[B5.1] goes on after a terminal ${move.input.type}`;
  if (mine && to.g.rejections > 1 && rejects(move.input, world.verdict) && s.link.tag !== "failed")
    return "[B2.7] goes on after a second rejection";
  // The refused token: the one that was held, or one refused before.
  const held = from.s.session.tag === "active" ? from.s.session.token?.value : undefined;
  const isRefused = (value: string): boolean =>
    value === "B" || (mine && rejects(move.input, world.verdict) && value === held);
  if (s.session.tag === "active" && s.session.token !== null && isRefused(s.session.token.value))
    return "[B2.7] holds a refused token";
  for (const e of effects) if (e.type === "renew" && isRefused(e.token)) return "[B2.7] sends a refused token";
  return null;
}

/** A death needs a question that nothing answered, asked and awaited on this link (6.1). */
function death({ from: { s }, to: { s: after }, move, world, effects, policy: p }: Edge): Said {
  if (s.link.tag !== "linked" || (after.link.tag === "linked" && after.link.link === s.link.link)) return null;
  const died = effects.find((e) => e.type === "error" && e.fault.phase === "linked");
  if (move.input.type === "tick" && died !== undefined) {
    const { probe } = s.link;
    if (probe === null) return "[B6.1] declared dead without a probe";
    if (world.now < probe.until) return "[B6.1] declared dead before the probe's deadline";
    if (world.inboundAt > probe.sentAt) return "[B6.1] declared dead though something arrived after the probe";
    if (world.now - probe.until > p.lateMs && probe.grace === 0)
      return "[B6.1] a late timer is taken for the peer's silence";
  }
  if (["closed", "reject", "fault"].includes(move.input.type) && died === undefined)
    return "[B1.1] a link is lost, and no error says so";
  return null;
}

/** Budgets and deadlines move only with a reason: so nothing that waits for them waits for ever. */
function patience({ from: { s }, to: { s: after }, move, world, policy: p }: Edge): Said {
  const [a, b] = [s.link, after.link];
  if (a.tag === "dialing" && b.tag === "dialing" && a.dial.link === b.dial.link && b.dial.until > a.dial.until) {
    const late = b.dial.grace > a.dial.grace && world.now - a.dial.until > p.lateMs;
    const called = a.dial.stage === "token" && b.dial.stage === "transport";
    if (!late && !called) return `[B5.8] ${move.input.type} prolongs an attempt`;
    if (b.dial.grace > 1) return "[B5.8] a late timer is forgiven twice";
  }
  if (
    a.tag === "linked" &&
    b.tag === "linked" &&
    a.probe &&
    b.probe?.n === a.probe.n &&
    b.probe.until > a.probe.until &&
    !(world.now - a.probe.until > p.lateMs && b.probe.grace > a.probe.grace && b.probe.grace < 3)
  )
    return `[B6.1] ${move.input.type} prolongs a probe`;
  return null;
}

/** What is told of a step (1.3, 1.7). */
function events({ from: { s }, to: { s: after }, move, world, effects, policy: p }: Edge, machine: Machine): Said {
  const changed = machine.statusOf(after) !== machine.statusOf(s);
  if (changed ? after.since.now !== world.now : after.since !== s.since)
    return "[B1.3] since is not when the status changed";
  if (s.outage !== null && after.outage !== null && after.outage.since !== s.outage.since)
    return "[B1.3] an outage begins anew before it ended";
  if (after.outage !== null && !after.outage.notable && world.now - after.outage.since.now >= p.notableMs)
    return "[B1.3] an outage should be notable by now";
  if (move.input.type === "tick" && machine.dueDeadline(after, world, p) !== undefined)
    return "a deadline is due after it was settled";
  const linked = after.link.tag === "linked" && (s.link.tag !== "linked" || s.link.link !== after.link.link);
  const sessions = effects.filter(({ type }) => type === "session").length;
  if (sessions !== (linked ? 1 : 0)) return "[B1.7] a session is told exactly with each welcome";
  if (linked && (move.input.type !== "welcome" || s.link.tag !== "dialing")) return "[B1.1] linked without a welcome";
  for (const e of effects) {
    if (
      (e.type === "probe" || e.type === "heartbeat" || e.type === "renew") &&
      e.link !== current(after) &&
      e.link !== current(s)
    )
      return `an effect for a link that is not there: ${e.type}`;
    if (e.type === "session" && !(e.downtimeMs >= 0)) return "[B1.7] a downtime that is no time";
  }
  return null;
}

export function createLaws({ policy }: Scope, machine: Machine): Laws {
  return {
    state(node) {
      const { s } = node;
      const due = machine.dueDeadline(s, NOW, policy) !== undefined;
      if (!due && machine.transition(s, { type: "tick" }, quiet, policy).state !== s)
        return "a tick changes a state in which nothing is due";
      return null;
    },
    step(edge) {
      return (
        identity(edge) ??
        (edge.to.s === edge.from.s
          ? null
          : (dialled(edge) ?? refused(edge) ?? death(edge) ?? patience(edge) ?? events(edge, machine)))
      );
    },
    passage: (edge) => carried(edge, machine),
    arrival(edge) {
      const { to, world } = edge;
      return (
        alive(to, machine, policy, world.now, machine.dueDeadline(to.s, world, policy) !== undefined) ??
        told(to, machine, policy, world) ??
        settlesFirst(to, world, machine, policy) ??
        made(edge, machine)
      );
    },
  };
}

/** A moment in which nothing is chosen: the machine must not need one to see that nothing is due. */
const quiet = {
  ...NOW,
  random: 0,
  inboundAt: Number.NEGATIVE_INFINITY,
  unackedSince: null,
  unackedBytes: 0,
};

/** An input that meets a deadline which has passed: settled first, then the input (architecture, law 4). */
function settlesFirst({ s, g }: Node, world: Stamp, machine: Machine, p: Policy): Said {
  const next = Math.min(...machine.deadlines(s, p).map(({ at }) => at));
  if (next === Number.POSITIVE_INFINITY || p.shouldRetry !== undefined) return null;
  const now = Math.max(world.now, next);
  const at = { ...quiet, now, wall: world.wall + now - world.now };
  const input = { type: "disconnect" } as const;
  const once = machine.transition(s, input, at, p).state;
  const twice = machine.transition(machine.transition(s, { type: "tick" }, at, p).state, input, at, p).state;
  if (once.link.tag !== twice.link.tag || once.mode.wish !== twice.mode.wish || once.reason !== twice.reason)
    return `an input that meets a passed deadline is not settled first (${g.ban})`;
  return null;
}
