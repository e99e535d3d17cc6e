/** Random inputs for the machine: every type, with ids that are right, stale, or never given. */
import type { Input, LinkClose, RejectInfo, State } from "@cc/core";
import type { Random } from "@cc/testkit";

const closes: readonly LinkClose[] = [
  { code: 1006, reason: "" },
  { code: 1000, reason: "" },
  { code: 1001, reason: "going away" },
  { code: 1012, reason: "restart" },
  { code: 1013, reason: "later", retryAfterMs: 4_000 },
  { code: 1006, reason: "", httpStatus: 503, retryAfterMs: 20_000 },
  { code: 1006, reason: "", httpStatus: 429 },
  { code: 1006, reason: "", httpStatus: 401 },
  { code: 1006, reason: "", httpStatus: 500 },
  { code: 4400, reason: "malformed" },
  { code: 4401, reason: "token" },
  { code: 4403, reason: "forbidden" },
  { code: 4409, reason: "replaced" },
  { code: 4999, reason: "unknown" },
];

/** A link id: mostly the current one, else one that was given before, else one that never was. */
function linkId(state: State, random: Random): number {
  const { link } = state;
  if (random.chance(0.8)) {
    if (link.tag === "linked") return link.link;
    if (link.tag === "dialing") return link.dial.link;
  }
  return random.chance(0.9) ? random.int(state.ids + 1) : state.ids + 1 + random.int(5);
}

function jobId(state: State, random: Random): number {
  const job = state.session.tag === "active" ? state.session.job : null;
  return job !== null && random.chance(0.8) ? job.job : random.int(state.ids + 3);
}

function reject(random: Random): RejectInfo {
  return {
    code: random.pick(["ERR_SERVER_OVERLOADED", "ERR_AUTH_REJECTED", "ERR_PROTOCOL"]),
    message: "",
    retry: random.pick(["later", "later", "reauth", "never"]),
    minDelayMs: random.pick([0, 0, 500, 30_000]),
    spreadMs: random.pick([0, 1_000, 10_000]),
  };
}

const lifeMs = (random: Random): number | null => random.pick([null, 0, 5_000, 60_000, 600_000, 60 * 86_400_000]);

let names = 0;
/** Sometimes a token seen before, as a cache in front of an auth server would answer. */
const tokenValue = (random: Random): string => (random.chance(0.3) ? random.pick(["A", "B", "C"]) : `t${++names}`);

type Maker = (state: State, random: Random) => Input | undefined;

const makers: readonly (readonly [weight: number, make: Maker])[] = [
  // Once: what a second init() means is settled before it reaches the machine (B2.1).
  [
    1,
    (s, r) =>
      s.session.tag !== "uninitialized"
        ? undefined
        : { type: "init", auto: r.chance(0.6), floor: r.chance(0.2) ? { from: { now: 0, wall: 0 }, ms: 5_000 } : null },
  ],
  [
    2,
    (s, r) =>
      s.session.tag === "active"
        ? undefined
        : {
            type: "login",
            user: r.pick(["ann", "bob"]),
            renewable: r.chance(0.7),
            token: r.chance(0.7) ? tokenValue(r) : null,
            lifeMs: lifeMs(r),
          },
  ],
  [0.4, () => ({ type: "logout" })],
  [2, () => ({ type: "connect" })],
  [0.7, () => ({ type: "disconnect" })],
  [2, () => ({ type: "ping" })],
  [1, () => ({ type: "checkNow" })],
  [1, () => ({ type: "reconnect" })],
  [16, () => ({ type: "tick" })],
  [6, (s, r) => ({ type: "token", job: jobId(s, r), value: tokenValue(r), lifeMs: lifeMs(r) })],
  [
    1,
    (s, r) => ({
      type: "tokenFailed",
      job: jobId(s, r),
      terminal: r.chance(0.1),
      fault: { code: "ERR_TOKEN_PROVIDER", message: "no", phase: "token", retryable: true },
    }),
  ],
  [8, (s, r) => ({ type: "opened", link: linkId(s, r) })],
  [
    9,
    (s, r) => ({
      type: "welcome",
      link: linkId(s, r),
      info: {
        user: s.session.tag === "active" && r.chance(0.97) ? s.session.user : "eve",
        session: "s",
        recovery: r.pick(["new", "resumed", "gap"]),
        heartbeatMs: r.pick([null, 10_000, 25_000]),
        probes: r.chance(0.9),
        spreadMs: r.pick([null, 10, 1_000, 8_000, 60_000]),
        tokenLifeMs: lifeMs(r),
      },
    }),
  ],
  [3, (s, r) => ({ type: "closed", link: linkId(s, r), close: r.pick(closes) })],
  [1, (s, r) => ({ type: "reject", link: linkId(s, r), info: reject(r) })],
  [
    1,
    (s, r) => ({
      type: "goaway",
      link: linkId(s, r),
      minDelayMs: r.pick([0, 1_000, 20_000]),
      spreadMs: r.pick([0, 5_000]),
    }),
  ],
  [
    1,
    (s, r) => ({
      type: "throttle",
      link: linkId(s, r),
      features: r.chance(0.4) ? [] : [{ feature: "typing", reason: "load", forMs: r.pick([null, 0, 4_000]) }],
    }),
  ],
  [4, (s, r) => ({ type: "probeAck", link: linkId(s, r) })],
  [0.5, (s, r) => ({ type: "expiring", link: linkId(s, r), inMs: r.pick([0, 10_000]) })],
  [1, (s, r) => ({ type: "tokenOk", link: linkId(s, r), lifeMs: lifeMs(r) })],
  [0.3, (s, r) => ({ type: "fault", link: linkId(s, r), message: "bad frame" })],
  [2, () => ({ type: "outbox" })],
  [
    1,
    () => ({
      type: "hint",
      fault: { code: "ERR_TRANSPORT_BLOCKED", message: "", phase: "transport", retryable: true },
    }),
  ],
  [2, (_, r) => ({ type: r.pick(["foreground", "background"]) })],
  [1, (_, r) => ({ type: r.pick(["frozen", "thawed", "networkChange"]) })],
  [1.5, (_, r) => ({ type: r.pick(["online", "offline"]) })],
  [0.7, () => ({ type: "pageHidden" })],
  [1.2, (_, r) => ({ type: "pageShown", persisted: r.chance(0.5) })],
  [0.5, (_, r) => ({ type: "clockJump", ms: r.pick([-3_600_000, 60_000, 3_600_000]) })],
];
const total = makers.reduce((sum, [weight]) => sum + weight, 0);

/** One random input that makes sense or does not. */
export function randomInput(state: State, random: Random): Input {
  let at = random() * total;
  for (const [weight, make] of makers) {
    at -= weight;
    if (at >= 0) continue;
    return make(state, random) ?? { type: "tick" };
  }
  return { type: "tick" };
}
