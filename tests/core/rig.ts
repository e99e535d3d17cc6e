/**
 * One connection with every port scripted, on the virtual clock. Law: nothing here knows what the core should do;
 * it only saves typing. Expectations stand in the tests, derived from the clauses.
 */
import {
  type Capabilities,
  type Connection,
  type ConnectionError,
  type ConnectionOptions,
  createConnection,
  type Floor,
  type Identity,
  isConnectionError,
  type LinkClose,
  type Policy,
  type Snapshot,
  type State,
  type StatusChange,
  type TokenResult,
  type WelcomeInfo,
} from "@cc/core";
import {
  createRandom,
  createScriptedFunction,
  createScriptedLifecycle,
  createScriptedLinks,
  createScriptedProtocol,
  createVirtualClock,
  type ScriptedFunction,
  type ScriptedLifecycle,
  type ScriptedLink,
  type ScriptedLinks,
  type ScriptedProtocol,
  turn,
  type VirtualClock,
} from "@cc/testkit";

export interface RigOptions {
  readonly policy?: Partial<Policy>;
  readonly capabilities?: Partial<Capabilities>;
  /** A number in [0, 1) for every draw, or a seed as `{ seed }`. Default 0.5. */
  readonly chance?: number | { readonly seed: number };
  readonly background?: boolean;
  readonly online?: boolean;
  /** How many timers the connection may set, for tests of hours and days. Default 1,000. */
  readonly timers?: number;
  /** Nobody listens: `log`, `changes`, `snapshots` and `errors` stay empty. Default false. */
  readonly deaf?: boolean;
  /** What the owner gives besides, or instead. */
  readonly owner?: Partial<ConnectionOptions>;
}

export interface StartOptions {
  readonly auto?: boolean;
  readonly user?: string;
  readonly token?: string | null;
  readonly lifeMs?: number | null;
  /** What an earlier process saved. */
  readonly floor?: Floor | null;
  /** Tokens come from `rig.getToken`. Default false: the one token is all there is. */
  readonly renewable?: boolean;
}

/** What became of a promise so far. */
export interface Watched<T> {
  readonly state: "pending" | "resolved" | "rejected";
  readonly value: T | undefined;
  readonly error: unknown;
  /** `code` of the error, `undefined` when there is none. */
  readonly code: string | undefined;
  /** Virtual time at which it settled. */
  readonly at: number | undefined;
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly links: ScriptedLinks;
  readonly lifecycle: ScriptedLifecycle;
  readonly protocol: ScriptedProtocol;
  readonly connection: Connection;
  /** Answers with `"T<n>"` at once unless told otherwise. */
  readonly getToken: ScriptedFunction<[reason: string], TokenResult>;
  /** Jobs that the driver aborted. */
  readonly aborted: string[];
  /** Documented callbacks in order: `connecting`, `connected`, …; errors as `! CODE`. */
  readonly log: string[];
  readonly changes: StatusChange[];
  readonly snapshots: Snapshot[];
  readonly errors: ConnectionError[];
  /** What was given out to be saved. */
  readonly saved: State[];
  /** What listeners threw. */
  readonly thrown: unknown[];
  /** The draw, where it is not seeded. */
  chance: number;
  /** `init` and `login`; a second call only logs in. */
  start(options?: StartOptions): void;
  /** As `start` in manual mode. */
  manual(options?: StartOptions): void;
  /** Lets a dial that is due begin: fires timers until a socket is opened, at most `withinMs`. Raises when none is. */
  dialled(withinMs?: number): ScriptedLink;
  /** Lets time pass, `stepMs` ms (default 1) at a time, until `holds`. Raises after 40,000 steps: a broken core must fail, not hang. */
  passUntil(holds: () => boolean, stepMs?: number): void;
  /** Opens the newest socket and welcomes on it. */
  welcome(info?: Partial<WelcomeInfo>): void;
  /** `dialled` and `welcome`. */
  linkUp(info?: Partial<WelcomeInfo>): ScriptedLink;
  /** The link ends by the far side. */
  lose(close?: Partial<LinkClose>): void;
  /** Answers every probe after `rttMs` ms; `null`: never. Default: never. */
  answerProbes(rttMs: number | null): void;
  /** Answers that are on their way: the only timers that are not the driver's. */
  readonly answering: number;
  watch<T>(promise: Promise<T>): Watched<T>;
  status(): string;
  phase(): string;
  /** Sockets opened so far. */
  readonly dials: number;
  /** A dead process would show it: promises settle, then this resolves. */
  settle(): Promise<void>;
}

export const wallStart = 1_735_689_600_000;

