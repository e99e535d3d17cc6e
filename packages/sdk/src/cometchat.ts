/** `@cc/sdk/cometchat`: the interface that CometChat documents for its JavaScript SDKs. docs/migrating-from-cometchat.md says what differs. */
export { CometChat } from "./cometchat/api.js";
export type { Answer, AppSettings, ResultCallbacks } from "./cometchat/types.js";
