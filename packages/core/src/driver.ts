/**
 * The driver: a thin shell that makes the world agree with the machine's state.
 *
 * Law: run to completion. Every input, call or callback is a job in one queue; a job asks the machine, commits the
 * state, reconciles what should exist (sockets, one token job, one physical timer), carries out the effects, tells the
 * listeners, and looks at the promises. Whatever a listener calls waits in the queue. Messages do not come
 * through here: a link hands them to its protocol, and one number is written for each.
 */
import { Bus, type ListenOptions } from "./bus.js";
import { type Caller, check, connect, type Look, ping, refused, until, type Waiter } from "./calls.js";
import type {
  CallOptions,
  CheckResult,
  Connection,
  ConnectionEvents,
  ConnectionListener,
  ConnectionOptions,
  Identity,
  PingResult,
  TokenRequest,
} from "./connection.js";
import { dueDeadline, nextDeadline } from "./deadlines.js";
import { links, type Snapshot, type Status, snapshotOf, stableSnapshot, statusOf } from "./derive.js";
import type { Unsubscribe } from "./disposable.js";
import { type ConnectionError, errorOf, type Fault, isConnectionError } from "./errors.js";
import type { Effect, Input, Moment } from "./events.js";
import { currentLink } from "./link.js";
import { listen, Registry } from "./listener.js";
import { defaultPolicy, type Policy } from "./policy.js";
import type { Cancel, Clock, LifecycleSignal } from "./ports.js";
import { Recorder, type Trace } from "./recorder.js";
import { Socket, type SocketOwner } from "./socket.js";
import type { State, TokenJob } from "./state.js";
import { NEVER, NONE, without } from "./step.js";
import { initialState, transition } from "./transition.js";

const MAX_TIMER_MS = 2 ** 31 - 1;
const TICK: Input = { type: "tick" };

/** The connection over the given ports. Constructing it does nothing. */
export function createConnection(options: ConnectionOptions): Connection {
  return new Driver(options);
}

class Driver implements Connection, SocketOwner, Caller {
  readonly clock: Clock;
  /** Those that exist; at most two. */
  sockets: readonly Socket[] = NONE;
  disposed = false;
  readonly #options: ConnectionOptions;
  readonly bus: Bus<ConnectionEvents>;
  policy: Policy;
  readonly #recorder: Recorder;
  #state: State;
  #snapshot: Snapshot | undefined;
  /** The state that `#snapshot` shows. */
  #shown: State | undefined;
  #identity: Identity | undefined;
  #stopWatching: Cancel | undefined;
  #queue: (() => void)[] | undefined;
  #waiters: readonly Waiter[] = NONE;
  #request: { readonly job: number; readonly run: TokenRequest } | undefined;
  #listeners: Registry<ConnectionListener> | undefined;
  /** The one physical timer. */
  #timerAt = NEVER;
  #timerHold = false;
  #cancelTimer: Cancel | undefined;

  constructor(options: ConnectionOptions) {
    this.clock = options.clock;
    this.#options = options;
    this.bus = new Bus(this);
    this.policy = this.#revised(defaultPolicy, options.policy);
    this.#state = initialState(this.policy, { now: this.clock.now(), wall: this.clock.wall() });
    this.#recorder = new Recorder(this.policy, this.#state.since);
  }

