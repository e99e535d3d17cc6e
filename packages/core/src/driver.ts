/**
 * The driver: a thin shell that makes the world agree with the machine's state.
 *
 * Law: run to completion. Every input, call or callback is a job in one queue; a job asks the machine, commits the
 * state, reconciles what should exist (sockets, one token job, one physical timer), carries out the effects, tells the
 * listeners, and looks at the promises. Whatever a listener calls waits in the queue. Messages do not come
 * through here: a link hands them to its protocol, and one number is written for each.
 */
import { type Bus, createBus, type ListenOptions } from "./bus.js";
import { links, type Snapshot, type Status, snapshotOf, stableSnapshot, statusOf } from "./derive.js";
import { desire } from "./desire.js";
import { type Unsubscribe, unsubscribe } from "./disposable.js";
import { type ConnectionError, connectionError, errorOf, type Fault, isConnectionError } from "./errors.js";
import type { Effect, Input, Moment } from "./events.js";
import { floorUntil } from "./ladder.js";
import { currentLink } from "./link.js";
import { defaultPolicy, type Policy } from "./policy.js";
import type {
  AbortSignalLike,
  Cancel,
  Clock,
  Lifecycle,
  Link,
  Logger,
  OpenLink,
  Protocol,
  ProtocolHost,
  ProtocolLink,
  RandomSource,
  WelcomeInfo,
} from "./ports.js";
import type { Floor, Reason, State, TokenJob } from "./state.js";
import { initialState, isDue, nextDeadline, transition } from "./transition.js";
import { createWaiters, type Verdict } from "./waiters.js";

/** What a status change tells (B1.7). Frozen. */
export interface StatusChange {
  readonly previous: Status;
  readonly current: Status;
  readonly reason: Reason;
  readonly attempt: number;
  /** Wall-clock ms of the next dial, `null` when none is scheduled. */
  readonly retryAt: number | null;
  /** What caused the change, where an error did. */
  readonly error?: ConnectionError;
}

/** A `welcome`: the place to refetch from when `recovery` is not `resumed`. */
export interface SessionEvent {
  readonly recovery: WelcomeInfo["recovery"];
  /** How long there was no link, in ms; 0 for the first. */
  readonly downtimeMs: number;
  readonly session: string;
  readonly link: number;
}

export interface ConnectionEvents {
  status: StatusChange;
  snapshot: Snapshot;
  session: SessionEvent;
  error: ConnectionError;
}

/** The documented listener; every callback is optional. `inConnecting` is the documentation's other name of `onConnecting`. */
export interface ConnectionListener {
  readonly onConnected?: (() => void) | undefined;
  readonly onConnecting?: (() => void) | undefined;
  readonly inConnecting?: (() => void) | undefined;
  readonly onDisconnected?: (() => void) | undefined;
  readonly onFeatureThrottled?: (() => void) | undefined;
  readonly onConnectionError?: ((error: ConnectionError) => void) | undefined;
}

export interface TokenResult {
  readonly token: string;
  /** Life from now in ms; `null`: unknown. */
  readonly lifeMs: number | null;
}

/** A running request for a token. */
export interface TokenRequest {
  readonly result: Promise<TokenResult>;
  abort(): void;
}

/** Who the connection is for. */
export interface Identity {
  readonly user: string;
  /** `null`: none is held, the first dial fetches one. */
  readonly token: string | null;
  readonly lifeMs: number | null;
  /** Gets a new token; absent: the one that is held is all there is. Single-flight: called again only after the last has settled or been aborted. Must not throw. */
  readonly fetchToken?: ((reason: TokenJob["reason"]) => TokenRequest) | undefined;
  readonly protocol: Protocol;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly openLink: OpenLink;
  readonly lifecycle: Lifecycle;
  /** WebSocket URL; a function is asked at each dial. */
  readonly url: string | (() => string);
  readonly policy?: Partial<Policy> | undefined;
  readonly logger?: Logger | undefined;
  /** What a listener threw. Default: `logger.error`. */
  readonly onListenerError?: ((error: unknown) => void) | undefined;
  /** Token or floor changed: what must outlive the process should be written. */
  readonly save?: ((state: State) => void) | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignalLike | undefined;
}

