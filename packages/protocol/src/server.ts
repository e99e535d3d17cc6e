/** `@cc/protocol/server`: the server half of cc.1. */
export type * from "./server/broker.js";
export { createHub } from "./server/hub.js";
export { isNestedDeeper, nestingLimit } from "./server/nesting.js";
export type * from "./server/types.js";
