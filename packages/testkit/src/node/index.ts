/** What needs Node: real sockets with the TCP fault proxy, and the simulator as a program. */
export {
  createFaultProxy,
  type Direction,
  type FaultProxy,
  type FaultProxyOptions,
  type Refusal,
} from "./fault-proxy.js";
export { type LinkServer, startLinkServer } from "./link-server.js";
export { nodeSimIo } from "./sim-io.js";
