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
  /** The policy in force. */
  readonly policy: Policy;
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
  /** Runs `job` in the queue: after the current step when one is running. */
  enqueue(job: () => void): void;
  dispose(): void;
  readonly disposed: boolean;
}

/** A socket that exists, and the protocol's view of it. */
interface Socket {
  link: Link | undefined;
  protocol: ProtocolLink | undefined;
  inboundAt: number;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

export function createConnection(options: ConnectionOptions): Connection {
  const { clock, random, openLink, lifecycle, logger } = options;
  const later = (fn: () => void): void => (clock.later ? clock.later(fn) : void clock.after(0, fn));
  let policy: Policy = { ...defaultPolicy, ...options.policy };
  // A throwing shouldRetry must not break a step: the default then stands.
  const guarded = (p: Policy): Policy => ({
    ...p,
    background: typeof p.background === "object" ? { ...p.background } : p.background,
    shouldRetry: p.shouldRetry && ((f, c) => attempt(() => p.shouldRetry?.(f, c))),
  });
  policy = guarded(policy);
  let state: State = initialState(policy, { now: clock.now(), wall: clock.wall() });
  let snapshot: Snapshot = stableSnapshot(undefined, snapshotOf(state, policy));
  let identity: Identity | undefined;
  let disposed = false;
  let stopWatching: Cancel | undefined;

  const onListenerError =
    options.onListenerError ?? ((error: unknown) => logger?.error?.("A listener threw", { error: String(error) }));
  const bus = createBus<ConnectionEvents>(onListenerError);
  const waiters = createWaiters(() => arm());
  const sockets = new Map<number, Socket>();

  function attempt<T>(fn: () => T): T | undefined {
    try {
      return fn();
    } catch (error) {
      onListenerError(error);
      return undefined;
    }
  }

  // ---- the queue -----------------------------------------------------------------------------------------------

  const queue: (() => void)[] = [];
  let running = false;

  function enqueue(job: () => void): void {
    queue.push(job);
    if (running) return;
    running = true;
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) if (!disposed) next();
    } finally {
      running = false;
    }
  }

  const dispatch = (input: Input): void => enqueue(() => step(input));

  function moment(): Moment {
    const l = state.link;
    const unacked = identity?.protocol;
    return {
      now: clock.now(),
      wall: clock.wall(),
      random: random(),
      inboundAt: (l.tag === "linked" ? sockets.get(l.link)?.inboundAt : undefined) ?? Number.NEGATIVE_INFINITY,
      unackedSince: unacked?.unackedSince() ?? null,
      unackedBytes: unacked?.unackedBytes() ?? 0,
    };
  }

  function step(input: Input): void {
    const m = moment();
    // What is due is told by itself, before the input that happened to come next.
    if (input.type !== "tick" && isDue(state, m, policy)) commit({ type: "tick" }, m);
    commit(input, m);
    waiters.settle(m.now);
    arm();
  }

  function commit(input: Input, m: Moment): void {
    if (disposed) return;
    const before = snapshot;
    const next = transition(state, input, m, policy);
    if (next.state === state && next.effects.length === 0) return;
    state = next.state;
    snapshot = stableSnapshot(snapshot, snapshotOf(state, policy));
    reconcile();
    for (const effect of next.effects) carryOut(effect);
    tell(before, next.effects);
  }

  // ---- what should exist ---------------------------------------------------------------------------------------

  function reconcile(): void {
    const wanted = new Set(links(state).map((w) => w.link));
    for (const [id, socket] of sockets) if (!wanted.has(id)) closeSocket(id, socket);
    for (const id of wanted) {
      if (sockets.has(id)) continue;
      sockets.set(id, { link: undefined, protocol: undefined, inboundAt: Number.NEGATIVE_INFINITY });
      // Never in the calling tick: connect → disconnect → connect opens one socket (B4.2, R29).
      later(() => enqueue(() => openSocket(id)));
    }
    reconcileJob();
  }

  function closeSocket(id: number, { link, protocol }: Socket): void {
    protocol?.bye();
    sockets.delete(id);
    protocol?.detach();
    link?.close(1000);
  }

  function openSocket(id: number): void {
    const socket = sockets.get(id);
    if (socket === undefined || identity === undefined) return;
    // Late events of an old link die here as well as in the machine.
    const alive = (): boolean => sockets.get(id) === socket;
    const protocol = identity.protocol.attach(id, host(id, socket, alive));
    socket.protocol = protocol;
    const url = typeof options.url === "function" ? attempt(options.url) : options.url;
    socket.link = openLink(
      url ?? "",
      { subprotocols: identity.protocol.subprotocols },
      {
        opened: () => {
          if (!alive()) return;
          dispatch({ type: "opened", link: id });
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
          if (!alive()) return;
          // After a suspension the page may be visible again before its event is: a loss counts as a background
          // loss only if the app is in the background (B4.5).
          if (state.app.tag === "background" && !lifecycle.current().background) dispatch({ type: "foreground" });
          dispatch({ type: "closed", link: id, close });
        },
      },
    );
  }

  function host(id: number, socket: Socket, alive: () => boolean): ProtocolHost {
    const input = (make: Input): void => {
      if (alive()) dispatch(make);
    };
    return {
      send: (data) => {
        if (alive()) socket.link?.send(data);
      },
      welcome: (info) => input({ type: "welcome", link: id, info }),
      reject: (info) => input({ type: "reject", link: id, info }),
      goaway: (minDelayMs, spreadMs) => input({ type: "goaway", link: id, minDelayMs, spreadMs }),
      throttle: (features) => input({ type: "throttle", link: id, features }),
      probeAck: () => input({ type: "probeAck", link: id }),
      expiring: (inMs) => input({ type: "expiring", link: id, inMs }),
      tokenOk: (lifeMs) => input({ type: "tokenOk", link: id, lifeMs }),
      fault: (message) => {
        if (!alive()) return;
        socket.link?.close(4400, "malformed");
        dispatch({ type: "fault", link: id, message });
      },
      // A step for each message would be dear: only what the machine waits for is told (see state.ts, Outbox).
      outbox: () => {
        const hold = state.app.tag === "background" && state.app.hold?.why === "acks";
        if (state.outbox.tag === "idle" || hold) input({ type: "outbox" });
        else arm();
      },
    };
  }

  let request: { readonly job: number; readonly run: TokenRequest } | undefined;

  function reconcileJob(): void {
    const job = state.session.tag === "active" ? state.session.job : null;
    if (job?.job === request?.job) return;
    request?.run.abort();
    request = undefined;
    if (job === null || identity?.fetchToken === undefined) return;
    const run = identity.fetchToken(job.reason);
    request = { job: job.job, run };
    run.result.then(
      ({ token, lifeMs }) => dispatch({ type: "token", job: job.job, value: token, lifeMs }),
      (error: unknown) => dispatch({ type: "tokenFailed", job: job.job, ...tokenFault(error) }),
    );
  }

  // ---- the one physical timer ----------------------------------------------------------------------------------

  let timer: { readonly at: number; readonly hold: boolean; readonly cancel: Cancel } | undefined;

  function arm(): void {
    const all = disposed ? [] : [nextDeadline(state, policy), waiters.next(), identity?.protocol.deadline()];
    const times = all.filter((t) => t !== undefined);
    const hold = waiters.size > 0 || state.link.tag === "waiting" || state.link.tag === "dialing";
    const at = times.length === 0 ? undefined : Math.min(...times);
    // One that comes too early is let be: it looks, finds nothing due, and is set again.
    if (timer !== undefined && at !== undefined && timer.at <= at && timer.hold === hold) return;
    timer?.cancel();
    timer = undefined;
    if (at === undefined) return;
    const ms = Math.min(Math.max(0, Math.ceil(at - clock.now())), MAX_TIMER_MS);
    const cancel = clock.after(
      ms,
      () => {
        timer = undefined;
        identity?.protocol.tick();
        dispatch({ type: "tick" });
      },
      hold,
    );
    timer = { at, hold, cancel };
  }

  // ---- effects and listeners -----------------------------------------------------------------------------------

  function carryOut(effect: Effect): void {
    switch (effect.type) {
      case "probe":
        return sockets.get(effect.link)?.protocol?.probe();
      case "renew":
        return sockets.get(effect.link)?.protocol?.renew(effect.token);
      case "heartbeat":
        return sockets.get(effect.link)?.protocol?.heartbeat(effect.ms);
      case "save":
        return options.save?.(state);
      default:
        return;
    }
  }

  function tell(before: Snapshot, effects: readonly Effect[]): void {
    const now = snapshot;
    let error: ConnectionError | undefined;
    for (const e of effects) {
      if (e.type !== "error") continue;
      error = errorOf(e.fault);
      logger?.warn?.(error.message, { code: error.code, phase: error.phase });
      bus.emit("error", error);
    }
    if (now.status !== before.status) {
      logger?.info?.(`${before.status} → ${now.status}`, { reason: now.reason, attempt: now.attempt });
      const { reason, attempt, retryAt } = now;
      bus.emit(
        "status",
        Object.freeze({
          previous: before.status,
          current: now.status,
          reason,
          attempt,
          retryAt,
          ...(error && { error }),
        }),
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
    const known = listeners.get(id);
    if (known !== undefined) known.listener = listener;
    else {
      const entry = { listener, off: (): void => {} };
      const offs = [
        bus.on("error", (error) => {
          if (error.phase !== "storage") entry.listener.onConnectionError?.(error);
        }),
        bus.on("status", ({ current }) => {
          const l = entry.listener;
          if (current === "connected") l.onConnected?.();
          else if (current === "featureThrottled") l.onFeatureThrottled?.();
          else if (current === "disconnected") l.onDisconnected?.();
          else {
            l.onConnecting?.();
            l.inConnecting?.();
          }
        }),
      ];
      entry.off = () => {
        for (const off of offs) off();
      };
      listeners.set(id, entry);
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

  /** Runs a call in the queue and lets its promise be looked at before the next job. */
  function call<T>(job: () => Promise<T>): Promise<T> {
    if (disposed) return Promise.reject(connectionError("ERR_DISPOSED", "The client was disposed"));
    return new Promise<T>((resolve, reject) => {
      // A promise that waits in the queue is settled by dispose() too.
      const lost = (): void => reject(connectionError("ERR_DISPOSED", "The client was disposed"));
      queued.add(lost);
      enqueue(() => {
        queued.delete(lost);
        resolve(job());
        waiters.settle(clock.now());
        arm();
      });
    });
  }
  const queued = new Set<() => void>();

  const fail = (code: ConnectionError["code"], message: string): { readonly error: ConnectionError } => ({
    error: connectionError(code, message),
  });

  /** What stands in the way of any link, as a verdict; `undefined` for nothing. */
  function obstacle(first: boolean): { readonly error: ConnectionError } | undefined {
    const { session, link, mode } = state;
    if (session.tag === "uninitialized") return fail("ERR_NOT_INITIALIZED", "init() has not been called");
    if (session.tag === "loggedOut") {
      return first
        ? fail("ERR_NOT_LOGGED_IN", "No user is logged in")
        : fail("ERR_LOGGED_OUT", "The user was logged out");
    }
    if (link.tag === "failed") return { error: errorOf(link.fault) };
    if (mode.wish !== "on")
      return {
        error: connectionError("ERR_ABORTED", "The connection is not wanted any more", "call", {
          details: { reason: mode.wish },
        }),
      };
    return undefined;
  }

  /** Counts only the time during which a link was wanted and missing (B4.2). */
  function budget(ms: number): { look(now: number): void; until(): number | undefined } {
    let left = ms;
    let since: number | undefined;
    return {
      look(now) {
        if (state.outage !== null) since ??= now;
        else if (since !== undefined) {
          left -= now - since;
          since = undefined;
        }
      },
      until: () => (since === undefined ? undefined : since + left),
    };
  }

  function connect({ signal }: CallOptions = {}): Promise<{ readonly alreadyConnected: boolean }> {
    return call(() => {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const alreadyConnected = state.link.tag === "linked";
      step({ type: "connect" });
      const time = budget(policy.connectTimeoutMs);
      const check = (first: boolean): Verdict<{ readonly alreadyConnected: boolean }> => {
        time.look(clock.now());
        if (state.link.tag === "linked") return { ok: { alreadyConnected } };
        return obstacle(first);
      };
      return waiters.add(check, { signal, until: time.until, timedOut: connectTimedOut });
    });
  }

  function connectTimedOut(): ConnectionError {
    const { retryAt, online } = snapshot;
    const cause = snapshot.error;
    const more = {
      retryable: true,
      cause,
      details: { retryAt, lastError: cause?.code ?? null },
      ...(retryAt !== null && { retryAfterMs: Math.max(0, retryAt - clock.wall()) }),
    };
    return online
      ? connectionError(
          "ERR_CONNECT_TIMEOUT",
          `No connection within ${policy.connectTimeoutMs} ms; attempts go on`,
          "call",
          more,
        )
      : connectionError("ERR_NO_INTERNET", "No internet connection; attempts go on", "call", more);
  }

  function ping({ signal }: CallOptions = {}): Promise<PingResult> {
    return call(() => {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const { session, mode } = state;
      if (session.tag === "uninitialized")
        return Promise.reject(connectionError("ERR_NOT_INITIALIZED", "init() has not been called"));
      if (session.tag === "loggedOut")
        return Promise.reject(connectionError("ERR_NOT_LOGGED_IN", "No user is logged in"));
      if (mode.auto)
        return Promise.reject(connectionError("ERROR_PING_NOT_AVAILABLE", "ping() belongs to manual mode"));
      step({ type: "ping" });
      const pong = answer();
      const check = (): Verdict<PingResult> => {
        const verdict = pong();
        if (verdict === "pending") return undefined;
        if (verdict !== "lost") return { ok: { rttMs: verdict, leaseUntil: snapshot.leaseUntil } };
        if (state.session.tag !== "active") return fail("ERR_LOGGED_OUT", "The user was logged out");
        return {
          error: connectionError(
            "ERR_WEBSOCKET_ERROR",
            state.link.tag === "linked" ? "No pong in time" : "Not connected",
            "linked",
            { retryable: true },
          ),
        };
      };
      return waiters.add(check, { signal });
    });
  }

  /** Watches the probe that is open on the present link: its round trip in ms, `null` without a probe, `lost`, or `pending`. */
  function answer(): () => number | null | "pending" | "lost" {
    const at = state.link;
    if (at.tag !== "linked") return () => "lost";
    const n = at.probe?.n;
    return () => {
      const l = state.link;
      if (l.tag !== "linked" || l.link !== at.link) return "lost";
      if (n === undefined) return null;
      if (l.answered !== null && l.answered.n >= n) return l.answered.rttMs;
      return l.probe?.n === n ? "pending" : "lost";
    };
  }

  function check(
    input: { readonly type: "checkNow" | "reconnect" },
    { signal }: CallOptions = {},
  ): Promise<CheckResult> {
    return call(() => {
      if (signal?.aborted) return Promise.reject(signal.reason);
      const want = desire(state, policy);
      if (
        state.link.tag === "failed" ||
        want.tag !== "link" ||
        (input.type === "reconnect" && want.urgency !== "dial")
      ) {
        return Promise.reject(
          connectionError("ERR_ABORTED", "No connection is wanted now", "call", {
            details: { reason: snapshot.reason },
          }),
        );
      }
      const floor = floorUntil(state.ladder);
      step(input);
      const pong = answer();
      const look = (): Verdict<CheckResult> => {
        const l = state.link;
        const now = clock.now();
        if (l.tag === "linked") {
          const rtt = pong();
          if (rtt === "pending") return undefined;
          return {
            ok: {
              linked: true,
              rttMs: typeof rtt === "number" ? rtt : null,
              retryAt: floor > now ? clock.wall() + floor - now : null,
            },
          };
        }
        if (l.tag === "waiting") return { ok: { linked: false, rttMs: null, retryAt: snapshot.retryAt } };
        if (l.tag === "dialing") return undefined;
        return obstacle(false) ?? fail("ERR_ABORTED", "No connection is wanted now");
      };
      return waiters.add(look, { signal });
    });
  }

  const connection: Connection = {
    status: () => statusOf(state),
    snapshot: () => snapshot,
    state: () => state,
    get policy() {
      return policy;
    },
    init: ({ auto, floor = null, policy: more }) =>
      enqueue(() => {
        policy = guarded({ ...policy, ...more });
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
        step({ type: "login", user, token, lifeMs, renewable: fetchToken !== undefined });
      }),
    logout: () =>
      enqueue(() => {
        step({ type: "logout" });
        identity = undefined;
      }),
    connect,
    disconnect: () =>
      call(() => {
        step({ type: "disconnect" });
        return Promise.resolve();
      }),
    ping,
    checkNow: (o) => check({ type: "checkNow" }, o),
    reconnect: (o) => check({ type: "reconnect" }, o),
    until: (what, { signal, timeoutMs } = {}) =>
      call(() => {
        const holds =
          typeof what === "function"
            ? what
            : what === "linked"
              ? (s: Snapshot) => s.linked
              : (s: Snapshot) => s.status === what;
        const end = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
        const look = (): Verdict<Snapshot> => {
          try {
            return holds(snapshot) ? { ok: snapshot } : undefined;
          } catch (error) {
            return { error };
          }
        };
        const timedOut = (): ConnectionError =>
          connectionError("ERR_CONNECT_TIMEOUT", `It did not come to be within ${timeoutMs} ms`, "call", {
            retryable: true,
          });
        return waiters.add(look, { signal, until: () => end, timedOut });
      }),
    subscribe: (listener, o) => {
      const off = bus.on("snapshot", listener, o?.once ? { signal: o.signal } : o);
      if (!disposed && !o?.signal?.aborted) attempt(() => listener(snapshot));
      if (o?.once) off();
      return off;
    },
    on: bus.on,
    events: bus.events,
    addConnectionListener,
    removeConnectionListener,
    report: (fault) => {
      if (!disposed) bus.emit("error", errorOf(fault));
    },
    enqueue,
    dispose: () => {
      if (disposed) return;
      disposed = true;
      stopWatching?.();
      bus.clear();
      for (const [id, socket] of sockets) closeSocket(id, socket);
      request?.run.abort();
      waiters.end(() => connectionError("ERR_DISPOSED", "The client was disposed"));
      for (const lost of queued) lost();
      queue.length = 0;
      arm();
    },
    get disposed() {
      return disposed;
    },
  };
  return connection;
}

function tokenFault(error: unknown): { readonly fault: Fault; readonly terminal: boolean } {
  if (isConnectionError(error)) {
    const { code, message, phase, retryable, details, cause } = error;
    return { fault: { code, message, phase, retryable, details, cause }, terminal: !retryable };
  }
  // Any error of the app's own may be marked terminal (B2.6).
  const terminal = typeof error === "object" && error !== null && "terminal" in error && error.terminal === true;
  const message = `getToken failed: ${error instanceof Error ? error.message : String(error)}`;
  return {
    fault: { code: "ERR_TOKEN_PROVIDER", message, phase: "token", retryable: !terminal, cause: error },
    terminal,
  };
}
