/** What a trace's inputs and states must look like. Law: what passes here can be handed to `transition`, which looks at nothing twice. */
import type { Input, State } from "@cc/core";

/** The path of what is wrong, or `undefined`: nothing is. */
type Check = (value: unknown, path: string) => string | undefined;

const is =
  (holds: (value: unknown) => boolean): Check =>
  (value, path) =>
    holds(value) ? undefined : path;

const number = is((v) => typeof v === "number" && !Number.isNaN(v));
const text = is((v) => typeof v === "string");
const flag = is((v) => typeof v === "boolean");
const word = (...words: string[]): Check => is((v) => words.includes(v as string));
const orNull =
  (check: Check): Check =>
  (value, path) =>
    value === null ? undefined : check(value, path);
const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);
const list =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return path;
    for (const [i, item] of value.entries()) {
      const wrong = check(item, `${path}[${i}]`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return path;
    for (const [key, check] of Object.entries(fields)) {
      const wrong = check((value as Record<string, unknown>)[key], `${path}.${key}`);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  };
const union =
  (tag: string, cases: Readonly<Record<string, Readonly<Record<string, Check>>>>): Check =>
  (value, path) => {
    const name = (value as Record<string, unknown> | null | undefined)?.[tag];
    const fields = typeof name === "string" && Object.hasOwn(cases, name) ? cases[name] : undefined;
    return fields === undefined ? `${path}.${tag}` : record(fields)(value, path);
  };

const stamp = record({ now: number, wall: number });
const floor = record({ from: stamp, ms: number });
const fault = record({
  code: text,
  message: text,
  phase: text,
  retryable: flag,
  closeCode: optional(number),
  retryAfterMs: optional(number),
});
const info = record({
  user: text,
  session: text,
  recovery: word("resumed", "gap", "new"),
  heartbeatMs: orNull(number),
  spreadMs: orNull(number),
  probes: flag,
  tokenLifeMs: orNull(number),
});
const feature = { feature: text, reason: text, forMs: orNull(number) };
const dialing = record({ link: number, stage: word("token", "transport", "handshake"), until: number, grace: number });
const none = {};
const link = { link: number };

const inputs: Readonly<Record<Input["type"], Readonly<Record<string, Check>>>> = {
  init: { auto: flag, floor: orNull(floor) },
  login: { user: text, renewable: flag, token: orNull(text), lifeMs: orNull(number) },
  relogin: { renewable: flag },
  logout: none,
  connect: none,
  disconnect: none,
  ping: none,
  checkNow: none,
  reconnect: none,
  tick: none,
  token: { job: number, value: text, lifeMs: orNull(number) },
  tokenFailed: { job: number, fault, terminal: flag },
  opened: link,
  closed: {
    ...link,
    close: record({ code: number, reason: text, httpStatus: optional(number), retryAfterMs: optional(number) }),
  },
  welcome: { ...link, info },
  reject: {
    ...link,
    info: record({
      code: text,
      message: text,
      retry: word("never", "later", "reauth"),
      minDelayMs: number,
      spreadMs: number,
    }),
  },
  goaway: { ...link, minDelayMs: number, spreadMs: number },
  throttle: { ...link, features: list(record(feature)) },
  probeAck: link,
  expiring: { ...link, inMs: number },
  tokenOk: { ...link, lifeMs: orNull(number) },
  fault: { ...link, message: text },
  outbox: none,
  hint: { fault },
  foreground: none,
  background: none,
  frozen: none,
  thawed: none,
  online: none,
  offline: none,
  networkChange: none,
  pageHidden: none,
  pageShown: { persisted: flag },
  clockJump: { ms: number },
};

const state: Readonly<Record<keyof State, Check>> = {
  session: union("tag", {
    uninitialized: none,
    loggedOut: none,
    active: {
      user: text,
      token: orNull(record({ value: text, from: stamp, lifeMs: orNull(number) })),
      renewable: flag,
      job: orNull(record({ job: number, reason: word("missing", "expiring", "rejected") })),
      burnt: list(text),
      rejections: number,
      refreshFrom: number,
    },
  }),
  mode: record({ auto: flag, wish: word("on", "manual", "disconnectCalled", "leaseExpired", "lostInBackground") }),
  app: union("tag", {
    foreground: none,
    background: {
      since: stamp,
      hold: orNull(record({ why: word("lease", "grace", "acks"), from: stamp, ms: number })),
    },
  }),
  page: word("shown", "hidden"),
  network: record({ online: flag }),
  throttled: list(record({ ...feature, from: stamp, ms: orNull(number) })),
  link: union("tag", {
    idle: none,
    waiting: { since: stamp, until: number },
    dialing: { dial: dialing },
    failed: { fault },
    linked: {
      link: number,
      since: stamp,
      welcome: info,
      heartbeatMs: orNull(number),
      stableAt: orNull(number),
      lookAt: orNull(number),
      probe: orNull(
        record({
          n: number,
          why: word("quiet", "ack", "wake", "offline", "user"),
          sentAt: number,
          until: number,
          grace: number,
        }),
      ),
      probes: number,
      answered: orNull(record({ n: number, rttMs: number })),
      rttMs: orNull(number),
      wokenAt: orNull(stamp),
      leaveAt: orNull(number),
      successor: orNull(dialing),
      retiring: orNull(number),
    },
  }),
  ladder: record({
    attempt: number,
    step: orNull(number),
    spreadMs: number,
    timeouts: number,
    online: flag,
    floor: orNull(floor),
  }),
  outage: orNull(record({ since: stamp, notable: flag })),
  lostAt: orNull(stamp),
  recovery: orNull(word("resumed", "gap", "new")),
  reason: text,
  since: stamp,
  fault: orNull(fault),
  ids: number,
};

/** The path of what is wrong with an input, or `undefined`. */
export const wrongInput = (value: unknown): string | undefined => union("type", inputs)(value, "input");

/** The path of what is wrong with a state, or `undefined`. */
export const wrongState = (value: unknown, path: string): string | undefined => record(state)(value, path);

/** The path of what is wrong with a moment, its rare half and the verdicts, or `undefined`. */
export const wrongEntry = (value: unknown): string | undefined =>
  record({
    at: (at, path) => (Array.isArray(at) && at.length === 4 ? list(number)(at, path) : path),
    unacked: optional((pair, path) =>
      Array.isArray(pair) && pair.length === 2
        ? (orNull(number)(pair[0], `${path}[0]`) ?? number(pair[1], `${path}[1]`))
        : path,
    ),
    verdicts: optional(
      list(record({ action: optional(word("retry", "refreshToken", "stop")), delayMs: optional(number) })),
    ),
  })(value, "entry");
