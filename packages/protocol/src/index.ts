/** `@cc/protocol`: the wire protocol cc.1 as data. The two session halves are `@cc/protocol/client` and `@cc/protocol/server`. */

export type { CloseCode } from "./closeCodes.js";
export { closeCodes, retryOfClose } from "./closeCodes.js";
export type { AnyFrame } from "./codec.js";
export { decode, encode, framesOf } from "./codec.js";
export { ACK, DELIVERED, EPHEMERAL, EVENT, PING, PROBE, SEND, SUBPROTOCOL } from "./codes.js";
export { featureOf } from "./features.js";
export type * from "./frames.js";
export type { Limits } from "./limits.js";
export { dedupGraceMs, defaultLimits, limitsFault } from "./limits.js";
export type { Position } from "./position.js";
