/** One suite for each port. They register themselves with Vitest (`describe`, `it`); call them at the top of a test file. */

export type { LinkHarness } from "./attempt.js";
export { clockConformance } from "./clock.js";
export {
  type LifecycleHarness,
  lifecycleConformance,
  nearby,
  type Provoke,
  type RemoteLifecycle,
  type Watching,
} from "./lifecycle.js";
export { linkConformance } from "./link.js";
export { protocolConformance } from "./protocol.js";
export type { ProtocolHarness } from "./protocol-client.js";
export { type StorageAbilities, type StorageElsewhere, type StorageHarness, storageConformance } from "./storage.js";
export { poll } from "./until.js";
