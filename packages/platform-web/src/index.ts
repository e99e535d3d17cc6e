/** Lifecycle, clock, chance and storage of pages and workers. Each is its own function: what is not used is not shipped. */
export { webClock, webRandom } from "./clock.js";
export { type IndexedDbOptions, indexedDbStorage } from "./indexed-db.js";
export { webLifecycle } from "./lifecycle.js";
export { localStorageStorage, sessionStorageStorage } from "./storage.js";
