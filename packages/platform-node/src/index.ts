/** Lifecycle, clock, chance and storage of Node. */
export { nodeClock, nodeRandom } from "./clock.js";
export { fileStorage } from "./file-storage.js";
export { type NodeLifecycleOptions, nodeLifecycle } from "./lifecycle.js";
