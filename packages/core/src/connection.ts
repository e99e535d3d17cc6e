/**
 * The connection's public shape: what an owner gives, what a user calls and hears. Law: nothing here runs.
 */
import type { Bus, ListenOptions } from "./bus.js";
import type { Snapshot, Status } from "./derive.js";
import type { Unsubscribe } from "./disposable.js";
import type { ConnectionError, Fault } from "./errors.js";
import type { Policy } from "./policy.js";
import type {
  AbortSignalLike,
  Clock,
  Lifecycle,
  Logger,
  OpenLink,
  Protocol,
  RandomSource,
  WelcomeInfo,
} from "./ports.js";
import type { Trace } from "./recorder.js";
import type { Floor, Reason, State, TokenJob } from "./state.js";

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
  /** The flight recorder: the last inputs of the machine, redacted, as plain JSON. Works after `dispose()` too. Made anew with each call. */
  trace(): Trace;
  /** Attaches to the lifecycle. `policy` replaces parts of the policy given at construction. */
  init(options: {
    readonly auto: boolean;
    readonly floor?: Floor | null;
    readonly policy?: Partial<Policy> | undefined;
  }): void;
  login(identity: Identity): void;
  /** The user who is logged in logged in again: takes back an earlier `disconnect()` in auto mode. `renewable`: `fetchToken` may be called from now on. */
  relogin(renewable: boolean): void;
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
  /** Tells the listeners of errors, and the snapshot, why the attempts that are under way fail. Nothing else comes of it. */
  hint(fault: Fault): void;
  dispose(): void;
  readonly disposed: boolean;
}