export function createRig(options: RigOptions = {}): Rig {
  const clock = patientClock(options.timers ?? 1_000);
  const links = createScriptedLinks({ clock });
  const lifecycle = createScriptedLifecycle({
    background: options.background ?? false,
    online: options.online ?? true,
  });
  const protocol = createScriptedProtocol(options.capabilities);
  const seeded = typeof options.chance === "object" ? createRandom(options.chance.seed) : undefined;
  const aborted: string[] = [];
  const log: string[] = [];
  const changes: StatusChange[] = [];
  const snapshots: Snapshot[] = [];
  const errors: ConnectionError[] = [];
  const thrown: unknown[] = [];
  const saved: State[] = [];
  let tokens = 0;
  let rtt: number | null = null;
  let answering = 0;
  let initialized = false;

  const getToken = createScriptedFunction<[reason: string], TokenResult>(() => {
    tokens += 1;
    return { token: `T${tokens}`, lifeMs: null };
  });
  const connection = createConnection({
    clock,
    random: () => seeded?.() ?? rig.chance,
    openLink: links.open,
    lifecycle,
    url: "ws://gateway.test/",
    policy: options.policy,
    save: (state) => void saved.push(state),
    onListenerError: (error) => void thrown.push(error),
    ...options.owner,
  });
  if (!options.deaf) {
    connection.addConnectionListener("rig", {
      onConnected: () => void log.push("connected"),
      onConnecting: () => void log.push("connecting"),
      onDisconnected: () => void log.push("disconnected"),
      onFeatureThrottled: () => void log.push("featureThrottled"),
      onConnectionError: (error) => void log.push(`! ${error.code}`),
    });
    connection.on("status", (change) => void changes.push(change));
    connection.on("error", (error) => void errors.push(error));
    connection.subscribe((snapshot) => void snapshots.push(snapshot));
  }
  protocol.onAct = ({ host }, act) => {
    if (act !== "probe" || rtt === null) return;
    answering += 1;
    clock.after(rtt, () => {
      answering -= 1;
      host.probeAck();
    });
  };

  const rig: Rig = {
    clock,
    links,
    lifecycle,
    protocol,
    connection,
    getToken,
    aborted,
    log,
    changes,
    snapshots,
    errors,
    thrown,
    saved,
    chance: typeof options.chance === "number" ? options.chance : 0.5,
    start({ auto = true, user = "ann", token = "T0", lifeMs = null, floor = null, renewable = false } = {}) {
      if (!initialized) connection.init({ auto, floor });
      initialized = true;
      const fetchToken: Identity["fetchToken"] = (reason) => ({
        result: getToken(reason),
        abort: () => void aborted.push(reason),
      });
      connection.login({ user, token, lifeMs, protocol, renewable, fetchToken });
    },
    manual(start = {}) {
      rig.start({ ...start, auto: false });
    },
    dialled(withinMs = 0) {
      const had = links.all.length;
      const end = clock.now() + withinMs;
      for (let n = 0; n < 1_000 && links.all.length === had; n += 1) {
        const { next } = clock;
        if (next === undefined || next > end) break;
        clock.advance(Math.max(0, next - clock.now()));
      }
      if (links.all.length === had) throw new Error(`nothing was dialled within ${withinMs} ms`);
      return links.last;
    },
    passUntil(holds, stepMs = 1) {
      for (let n = 0; !holds(); n += 1) {
        if (n > 40_000) throw new Error("it never came to be");
        clock.advance(stepMs);
      }
    },
    welcome(info = {}) {
      links.last.open();
      protocol.last.welcome(info);
    },
    linkUp(info = {}) {
      const link = rig.dialled(1_000);
      rig.welcome(info);
      return link;
    },
    lose(close = {}) {
      links.last.close(close);
    },
    answerProbes(rttMs) {
      rtt = rttMs;
    },
    get answering() {
      return answering;
    },
    watch<T>(promise: Promise<T>): Watched<T> {
      const watched: { -readonly [K in keyof Watched<T>]: Watched<T>[K] } = {
        state: "pending",
        value: undefined,
        error: undefined,
        code: undefined,
        at: undefined,
      };
      promise.then(
        (value) => Object.assign(watched, { state: "resolved", value, at: clock.now() }),
        (error: unknown) => {
          const code = isConnectionError(error) ? error.code : undefined;
          Object.assign(watched, { state: "rejected", error, code, at: clock.now() });
        },
      );
      return watched;
    },
    status: () => connection.status(),
    phase: () => connection.snapshot().phase,
    get dials() {
      return links.all.length;
    },
    settle: turn,
  };
  return rig;
}

/** In one millisecond; the busiest sound one is 13. */
const timersAtOnce = 60;

/** A virtual clock that raises when it is asked for more timers than any sound connection needs: a broken core must fail, not hang. */
function patientClock(timers: number): VirtualClock {
  const clock = createVirtualClock({ wall: wallStart });
  const { after } = clock;
  let left = timers;
  let leftNow = timersAtOnce;
  let at = clock.now();
  const counted: VirtualClock["after"] = (ms, fn, hold) => {
    if (clock.now() - at >= 1) {
      at = clock.now();
      leftNow = timersAtOnce;
    }
    left -= 1;
    leftNow -= 1;
    if (left < 0 || leftNow < 0) throw new Error("timers without end");
    return after(ms, fn, hold);
  };
  return Object.assign(clock, { after: counted, later: (fn: () => void) => void counted(0, fn) });
}

/** A rig in auto mode with a link that has lived for `ageMs` (default 10 s: the ladder is reset), its log emptied. */
export function linkedRig(
  options: RigOptions & StartOptions & { readonly welcome?: Partial<WelcomeInfo>; readonly ageMs?: number } = {},
): Rig {
  const rig = createRig(options);
  rig.start(options);
  if (options.auto === false) void rig.connection.connect().catch(() => {});
  rig.linkUp({ heartbeatMs: null, ...options.welcome });
  rig.clock.advance(options.ageMs ?? 10_000);
  rig.log.length = 0;
  rig.changes.length = 0;
  rig.snapshots.length = 0;
  return rig;
}

/** A seed for random tests: `CC_SEED`, else `fallback`. */
export function seedOf(fallback: number): number {
  const given = process.env["CC_SEED"];
  return given === undefined ? fallback : Number(given);
}

/**
 * How much of its length a random walk takes, and of its seeds a test about chance: `CC_WALK`, else all. `pnpm mutation` runs each
 * of them once per mutant and takes a fortieth; nothing else sets it.
 */
export const walkShare: number = Number(process.env["CC_WALK"] ?? 1);
