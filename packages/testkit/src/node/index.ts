/** What needs real sockets, and so Node: the TCP fault proxy. */
export {
  createFaultProxy,
  type Direction,
  type FaultProxy,
  type FaultProxyOptions,
  type Refusal,
} from "./fault-proxy.js";
export { type LinkServer, startLinkServer } from "./link-server.js";
