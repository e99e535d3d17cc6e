/** What every entry of the sdk exports beside its own `createClient`. */
export {
  type BackgroundPolicy,
  type Clock,
  ConnectionError,
  type ConnectionListener,
  type ErrorCode,
  isConnectionError,
  type Lifecycle,
  type LifecycleSignal,
  type Logger,
  memoryStorage,
  type OpenLink,
  type PingResult,
  type Policy,
  type Reason,
  type RetryVerdict,
  type SessionEvent,
  type ShouldRetry,
  type Snapshot,
  type Status,
  type StatusChange,
  type Storage,
  type Trace,
  type Unsubscribe,
} from "@cc/core";
export { type Cc1Options, cc1 } from "./cc1.js";
export { type RawOptions, type RawSend, rawProtocol } from "./raw.js";
export { restAuth } from "./rest.js";
export type * from "./types.js";
