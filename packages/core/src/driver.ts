/**
 * The driver: a thin shell that makes the world agree with the machine's state.
 *
 * Law: run to completion. Every input, call or callback is a job in one queue; a job asks the machine, commits the
 * state, reconciles what should exist (sockets, one token job, one physical timer), carries out the effects, tells the
 * listeners, and looks at the promises. Whatever a listener calls waits in the queue. Messages do not come
 * through here: a link hands them to its protocol, and one number is written for each.
 */
import { Bus, type ListenOptions } from "./bus.js";
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
  LinkClose,
  LinkHandlers,
  Logger,
  OpenLink,
  Protocol,
  ProtocolHost,
  ProtocolLink,
  RandomSource,
  RejectInfo,
  ThrottledFeature,
  WelcomeInfo,
} from "./ports.js";
import type { Floor, Reason, State, TokenJob } from "./state.js";
import { NONE, without } from "./step.js";
import { initialState, isDue, nextDeadline, transition } from "./transition.js";
import { type Verdict, Waiter } from "./waiters.js";

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
  /** Whether `fetchToken` may be called; with false the token that is held is all there is. */
  readonly renewable: boolean;
  /** Gets a new token. Single-flight: called again only after the last has settled or been aborted. Must not throw. */
  fetchToken(reason: TokenJob["reason"]): TokenRequest;
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
  /** The snapshot changed; called before its listeners. */
  readonly changed?: (() => void) | undefined;
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
  on<K extends keyof ConnectionEvents>(
    event: K,
    listener: (value: ConnectionEvents[K]) => void,
    options?: ListenOptions,
  ): Unsubscribe;
  /** The same as an asynchronous iterable. */
  events<K extends keyof ConnectionEvents>(event: K, options?: CallOptions): AsyncIterableIterator<ConnectionEvents[K]>;
  /** The same id replaces in place. No replay. */
  addConnectionListener(id: string, listener: ConnectionListener): Unsubscribe;
  removeConnectionListener(id: string): void;
  /** What `on` and `events` listen to. An owner may tell events of its own through it. */
  readonly bus: Bus<ConnectionEvents>;
  /** Tells the listeners of errors something that is not the connection's own. */
  report(fault: Fault): void;
  dispose(): void;
  readonly disposed: boolean;
}

const MAX_TIMER_MS = 2 ** 31 - 1;
const INFINITY = Number.POSITIVE_INFINITY;

/** The callbacks of a listener that each status calls. */
const CALLS = {
  connected: ["onConnected"],
  connecting: ["onConnecting", "inConnecting"],
  disconnected: ["onDisconnected"],
  featureThrottled: ["onFeatureThrottled"],
} as const;

/**
 * A socket that exists: what the transport and the protocol of one link call. Late events of an old link die here as
 * well as in the machine. One object with prototype methods, for there is one in each of thousands of clients.
 */
class Socket implements LinkHandlers, ProtocolHost {
  link: Link | undefined;
  protocol: ProtocolLink | undefined;
  inboundAt: number = -INFINITY;
  readonly id: number;
  readonly #driver: Driver;

  constructor(driver: Driver, id: number) {
    this.#driver = driver;
    this.id = id;
  }

  get alive(): boolean {
    return this.#driver.sockets.includes(this);
  }

  #word(input: Input): void {
    if (this.alive) this.#driver.dispatch(input);
  }

  // The transport's.
  opened(): void {
    this.#word({ type: "opened", link: this.id });
    this.#driver.enqueue(() => {
      const { session } = this.#driver.state();
      if (this.alive && session.tag === "active") this.protocol?.opened(session.token?.value ?? null);
    });
  }
  message(data: string | Uint8Array): void {
    if (!this.alive) return;
    this.inboundAt = this.#driver.clock.now();
    this.protocol?.message(data);
  }
  closed(close: LinkClose): void {
    if (this.alive) this.#driver.beforeLoss();
    this.#word({ type: "closed", link: this.id, close });
  }

  // The protocol's.
  send(data: string | Uint8Array): void {
    if (this.alive) this.link?.send(data);
  }
  welcome(info: WelcomeInfo): void {
    this.#word({ type: "welcome", link: this.id, info });
  }
  reject(info: RejectInfo): void {
    this.#word({ type: "reject", link: this.id, info });
  }
  goaway(minDelayMs: number, spreadMs: number): void {
    this.#word({ type: "goaway", link: this.id, minDelayMs, spreadMs });
  }
  throttle(features: readonly ThrottledFeature[]): void {
    this.#word({ type: "throttle", link: this.id, features });
  }
  probeAck(): void {
    this.#word({ type: "probeAck", link: this.id });
  }
  expiring(inMs: number): void {
    this.#word({ type: "expiring", link: this.id, inMs });
  }
  tokenOk(lifeMs: number | null): void {
    this.#word({ type: "tokenOk", link: this.id, lifeMs });
  }
  fault(message: string): void {
    if (this.alive) this.link?.close(4400);
    this.#word({ type: "fault", link: this.id, message });
  }
  outbox(): void {
    if (this.alive) this.#driver.outbox();
  }
}

