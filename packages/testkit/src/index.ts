/**
 * Everything for testing without sockets, and without time: runs in Node, in a browser, in a worker.
 * Real sockets and the fault proxy are in `@cc/testkit/node`, the suites for adapters in `@cc/testkit/conformance`.
 */
export { createScriptedFunction, type ScriptedCall, type ScriptedFunction } from "./calls.js";
export { createVirtualClock, type SleepKind, type VirtualClock, type VirtualClockOptions } from "./clock.js";
export { createMemoryGateway, type MemoryGateway, type MemoryGatewayOptions } from "./gateway/memory-gateway.js";
export { createMemoryLog, type MemoryLog, type MemoryLogOptions } from "./gateway/memory-log.js";
export { type MemoryTokens, memoryAuthKey } from "./gateway/memory-tokens.js";
export { createScriptedLifecycle, type ScriptedLifecycle } from "./lifecycle.js";
export {
  createScriptedLinks,
  type ScriptedLink,
  type ScriptedLinkState,
  type ScriptedLinks,
  type ScriptedLinksOptions,
} from "./links.js";
export { ScriptMisuse } from "./misuse.js";
export {
  createScriptedProtocol,
  defaultWelcome,
  type ScriptedProtocol,
  type ScriptedProtocolLink,
} from "./protocol.js";
export { createRandom, type Random, type RandomState } from "./random.js";
export {
  createScriptedStorage,
  type ScriptedStorage,
  type ScriptedStorageOptions,
  type SharedRecords,
} from "./storage.js";
export { turn } from "./turn.js";
