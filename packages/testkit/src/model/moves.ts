/**
 * What may happen in a state: every type of input, with ids that are right, stale, or never given, and the passing of time.
 *
 * Law: chance and surroundings are choices, tried only where the machine reads them: a step that never asks for `random` is the same
 * for all of its values. Time passes by ticks of the clock alone, as in the driver: what is due is run by a `tick` before the next
 * input, so that no input meets a deadline that has passed (laws.ts checks that one which does is settled first).
 */
import type { Fault, Input, LifecycleSignal, Moment, Policy, ShouldRetry, State } from "@cc/core";
import { FAR, JOB, LINK, NOW, type Node, welcomeInfo } from "./canon.js";
import { current } from "./ghost.js";
import type { Machine } from "./machine.js";
import { type Scope, TICK, type Verdict } from "./scope.js";

export interface Move {
  readonly input: Input;
  /** How far the monotonic and the wall clock go before it. */
  readonly now: number;
  readonly wall: number;
  /** It names a link or a job that is not the present one. */
  readonly stale: boolean;
}

/** Decisions of one run of a step, replayed and varied until all are done. */
export class Choices {
  #made: number[] = [];
  #sizes: number[] = [];
  #at = 0;

  /** One of `n` values. */
  pick(n: number): number {
    const at = this.#at++;
    if (at === this.#made.length) {
      this.#made.push(0);
      this.#sizes.push(n);
    }
    return this.#made[at] ?? 0;
  }

  /** Goes on to the next run; false: all have been. */
  next(): boolean {
    this.#at = 0;
    while (this.#made.length > 0) {
      const made = this.#made.pop() ?? 0;
      const size = this.#sizes.pop() ?? 0;
      if (made + 1 < size) {
        this.#made.push(made + 1);
        this.#sizes.push(size);
        return true;
      }
    }
    return false;
  }
}

/** The moment of one run: its fields are chosen when they are read, and then stay. */
export class World implements Moment {
  readonly now: number;
  readonly wall: number;
  verdict: Verdict | undefined;
  readonly #choices: Choices;
  readonly #scope: Scope;
  #random: number | undefined;
  #inbound: number | undefined;
  #unacked: number | null | undefined;
  #bytes: number | undefined;

  constructor(choices: Choices, scope: Scope, now: number, wall: number) {
    this.#choices = choices;
    this.#scope = scope;
    this.now = now;
    this.wall = wall;
  }

  /** The ends of [0, 1): its upper end stands for all that is almost 1, so that times stay on the lattice. */
  get random(): number {
    this.#random ??= this.#choices.pick(2);
    return this.#random;
  }

  /** Nothing since the link stands, or something just now. */
  get inboundAt(): number {
    this.#inbound ??= this.#choices.pick(2) === 0 ? Number.NEGATIVE_INFINITY : this.now;
    return this.#inbound;
  }

  get unackedSince(): number | null {
    if (this.#unacked === undefined) {
      const n = this.#scope.variety.unacked ? this.#choices.pick(3) : 0;
      this.#unacked = n === 0 ? null : n === 1 ? this.now - this.#scope.policy.ackProbeMs : this.now;
    }
    return this.#unacked;
  }

  /** None, or as many as make the deadline one tick longer. */
  get unackedBytes(): number {
    this.#bytes ??= this.#scope.variety.slowTrips
      ? this.#choices.pick(2) * TICK * this.#scope.policy.probeBytesPerMs
      : 0;
    return this.#bytes;
  }

