/** `@cc/protocol/client`: the client half of cc.1. */
export { retryOfClose } from '../closeCodes.js'
export { featureOf } from '../features.js'
export { createClientSession } from './session.js'
export type * from './types.js'
