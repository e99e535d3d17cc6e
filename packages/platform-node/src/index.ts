/** Lifecycle, clock, chance and storage of Node. */
export { nodeClock, nodeRandom } from "./clock.js";
export { fileStorage } from "./file-storage.js";
export { type Holding, HoldingClock } from "./hold.js";
export { type NodeLifecycleOptions, nodeLifecycle } from "./lifecycle.js";
export { type NodeResponse, nodeFetch, type RequestInit, type RequestOptions } from "./request.js";