  /** What a listener threw, for the bus too. */
  onListenerError(error: unknown): void {
    try {
      if (this.#options.onListenerError) this.#options.onListenerError(error);
      else this.#options.logger?.error?.(String(error));
    } catch {
      // Who is told of what listeners throw must not stop the connection either: there is nobody left to tell.
    }
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
      shouldRetry: shouldRetry
        ? (f, c) => this.#recorder.verdict(this.#attempt(() => shouldRetry(f, c)))
        : before.shouldRetry,
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
      // What is put in meanwhile has its turn too.
      for (const next of this.#queue) next();
    } finally {
      this.#queue = undefined;
    }
  }

  dispatch(input: Input): void {
    this.enqueue(() => this.step(input));
  }

  step(input: Input): void {
    const m: Moment = {
      now: this.clock.now(),
      wall: this.clock.wall(),
      random: this.#options.random(),
      inboundAt: this.#inboundAt(currentLink(this.#state)),
      unackedSince: this.#unackedSince(),
      unackedBytes: this.#identity?.protocol.unackedBytes() ?? 0,
    };
    // What is due is told by itself, before the input that happened to come next.
    if (dueDeadline(this.#state, m, this.policy)) this.#commit(TICK, m);
    // A tick has nothing to say beyond that.
    if (input.type !== "tick") this.#commit(input, m);
    this.#settle();
  }

  #commit(input: Input, m: Moment): void {
    if (this.disposed) return;
    const { changed, logger } = this.#options;
    // Where nobody listens nothing is made for listeners: of what a refused dial costs, it is a tenth.
    const before = (changed || logger || this.bus.length) && this.snapshot();
    const { state, effects } = transition(this.#state, input, m, this.policy);
    if (state === this.#state && effects.length === 0) return;
    this.#recorder.record(this.#state, input, m, this.policy);
    this.#state = state;
    this.#reconcile(input);
    for (const effect of effects) this.#carryOut(effect);
    if (before) this.#tell(before, effects);
  }

  /** Looks at the promises, and sets the timer for what comes next. */
  #settle(): void {
    for (const waiter of this.#waiters) waiter.look();
    this.#arm();
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

    socket.protocol = protocol.attach(socket.id, socket);
    socket.link = this.#options.openLink(this.#url() ?? "", protocol, socket);
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
    this.#request = { job: wanted.job, run };
    run.result.then(
      ({ token, lifeMs }) => this.dispatch({ type: "token", job: wanted.job, value: token, lifeMs }),
      (error: unknown) => this.dispatch({ type: "tokenFailed", job: wanted.job, ...tokenFault(error) }),
    );
  }

  /**
   * Where a look would put itself, when the peer has spoken since it was set: nothing else would come of it, and so an idle client
   * takes no step for each heartbeat. `undefined`: where the state has it, which stays as it is.
   */
  #lookAt(): number | undefined {
    const { link } = this.#state;
    if (link.tag !== "linked" || link.lookAt === null || link.heartbeatMs === null) return undefined;
    const at = this.#inboundAt(link.link) + link.heartbeatMs + this.policy.quietSlackMs;
    return at > link.lookAt && this.#unackedSince() === null ? at : undefined;
  }

  #inboundAt(link: number | undefined): number {
    return this.sockets.find(({ id }) => id === link)?.inboundAt ?? Number.NEGATIVE_INFINITY;
  }

  #unackedSince(): number | null {
    return this.#identity?.protocol.unackedSince() ?? null;
  }

  #arm(): void {
    const m = { now: this.clock.now(), wall: this.clock.wall() };
    const due = this.#identity?.protocol.deadline();
    let at = Math.min(nextDeadline(this.#state, m, this.policy, this.#lookAt()), due ?? NEVER);
    for (const { until } of this.#waiters) at = Math.min(at, until);
    // A linked client's socket holds a process by itself (B9.2).
    const hold =
      this.#waiters.length > 0 ||
      this.#state.link.tag === "waiting" ||
      this.#state.link.tag === "dialing" ||
      (this.#state.link.tag !== "linked" && due !== undefined);
    const idle = this.disposed || (!hold && at === NEVER);
    // One that comes too early is let be: it looks, finds nothing due, and is set again.
    if (this.#cancelTimer && this.#timerAt <= at && this.#timerHold === hold && !idle) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (idle) return;
    const ms = Math.ceil(at - m.now);
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

  // Beside `#fire`, with which it shares what it holds.
  readonly #hear = (signal: LifecycleSignal): void => this.dispatch(signal);

  readonly #fire = (): void => {
    this.#cancelTimer = undefined;
    this.#identity?.protocol.tick();
    const lookAt = this.#lookAt();
    const at = { now: this.clock.now(), wall: this.clock.wall() };
    if (lookAt !== undefined && this.#waiters.length === 0 && !dueDeadline(this.#state, at, this.policy, lookAt))
      this.#arm();
    else this.dispatch(TICK);
  };

  /** After a suspension the app may be in the foreground again before its event says so: a loss counts as a background loss only if the app is in the background (B4.5). */
  beforeLoss(): void {
    if (this.#state.app.tag === "background" && !this.#options.lifecycle.current().background)
      this.dispatch({ type: "foreground" });
  }

  /** A step for each message would be dear: the machine is told only when it would look too late (see state.ts, lookAt). */
  outbox(): void {
    const soon = this.clock.now() + this.policy.ackProbeMs;
    const late = this.#state.link.tag === "linked" && (this.#state.link.lookAt ?? NEVER) > soon;
    if (late || (this.#state.app.tag === "background" && this.#state.app.hold?.why === "acks"))
      this.dispatch({ type: "outbox" });
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
    const now = this.snapshot();
    if (now !== before) this.#options.changed?.();

    let error: ConnectionError | undefined;
    for (const e of effects) {
      if (e.type !== "error") continue;
      const told = errorOf(e.fault);
      error = told;
      this.#attempt(() => this.#options.logger?.warn?.(told.message, { code: told.code, phase: told.phase }));
      this.bus.emit("error", told);
    }
    if (now.status !== before.status) {
      this.#attempt(() => this.#options.logger?.info?.(now.status, { reason: now.reason, attempt: now.attempt }));
      const change = {
        previous: before.status,
        current: now.status,
        reason: now.reason,
        attempt: now.attempt,
        retryAt: now.retryAt,
        ...(error && { error }),
      };
      this.bus.emit("status", Object.freeze(change));
    }
    if (now !== before) this.bus.emit("snapshot", now);
    for (const e of effects) {
      if (e.type !== "session") continue;
      this.bus.emit(
        "session",
        Object.freeze({
          recovery: e.info.recovery,
          session: e.info.session,
          downtimeMs: e.downtimeMs,
          link: now.link as number,
        }),
      );
    }
  }

  addConnectionListener(id: string, listener: ConnectionListener): Unsubscribe {
    this.#listeners ??= new Registry();
    return this.#listeners.add(id, listener, (entry) => listen(this.bus, entry));
  }

  removeConnectionListener(id: string): void {
    this.#listeners?.remove(id);
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
    if (!this.disposed && !signal?.aborted) this.#attempt(() => listener(this.snapshot()));
    if (once) off();
    return off;
  }

  hint(fault: Fault): void {
    this.dispatch({ type: "hint", fault });
  }

  report(fault: Fault): void {
    this.bus.emit("error", errorOf(fault));
  }

  // ---- calls ---------------------------------------------------------------------------------------------------

  status(): Status {
    return statusOf(this.#state);
  }
  snapshot(): Snapshot {
    if (this.#shown !== this.#state) {
      this.#shown = this.#state;
      this.#snapshot = stableSnapshot(this.#snapshot, snapshotOf(this.#state, this.policy));
    }
    return this.#snapshot as Snapshot;
  }
  state(): State {
    return this.#state;
  }

  trace(): Trace {
    return this.#recorder.trace(this.#state);
  }

  init({ auto, floor = null, policy }: Parameters<Connection["init"]>[0]): void {
    this.enqueue(() => {
      if (this.disposed) return;
      this.policy = this.#revised(this.policy, policy);
      this.#stopWatching ??= this.#options.lifecycle.watch(this.#hear);
      this.step({ type: "init", auto, floor });
      const { background, online } = this.#options.lifecycle.current();
      if (background) this.step({ type: "background" });
      if (!online) this.step({ type: "offline" });
    });
  }

  login(who: Identity): void {
    this.enqueue(() => {
      this.#identity = who;

      this.step({ type: "login", user: who.user, token: who.token, lifeMs: who.lifeMs, renewable: who.renewable });
    });
  }

  relogin(renewable: boolean): void {
    this.dispatch({ type: "relogin", renewable });
  }

  logout(): void {
    this.enqueue(() => {
      this.step({ type: "logout" });
      this.#identity = undefined;
    });
  }

  /** Runs a call in the queue, and looks at its promise after every step. */
  #call<T>(start: () => Look<T>, { signal }: CallOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) =>
      this.enqueue(() => {
        let check: Look<T> = (self) => {
          // For the looks after the call's own step.
          check = () => undefined;
          check = start();
          return check(self);
        };
        const look = (): void => {
          try {
            if (this.disposed) throw refused("ERR_DISPOSED");
            // React Native's signals know no reason.
            if (signal?.aborted) throw signal.reason ?? refused("ERR_ABORTED");
            const value = check(waiter);
            if (value === undefined) return;
            resolve(value);
          } catch (error) {
            reject(error);
          }
          signal?.removeEventListener("abort", look);
          this.#waiters = without(this.#waiters, waiter);
          this.#arm();
        };
        const waiter: Waiter = { until: NEVER, look };
        signal?.addEventListener("abort", look);
        this.#waiters = this.#waiters.concat(waiter);
        this.#settle();
      }),
    );
  }

  connect(o?: CallOptions): Promise<{ readonly alreadyConnected: boolean }> {
    return this.#call(() => connect(this), o);
  }
  async disconnect(): Promise<void> {
    await this.#call(() => {
      this.step({ type: "disconnect" });
      return () => true;
    });
  }
  ping(o?: CallOptions): Promise<PingResult> {
    return this.#call(() => ping(this), o);
  }
  checkNow(o?: CallOptions): Promise<CheckResult> {
    return this.#call(() => check(this, "checkNow"), o);
  }
  reconnect(o?: CallOptions): Promise<CheckResult> {
    return this.#call(() => check(this, "reconnect"), o);
  }
  until(
    what: Status | "linked" | ((s: Snapshot) => boolean),
    o?: CallOptions & { readonly timeoutMs?: number | undefined },
  ): Promise<Snapshot> {
    return this.#call(() => until(this, what, o?.timeoutMs), o);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.#stopWatching?.();
    this.bus.clear();
    for (const socket of this.sockets) this.#close(socket);
    this.#request?.run.abort();
    this.#settle();
  }
}

function tokenFault(error: unknown): { readonly fault: Fault; readonly terminal: boolean } {
  if (isConnectionError(error)) return { fault: { ...error, message: error.message }, terminal: !error.retryable };
  // Any error of the app's own may be marked terminal (B2.6).
  const terminal = (error as { terminal?: unknown } | undefined)?.terminal === true;
  return {
    fault: { code: "ERR_TOKEN_PROVIDER", message: String(error), phase: "token", retryable: !terminal, cause: error },
    terminal,
  };
}