/** The connection over the given ports. Constructing it does nothing. */
export function createConnection(options: ConnectionOptions): Connection {
  return new Driver(options);
}

class Driver implements Connection {
  readonly clock: Clock;
  /** Those that exist; at most two. */
  sockets: readonly Socket[] = NONE;
  disposed = false;
  readonly #options: ConnectionOptions;
  readonly bus: Bus<ConnectionEvents>;
  #policy: Policy;
  #state: State;
  #snapshot: Snapshot;
  #identity: Identity | undefined;
  #stopWatching: Cancel | undefined;
  #queue: (() => void)[] | undefined;
  #waiters: readonly Waiter[] = NONE;
  #request: { readonly job: number; readonly run: TokenRequest } | undefined;
  #listeners: readonly { readonly id: string; listener: ConnectionListener; readonly off: () => void }[] = NONE;
  /** The one physical timer. */
  #timerAt = INFINITY;
  #timerHold = false;
  #cancelTimer: Cancel | undefined;

  constructor(options: ConnectionOptions) {
    const { clock } = options;
    this.clock = clock;
    this.#options = options;
    this.bus = new Bus(this);
    this.#policy = this.#revised(defaultPolicy, options.policy);
    this.#state = initialState(this.#policy, { now: clock.now(), wall: clock.wall() });
    this.#snapshot = stableSnapshot(undefined, snapshotOf(this.#state, this.#policy));
  }

  /** What a listener threw, for the bus too. */
  onListenerError(error: unknown): void {
    const { onListenerError, logger } = this.#options;
    if (onListenerError) onListenerError.call(this.#options, error);
    else logger?.error?.(String(error));
  }

  #attempt<T>(fn: () => T): T | undefined {
    try {
      return fn();
    } catch (error) {
      this.onListenerError(error);
      return undefined;
    }
  }

