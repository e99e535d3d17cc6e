/** `@cc/react`: hooks over a client. Importing it does nothing. */
export { useEvent } from "./event.js";
export { type Outage, useOutage } from "./outage.js";
export { ConnectionProvider, type ConnectionProviderProps, useClient } from "./provider.js";
export type { Register } from "./register.js";
export { type Sending, useSend } from "./send.js";
export { useConnection, useConnectionStatus } from "./snapshot.js";