export interface PingResult {
  /** Round trip in ms; `null` where the protocol has no probe. */
  readonly rttMs: number | null;
  /** Wall-clock end of the lease; `null` in the foreground. */
  readonly leaseUntil: number | null;
}

/** How `checkNow()` or `reconnect()` came out. */
export interface CheckResult {
  readonly linked: boolean;
  readonly rttMs: number | null;
  /** When the next dial is due, or the server's floor ends; wall-clock ms. */
  readonly retryAt: number | null;
}

export interface Connection {
  status(): Status;
  snapshot(): Snapshot;
  /** The machine's own state: for tools, not for applications. */
  state(): State;
  /** Attaches to the lifecycle. `policy` replaces parts of the policy given at construction. */
  init(options: {
    readonly auto: boolean;
    readonly floor?: Floor | null;
    readonly policy?: Partial<Policy> | undefined;
  }): void;
  login(identity: Identity): void;
  logout(): void;
  connect(options?: CallOptions): Promise<{ readonly alreadyConnected: boolean }>;
  disconnect(): Promise<void>;
  ping(options?: CallOptions): Promise<PingResult>;
  checkNow(options?: CallOptions): Promise<CheckResult>;
  reconnect(options?: CallOptions): Promise<CheckResult>;
  until(
    what: Status | "linked" | ((s: Snapshot) => boolean),
    options?: CallOptions & { readonly timeoutMs?: number | undefined },
  ): Promise<Snapshot>;
  /** The current snapshot at once, then each change. */
  subscribe(listener: (s: Snapshot) => void, options?: ListenOptions): Unsubscribe;
  readonly on: Bus<ConnectionEvents>["on"];
  readonly events: Bus<ConnectionEvents>["events"];
  /** The same id replaces in place. No replay. */
  addConnectionListener(id: string, listener: ConnectionListener): Unsubscribe;
  removeConnectionListener(id: string): void;
  /** Tells the listeners of errors something that is not the connection's own. */
  report(fault: Fault): void;
  dispose(): void;
  readonly disposed: boolean;
}

/** A socket that exists, and the protocol's view of it. */
interface Socket {
  link?: Link;
  protocol?: ProtocolLink;
  inboundAt: number;
}

const MAX_TIMER_MS = 2 ** 31 - 1;
const NEVER = Number.NEGATIVE_INFINITY;

/** The callbacks of a listener that each status calls. */
const CALLS = {
  connected: ["onConnected"],
  connecting: ["onConnecting", "inConnecting"],
  disconnected: ["onDisconnected"],
  featureThrottled: ["onFeatureThrottled"],
} as const;