  /** `shouldRetry` of a policy that has one. */
  judge(): ReturnType<ShouldRetry> {
    const { verdicts } = this.#scope.variety;
    const verdict = verdicts[this.#choices.pick(verdicts.length)] ?? "none";
    this.verdict = verdict;
    if (verdict === "none") return undefined;
    return typeof verdict === "number" ? { action: "retry", delayMs: verdict * TICK } : { action: verdict };
  }
}

const fault = (code: Fault["code"], retryAfterMs?: number): Fault => ({
  code,
  message: "no",
  phase: "token",
  retryable: true,
  retryAfterMs,
});

const signals: readonly LifecycleSignal[] = [
  { type: "foreground" },
  { type: "background" },
  { type: "frozen" },
  { type: "thawed" },
  { type: "online" },
  { type: "offline" },
  { type: "networkChange" },
  { type: "pageHidden" },
  { type: "pageShown", persisted: true },
  { type: "clockJump", ms: FAR },
];

/** All that does not depend on the state but for its ids, made once for each scope. */
export function createMoves(scope: Scope, machine: Machine): (node: Node) => readonly Move[] {
  const { policy: p, variety: v } = scope;
  const lives = v.lifeTicks === null ? [null] : [null, v.lifeTicks * TICK];
  const move = (input: Input, stale = false): Move => ({ input, now: 0, wall: 0, stale });
  const calls: readonly Move[] = [
    ...(["logout", "connect", "disconnect", "ping", "checkNow", "reconnect", "outbox"] as const).map((type) =>
      move({ type }),
    ),
    ...[true, false].map((renewable) => move({ type: "relogin", renewable })),
    move({ type: "hint", fault: fault("ERR_TRANSPORT_BLOCKED") }),
    ...signals.filter(({ type }) => v.pages || type !== "pageHidden").map((signal) => move(signal)),
  ];
  const inits = (first: boolean): readonly Move[] =>
    v.modes.flatMap((auto) => [
      move({ type: "init", auto, floor: null }),
      ...(first && v.floors.some(([min]) => min > 0)
        ? [
            move({ type: "init", auto, floor: { from: { now: 0, wall: NOW.wall - TICK }, ms: 3 * TICK } }),
            move({ type: "init", auto, floor: { from: { now: 0, wall: NOW.wall - FAR }, ms: 2 * TICK } }),
          ]
        : []),
    ]);
  const firstInits = inits(true);
  const laterInits = inits(false);
  const logins: readonly Move[] = (v.fixedTokens ? [true, false] : [true]).flatMap((renewable) => [
    move({ type: "login", user: "ann", renewable, token: null, lifeMs: null }),
    ...lives.map((lifeMs) => move({ type: "login", user: "ann", renewable, token: "N", lifeMs })),
  ]);

  /** What the server or the network may say of a link. */
  const said = (link: number, stale: boolean): readonly Move[] => {
    const all: Input[] = [
      { type: "opened", link },
      { type: "closed", link, close: { code: 1006, reason: "" } },
      { type: "probeAck", link },
      ...(v.renewals || stale ? [{ type: "expiring", link, inMs: 0 } as const] : []),
      ...lives.map((lifeMs): Input => ({ type: "tokenOk", link, lifeMs })),
      { type: "fault", link, message: "bad frame" },
      { type: "throttle", link, features: [] },
      ...v.throttles.map(
        (forMs): Input => ({
          type: "throttle",
          link,
          features: [{ feature: "typing", reason: "load", forMs: forMs === null ? null : forMs * TICK }],
        }),
      ),
      ...v.floors.flatMap(([min, spread]): Input[] => [
        { type: "goaway", link, minDelayMs: min * TICK, spreadMs: spread * TICK },
        { type: "closed", link, close: { code: 1013, reason: "", retryAfterMs: min * TICK } },
        {
          type: "reject",
          link,
          info: {
            code: "ERR_SERVER_OVERLOADED",
            message: "no",
            retry: "later",
            minDelayMs: min * TICK,
            spreadMs: spread * TICK,
          },
        },
      ]),
      ...v.heartbeats.flatMap((beat) =>
        v.spreads.flatMap((spread) =>
          (v.probeless ? [true, false] : [true]).flatMap((probes) =>
            lives.map(
              (lifeMs): Input => ({
                type: "welcome",
                link,
                info: welcomeInfo(
                  beat === null ? null : beat * TICK,
                  probes,
                  spread === null ? null : spread * TICK,
                  lifeMs,
                ),
              }),
            ),
          ),
        ),
      ),
    ];
    if (!stale) {
      for (const code of [1000, 4400, 4401, 4403, 4409])
        all.push({ type: "closed", link, close: { code, reason: "" } });
      all.push({ type: "closed", link, close: { code: 1006, reason: "", httpStatus: 401 } });
      all.push({ type: "welcome", link, info: welcomeInfo(null, true, null, null, "eve") });
      for (const retry of ["never", "reauth"] as const)
        all.push({
          type: "reject",
          link,
          info: { code: "ERR_AUTH_REJECTED", message: "no", retry, minDelayMs: 0, spreadMs: 0 },
        });
    }
    return all.map((input) => move(input, stale));
  };
  const jobbed = (job: number, stale: boolean): readonly Move[] => [
    ...lives.map((lifeMs) => move({ type: "token", job, value: "N", lifeMs }, stale)),
    move({ type: "tokenFailed", job, fault: fault("ERR_TOKEN_PROVIDER"), terminal: false }, stale),
    move({ type: "tokenFailed", job, fault: fault("ERR_TOKEN_PROVIDER"), terminal: true }, stale),
    ...(stale || v.floors.every(([min]) => min === 0)
      ? []
      : [move({ type: "tokenFailed", job, fault: fault("ERR_SERVER_OVERLOADED", 2 * TICK), terminal: false }, stale)]),
  ];
  const burnt = move({ type: "token", job: JOB, value: "B", lifeMs: null });
  const saidNow = said(LINK, false);
  // 0: one that was. 9: one that never was.
  const saidOfOld = [0, 9].flatMap((link) => said(link, true));
  const saidOfNone = [LINK, 9].flatMap((link) => said(link, true));
  const jobNow = jobbed(JOB, false);
  const jobOld = [0, 9].flatMap((job) => jobbed(job, true));
  const jobNone = [JOB, 9].flatMap((job) => jobbed(job, true));

  const hasStamp = ({ session, app, outage }: State): boolean =>
    (session.tag === "active" && session.token?.lifeMs != null) ||
    (app.tag === "background" && app.hold !== null) ||
    (outage !== null && p.caps.length > 1);

  return ({ s, g }) => {
    const due = machine.dueDeadline(s, NOW, p) !== undefined;
    const moves: Move[] = [];
    const tick = (now: number, wall = now): void => {
      moves.push({ input: { type: "tick" }, now, wall, stale: false });
    };
    const next = Math.min(...machine.deadlines(s, p).map(({ at }) => at)) - NOW.now;
    if (due) tick(0);
    if (next < Number.POSITIVE_INFINITY || g.floor > NOW.now || s.link.tag !== "idle") {
      tick(TICK);
      tick(Math.max(0, next < FAR ? next : 0) + p.lateMs + TICK);
      tick(FAR);
    }
    if (v.jumps && hasStamp(s)) {
      tick(0, FAR);
      tick(0, -FAR);
    }
    if (due) return moves;
    const { session } = s;
    if (session.tag === "uninitialized") moves.push(...firstInits);
    else moves.push(...laterInits);
    if (session.tag !== "active") moves.push(...logins);
    moves.push(...calls);
    if (current(s) === undefined) moves.push(...saidOfNone);
    else moves.push(...saidNow, ...saidOfOld);
    if (session.tag === "active" && session.job !== null) {
      moves.push(...jobNow, ...jobOld);
      if (v.reoffers && (session.burnt.length > 0 || g.refused)) moves.push(burnt);
    } else moves.push(...jobNone);
    return moves;
  };
}

/** The policy of one run: `shouldRetry` asks the world. */
export const policyOf = (scope: Scope, world: () => World): Policy =>
  scope.variety.verdicts.length === 0 ? scope.policy : { ...scope.policy, shouldRetry: () => world().judge() };
