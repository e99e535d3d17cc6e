/** `@cc/protocol/server`: the server half of cc.1. */
export type * from './broker.js'
export { createHub } from './hub.js'
export type * from './types.js'
