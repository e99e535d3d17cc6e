/** @cc/core: the connection machine, its driver, the errors and the ports. Importing it does nothing. */
export { Bus, type BusOwner, type ListenOptions } from "./bus.js";
export type {
  CallOptions,
  CheckResult,
  Connection,
  ConnectionEvents,
  ConnectionListener,
  ConnectionOptions,
  Identity,
  PingResult,
  SessionEvent,
  StatusChange,
  TokenRequest,
  TokenResult,
} from "./connection.js";
export { type Deadline, type DeadlineKind, deadlines, dueDeadline, nextDeadline } from "./deadlines.js";
export {
  links,
  type Phase,
  type Snapshot,
  type Status,
  snapshotOf,
  statusOf,
  type ThrottledUntil,
} from "./derive.js";
export { type Desire, desire, type Facts } from "./desire.js";
export { type Unsubscribe, unsubscribe } from "./disposable.js";
export { createConnection } from "./driver.js";
export {
  ConnectionError,
  connectionError,
  type DocumentedCode,
  type ErrorCode,
  type ErrorPhase,
  type Fault,
  isConnectionError,
  type OwnCode,
} from "./errors.js";
export type { Effect, Input, Moment, Transition } from "./events.js";
export { type Registered, Registry } from "./listener.js";
export { memoryStorage } from "./memory-storage.js";
export {
  type BackgroundPolicy,
  defaultPolicy,
  type Policy,
  type RetryContext,
  type RetryVerdict,
  type ShouldRetry,
} from "./policy.js";
export type {
  AbortSignalLike,
  Cancel,
  Capabilities,
  Clock,
  Lifecycle,
  LifecycleNow,
  LifecycleSignal,
  Link,
  LinkClose,
  LinkHandlers,
  LinkOptions,
  Logger,
  OpenLink,
  Protocol,
  ProtocolHost,
  ProtocolLink,
  RandomSource,
  Recovery,
  RejectInfo,
  Storage,
  ThrottledFeature,
  WelcomeInfo,
} from "./ports.js";
export type { Trace } from "./recorder.js";
export type * from "./state.js";
export { NONE, without } from "./step.js";
export { initialState, transition } from "./transition.js";
