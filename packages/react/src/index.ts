/** `@cc/react`: hooks over a client. Importing it does nothing. */
export { ConnectionProvider, type ConnectionProviderProps, useClient } from "./provider.js";
export { useConnection, useConnectionStatus } from "./snapshot.js";
