/** `@cc/protocol/client`: the client half of cc.1. */
export { createClientSession } from "./client/session.js";
export type * from "./client/types.js";
export { retryOfClose } from "./closeCodes.js";
export { featureOf } from "./features.js";