  #revised(before: Policy, more: Partial<Policy> = {}): Policy {
    if (Object.keys(more).length === 0) return before;
    const { background = before.background, shouldRetry } = more;
    return {
      ...before,
      ...more,
      // A copy, for the snapshot that shows it is frozen.
      background: typeof background === "object" ? { ...background } : background,
      // A throwing shouldRetry must not break a step: the default then stands.
      shouldRetry: shouldRetry ? (f, c) => this.#attempt(() => shouldRetry(f, c)) : before.shouldRetry,
    };
  }

  // ---- the queue -----------------------------------------------------------------------------------------------

  enqueue(job: () => void): void {
    if (this.#queue) {
      this.#queue.push(job);
      return;
    }
    this.#queue = [job];
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next();
    } finally {
      this.#queue = undefined;
    }
  }

  dispatch(input: Input): void {
    this.enqueue(() => this.#step(input));
  }

  #step(input: Input): void {
    const { clock } = this;
    const protocol = this.#identity?.protocol;
    const current = currentLink(this.#state);
    const m: Moment = {
      now: clock.now(),
      wall: clock.wall(),
      random: this.#options.random(),
      inboundAt: this.sockets.find(({ id }) => id === current)?.inboundAt ?? -INFINITY,
      unackedSince: protocol?.unackedSince() ?? null,
      unackedBytes: protocol?.unackedBytes() ?? 0,
    };
    // What is due is told by itself, before the input that happened to come next.
    if (isDue(this.#state, m, this.#policy)) this.#commit({ type: "tick" }, m);
    this.#commit(input, m);
    this.#settle();
  }

  #commit(input: Input, m: Moment): void {
    if (this.disposed) return;
    const before = this.#snapshot;
    const { state, effects } = transition(this.#state, input, m, this.#policy);
    if (state === this.#state && effects.length === 0) return;
    this.#state = state;
    this.#snapshot = stableSnapshot(before, snapshotOf(state, this.#policy));
    this.#reconcile(input);
    for (const effect of effects) this.#carryOut(effect);
    this.#tell(before, effects);
  }

  /** Looks at the promises, and sets the timer for what comes next. */
  #settle(): void {
    for (const waiter of this.#waiters) waiter.look(this.clock.now());
    this.#arm();
  }

  #wait<T>(
    check: () => Verdict<T>,
    signal?: AbortSignalLike,
    until?: () => number | undefined,
    timedOut?: () => unknown,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter = new Waiter(
        check,
        resolve as (value: unknown) => void,
        reject,
        signal,
        until,
        timedOut,
        () => {
          this.#waiters = without(this.#waiters, waiter);
          this.#arm();
        },
      );
      this.#waiters = this.#waiters.concat(waiter);
    });
  }

  // ---- what should exist ---------------------------------------------------------------------------------------

  #reconcile({ type }: Input): void {
    const wanted = links(this.#state);
    for (const socket of this.sockets) if (!wanted.includes(socket.id)) this.#close(socket);
    for (const id of wanted) {
      if (this.sockets.some((s) => s.id === id)) continue;
      const socket = new Socket(this, id);
      this.sockets = this.sockets.concat(socket);
      const open = (): void => this.enqueue(() => this.#open(socket));
      // Never in the calling tick: connect → disconnect → connect opens one socket (B4.2, R29). A timer's task is nobody's call.
      if (type === "tick") open();
      else this.#later(open);
    }
    const job = this.#state.session.tag === "active" ? this.#state.session.job : null;
    if (job?.job !== this.#request?.job) this.#reconcileJob(job);
  }

  #later(fn: () => unknown): void {
    if (this.clock.later) this.clock.later(fn);
    else this.clock.after(0, fn);
  }

  #close(socket: Socket): void {
    socket.protocol?.bye();
    this.sockets = without(this.sockets, socket);
    socket.protocol?.detach();
    socket.link?.close(1000);
  }

  #open(socket: Socket): void {
    const protocol = this.#identity?.protocol;
    if (!socket.alive || !protocol) return;
    const { openLink } = this.#options;
    socket.protocol = protocol.attach(socket.id, socket);
    socket.link = openLink(this.#url() ?? "", protocol, socket);
  }

  #url(): string | undefined {
    const { url } = this.#options;
    // With its receiver: the options may be an object with methods.
    return typeof url === "string" ? url : this.#attempt(() => url.call(this.#options));
  }

  #reconcileJob(wanted: TokenJob | null): void {
    this.#request?.run.abort();
    this.#request = undefined;
    const run = wanted && this.#identity?.fetchToken(wanted.reason);
    if (!run) return;
    const { job } = wanted;
    this.#request = { job, run };
    run.result.then(
      ({ token, lifeMs }) => this.dispatch({ type: "token", job, value: token, lifeMs }),
      (error: unknown) => this.dispatch({ type: "tokenFailed", job, ...tokenFault(error) }),
    );
  }

  #arm(): void {
    const protocol = this.#identity?.protocol;
    const { tag } = this.#state.link;
    let at = this.disposed
      ? INFINITY
      : Math.min(nextDeadline(this.#state, this.#policy), protocol?.deadline() ?? INFINITY);
    if (!this.disposed) for (const { until } of this.#waiters) at = Math.min(at, until?.() ?? INFINITY);
    const hold = this.#waiters.length > 0 || tag === "waiting" || tag === "dialing";
    // One that comes too early is let be: it looks, finds nothing due, and is set again.
    if (this.#cancelTimer && this.#timerAt <= at && this.#timerHold === hold && at < INFINITY) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (at === INFINITY) return;
    const ms = Math.ceil(at - this.clock.now());
    this.#timerAt = at;
    this.#timerHold = hold;
    if (ms > 0) this.#cancelTimer = this.clock.after(Math.min(ms, MAX_TIMER_MS), this.#fire, hold);
    else {
      // Due already: the next task will do, and a timer of 0 ms is a millisecond late.
      const cancel = (): void => {
        this.#cancelTimer = undefined;
      };
      this.#cancelTimer = cancel;
      this.#later(() => this.#cancelTimer === cancel && this.#fire());
    }
  }

  readonly #fire = (): void => {
    this.#cancelTimer = undefined;
    this.#identity?.protocol.tick();
    this.dispatch({ type: "tick" });
  };

  /** After a suspension the app may be in the foreground again before its event says so: a loss counts as a background loss only if the app is in the background (B4.5). */
  beforeLoss(): void {
    if (this.#state.app.tag === "background" && !this.#options.lifecycle.current().background)
      this.dispatch({ type: "foreground" });
  }

  /** A step for each message would be dear: the machine is told only when it would look too late (see state.ts, lookAt). */
  outbox(): void {
    const { link: l, app } = this.#state;
    const soon = this.clock.now() + this.#policy.ackProbeMs;
    const late = l.tag === "linked" && (l.lookAt ?? INFINITY) > soon;
    if (late || (app.tag === "background" && app.hold?.why === "acks")) this.dispatch({ type: "outbox" });
    this.#arm();
  }

  // ---- effects and listeners -----------------------------------------------------------------------------------

  #carryOut(effect: Effect): void {
    if (effect.type === "save") this.#options.save?.(this.#state);
    const protocol = "link" in effect ? this.sockets.find(({ id }) => id === effect.link)?.protocol : undefined;
    if (effect.type === "probe") protocol?.probe();
    if (effect.type === "renew") protocol?.renew(effect.token);
    if (effect.type === "heartbeat") protocol?.heartbeat(effect.ms);
  }

  #tell(before: Snapshot, effects: readonly Effect[]): void {
    const { logger } = this.#options;
    const now = this.#snapshot;
    if (now !== before) this.#options.changed?.();
    const { status: current, reason, attempt, retryAt } = now;
    let error: ConnectionError | undefined;
    for (const e of effects) {
      if (e.type !== "error") continue;
      error = errorOf(e.fault);
      logger?.warn?.(error.message, { code: error.code, phase: error.phase });
      this.bus.emit("error", error);
    }
    if (current !== before.status) {
      logger?.info?.(current, { reason, attempt });
      const change = { previous: before.status, current, reason, attempt, retryAt, ...(error && { error }) };
      this.bus.emit("status", Object.freeze(change));
    }
    if (now !== before) this.bus.emit("snapshot", now);
    for (const e of effects) {
      if (e.type !== "session") continue;
      const { recovery, session } = e.info;
      this.bus.emit("session", Object.freeze({ recovery, session, downtimeMs: e.downtimeMs, link: now.link ?? 0 }));
    }
  }

  addConnectionListener(id: string, listener: ConnectionListener): Unsubscribe {
    const known = this.#listeners.find((l) => l.id === id);
    // The same id replaces in place: the registration stays where it is in the order.
    if (known) known.listener = listener;
    else {
      const error = this.bus.on("error", (e) => {
        if (e.phase !== "storage") entry.listener.onConnectionError?.(e);
      });
      const status = this.bus.on("status", ({ current }) => {
        for (const call of CALLS[current]) entry.listener[call]?.();
      });
      const off = (): void => {
        error();
        status();
      };
      const entry = { id, listener, off };
      this.#listeners = this.#listeners.concat(entry);
    }
    return unsubscribe(() => {
      // Another listener may have taken the id since.
      if (this.#listeners.some((l) => l.listener === listener)) this.removeConnectionListener(id);
    });
  }

  removeConnectionListener(id: string): void {
    this.#listeners.find((l) => l.id === id)?.off();
    this.#listeners = this.#listeners.filter((l) => l.id !== id);
  }

  on<K extends keyof ConnectionEvents>(
    event: K,
    listener: (value: ConnectionEvents[K]) => void,
    o?: ListenOptions,
  ): Unsubscribe {
    return this.bus.on(event, listener, o);
  }

  events<K extends keyof ConnectionEvents>(event: K, o?: CallOptions): AsyncIterableIterator<ConnectionEvents[K]> {
    return this.bus.events(event, o);
  }

  subscribe(listener: (s: Snapshot) => void, { signal, once }: ListenOptions = {}): Unsubscribe {
    const off = this.bus.on("snapshot", listener, { signal });
    if (!this.disposed && !signal?.aborted) this.#attempt(() => listener(this.#snapshot));
    if (once) off();
    return off;
  }

  report(fault: Fault): void {
    this.bus.emit("error", errorOf(fault));
  }

  // ---- calls ---------------------------------------------------------------------------------------------------

  status(): Status {
    return statusOf(this.#state);
  }
  snapshot(): Snapshot {
    return this.#snapshot;
  }
  state(): State {
    return this.#state;
  }

  init({ auto, floor = null, policy }: Parameters<Connection["init"]>[0]): void {
    const { lifecycle } = this.#options;
    this.enqueue(() => {
      if (this.disposed) return;
      this.#policy = this.#revised(this.#policy, policy);
      this.#watch();
      this.#step({ type: "init", auto, floor });
      const { background, online } = lifecycle.current();
      if (background) this.#step({ type: "background" });
      if (!online) this.#step({ type: "offline" });
    });
  }

  // A method of its own, for what it leaves behind holds nothing but the driver.
  #watch(): void {
    this.#stopWatching ??= this.#options.lifecycle.watch((signal) => this.dispatch(signal));
  }

  login(who: Identity): void {
    this.enqueue(() => {
      this.#identity = who;
      const { user, token, lifeMs, renewable } = who;
      this.#step({ type: "login", user, token, lifeMs, renewable });
    });
  }

  logout(): void {
    this.enqueue(() => {
      this.#step({ type: "logout" });
      this.#identity = undefined;
    });
  }

  /** Runs a call in the queue, and looks at its promise before the next job. */
  #call<T>(job: () => Promise<T>, signal?: AbortSignalLike): Promise<T> {
    return new Promise<T>((resolve, reject) =>
      this.enqueue(() => {
        if (this.disposed) return reject(refused("ERR_DISPOSED"));
        if (signal?.aborted) return reject(signal.reason);
        resolve(job());
        this.#settle();
      }),
    );
  }

  /** What stands in the way of any link; `undefined` for nothing. */
  #obstacle(loggedOut: "ERR_NOT_LOGGED_IN" | "ERR_LOGGED_OUT"): { readonly error: ConnectionError } | undefined {
    const { session, link, mode } = this.#state;
    if (session.tag === "uninitialized") return { error: refused("ERR_NOT_INITIALIZED") };
    if (session.tag === "loggedOut") return { error: refused(loggedOut) };
    if (link.tag === "failed") return { error: errorOf(link.fault) };
    return mode.wish === "on" ? undefined : { error: refused("ERR_ABORTED", mode.wish) };
  }

  connect({ signal }: CallOptions = {}): Promise<{ readonly alreadyConnected: boolean }> {
    return this.#call(() => {
      const alreadyConnected = this.#state.link.tag === "linked";
      let loggedOut: "ERR_NOT_LOGGED_IN" | "ERR_LOGGED_OUT" = "ERR_NOT_LOGGED_IN";
      this.#step({ type: "connect" });
      // Counts only the time during which a link was wanted and missing (B4.2).
      let left = this.#policy.connectTimeoutMs;
      let since: number | undefined;
      const check = (): Verdict<{ readonly alreadyConnected: boolean }> => {
        const now = this.clock.now();
        if (since !== undefined) left -= now - since;
        since = this.#state.outage ? now : undefined;
        const found = this.#state.link.tag === "linked" ? { ok: { alreadyConnected } } : this.#obstacle(loggedOut);
        loggedOut = "ERR_LOGGED_OUT";
        return found;
      };
      const until = (): number | undefined => (since === undefined ? undefined : since + left);
      return this.#wait(check, signal, until, () => this.#connectTimedOut());
    }, signal);
  }

  #connectTimedOut(): ConnectionError {
    const { retryAt, online, error: cause } = this.#snapshot;
    const code = online ? "ERR_CONNECT_TIMEOUT" : "ERR_NO_INTERNET";
    return connectionError(code, "Not connected in time; attempts go on", "call", {
      retryable: true,
      cause,
      details: { retryAt, lastError: cause?.code },
      ...(retryAt && { retryAfterMs: Math.max(0, retryAt - this.clock.wall()) }),
    });
  }

  disconnect(): Promise<void> {
    return this.#call(async () => this.#step({ type: "disconnect" }));
  }

  ping({ signal }: CallOptions = {}): Promise<PingResult> {
    return this.#call(() => {
      const none = this.#state.session.tag !== "active" && this.#obstacle("ERR_NOT_LOGGED_IN");
      if (none) return Promise.reject(none.error);
      if (this.#state.mode.auto) return Promise.reject(refused("ERROR_PING_NOT_AVAILABLE"));
      this.#step({ type: "ping" });
      const pong = this.#answer();
      return this.#wait((): Verdict<PingResult> => {
        const rttMs = pong();
        if (rttMs === "pending") return undefined;
        if (rttMs !== "lost") return { ok: { rttMs, leaseUntil: this.#snapshot.leaseUntil } };
        const code = this.#state.session.tag === "active" ? "ERR_WEBSOCKET_ERROR" : "ERR_LOGGED_OUT";
        return { error: connectionError(code, "No pong", "linked", { retryable: true }) };
      }, signal);
    }, signal);
  }

  /** Watches the probe that is open on the present link: its round trip in ms, `null` without a probe, `lost`, or `pending`. */
  #answer(): () => number | null | "pending" | "lost" {
    const { link: at } = this.#state;
    return () => {
      const { link: l } = this.#state;
      if (at.tag !== "linked" || l.tag !== "linked" || l.link !== at.link) return "lost";
      const n = at.probe?.n;
      if (!n) return null;
      if (l.answered && l.answered.n >= n) return l.answered.rttMs;
      return l.probe?.n === n ? "pending" : "lost";
    };
  }

  checkNow(o?: CallOptions): Promise<CheckResult> {
    return this.#check("checkNow", o);
  }
  reconnect(o?: CallOptions): Promise<CheckResult> {
    return this.#check("reconnect", o);
  }

  #check(type: "checkNow" | "reconnect", { signal }: CallOptions = {}): Promise<CheckResult> {
    return this.#call(() => {
      const { ladder, reason } = this.#state;
      const want = desire(this.#state, this.#policy);
      if (
        this.#state.link.tag === "failed" ||
        want.tag !== "link" ||
        (type === "reconnect" && want.urgency !== "dial")
      ) {
        return Promise.reject(refused("ERR_ABORTED", reason));
      }
      const floor = floorUntil(ladder);
      this.#step({ type });
      const pong = this.#answer();
      return this.#wait((): Verdict<CheckResult> => {
        const { tag } = this.#state.link;
        if (tag === "dialing") return undefined;
        if (tag === "waiting") return { ok: { linked: false, rttMs: null, retryAt: this.#snapshot.retryAt } };
        if (tag !== "linked")
          return this.#obstacle("ERR_LOGGED_OUT") ?? { error: refused("ERR_ABORTED", this.#state.reason) };
        const rttMs = pong();
        if (rttMs === "pending") return undefined;
        const below = floor - this.clock.now();
        const retryAt = below > 0 ? this.clock.wall() + below : null;
        return { ok: { linked: true, rttMs: rttMs === "lost" ? null : rttMs, retryAt } };
      }, signal);
    }, signal);
  }

  until(
    what: Status | "linked" | ((s: Snapshot) => boolean),
    { signal, timeoutMs }: CallOptions & { readonly timeoutMs?: number | undefined } = {},
  ): Promise<Snapshot> {
    return this.#call(() => {
      const end = timeoutMs === undefined ? undefined : this.clock.now() + timeoutMs;
      const look = (): Verdict<Snapshot> => {
        const s = this.#snapshot;
        try {
          const holds = typeof what === "function" ? what(s) : what === "linked" ? s.linked : s.status === what;
          return holds ? { ok: s } : undefined;
        } catch (error) {
          return { error };
        }
      };
      return this.#wait(
        look,
        signal,
        () => end,
        () => refused("ERR_CONNECT_TIMEOUT"),
      );
    }, signal);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.#stopWatching?.();
    this.bus.clear();
    for (const socket of this.sockets) this.#close(socket);
    this.#request?.run.abort();
    for (const waiter of this.#waiters) waiter.reject(refused("ERR_DISPOSED"));
    this.#arm();
  }
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