export function createConnection(options: ConnectionOptions): Connection {
  const { clock, random, openLink, lifecycle, logger } = options;
  const later = clock.later ?? ((fn: () => void): void => void clock.after(0, fn));
  const onListenerError = options.onListenerError ?? ((error: unknown): void => logger?.error?.(String(error)));
  const bus = createBus<ConnectionEvents>(onListenerError);
  const waiters = createWaiters(() => arm());
  const sockets = new Map<number, Socket>();

  let policy = revised(defaultPolicy, options.policy);
  let state = initialState(policy, { now: clock.now(), wall: clock.wall() });
  let snapshot = stableSnapshot(undefined, snapshotOf(state, policy));
  let identity: Identity | undefined;
  let disposed = false;
  let stopWatching: Cancel | undefined;

  function attempt<T>(fn: () => T): T | undefined {
    try {
      return fn();
    } catch (error) {
      onListenerError(error);
      return undefined;
    }
  }

  function revised(before: Policy, more: Partial<Policy> = {}): Policy {
    const { background = before.background, shouldRetry } = more;
    return {
      ...before,
      ...more,
      // A copy, for the snapshot that shows it is frozen.
      background: typeof background === "object" ? { ...background } : background,
      // A throwing shouldRetry must not break a step: the default then stands.
      shouldRetry: shouldRetry ? (f, c) => attempt(() => shouldRetry(f, c)) : before.shouldRetry,
    };
  }

  // ---- the queue -----------------------------------------------------------------------------------------------

  const queue: (() => void)[] = [];
  let running = false;

  function enqueue(job: () => void): void {
    queue.push(job);
    if (running) return;
    running = true;
    try {
      for (let next = queue.shift(); next; next = queue.shift()) next();
    } finally {
      running = false;
    }
  }

  const dispatch = (input: Input): void => enqueue(() => step(input));

  function step(input: Input): void {
    const { protocol } = identity ?? {};
    const m: Moment = {
      now: clock.now(),
      wall: clock.wall(),
      random: random(),
      inboundAt: sockets.get(currentLink(state) ?? 0)?.inboundAt ?? NEVER,
      unackedSince: protocol?.unackedSince() ?? null,
      unackedBytes: protocol?.unackedBytes() ?? 0,
    };
    // What is due is told by itself, before the input that happened to come next.
    if (isDue(state, m, policy)) commit({ type: "tick" }, m);
    commit(input, m);
    settle();
  }

  function commit(input: Input, m: Moment): void {
    if (disposed) return;
    const before = snapshot;
    const next = transition(state, input, m, policy);
    if (next.state === state && next.effects.length === 0) return;
    state = next.state;
    snapshot = stableSnapshot(before, snapshotOf(state, policy));
    reconcile();
    for (const effect of next.effects) carryOut(effect);
    tell(before, next.effects);
  }

  /** Looks at the promises, and sets the timer for what comes next. */
  function settle(): void {
    for (const waiter of [...waiters.all]) waiter.look(clock.now());
    arm();
  }

  // ---- what should exist ---------------------------------------------------------------------------------------

  function reconcile(): void {
    const wanted = links(state);
    for (const [id, socket] of sockets) if (!wanted.includes(id)) closeSocket(id, socket);
    for (const id of wanted) {
      if (sockets.has(id)) continue;
      const socket: Socket = { inboundAt: NEVER };
      sockets.set(id, socket);
      // Never in the calling tick: connect → disconnect → connect opens one socket (B4.2, R29).
      later(() => enqueue(() => openSocket(id, socket)));
    }
    reconcileJob();
  }

  function closeSocket(id: number, { link, protocol }: Socket): void {
    protocol?.bye();
    sockets.delete(id);
    protocol?.detach();
    link?.close(1000);
  }

  function openSocket(id: number, socket: Socket): void {
    // Late events of an old link die here as well as in the machine.
    const alive = (): boolean => sockets.get(id) === socket;
    if (!alive() || !identity) return;
    const word = (input: Input): void => {
      if (alive()) dispatch(input);
    };
    const host: ProtocolHost = {
      send: (data) => {
        if (alive()) socket.link?.send(data);
      },
      welcome: (info) => word({ type: "welcome", link: id, info }),
      reject: (info) => word({ type: "reject", link: id, info }),
      goaway: (minDelayMs, spreadMs) => word({ type: "goaway", link: id, minDelayMs, spreadMs }),
      throttle: (features) => word({ type: "throttle", link: id, features }),
      probeAck: () => word({ type: "probeAck", link: id }),
      expiring: (inMs) => word({ type: "expiring", link: id, inMs }),
      tokenOk: (lifeMs) => word({ type: "tokenOk", link: id, lifeMs }),
      fault: (message) => {
        if (alive()) socket.link?.close(4400);
        word({ type: "fault", link: id, message });
      },
      // A step for each message would be dear: the machine is told only when it would look too late (see state.ts, lookAt).
      outbox: () => {
        const { link: l, app } = state;
        const late =
          l.tag === "linked" && (l.lookAt ?? clock.now() + policy.ackProbeMs + 1) > clock.now() + policy.ackProbeMs;
        if (late || (app.tag === "background" && app.hold?.why === "acks")) word({ type: "outbox" });
        arm();
      },
    };
    const protocol = identity.protocol.attach(id, host);
    socket.protocol = protocol;
    const { url } = options;
    socket.link = openLink((typeof url === "function" ? attempt(url) : url) ?? "", identity.protocol, {
      opened: () => {
        word({ type: "opened", link: id });
        enqueue(() => {
          if (alive() && state.session.tag === "active") protocol.opened(state.session.token?.value ?? null);
        });
      },
      message: (data) => {
        if (!alive()) return;
        socket.inboundAt = clock.now();
        protocol.message(data);
      },
      closed: (close) => {
        // After a suspension the app may be in the foreground again before its event says so: a loss counts as a
        // background loss only if the app is in the background (B4.5).
        if (alive() && state.app.tag === "background" && !lifecycle.current().background)
          dispatch({ type: "foreground" });
        word({ type: "closed", link: id, close });
      },
    });
  }

  let request: { readonly job: number; readonly run: TokenRequest } | undefined;

  function reconcileJob(): void {
    const wanted = state.session.tag === "active" ? state.session.job : null;
    if (wanted?.job === request?.job) return;
    request?.run.abort();
    request = undefined;
    const run = wanted && identity?.fetchToken?.(wanted.reason);
    if (!run) return;
    const { job } = wanted;
    request = { job, run };
    run.result.then(
      ({ token, lifeMs }) => dispatch({ type: "token", job, value: token, lifeMs }),
      (error: unknown) => dispatch({ type: "tokenFailed", job, ...tokenFault(error) }),
    );
  }

  // ---- the one physical timer ----------------------------------------------------------------------------------

  let timer: { readonly at: number; readonly hold: boolean; readonly cancel: Cancel } | undefined;

  function arm(): void {
    const never = Number.POSITIVE_INFINITY;
    const until = [...waiters.all].map((w) => w.until() ?? never);
    const at = disposed
      ? never
      : Math.min(nextDeadline(state, policy), identity?.protocol.deadline() ?? never, ...until);
    const hold = waiters.all.size > 0 || state.link.tag === "waiting" || state.link.tag === "dialing";
    // One that comes too early is let be: it looks, finds nothing due, and is set again.
    if (timer && timer.at <= at && timer.hold === hold && at < never) return;
    timer?.cancel();
    timer = undefined;
    if (at === never) return;
    const fire = (): void => {
      timer = undefined;
      identity?.protocol.tick();
      dispatch({ type: "tick" });
    };
    timer = {
      at,
      hold,
      cancel: clock.after(Math.min(Math.max(0, Math.ceil(at - clock.now())), MAX_TIMER_MS), fire, hold),
    };
  }

  // ---- effects and listeners -----------------------------------------------------------------------------------

  function carryOut(effect: Effect): void {
    if (effect.type === "save") options.save?.(state);
    const protocol = "link" in effect ? sockets.get(effect.link)?.protocol : undefined;
    if (effect.type === "probe") protocol?.probe();
    if (effect.type === "renew") protocol?.renew(effect.token);
    if (effect.type === "heartbeat") protocol?.heartbeat(effect.ms);
  }

  function tell(before: Snapshot, effects: readonly Effect[]): void {
    const now = snapshot;
    const { status: current, reason, attempt, retryAt } = now;
    let error: ConnectionError | undefined;
    for (const e of effects) {
      if (e.type !== "error") continue;
      error = errorOf(e.fault);
      logger?.warn?.(error.message, { code: error.code, phase: error.phase });
      bus.emit("error", error);
    }
    if (current !== before.status) {
      logger?.info?.(current, { reason, attempt });
      bus.emit(
        "status",
        Object.freeze({ previous: before.status, current, reason, attempt, retryAt, ...(error && { error }) }),
      );
    }
    if (now !== before) bus.emit("snapshot", now);
    for (const e of effects) {
      if (e.type !== "session") continue;
      const { recovery, session } = e.info;
      bus.emit("session", Object.freeze({ recovery, session, downtimeMs: e.downtimeMs, link: now.link ?? 0 }));
    }
  }

  const listeners = new Map<string, { listener: ConnectionListener; off: () => void }>();

  function addConnectionListener(id: string, listener: ConnectionListener): Unsubscribe {
    const entry = listeners.get(id) ?? { listener, off: () => {} };
    // The same id replaces in place: the registration stays where it is in the order.
    entry.listener = listener;
    if (!listeners.has(id)) {
      listeners.set(id, entry);
      const offs = [
        bus.on("error", (error) => {
          if (error.phase !== "storage") entry.listener.onConnectionError?.(error);
        }),
        bus.on("status", ({ current }) => {
          for (const call of CALLS[current]) entry.listener[call]?.();
        }),
      ];
      entry.off = () => {
        for (const off of offs) off();
      };
    }
    return unsubscribe(() => {
      // Another listener may have taken the id since.
      if (listeners.get(id)?.listener === listener) removeConnectionListener(id);
    });
  }

  function removeConnectionListener(id: string): void {
    listeners.get(id)?.off();
    listeners.delete(id);
  }

  // ---- calls ---------------------------------------------------------------------------------------------------

  /** Runs a call in the queue, and looks at its promise before the next job. */
  const call = <T>(job: () => Promise<T>, signal?: AbortSignalLike): Promise<T> =>
    new Promise<T>((resolve, reject) =>
      enqueue(() => {
        if (disposed) return reject(refused("ERR_DISPOSED"));
        if (signal?.aborted) return reject(signal.reason);
        resolve(job());
        settle();
      }),
    );

  /** What stands in the way of any link; `undefined` for nothing. */
  function obstacle(
    loggedOut: "ERR_NOT_LOGGED_IN" | "ERR_LOGGED_OUT",
  ): { readonly error: ConnectionError } | undefined {
    const { session, link, mode } = state;
    if (session.tag === "uninitialized") return { error: refused("ERR_NOT_INITIALIZED") };
    if (session.tag === "loggedOut") return { error: refused(loggedOut) };
    if (link.tag === "failed") return { error: errorOf(link.fault) };
    return mode.wish === "on" ? undefined : { error: refused("ERR_ABORTED", mode.wish) };
  }

  const connect: Connection["connect"] = ({ signal } = {}) =>
    call(() => {
      const alreadyConnected = state.link.tag === "linked";
      let loggedOut: Parameters<typeof obstacle>[0] = "ERR_NOT_LOGGED_IN";
      step({ type: "connect" });
      // Counts only the time during which a link was wanted and missing (B4.2).
      let left = policy.connectTimeoutMs;
      let since: number | undefined;
      const check = (): Verdict<{ readonly alreadyConnected: boolean }> => {
        const now = clock.now();
        if (since !== undefined) left -= now - since;
        since = state.outage ? now : undefined;
        const found = state.link.tag === "linked" ? { ok: { alreadyConnected } } : obstacle(loggedOut);
        loggedOut = "ERR_LOGGED_OUT";
        return found;
      };
      return waiters.add(check, signal, () => (since === undefined ? undefined : since + left), connectTimedOut);
    }, signal);

  function connectTimedOut(): ConnectionError {
    const { retryAt, online, error: cause } = snapshot;
    return connectionError(
      online ? "ERR_CONNECT_TIMEOUT" : "ERR_NO_INTERNET",
      "Not connected in time; attempts go on",
      "call",
      {
        retryable: true,
        cause,
        details: { retryAt, lastError: cause?.code },
        ...(retryAt && { retryAfterMs: Math.max(0, retryAt - clock.wall()) }),
      },
    );
  }

  const ping: Connection["ping"] = ({ signal } = {}) =>
    call(() => {
      const { session, mode } = state;
      const none = session.tag !== "active" && obstacle("ERR_NOT_LOGGED_IN");
      if (none) return Promise.reject(none.error);
      if (mode.auto) return Promise.reject(refused("ERROR_PING_NOT_AVAILABLE"));
      step({ type: "ping" });
      const pong = answer();
      return waiters.add(() => {
        const rttMs = pong();
        if (rttMs === "pending") return undefined;
        if (rttMs !== "lost") return { ok: { rttMs, leaseUntil: snapshot.leaseUntil } };
        const code = state.session.tag === "active" ? "ERR_WEBSOCKET_ERROR" : "ERR_LOGGED_OUT";
        return { error: connectionError(code, "No pong", "linked", { retryable: true }) };
      }, signal);
    }, signal);

  /** Watches the probe that is open on the present link: its round trip in ms, `null` without a probe, `lost`, or `pending`. */
  function answer(): () => number | null | "pending" | "lost" {
    const { link: at } = state;
    return () => {
      const { link: l } = state;
      if (at.tag !== "linked" || l.tag !== "linked" || l.link !== at.link) return "lost";
      const n = at.probe?.n;
      if (!n) return null;
      if (l.answered && l.answered.n >= n) return l.answered.rttMs;
      return l.probe?.n === n ? "pending" : "lost";
    };
  }

  const check = (type: "checkNow" | "reconnect", { signal }: CallOptions = {}): Promise<CheckResult> =>
    call(() => {
      const want = desire(state, policy);
      if (state.link.tag === "failed" || want.tag !== "link" || (type === "reconnect" && want.urgency !== "dial")) {
        return Promise.reject(refused("ERR_ABORTED", state.reason));
      }
      const floor = floorUntil(state.ladder);
      step({ type });
      const pong = answer();
      return waiters.add((): Verdict<CheckResult> => {
        const { tag } = state.link;
        if (tag === "dialing") return undefined;
        if (tag === "waiting") return { ok: { linked: false, rttMs: null, retryAt: snapshot.retryAt } };
        if (tag !== "linked") return obstacle("ERR_LOGGED_OUT") ?? { error: refused("ERR_ABORTED", state.reason) };
        const rttMs = pong();
        const below = floor - clock.now();
        if (rttMs === "pending") return undefined;
        return {
          ok: {
            linked: true,
            rttMs: rttMs === "lost" ? null : rttMs,
            retryAt: below > 0 ? clock.wall() + below : null,
          },
        };
      }, signal);
    }, signal);

  return {
    status: () => statusOf(state),
    snapshot: () => snapshot,
    state: () => state,
    init: ({ auto, floor = null, policy: more }) =>
      enqueue(() => {
        if (disposed) return;
        policy = revised(policy, more);
        stopWatching ??= lifecycle.watch(dispatch);
        step({ type: "init", auto, floor });
        const { background, online } = lifecycle.current();
        if (background) step({ type: "background" });
        if (!online) step({ type: "offline" });
      }),
    login: (who) =>
      enqueue(() => {
        identity = who;
        const { user, token, lifeMs, fetchToken } = who;
        step({ type: "login", user, token, lifeMs, renewable: !!fetchToken });
      }),
    logout: () =>
      enqueue(() => {
        step({ type: "logout" });
        identity = undefined;
      }),
    connect,
    disconnect: () => call(async () => step({ type: "disconnect" })),
    ping,
    checkNow: (o) => check("checkNow", o),
    reconnect: (o) => check("reconnect", o),
    until: (what, { signal, timeoutMs } = {}) =>
      call(() => {
        const end = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
        const holds = (): boolean =>
          typeof what === "function" ? what(snapshot) : what === "linked" ? snapshot.linked : snapshot.status === what;
        const look = (): Verdict<Snapshot> => {
          try {
            return holds() ? { ok: snapshot } : undefined;
          } catch (error) {
            return { error };
          }
        };
        return waiters.add(
          look,
          signal,
          () => end,
          () => refused("ERR_CONNECT_TIMEOUT"),
        );
      }, signal),
    subscribe: (listener, o) => {
      const off = bus.on("snapshot", listener, o?.signal && { signal: o.signal });
      if (!disposed && !o?.signal?.aborted) attempt(() => listener(snapshot));
      if (o?.once) off();
      return off;
    },
    on: bus.on,
    events: bus.events,
    addConnectionListener,
    removeConnectionListener,
    report: (fault) => bus.emit("error", errorOf(fault)),
    dispose: () => {
      if (disposed) return;
      disposed = true;
      stopWatching?.();
      bus.clear();
      for (const [id, socket] of sockets) closeSocket(id, socket);
      request?.run.abort();
      for (const waiter of [...waiters.all]) waiter.reject(refused("ERR_DISPOSED"));
      arm();
    },
    get disposed() {
      return disposed;
    },
  };
}

/** An error of a call that cannot be carried out. What to do about each code is in `remediation`. */
const refused = (code: ConnectionError["code"], reason?: Reason): ConnectionError =>
  connectionError(code, reason ? `${code}: ${reason}` : code, "call", { details: { reason } });

function tokenFault(error: unknown): { readonly fault: Fault; readonly terminal: boolean } {
  if (isConnectionError(error)) return { fault: { ...error, message: error.message }, terminal: !error.retryable };
  // Any error of the app's own may be marked terminal (B2.6).
  const terminal = (error as { terminal?: unknown } | undefined)?.terminal === true;
  return {
    fault: { code: "ERR_TOKEN_PROVIDER", message: String(error), phase: "token", retryable: !terminal, cause: error },
    terminal,
  };
}
