/**
 * Liveness: from every reachable state, linked within so many steps and so much virtual time, once the app is in the foreground, shown,
 * online, logged in with a token that can be renewed, in auto mode, and wants a link; and once network and server answer.
 *
 * Law: the hard reading. What was there before (a link, an attempt, a token job) never answers again, as after a change of network;
 * only what is new answers. So the time is that of noticing, giving up, waiting and dialling. `random` is the worst of its ends at
 * every step. A link that nothing watches (no heartbeat named, or no probes) cannot be noticed and counts as linked: clause 6 falls there.
 */
import type { Input, Policy, State } from "@cc/core";
import { JOB, LINK, NOW, type Node, welcomeInfo } from "./canon.js";
import type { Edge } from "./edge.js";
import { createStepper, type Exploration, type Stepper } from "./explore.js";
import { current } from "./ghost.js";
import type { Machine } from "./machine.js";
import { Choices, World } from "./moves.js";
import { TICK } from "./scope.js";

export interface Liveness {
  readonly states: number;
  /** Inputs until linked, at worst. */
  readonly steps: number;
  /** Virtual time until linked, at worst, in ticks of the scope. */
  readonly ticks: number;
  /** The same under the contract's own numbers, at most: floors of the server excepted, which are kept. */
  readonly realMs: number;
  /** A state from which no link comes, and the reason; `null`: there is none. */
  readonly stuck: string | null;
}

interface Way {
  readonly steps: number;
  readonly ticks: number;
  readonly realMs: number;
}

const there: Way = { steps: 0, ticks: 0, realMs: 0 };

/** What the app and its surroundings bring about first. */
export function premise({ session, mode, app, page, network, link }: State): Input | null {
  if (session.tag === "uninitialized") return { type: "init", auto: true, floor: null };
  if (!mode.auto) return { type: "init", auto: true, floor: null };
  if (page === "hidden") return { type: "pageShown", persisted: true };
  if (app.tag === "background") return { type: "foreground" };
  if (!network.online) return { type: "online" };
  if (session.tag === "loggedOut") return { type: "login", user: "ann", renewable: true, token: null, lifeMs: null };
  if (!session.renewable) return { type: "relogin", renewable: true };
  if (mode.wish !== "on" || link.tag === "failed") return { type: "connect" };
  return null;
}

/** The longest that a wait for this state's own deadline can last under the contract's numbers, floors excepted. */
function longest({ link, ladder }: State, real: Policy): number {
  switch (link.tag) {
    case "waiting":
      return ladder.step === null || ladder.step === 0
        ? Math.max(real.maxSpreadMs, 2 * real.maxSpreadMs)
        : Math.max(2 * real.maxSpreadMs, ...real.caps.map(([, cap]) => cap));
    case "dialing":
      return link.dial.grace > 0
        ? real.probeMs
        : link.dial.stage === "token"
          ? real.tokenBudgetMs
          : Math.max(...real.connectBudgetsMs);
    case "linked":
      return link.probe === null ? Math.max(10_000, real.backgroundHeartbeatMs) + real.quietSlackMs : real.probeMs;
    default:
      return 0;
  }
}

export function liveness({ scope: all, keys }: Exploration, machine: Machine, real: Policy): Liveness {
  const { verdicts } = all.variety;
  // The app's last word does not stop what is to be live.
  const scope = {
    ...all,
    variety: { ...all.variety, verdicts: verdicts.length === 0 ? verdicts : (["none"] as const) },
  };
  const stepper = createStepper(scope, machine);
  const search = new Search(stepper, machine, scope.policy, real);
  let worst = there;
  for (const key of keys) {
    const way = search.from(key);
    if (typeof way === "string") return { states: keys.length, ...worst, stuck: way };
    worst = longer(worst, way);
  }
  return { states: keys.length, ...worst, stuck: null };
}

const longer = (a: Way, b: Way): Way => ({
  steps: Math.max(a.steps, b.steps),
  ticks: Math.max(a.ticks, b.ticks),
  realMs: Math.max(a.realMs, b.realMs),
});

class Search {
  readonly #known = new Map<string, Way | "open">();
  readonly #stepper: Stepper;
  readonly #machine: Machine;
  readonly #policy: Policy;
  readonly #real: Policy;

  constructor(stepper: Stepper, machine: Machine, policy: Policy, real: Policy) {
    this.#stepper = stepper;
    this.#machine = machine;
    this.#policy = policy;
    this.#real = real;
  }

  /** The worst way from a state: what is there is old. */
  from(key: string): Way | string {
    return this.#way(key, true, true, 0);
  }

  #way(key: string, oldLink: boolean, oldJob: boolean, depth: number): Way | string {
    const name = `${oldLink ? 1 : 0}${oldJob ? 1 : 0}${key}`;
    const known = this.#known.get(name);
    if (known === "open" || depth > 200)
      return `goes round in circles: ${JSON.stringify(this.#stepper.canon.decode(key).s)}`;
    if (known !== undefined) return known;
    this.#known.set(name, "open");
    const way = this.#look(key, oldLink, oldJob, depth);
    if (typeof way !== "string") this.#known.set(name, way);
    return way;
  }

  #look(key: string, oldLink: boolean, oldJob: boolean, depth: number): Way | string {
    const node = this.#stepper.canon.decode(key);
    const { s } = node;
    const due = this.#machine.dueDeadline(s, NOW, this.#policy) !== undefined;
    const first = due ? null : premise(s);
    let input: Input = { type: "tick" };
    let wait = 0;
    let weight = 0;
    const { link, session } = s;
    const watched = link.tag === "linked" && link.welcome.probes && link.heartbeatMs !== null;
    if (due) input = { type: "tick" };
    else if (first !== null) input = first;
    else if (link.tag === "linked" && (!oldLink || !watched)) return there;
    else if (
      link.tag === "dialing" &&
      session.tag === "active" &&
      session.job &&
      link.dial.stage === "token" &&
      !oldJob
    )
      input = { type: "token", job: JOB, value: "N", lifeMs: null };
    else if (link.tag === "dialing" && !oldLink && link.dial.stage === "transport")
      input = { type: "opened", link: LINK };
    else if (link.tag === "dialing" && !oldLink && link.dial.stage === "handshake")
      input = {
        type: "welcome",
        link: LINK,
        info: welcomeInfo(this.#policy.backgroundHeartbeatMs, true, null, null),
      };
    else {
      const next = Math.min(...this.#machine.deadlines(s, this.#policy).map(({ at }) => at));
      if (next === Number.POSITIVE_INFINITY) return `waits for nothing: ${JSON.stringify(s)}`;
      wait = next - NOW.now;
      const own = this.#machine
        .deadlines(s, this.#policy)
        .some(({ kind, at }) => at === next && ["retry", "attempt", "probe", "look"].includes(kind));
      if (own) weight = longest(s, this.#real);
    }
    let worst: Way | string = there;
    const choices = new Choices();
    do {
      const world = new Silent(choices, this.#stepper.scope, NOW.now + wait, NOW.wall + wait);
      const edge = this.#stepper.step(node, { input, now: wait, wall: wait, stale: false }, world);
      const way = this.#follow(edge, oldLink, oldJob, depth);
      if (typeof way === "string") return way;
      worst = longer(worst, way);
    } while (choices.next());
    return { steps: worst.steps + 1, ticks: worst.ticks + wait / TICK, realMs: worst.realMs + weight };
  }

  #follow({ from, to, world }: Edge, oldLink: boolean, oldJob: boolean, depth: number): Way | string {
    const jobOf = ({ session }: State): number | undefined => (session.tag === "active" ? session.job?.job : undefined);
    const [link, job] = [current(to.s), jobOf(to.s)];
    return this.#way(
      this.#stepper.canon.encode(to as Node, world),
      oldLink && link !== undefined && link === current(from.s),
      oldJob && job !== undefined && job === jobOf(from.s),
      depth + 1,
    );
  }
}

/** A world in which the old link says nothing. */
class Silent extends World {
  override get inboundAt(): number {
    return Number.NEGATIVE_INFINITY;
  }
}
